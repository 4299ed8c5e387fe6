package dev.heddle.net;

import dev.heddle.netpoll.Netpoll;
import dev.heddle.sched.BinarySemaphore;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * The loop's side of a listener. All connections that were taken from the system and not yet from here count as
 * `waiting`. The loop stops accepting at HIGH of them and says so in `paused`; accept() asks it to go on at LOW. As in
 * ConnHandler both look at both numbers after their own store; all are volatile, so at least one sees the other.
 *
 * Whether the channel reads is decided on the loop only, by resume(): not while paused, not during the pause after an
 * error.
 */

/**
 * Accepts connections ahead of {@link Listener#accept}; its methods are called on the loop unless they say otherwise.
 */
final class AcceptHandler extends ChannelInboundHandlerAdapter {
    /**
     * How many connections may wait here; the others wait in the system. As many as Netty accepts in one go. A guess.
     */
    private static final int HIGH = 16;

    private static final int LOW = HIGH / 2;

    /** The pause after an error: Go's {@code net/http} ({@code Server.Serve}). */
    private static final long FIRST_PAUSE_MILLIS = 5;

    private static final long LAST_PAUSE_MILLIS = 1000;

    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);

    final BinarySemaphore canAccept = new BinarySemaphore();

    private final EventLoopGroup group;
    private final Queue<Conn> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile boolean paused;
    private volatile boolean closed;

    // loop only
    private long pauseMillis;
    private boolean resting;

    AcceptHandler(EventLoopGroup group) {
        this.group = group;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        Channel accepted = (Channel) message;
        pauseMillis = 0;
        waiting.getAndIncrement();
        ConnHandler handler = Conn.prepare(accepted);
        Conn conn = new Conn(accepted, handler);
        group.next().register(accepted).addListener(registered -> {
            if (registered.isSuccess()) {
                offer(conn);
            } else {
                LOG.warn("accept on {}: a connection could not be registered", context.channel(), registered.cause());
                accepted.unsafe().closeForcibly();
                waiting.getAndDecrement();
            }
        });
    }

    /** Any loop. */
    private void offer(Conn conn) {
        queue.add(conn);
        canAccept.release();
        if (closed) {
            closeQueued(); // close() may have looked before this one came
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (waiting.get() >= HIGH) {
            paused = true;
            context.channel().config().setAutoRead(false);
            if (waiting.get() <= LOW) {
                resume(context.channel());
            }
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        Channel channel = context.channel();
        pauseMillis = Math.clamp(pauseMillis * 2, FIRST_PAUSE_MILLIS, LAST_PAUSE_MILLIS);
        if (!(cause instanceof IOException)) { // no memory, mostly
            // a rest too, without a timer: the loop does not accept while its spare memory is out
            Netpoll.makeRoom(channel.eventLoop());
        } else if (!resting) {
            channel.eventLoop().schedule(() -> rested(channel), pauseMillis, TimeUnit.MILLISECONDS);
            resting = true;
            channel.config().setAutoRead(false);
        }
        LOG.warn("accept on {}: {}; trying again in {} ms", channel.localAddress(), cause.toString(), pauseMillis);
    }

    private void rested(Channel channel) {
        resting = false;
        resume(channel);
    }

    private void resume(Channel channel) {
        if (waiting.get() < HIGH) {
            paused = false;
        }
        if (!paused && !resting) {
            channel.config().setAutoRead(true);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        close();
    }

    /** Takes a connection, or returns null. The caller of {@link Listener#accept}. */
    Conn take(Channel channel) {
        Conn conn = queue.poll();
        if (conn != null && waiting.decrementAndGet() <= LOW && paused) {
            try {
                channel.eventLoop().execute(() -> resume(channel));
            } catch (RejectedExecutionException e) {
                LOG.debug("accept on {}: the loop has ended", channel.localAddress(), e);
            }
        }
        return conn;
    }

    /** Any thread. */
    boolean isClosed() {
        return closed;
    }

    /** Any thread. */
    void close() {
        closed = true;
        canAccept.release();
        closeQueued();
    }

    private void closeQueued() {
        for (Conn conn = queue.poll(); conn != null; conn = queue.poll()) {
            conn.close();
            waiting.getAndDecrement();
        }
    }
}
