package dev.heddle.http;

import dev.heddle.netpoll.TcpInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/*
 * How a slow client is told from one that takes nothing
 *
 * A socket becomes writable again when a third of its buffer is free, and that buffer grows to several MiB: a client that
 * reads 10 kB/s steadily is not seen to take anything for minutes. So it is the kernel that is asked, how many bytes the
 * client has acknowledged. (Measured: with 3.2 MB in the kernel, 10,000 bytes read each second show in ackedBytes, while
 * EPOLLOUT does not come, and the time of the last ACK does not tell them from a client that reads nothing.) Where the kernel
 * does not say it, what has left the channel counts.
 *
 * A stall begins when something is left in the channel after a flush, and ends when nothing is left. It is looked at
 * several times within the write timeout; what was taken since the last look restarts that. Handlers that wait for room
 * have no time of their own: the connection is closed, and that wakes them.
 *
 * What is left in the kernel only is no stall, and no handler waits for it. But the connection is not idle before the client
 * has taken it, so the idle timeout looks there, and begins anew as long as something is taken.
 */

/**
 * The times of one connection. One timer on the loop, which looks what is due when it fires and sets itself again; what
 * happens for each request only notes the time. Everything is the loop's.
 */
final class Deadlines implements Runnable {
    /** How long a client may take to see the last answer and stop sending. A guess; nginx and Apache wait 5 and 2 s. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long NEVER = Long.MAX_VALUE / 2;

    /** How often within the write timeout a stall is looked at: what is taken is noticed that much later, at most. */
    private static final int LOOKS = 4;
    /** How often it is looked at, at least. A guess: two system calls per slow client and minute would do as well. */
    private static final long LONGEST_LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** How long a stall lasts before the minimum rate counts, without a write timeout: the standard one. */
    private static final long RATE_GRACE_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** When to look again after a body that the handler may still read. A guess: rarely needed. */
    private static final long BODY_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final double NANOS_PER_SECOND = 1e9;

    private final Http1Connection connection;
    private final Channel channel;
    private final long headerNanos;
    private final long idleNanos;
    private final long bodyNanos;
    private final long writeNanos;
    private final long writeMinRate;
    private final long lookNanos;

    private ScheduledFuture<?> timer;
    private long due;

    /** The last time that a request came, an answer went, or was seen to be taken. */
    private long lastActive;
    private int headNumber;
    private long headSince;
    private long lingerUntil;

    /** Whether something is left in the channel, as far as was seen last; then the next four hold. */
    private boolean stalled;
    private long stalledSince;
    /** What had been taken then. */
    private long takenBefore;
    /** What had been taken at the last look at which it was more than before, and when that was. */
    private long taken;
    private long takenSince;

    /** What the client had taken when the idle timeout found something in the kernel; -1 if it has not. */
    private long takenWhenIdle = -1;

    Deadlines(Http1Connection connection, Channel channel, ServerConfig.Timeouts timeouts) {
        this.connection = connection;
        this.channel = channel;
        this.headerNanos = orNever(timeouts.header().toNanos());
        this.idleNanos = orNever(timeouts.idle().toNanos());
        this.bodyNanos = timeouts.bodyGrace().toNanos();
        this.writeNanos = orNever(timeouts.write().toNanos());
        this.writeMinRate = timeouts.writeMinRate();
        boolean limited = writeNanos < NEVER || writeMinRate > 0;
        this.lookNanos =
                limited ? Math.min(Math.min(writeNanos, idleNanos) / LOOKS, LONGEST_LOOK_NANOS) : NEVER;
    }

    private static long orNever(long nanos) {
        return nanos == 0 ? NEVER : nanos;
    }

