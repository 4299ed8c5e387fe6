package dev.heddle.http;

import dev.heddle.time.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all connections of a server hold together, and who goes when that is too much: those that have held most for
 * longest (bytes times the time since their last request or answer), until an eighth of the budget is free. So slow and large
 * clients go before those that are served, and idle ones, which come again, before those that have just begun. Who has got
 * on within the last second goes only when half as much again is held: many large answers at once are no fault. From half of
 * the budget on, handlers may be less ahead of their clients ({@link #isTight}).
 *
 * <p>A connection says what it holds when that has changed by {@link #STEP_BYTES}, so the sum is right to within so much
 * for each, and requests that are small say nothing. What a connection that was cut off still holds, because a handler has it,
 * counts until the handler ends, but cuts off no other.
 */
final class Holdings {
    /** What a connection costs that holds nothing: channel, pipeline, timer. Measured: 2.5 KiB of heap; the rest is outside. */
    static final int CONNECTION_BYTES = 4 << 10;

    /** A guess: what seldom happens to small requests, and is little for a thousand connections. */
    static final int STEP_BYTES = 8 << 10;

    /** How long it may take until those that were cut off have let go, before others are. A guess. */
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** Whoever has got on within this time is no slow client. A guess. */
    private static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** One connection, as it was seen. */
    private record Holder(Http1Connection connection, long bytes, long nanos) {
        double weight() {
            return (double) bytes * Math.max(nanos, SHORT_NANOS);
        }
    }

    private final Shared shared;
    /** 0 is no limit. */
    private final long most;
    private final LongAdder held = new LongAdder();
    private final Seldom cuts = new Seldom();
    private volatile boolean tight;

    private final AtomicBoolean relieving = new AtomicBoolean();
    /** Whether a look is due in a while. */
    private final AtomicBoolean due = new AtomicBoolean();
    /** When connections were cut off last. Written by who has {@link #relieving}. */
    private volatile long relievedNanos = System.nanoTime() - AGAIN_NANOS;

    Holdings(Shared shared, long most) {
        this.shared = shared;
        this.most = most;
    }

    /** A connection holds so many bytes more, or less. Any thread; does not wait. */
    void changed(long bytes) {
        held.add(bytes);
        if (most == 0) {
            return;
        }
        long sum = held.sum();
        while (tight != sum > most / 2) {
            tight = sum > most / 2;
            sum = held.sum(); // others may have changed it and not seen that: whoever writes looks again
        }
        if (bytes > 0 && sum > most) {
            relieve();
        }
    }

    /** Returns whether so much is held that each connection should do with less ahead of its client. */
    boolean isTight() {
        return tight;
    }

    /** Returns what is held, in bytes. */
    long bytes() {
        return held.sum();
    }

    private void relieve() {
        if (System.nanoTime() - relievedNanos < AGAIN_NANOS || !relieving.compareAndSet(false, true)) {
            lookAgain(AGAIN_NANOS);
            return;
        }
        boolean enough;
        try {
            enough = cut(most - most / 8);
            relievedNanos = System.nanoTime();
        } finally {
            relieving.set(false);
        }
        if (!enough) {
            lookAgain(SLOW_NANOS);
        }
    }

    /**
     * What came too soon after a cut, or while one was made, is looked at later, since nothing more may change then; so is what
     * was left because it was not slow. One look is due at a time: it is taken off before it looks, and whoever found it due
     * had changed the sum before.
     */
    private void lookAgain(long nanos) {
        if (!due.compareAndSet(false, true)) {
            return;
        }
        try {
            Timer.afterFunc(shared.scheduler, Duration.ofNanos(nanos), () -> {
                due.set(false);
                if (held.sum() > most) {
                    relieve();
                }
            });
        } catch (Throwable e) { // no memory, which must not cost the connection that has told us; the next change asks again
            due.set(false);
        }
    }

    /** Cuts connections off until those that are left hold so much. Returns whether they hold no more than they may. */
    private boolean cut(long enough) {
        long now = System.nanoTime();
        long sum = 0;
        List<Holder> holders = new ArrayList<>();
        for (Http1Connection connection : shared.connections()) {
            long bytes = connection.isCut() ? 0 : connection.account.bytes();
            if (bytes > 0) {
                holders.add(new Holder(connection, bytes, now - connection.lastActiveNanos()));
                sum += bytes;
            }
        }
        if (sum <= most) {
            return true;
        }
        holders.sort(Comparator.comparingDouble(h -> -h.weight()));
        int count = 0;
        for (Holder holder : holders) {
            if (sum <= enough) {
                break;
            }
            if (holder.nanos < SLOW_NANOS && sum <= most + most / 2) {
                continue;
            }
            holder.connection.cut();
            sum -= holder.bytes;
            count++;
        }
        if (count > 0 && cuts.isDue()) {
            LOG.warn(
                    "{} of {} connections are cut off: together they held more than {}",
                    count,
                    holders.size(),
                    Settings.sizeText(most));
        }
        return sum <= most;
    }
}
