package dev.heddle.http;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Lets a log line through once in a while, so that clients cannot fill the log. */
final class Seldom {
    /** A guess: often enough to be noticed, seldom enough to be read. */
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final AtomicLong next = new AtomicLong(System.nanoTime());

    /** Returns true to one caller in each period. Any thread. */
    boolean isDue() {
        long now = System.nanoTime();
        long due = next.get();
        return now - due >= 0 && next.compareAndSet(due, now + PERIOD_NANOS);
    }
}