    void begin() {
        lastActive = System.nanoTime();
        arm(lastActive, idleNanos);
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
        takenWhenIdle = -1;
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
            if (!stalled) {
                beginStall(lastActive);
            }
            arm(lastActive, lookNanos);
        } else if (connection.isReceiving()) {
            arm(lastActive, bodyNanos); // the handler may not want the rest
        }
    }

    private void beginStall(long now) {
        stalled = true;
        stalledSince = now;
        takenSince = now;
        taken = lookNanos < NEVER ? takenBytes() : 0;
        takenBefore = taken;
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
            timer = null; // for there may be no memory for another
        }
        due = at;
        timer = channel.eventLoop().schedule(this, Math.max(nanos, 0), TimeUnit.NANOSECONDS);
    }

    /** The timer has fired. */
    @Override
    public void run() {
        timer = null;
        try {
            look();
        } catch (Throwable t) { // no memory, mostly: without its timer a connection would live for ever
            connection.abort();
            throw t;
        }
    }

    private void look() {
        if (!channel.isActive()) {
            return;
        }
        connection.writer.lookAgain();
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
            return;
        }
        if (stalled) {
            stalled = false;
            lastActive = now;
        }
        waiting(now);
    }

    private void waiting(long now) {
        if (!connection.isIdle()) { // a handler is at work: nothing is due, but look again
            arm(now, connection.isReceiving() ? Math.max(bodyNanos, BODY_LOOK_NANOS) : idleNanos);
        } else if (connection.isReceiving()) {
            if (isOver(now, lastActive, bodyNanos)) {
                connection.count(Event.BODY_TIMEOUT);
                connection.unwantedBodyTooSlow();
            }
        } else if (!connection.isInHead() && isOver(now, lastActive, idleNanos) && !isTaking(now)) {
            connection.count(Event.IDLE_TIMEOUT);
            channel.close();
        }
    }

    /** Returns whether the client has taken something of what the kernel keeps for it; then the idle time begins anew. */
    private boolean isTaking(long now) {
        Optional<TcpInfo> info = tcpInfo();
        boolean taking = false;
        if (info.isPresent()) {
            boolean looked = takenWhenIdle >= 0;
            if (info.get().isAllTaken()) {
                taking = looked; // since the last look
                takenWhenIdle = -1;
            } else {
                taking = info.get().ackedBytes() > takenWhenIdle;
                takenWhenIdle = info.get().ackedBytes();
            }
        }
        if (taking) {
            lastActive = now;
            arm(now, idleNanos);
        }
        return taking;
    }

    /** Something waits to be sent: has the client taken enough since the last look? */
    private void stalled(long now) {
        if (!stalled) {
            beginStall(now); // what was flushed by others than the writer
        }
        if (lookNanos >= NEVER) {
            arm(now, idleNanos); // it may take any time, but look whether it is over
            return;
        }
        long bytes = takenBytes();
        if (bytes > taken) {
            taken = bytes;
            takenSince = now;
        }
        long left = writeNanos >= NEVER ? NEVER : takenSince + writeNanos - now;
        long leftOfRate = leftOfRate(now);
        if (left <= 0) {
            connection.clientTooSlow("the client has taken nothing for " + millis(now - takenSince) + " ms");
        } else if (leftOfRate <= 0) {
            connection.clientTooSlow("the client has taken " + (taken - takenBefore) + " bytes in "
                    + millis(now - stalledSince) + " ms, need " + writeMinRate + " per second");
        } else {
            arm(now, Math.min(lookNanos, Math.min(left, leftOfRate)));
        }
    }

    private static long millis(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(nanos);
    }

    /** Returns how long the stall may last if nothing more is taken, by the minimum rate. */
    private long leftOfRate(long now) {
        if (writeMinRate == 0) {
            return NEVER;
        }
        double paid = (taken - takenBefore) / (double) writeMinRate * NANOS_PER_SECOND;
        long grace = writeNanos >= NEVER ? RATE_GRACE_NANOS : writeNanos;
        return (long) Math.min(NEVER, grace + paid - (now - stalledSince));
    }

    /** Returns how much the client has taken in all, or what can be known of that. */
    private long takenBytes() {
        return tcpInfo().map(TcpInfo::ackedBytes).orElseGet(() -> connection.outbound().drained() - pendingBytes());
    }

    private Optional<TcpInfo> tcpInfo() {
        return channel instanceof EpollSocketChannel epoll ? TcpInfo.of(epoll.fd().intValue()) : Optional.empty();
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

    private long pendingBytes() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer == null ? 0 : buffer.totalPendingWriteBytes();
    }
}
