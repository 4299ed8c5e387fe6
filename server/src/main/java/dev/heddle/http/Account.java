package dev.heddle.http;

import java.util.concurrent.atomic.AtomicLong;

/** What one connection holds, as far as {@link Holdings} has been told. Any thread. */
final class Account {
    private static final long SETTLED = -1;

    private final Holdings holdings;
    private final AtomicLong told = new AtomicLong();

    Account(Holdings holdings) {
        this.holdings = holdings;
    }

    /** The connection begins. */
    void open() {
        told.set(Holdings.CONNECTION_BYTES);
        holdings.changed(Holdings.CONNECTION_BYTES);
    }

    /** The connection holds so many bytes beside itself: tells it if that has changed by much, and the end has not been told. */
    void holds(long bytes) {
        long now = Holdings.CONNECTION_BYTES + bytes;
        long before = told.get();
        boolean much = before >= 0 && Math.abs(now - before) >= Holdings.STEP_BYTES;
        if (much && told.compareAndSet(before, now)) {
            holdings.changed(now - before);
        }
    }

    /** The connection has ended: it holds nothing from now on. */
    void settle() {
        holdings.changed(-Math.max(0, told.getAndSet(SETTLED)));
    }

    /** Returns what it holds in bytes, roughly. */
    long bytes() {
        return Math.max(0, told.get());
    }
}
