package dev.heddle.http;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets a log entry through once in a while, so that clients cannot fill the log: for a state that many requests or connections
 * run into, such as that there are no descriptors. Any thread.
 */
final class Seldom {
    /** A guess: often enough to be noticed, seldom enough to be read. */
    static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** The value of {@link #pass} for an entry that is not let through. */
    static final long NOT_NOW = -1;

    /** When the next one is let through, as {@link System#nanoTime}. */
    private final AtomicLong next;

    private final AtomicLong left = new AtomicLong();

    Seldom() {
        this(System.nanoTime());
    }

    /** Lets the first one through from {@code nowNanos} on. */
    Seldom(long nowNanos) {
        this.next = new AtomicLong(nowNanos);
    }

    /** Returns true to one caller in each period. */
    boolean isDue() {
        return pass(System.nanoTime()) != NOT_NOW;
    }

    /** Returns how many have not been let through since the last one that was, or {@link #NOT_NOW}. */
    long pass(long nowNanos) {
        long due = next.get();
        if (nowNanos - due < 0 || !next.compareAndSet(due, nowNanos + PERIOD_NANOS)) {
            left.incrementAndGet();
            return NOT_NOW;
        }
        return left.getAndSet(0);
    }
}
