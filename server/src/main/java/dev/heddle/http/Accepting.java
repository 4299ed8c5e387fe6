package dev.heddle.http;

import dev.heddle.netpoll.Netpoll;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before Netty's acceptor on the listening socket, and sees to it that accepting goes on whatever is thrown: no descriptors,
 * no memory. Netty stops to accept for a second then, and has begun to when it asks for the timer that would end this.
 */
final class Accepting extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** The pause after an error, doubled with each in a row: Go's {@code net/http} ({@code Server.Serve}). */
    private static final long FIRST_PAUSE_MILLIS = 5;

    private static final long LAST_PAUSE_MILLIS = 1000;

    /** Between two errors that are logged. A guess: readable. */
    private static final long LOG_PERIOD_NANOS = 10_000_000_000L;

    // the loop's
    private long pauseMillis;
    private boolean resting;
    private long logFrom = System.nanoTime();

    @Override
    public void channelRead(ChannelHandlerContext context, Object accepted) {
        pauseMillis = 0;
        context.fireChannelRead(accepted); // throws nothing: what is thrown there comes to exceptionCaught
        if (accepted instanceof Channel channel && channel.pipeline().first() == null && channel.isOpen()) {
            channel.unsafe().closeForcibly(); // no memory for its handlers: else nobody would ever close it
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        Channel channel = context.channel();
        pauseMillis = Math.clamp(pauseMillis * 2, FIRST_PAUSE_MILLIS, LAST_PAUSE_MILLIS);
        if (!(cause instanceof IOException)) { // no memory, mostly
            Netpoll.makeRoom(channel.eventLoop()); // a rest too: the loop does not accept while its reserve is out, without a timer
        } else if (!resting) {
            channel.eventLoop().schedule(() -> rested(channel), pauseMillis, TimeUnit.MILLISECONDS);
            resting = true;
            channel.config().setAutoRead(false);
        }
        long now = System.nanoTime();
        if (now - logFrom >= 0) {
            LOG.warn("accept on {}: going on in {} ms. One in 10 s is logged", channel.localAddress(), pauseMillis, cause);
            logFrom = now + LOG_PERIOD_NANOS;
        }
    }

    private void rested(Channel channel) {
        try {
            channel.config().setAutoRead(true);
            resting = false;
        } catch (Throwable t) { // no memory, so it does not read although it says so
            channel.config().setAutoRead(false);
            channel.eventLoop().execute(() -> rested(channel));
        }
    }
}
