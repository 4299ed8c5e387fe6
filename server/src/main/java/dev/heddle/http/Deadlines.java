package dev.heddle.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * The times of one connection. One timer on the loop, which looks what is due when it fires and sets itself again; what
 * happens for each request only notes the time. Everything is the loop's.
 */
final class Deadlines implements Runnable {
    /** How long a client may take to see the last answer and stop sending. A guess; nginx and Apache wait 5 and 2 s. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long NEVER = Long.MAX_VALUE / 2;

    private final Http1Connection connection;
    private final Channel channel;
    private final long headerNanos;
    private final long idleNanos;
    private final long bodyNanos;
    private final long writeNanos;

    private ScheduledFuture<?> timer;
    private long due;

    /** The last time that a request came or an answer went. */
    private long lastActive;
    private int headNumber;
    private long headSince;
    private long lingerUntil;

    /** What was to be sent when it was looked at last, and since when it has been the same. */
    private long stalledBytes;
    private long stalledSince;

    Deadlines(Http1Connection connection, Channel channel, ServerConfig.Timeouts timeouts) {
        this.connection = connection;
        this.channel = channel;
        this.headerNanos = orNever(timeouts.header().toNanos());
        this.idleNanos = orNever(timeouts.idle().toNanos());
        this.bodyNanos = orNever(timeouts.bodyGrace().toNanos());
        this.writeNanos = orNever(timeouts.write().toNanos());
    }

    private static long orNever(long nanos) {
        return nanos == 0 ? NEVER : nanos;
    }

    void begin() {
        lastActive = System.nanoTime();
        arm(lastActive, Math.min(idleNanos, NEVER));
    }

    void end() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    /** A request came at a time. */
    void active(long now) {
        lastActive = now;
    }

    /** Returns when a request came or an answer went last. Other threads see it as a figure. */
    long lastActiveNanos() {
        return lastActive;
    }

    /** Says which head is being read, if one is. */
    void head(int number, boolean inHead) {
        if (inHead && (number != headNumber || headSince == 0)) {
            headNumber = number;
            headSince = System.nanoTime();
            arm(headSince, headerNanos);
        } else if (!inHead) {
            headSince = 0;
        }
    }

    /** Answers have been flushed, as far as the client takes them. */
    void written() {
        lastActive = System.nanoTime();
        if (pendingBytes() > 0) {
            if (stalledBytes == 0) {
                stalledBytes = unsentBytes();
                stalledSince = lastActive;
            }
            arm(lastActive, writeNanos);
        } else if (connection.isReceiving()) {
            arm(lastActive, bodyNanos); // the handler may not want the rest
        }
    }

    void linger() {
        long now = System.nanoTime();
        lingerUntil = now + LINGER_NANOS;
        arm(now, LINGER_NANOS);
    }

    /** Sees to it that the timer fires in so many nanoseconds at the latest. */
    private void arm(long now, long nanos) {
        if (nanos >= NEVER || !channel.isActive()) {
            return;
        }
        long at = now + nanos;
        if (timer != null) {
            if (due - at <= 0) {
                return;
            }
            timer.cancel(false);
        }
        due = at;
        timer = channel.eventLoop().schedule(this, Math.max(nanos, 0), TimeUnit.NANOSECONDS);
    }

    /** The timer has fired. */
    @Override
    public void run() {
        timer = null;
        if (!channel.isActive()) {
            return;
        }
        long now = System.nanoTime();
        if (connection.isLingering()) {
            if (isOver(now, lingerUntil, 0)) {
                channel.close();
            }
            return;
        }
        if (connection.isInHead() && headSince != 0 && isOver(now, headSince, headerNanos)) {
            headSince = 0;
            connection.headTooSlow();
        }
        if (pendingBytes() > 0) {
            stalled(now);
        } else {
            stalledBytes = 0;
            waiting(now);
        }
    }

    private void waiting(long now) {
        if (!connection.isIdle()) {
            arm(now, idleNanos); // a handler is at work: nothing is due, but look again
        } else if (connection.isReceiving()) {
            if (isOver(now, lastActive, bodyNanos)) {
                connection.count(Event.BODY_TIMEOUT);
                connection.unwantedBodyTooSlow();
            }
        } else if (!connection.isInHead() && isOver(now, lastActive, idleNanos)) {
            connection.count(Event.IDLE_TIMEOUT);
            channel.close();
        }
    }

    /** Something waits to be sent: has the client taken anything since the last look? */
    private void stalled(long now) {
        long bytes = unsentBytes();
        if (bytes != stalledBytes) {
            stalledBytes = bytes;
            stalledSince = now;
            arm(now, writeNanos);
        } else if (!connection.isIdle()) {
            arm(now, writeNanos); // a handler that has more to send counts the time itself
        } else if (isOver(now, stalledSince, writeNanos)) {
            connection.count(Event.WRITE_TIMEOUT);
            channel.close();
        }
    }

    /** Returns whether a time since a moment is over; sees to it that it is looked at again if not. */
    private boolean isOver(long now, long since, long nanos) {
        long left = nanos >= NEVER ? NEVER : since + nanos - now;
        if (left <= 0) {
            return true;
        }
        arm(now, left);
        return false;
    }

    private long unsentBytes() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer.totalPendingWriteBytes() - buffer.currentProgress();
    }

    private long pendingBytes() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer == null ? 0 : buffer.totalPendingWriteBytes();
    }
}
