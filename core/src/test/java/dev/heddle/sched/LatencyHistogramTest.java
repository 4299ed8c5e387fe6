package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The buckets of the scheduling latency. */
class LatencyHistogramTest {
    private final Sched sched = Started.unstarted(2);

    private SchedulerStats.Histogram sum() {
        return LatencyHistogram.sum(sched.procs);
    }

    @Test
    void boundsArePowersOfTwoFromOneMicrosecond() {
        SchedulerStats.Histogram histogram = sum();
        assertEquals(24, histogram.upperBoundsNanos().size());
        assertEquals(25, histogram.counts().size());
        for (int i = 0; i < 24; i++) {
            assertEquals(1_000L << i, histogram.upperBoundsNanos().get(i));
        }
        assertEquals(0, histogram.count());
    }

    @Test
    void boundsAreInclusive() {
        for (int i = 0; i < 24; i++) {
            sched.procs[0].latency.record(1_000L << i);
        }
        assertEquals(List.of(1L, 1L, 1L), sum().counts().subList(0, 3));
        assertEquals(Collections.nCopies(24, 1L), sum().counts().subList(0, 24));
        assertEquals(0, sum().counts().getLast());
        for (int i = 0; i < 24; i++) {
            sched.procs[0].latency.record((1_000L << i) + 1);
        }
        assertEquals(1, sum().counts().getFirst());
        assertEquals(Collections.nCopies(23, 2L), sum().counts().subList(1, 24));
        assertEquals(1, sum().counts().getLast());
    }

    @Test
    void extremesGoToTheEnds() {
        sched.procs[0].latency.record(0);
        sched.procs[0].latency.record(Long.MAX_VALUE / 2);
        assertEquals(1, sum().counts().getFirst());
        assertEquals(1, sum().counts().getLast());
        assertEquals(Long.MAX_VALUE / 2, sum().sumNanos());
    }

    @Test
    void allPsAreAddedUp() {
        sched.procs[0].latency.record(1_500);
        sched.procs[1].latency.record(1_600);
        assertEquals(2, sum().counts().get(1));
        assertEquals(2, sum().count());
        assertEquals(3_100, sum().sumNanos());
    }
}
