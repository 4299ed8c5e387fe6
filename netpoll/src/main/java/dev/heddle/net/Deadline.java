package dev.heddle.net;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.WaitReason;
import io.netty.channel.Channel;
import java.time.Duration;

/**
 * A point in time that one kind of operation must not pass, and the place where that operation waits. Any thread may
 * move it, also while somebody waits: the waiter then looks at it again.
 */
final class Deadline {
    /** What {@link #nanosLeft} returns when there is no deadline: what the semaphore takes for "without limit". */
    private static final long NONE = Long.MAX_VALUE;

    /** The longest deadline: about 146 years, so that the difference of two times cannot overflow. */
    private static final long MAX_NANOS = Long.MAX_VALUE / 2;

    private final Channel channel;
    private final BinarySemaphore semaphore;

    /** By {@link System#nanoTime}; 0 means none. */
    private volatile long at;

    /** Makes a deadline that has not been set, of waits for what the loop of a channel brings about. */
    Deadline(Channel channel, BinarySemaphore semaphore) {
        this.channel = channel;
        this.semaphore = semaphore;
    }

    /** Sets the deadline, counted from now on; zero: none; negative: passed already. */
    void set(Duration fromNow) {
        if (fromNow.isZero()) {
            at = 0;
        } else {
            long time = System.nanoTime() + nanos(fromNow);
            at = time == 0 ? 1 : time;
        }
        semaphore.release(); // after the store: a waiter that looked before waits on this
    }

    private static long nanos(Duration duration) {
        try {
            return Math.clamp(duration.toNanos(), -1, MAX_NANOS);
        } catch (ArithmeticException e) {
            return duration.isNegative() ? -1 : MAX_NANOS;
        }
    }

    boolean hasPassed() {
        return nanosLeft() <= 0;
    }

    /**
     * Waits until the semaphore is released or the deadline may have passed; the caller looks again.
     *
     * @throws java.util.concurrent.CancellationException if the caller's current context has ended
     * @throws IllegalStateException if the caller is channel code
     */
    void await() {
        long left = nanosLeft();
        if (left > 0) {
            Await.checkMayBlock(channel, channel.toString());
            semaphore.await(WaitReason.IO_WAIT, left);
        }
    }

    private long nanosLeft() {
        long time = at;
        return time == 0 ? NONE : time - System.nanoTime();
    }
}
