package dev.heddle.time;

import dev.heddle.sched.RuntimeTimer;
import dev.heddle.sched.Scheduler;
import dev.heddle.sync.Chan;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Sends the time on a channel again and again (Go's {@code time.Ticker}). A receiver that is too slow misses ticks: the
 * channel holds one, and those that come while it is full are dropped, as are those that the scheduler was too late for.
 * The phase is kept: ticks come at the start plus a multiple of the period, never early.
 *
 * <p>All methods may be called from any thread. A ticker ticks until it is stopped or its scheduler has ended; nobody
 * collects it before.
 */
public final class Ticker implements AutoCloseable {
    private final Tick tick = new Tick();
    private final RuntimeTimer timer;

    private Ticker(Scheduler scheduler) {
        this.timer = RuntimeTimer.of(scheduler, tick);
    }

    /**
     * Starts a ticker on the scheduler of the goroutine that calls this.
     *
     * @param period from now to the first tick, and from one to the next; positive
     * @return the ticker
     * @throws IllegalStateException if the caller is not a goroutine
     */
    public static Ticker start(Duration period) {
        return start(Timer.here(), period);
    }

    /**
     * Starts a ticker on the scheduler given.
     *
     * @param scheduler whose Ps do the ticking
     * @param period from now to the first tick, and from one to the next; positive
     * @return the ticker
     */
    public static Ticker start(Scheduler scheduler, Duration period) {
        Ticker ticker = new Ticker(scheduler);
        ticker.reset(period);
        return ticker;
    }

    /** Returns where the ticks come. Only for receiving: it must not be closed. */
    public Chan<Instant> c() {
        return tick.c;
    }

    /**
     * Stops the ticker, and begins anew with another period. What has not been received of the ticks before is dropped.
     *
     * @param period from now to the next tick, and from one to the next; positive
     */
    public void reset(Duration period) {
        long nanos = TimeUnit.NANOSECONDS.convert(period);
        if (nanos <= 0) {
            throw new IllegalArgumentException("period: got " + period + ", need 1 ns or more");
        }
        timer.reset(nanos, nanos);
    }

    /** Stops the ticker. After that no tick is received; the channel stays open, so that nobody takes its end for one. */
    public void stop() {
        timer.stop();
    }

    /** {@link #stop}. */
    @Override
    public void close() {
        stop();
    }
}
