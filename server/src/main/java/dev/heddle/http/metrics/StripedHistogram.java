package dev.heddle.http.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A histogram of durations that many threads add to at once: several copies of its counters, far enough from each other
 * not to share a cache line. A goroutine adds to the copy that its number points to; readers sum them up.
 *
 * <p>What is read while others write is at most as old as the reading: a sum may lack observations whose count is in it
 * already, and the other way round. Nothing is lost.
 */
final class StripedHistogram {
    /**
     * Upper bounds in seconds: the advice of OpenTelemetry's semantic conventions for {@code
     * http.server.request.duration}.
     */
    private static final double[] BOUNDS_SECONDS = {
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, Double.POSITIVE_INFINITY
    };

    private static final long[] BOUNDS_NANOS = nanos();

    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

    /** Buckets and, behind them, the sum. */
    private static final int USED = BOUNDS_SECONDS.length + 1;

    /**
     * What lies between copies, and before the first: 128 bytes, two cache lines, which processors like to fetch
     * together.
     */
    private static final int PADDING = 16;

    private static final int STRIDE = USED + PADDING;

    private final int mask;
    private final long[] cells;

    /**
     * Makes an empty histogram.
     *
     * @param stripes how many copies; a power of 2
     */
    StripedHistogram(int stripes) {
        assert Integer.bitCount(stripes) == 1 : stripes;
        this.mask = stripes - 1;
        this.cells = new long[PADDING + stripes * STRIDE];
    }

    private static long[] nanos() {
        long[] nanos = new long[BOUNDS_SECONDS.length - 1];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = Math.round(BOUNDS_SECONDS[i] * 1e9);
        }
        return nanos;
    }

    /** Adds an observation. Any thread. */
    void add(long nanos) {
        int bucket = 0;
        while (bucket < BOUNDS_NANOS.length && nanos > BOUNDS_NANOS[bucket]) {
            bucket++;
        }
        int copy = PADDING + Stripes.current(mask) * STRIDE;
        CELL.getAndAddRelease(cells, copy + bucket, 1L);
        CELL.getAndAddRelease(cells, copy + USED - 1, nanos);
    }

    /** Returns the bounds of all histograms of this kind, in seconds; the last one is infinite. */
    static double[] boundsSeconds() {
        return BOUNDS_SECONDS.clone();
    }

    /** Returns the observations in each bucket, not cumulative. */
    long[] counts() {
        long[] counts = new long[BOUNDS_SECONDS.length];
        for (int copy = PADDING; copy < cells.length; copy += STRIDE) {
            for (int i = 0; i < counts.length; i++) {
                counts[i] += (long) CELL.getAcquire(cells, copy + i);
            }
        }
        return counts;
    }

    /** Returns the sum of all observations. */
    long sumNanos() {
        long nanos = 0;
        for (int copy = PADDING; copy < cells.length; copy += STRIDE) {
            nanos += (long) CELL.getAcquire(cells, copy + USED - 1);
        }
        return nanos;
    }
}
