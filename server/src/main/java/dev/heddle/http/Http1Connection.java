package dev.heddle.http;

import dev.heddle.netpoll.PeerEnded;
import dev.heddle.sched.LogText;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * The exchange between the loop and the handlers of one connection
 *
 * The loop (this class, on its poller goroutine) decodes requests and writes answers; each request is served by a
 * goroutine of its own. They meet in three places, each with its protocol written down where it is:
 *
 *   Turns        which request is served: the loop adds, the goroutine that has finished passes on
 *   RequestBody  pieces of a body, from the loop to the goroutine
 *   Outbound     messages and signals, from the goroutine to the loop
 *
 * One request, one answer:
 *
 *   loop                                     goroutine of the request
 *   channelRead(head): Turns.add, go    ->   run: dispatch, handler
 *   channelRead(content): body.offer    ->   body.read (waits if there is nothing)
 *   AnswerWriter: write, flush          <-   outbound.push (waits before it if the client is slow)
 *                                            Turns.finished: go(next)
 *
 * How a connection ends. All of it is the loop's to do; handlers only signal.
 *
 *   CLOSE     the last answer has been written. If the client may still be sending (a body that nobody wanted, a
 *             malformed request), closing at once would make the kernel reset the connection, and the client could lose
 *             the answer: so the sending side is shut down, and what comes is thrown away for a short time (`lingering`),
 *             or until the client has ended its side too.
 *   ABORT     a broken answer: closed at once; with RESET so that the client sees it even where the end of the
 *             connection is the end of the answer.
 *   ending    `inputEnded`, set by the loop when nothing more can be read from the connection (the client has ended it,
 *             a malformed chunk, too much of an unwanted body), or Shared.closingIdle: what has been read is answered, then
 *             the connection closes. Without a request it closes at once; else whoever frees the turn sends RESUME, and
 *             the loop looks again. The flag is set before the loop looks at the turn, the turn is freed before the flag
 *             is looked at. The loop closes only when the mailbox is empty too: an answer is pushed before the turn is
 *             freed.
 *   FIN       the client has ended its side: `clientEnded`, as soon as that is known; what it sent before may not have been
 *             read. Requests that came before it are answered, as Go, nginx and others do, then the connection is `ending`:
 *             this side cannot tell a client that has closed the connection from one that has nothing more to send. With
 *             the half-close setting handlers take it for the latter (isClientGone). Who has closed it answers what is
 *             sent with a reset.
 *   closed    the channel is closed, by whomever (Closing): `gone` is set, whoever waits is woken and fails.
 */

