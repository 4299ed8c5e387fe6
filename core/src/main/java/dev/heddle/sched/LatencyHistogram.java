package dev.heddle.sched;

import java.util.ArrayList;
import java.util.List;

/**
 * Times from runnable to running on one P. Written by the owner of the P alone; readers may see a state in which one
 * observation is half booked.
 */
final class LatencyHistogram {
    /** 1 us to 8.4 s in powers of two: with 24 buckets a factor of two is the precision everywhere. */
    private static final int BUCKETS = 24;

    private static final long FIRST_BOUND_NANOS = 1_000;

    private final long[] counts = new long[BUCKETS + 1];
    private long sumNanos;
    private long maxNanos;

    void record(long nanos) {
        int bucket = 0;
        for (long bound = FIRST_BOUND_NANOS; nanos > bound && bucket < BUCKETS; bound <<= 1) {
            bucket++;
        }
        counts[bucket]++;
        sumNanos += nanos;
        maxNanos = Math.max(maxNanos, nanos);
    }

    /** Adds up the histograms of all Ps. */
    static SchedulerStats.Histogram sum(P[] procs) {
        List<Long> bounds = new ArrayList<>(BUCKETS);
        for (int i = 0; i < BUCKETS; i++) {
            bounds.add(FIRST_BOUND_NANOS << i);
        }
        List<Long> counts = new ArrayList<>(BUCKETS + 1);
        long sum = 0;
        long max = 0;
        for (int i = 0; i <= BUCKETS; i++) {
            long count = 0;
            for (P p : procs) {
                count += p.latency.counts[i];
            }
            counts.add(count);
        }
        for (P p : procs) {
            sum += p.latency.sumNanos;
            max = Math.max(max, p.latency.maxNanos);
        }
        return new SchedulerStats.Histogram(List.copyOf(bounds), List.copyOf(counts), sum, max);
    }
}
