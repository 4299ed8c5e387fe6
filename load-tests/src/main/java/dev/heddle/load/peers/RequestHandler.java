package dev.heddle.load.peers;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Answers the requests of one connection, one after another and in order, either on the event loop or in a virtual
 * thread per request. All fields belong to the event loop; a virtual thread gives its answer back by a task.
 *
 * <p>Answers made on the loop are flushed once for all requests that arrived together.
 */
final class RequestHandler extends ChannelInboundHandlerAdapter {
    private final PeerOptions.Mode mode;
    private final Answers answers;

    /**
     * Requests that arrived while the answer of an earlier one was still being made; 127 at most, because the codec
     * fails a connection that has more than 128 unanswered.
     */
    private final Queue<HttpRequest> waiting = new ArrayDeque<>();

    /** Whether an answer is being made off the loop, or is waiting for a timer. */
    private boolean busy;

    /** Whether an answer announced the end of the connection: what follows is not answered. */
    private boolean closing;

    RequestHandler(PeerOptions.Mode mode, Answers answers) {
        this.mode = mode;
        this.answers = answers;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (message instanceof HttpRequest request) {
                accept(ctx, request);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            System.err.println("netty-peer: connection closed: " + cause);
        }
        ctx.close();
    }

    private void accept(ChannelHandlerContext ctx, HttpRequest request) {
        if (busy) {
            waiting.add(request);
        } else {
            serve(ctx, request);
        }
    }

    private void serve(ChannelHandlerContext ctx, HttpRequest request) {
        if (closing) {
            return;
        }
        Target target = Target.of(request);
        if (mode == PeerOptions.Mode.VT) {
            busy = true;
            Thread.startVirtualThread(() -> serveBlocking(ctx, request, target));
        } else if (target instanceof Target.Sleep(int millis)) {
            busy = true;
            ctx.executor().schedule(() -> finish(ctx, request, slept()), millis, TimeUnit.MILLISECONDS);
        } else {
            write(ctx, request, answer(target));
        }
    }

    private void serveBlocking(ChannelHandlerContext ctx, HttpRequest request, Target target) {
        if (target instanceof Target.Sleep(int millis)) {
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts this thread", e);
            }
        }
        FullHttpResponse response = answer(target);
        try {
            ctx.executor().execute(() -> finish(ctx, request, response));
        } catch (RejectedExecutionException e) {
            response.release(); // the loop has ended, and the connection with it
        }
    }

    private FullHttpResponse answer(Target target) {
        return switch (target) {
            case Target.Plaintext _ -> answers.plaintext();
            case Target.Json _ -> answers.json();
            case Target.Sleep _ -> slept();
            case Target.Cpu(int millis) -> answers.text(HttpResponseStatus.OK, Long.toString(spin(millis)));
            case Target.Refused(HttpResponseStatus status, String reason) -> answers.text(status, reason);
        };
    }

    private FullHttpResponse slept() {
        return answers.text(HttpResponseStatus.OK, "slept");
    }

    /** Writes an answer that was made later, then goes on with what has arrived since. */
    private void finish(ChannelHandlerContext ctx, HttpRequest request, FullHttpResponse response) {
        busy = false;
        write(ctx, request, response);
        HttpRequest next;
        while (!busy && (next = waiting.poll()) != null) {
            serve(ctx, next);
        }
        ctx.flush();
    }

    private void write(ChannelHandlerContext ctx, HttpRequest request, FullHttpResponse response) {
        boolean keepAlive =
                HttpUtil.isKeepAlive(request) && !request.decoderResult().isFailure();
        HttpUtil.setKeepAlive(response.headers(), request.protocolVersion(), keepAlive);
        if (keepAlive) {
            ctx.write(response, ctx.voidPromise());
        } else {
            closing = true;
            ctx.write(response).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Uses the processor for that long, measured by the wall clock, and returns how many rounds it made. */
    private static long spin(int millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        long rounds = 0;
        while (System.nanoTime() - end < 0) {
            rounds++;
        }
        return rounds;
    }
}