/** One HTTP/1.1 connection, as the last handler of its pipeline. */
final class Http1Connection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** The most that is thrown away for a client to see the last answer. A guess: what is on the way in large buffers. */
    private static final long LINGER_BYTES = 4 << 20;

    /** How long a connection keeps its place when idle: a request may be on its way. A guess: the time to the other continent. */
    private static final long YIELD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    final Shared shared;
    private final Channel channel;
    private final Http1Decoder decoder;
    private final Turns turns;
    private final Inbound inbound;
    private final Outbound outbound;
    final AnswerWriter writer;
    private final Deadlines deadlines;
    private final int maxUri;

    // the loop's
    private ChannelHandlerContext ctx;
    private ChannelHandlerContext decoderCtx;
    /** Whose body is arriving; null between bodies. */
    private RequestBody receiving;
    /** Whether no further request is taken. */
    private boolean refusing;
    private boolean lingering;
    /** When the first message of this burst was read; 0 between bursts. */
    private long burstNanos;

    final Account account;
    /** What the decoder holds. Written by the loop, read by others as a figure. */
    private int undecoded;
    /** Whether it is cut off because the server holds too much. */
    private volatile boolean cut;

    /** Whether the client has ended its side; there may be more to read and to decode all the same. Written by the loop. */
    private volatile boolean clientEnded;
    /** Whether nothing more can be read. Written by the loop. */
    private volatile boolean inputEnded;

    Http1Connection(Shared shared, Channel channel, Http1Decoder decoder) {
        this.shared = shared;
        this.account = new Account(shared.holdings);
        this.channel = channel;
        this.decoder = decoder;
        this.turns = new Turns(this, shared.config.limits().maxPipelined());
        this.inbound = new Inbound(this);
        this.outbound = new Outbound(this, channel);
        this.writer = new AnswerWriter(this, outbound);
        outbound.flushBy(writer);
        this.maxUri = shared.config.limits().maxUriBytes();
        this.deadlines = new Deadlines(this, channel, shared.config.timeouts());
    }

    // ---- for the goroutines of requests

    Turns turns() {
        return turns;
    }

    Outbound outbound() {
        return outbound;
    }

    Inbound inbound() {
        return inbound;
    }

    void signal(Signal signal) {
        outbound.signal(signal);
    }

    void count(Event event) {
        shared.counters.count(event);
    }

    /** Returns whether the connection closes as soon as it has no request. */
    boolean isEnding() {
        return inputEnded || shared.closingIdle;
    }

    boolean isGone() {
        return outbound.isGone();
    }

    /** Returns whether the client does not wait for answers any more, by what can be seen and the half-close setting. */
    boolean isClientGone() {
        return isGone() || clientEnded && !shared.config.halfClose();
    }

    /** Closes the connection at once, or as soon as there is memory for that. Any thread; never throws. */
    void abort() {
        outbound.abort();
    }

    /** Returns whether the caller is the loop of this connection, which must not wait for anything. */
    boolean isOnLoop() {
        return channel.eventLoop().inEventLoop();
    }

    ByteBufAllocator allocator() {
        return channel.alloc();
    }

    InetSocketAddress remoteAddress() {
        return (InetSocketAddress) channel.remoteAddress();
    }

    InetSocketAddress localAddress() {
        return (InetSocketAddress) channel.localAddress();
    }

    // ---- for those who work on the loop for it

    ChannelHandlerContext context() {
        return ctx;
    }

    Deadlines deadlines() {
        return deadlines;
    }

    // ---- life

    @Override
    public void handlerAdded(ChannelHandlerContext own) {
        ctx = own;
        decoderCtx = own.pipeline().context(decoder);
    }

    @Override
    public void channelActive(ChannelHandlerContext own) {
        shared.opened(this);
        deadlines.begin();
        account.open();
        if (shared.draining) {
            channel.close();
        }
    }

    /** The channel is closed. May be called again if it has thrown. */
    void closed() {
        try {
            outbound.shut(); // first: whoever frees the turn from now on sees it
            writer.drop();
            deadlines.end();
            turns.abandon(cut);
            accountAll(); // what a handler still has counts until it ends
            failBody("read: the connection is closed");
            turns.forget();
        } finally {
            if (turns.isIdle()) {
                shared.closed(this); // else by whoever frees the turn
            }
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext own, Throwable cause) {
        abort(); // first: the log may throw as well
        if (!(cause instanceof IOException)) {
            count(Event.CONNECTION_FAILED);
            LOG.error("connection from {} failed; it is closed", remoteAddress(), LogText.clean(cause));
        } else {
            LOG.debug("connection from {} failed", remoteAddress(), LogText.clean(cause));
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext own, Object event) {
        if (event == PeerEnded.EVENT) {
            clientEnded = true;
        } else if (event instanceof ChannelInputShutdownEvent) {
            clientEnded = true;
            if (!decoder.isPaused()) { // else it says so again when it has decoded all that came before
                failBody("read: the client has ended the connection inside the body");
                noMoreInput();
            }
        }
    }

    // ---- requests

    @Override
    public void channelRead(ChannelHandlerContext own, Object message) {
        if (message instanceof HttpRequest request) {
            if (refusing || !channel.isActive()) {
                ReferenceCountUtil.release(message); // at the end of a connection the decoder reports a head that was cut off
                return;
            }
            head(request);
        } else if (message instanceof HttpContent content) {
            content(content);
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    private void head(HttpRequest request) {
        if (request.decoderResult().cause() instanceof PrematureChannelClosureException) {
            ReferenceCountUtil.release(request); // the client has ended its side inside a head: nothing was asked
            return;
        }
        if (burstNanos == 0) {
            burstNanos = System.nanoTime();
        }
        Rejection rejection = Rejection.of(request, decoder, maxUri);
        if (rejection != null) {
            ReferenceCountUtil.release(request);
            reject(request, rejection);
            return;
        }
        boolean keepAlive = decoder.hasConnection() || request.protocolVersion() == HttpVersion.HTTP_1_0
                ? HttpUtil.isKeepAlive(request)
                : true;
        if (!keepAlive) {
            refusing = true;
            decoder.discardRest();
        }
        RequestBody body = body(request);
        receiving = body;
        turns.add(new Exchange(this, request, body, null, keepAlive));
    }

    private RequestBody body(HttpRequest request) {
        long length = decoder.bodyLength();
        return length == 0 ? null : new RequestBody(this, length, expectsContinue(request));
    }

    private boolean expectsContinue(HttpRequest request) {
        return decoder.hasExpect() && request.protocolVersion() == HttpVersion.HTTP_1_1;
    }

    private void reject(HttpRequest request, Rejection rejection) {
        refusing = true;
        decoder.discardAll();
        if (request != null) {
            request.headers().clear(); // nobody looks at them, and they may be long
        }
        turns.add(new Exchange(this, request, null, rejection, false));
    }

    private void content(HttpContent content) {
        RequestBody body = receiving;
        if (body == null) {
            content.release();
            return;
        }
        if (content.decoderResult().isFailure()) {
            content.release();
            count(Event.MALFORMED);
            body.fail(new ClientFault.Refusal(400, "the chunks of the body are malformed"));
            receiving = null;
            decoder.discardAll();
            noMoreInput();
            return;
        }
        ByteBuf piece = content.content();
        if (!piece.isReadable()) {
            content.release();
        } else if (!body.offer(piece, decoder.bufferBytes())) {
            content.release();
            if (body.received() - body.wanted() > RequestBody.DISCARD_BYTES) {
                receiving = null;
                decoder.discardAll();
                noMoreInput();
                return;
            }
        }
        if (content instanceof LastHttpContent) {
            body.end();
            receiving = null;
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext own) {
        if (burstNanos != 0) {
            deadlines.active(burstNanos);
            burstNanos = 0;
        }
        deadlines.head(decoder.headsBegun(), isInHead());
        if (lingering && decoder.discarded() > LINGER_BYTES) {
            channel.config().setAutoRead(false); // enough; the answer has time to be read all the same
        }
        accountAll();
        closeIfDone();
    }

    private void failBody(String message) {
        if (receiving != null) {
            receiving.fail(new ClientGoneException(message));
            receiving = null;
        }
    }

    /** Leaves what comes undecoded, and the socket unread, until enough has been served or read: see Turns and Inbound. */
    void pauseDecoding() {
        decoder.pause();
        updateReading();
    }

    /** Returns what the request that has just come costs to keep, in bytes. */
    int headCost() {
        return Inbound.REQUEST_BYTES + decoder.headCost();
    }

    private boolean isPaused() {
        return turns.isFull() || inbound.isFull();
    }

    /** Says what this connection holds, if that has changed by much. */
    private void accountAll() {
        undecoded = decoder.held();
        account();
    }

    /** The same, with what is undecoded as it was last. Any thread. */
    void account() {
        account.holds(undecoded + inbound.held() + turns.servedBytes() + outbound.held());
    }

    private void updateReading() {
        boolean wanted = !isPaused();
        if (channel.config().isAutoRead() != wanted) {
            channel.config().setAutoRead(wanted);
        }
    }

    // ---- answers

    /** All that handlers had left has been written. */
    void written() {
        turns.forget();
        accountAll();
        closeIfDone();
    }

    void handle(Signal signal) {
        switch (signal) {
            case CONTINUE ->
                ctx.writeAndFlush(
                        new DefaultFullHttpResponse(
                                HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER),
                        ctx.voidPromise());
            case RESUME -> resume();
            case YIELD -> yieldPlace();
            case CLOSE -> {
                refusing = true;
                decoder.discardRest();
                ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> closeGently());
            }
            case RESET -> {
                ctx.flush();
                channel.config().setOption(ChannelOption.SO_LINGER, 0);
                channel.close();
            }
            case ABORT -> {
                ctx.flush(); // what the handler had sent before it failed
                channel.close();
            }
        }
    }

    private void resume() {
        turns.takeUpAgain();
        inbound.takeUpAgain();
        if (decoder.isPaused() && !isPaused()) {
            try {
                decoder.resume(decoderCtx);
            } catch (Exception e) {
                exceptionCaught(ctx, e);
                return;
            }
        }
        updateReading();
    }

    private void yieldPlace() {
        boolean answered = turns.isIdle() && !writer.hasMore() && outbound.isEmpty() && outbound.held() == 0;
        if (answered && !lingering && channel.isActive() && looksIdle(System.nanoTime())) {
            count(Event.DISPLACED);
            channel.close();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext own) {
        outbound.drained(0);
    }

    // ---- the end

    private void noMoreInput() {
        refusing = true;
        inputEnded = true;
        if (lingering && socket().isInputShutdown()) {
            channel.close(); // the client has seen the last answer, or does not want it
        } else {
            closeIfDone();
        }
    }

    /** The server drains. Any thread. */
    void drainSoon() {
        signal(Signal.RESUME);
    }

    private void closeIfDone() {
        if (!isEnding() || lingering || !isIdle()) {
            return;
        }
        boolean incoming = !inputEnded && (decoder.isInHead() || receiving != null);
        if (!incoming) {
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> closeGently());
        }
    }

    /** Closes the connection when all answers have been sent. */
    private void closeGently() {
        if (lingering || !channel.isActive()) {
            return;
        }
        if (socket().isInputShutdown() || receiving == null && decoder.isClean()) {
            channel.close();
            return;
        }
        lingering = true;
        refusing = true;
        failBody("read: the request has been answered");
        decoder.discardAll();
        turns.takeUpAgain();
        inbound.takeUpAgain();
        socket().shutdownOutput();
        if (!channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
        deadlines.linger();
    }

    private DuplexChannel socket() {
        return (DuplexChannel) channel;
    }

    /** Returns when the burst of messages that is being read began. Loop only. */
    long burstNanos() {
        return burstNanos;
    }

    /** Cuts it off: the server holds too much. Any thread. */
    void cut() {
        cut = true;
        count(Event.CUT);
        channel.close();
        try {
            channel.eventLoop().execute(this::letGo);
        } catch (RejectedExecutionException e) {
            LOG.debug("the loop has ended", e);
        }
    }

    /** Lets go of what it still has although the client may have gone long ago, because a handler has not ended. */
    private void letGo() {
        turns.abandon(true);
        accountAll();
    }

    boolean isCut() {
        return cut;
    }

    /** Returns whether there has been no request for a while, as far as another thread can see. */
    boolean looksIdle(long now) {
        return turns.isIdle() && decoder.isClean() && now - deadlines.lastActiveNanos() >= YIELD_NANOS;
    }

    /** Returns when a request came or an answer went last, as far as another thread can see. */
    long lastActiveNanos() {
        return deadlines.lastActiveNanos();
    }

    // ---- deadlines, on the loop

    boolean isLingering() {
        return lingering;
    }

    /** Returns whether no request is being served, and nothing that handlers have left is still to be written. */
    boolean isIdle() {
        // in this order: a handler pushes before it frees the turn
        return turns.isIdle() && outbound.isEmpty() && !writer.isBusy();
    }

    boolean isReceiving() {
        return receiving != null;
    }

    boolean isInHead() {
        return decoder.isInHead() && !isPaused();
    }

    /** The head of a request did not come in time: 408, after the answers to those before it. */
    void headTooSlow() {
        burstNanos = System.nanoTime();
        reject(null, Rejection.HEADER_TIMEOUT);
        burstNanos = 0;
    }

    /** The client takes what is sent to it too slowly, or not at all. */
    void clientTooSlow(String what) {
        count(Event.WRITE_TIMEOUT);
        outbound.endsBecause(what);
        channel.close();
    }

    /** A body that nobody wants did not end in time. */
    void unwantedBodyTooSlow() {
        failBody("read: the request has been answered");
        closeGently();
    }
}
