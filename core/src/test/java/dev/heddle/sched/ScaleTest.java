package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Large numbers, within the heap that the build gives its tests (1 GiB). */
@Timeout(120)
class ScaleTest {
    private static final int MILLION = 1_000_000;

    @Test
    void aMillionStartedByGoroutines() {
        try (Scheduler s = Started.procs(2)) {
            LongAdder ran = new LongAdder();
            for (int i = 0; i < 10; i++) {
                s.go(() -> {
                    for (int k = 0; k < MILLION / 10; k++) {
                        s.go(ran::increment);
                    }
                });
            }
            Waiting.until(s, "all have run", () -> ran.sum() == MILLION);
            Quiet.afterEnd(s);
            assertEquals(MILLION + 10, s.stats().created());
            assertTrue(s.stats().overflows() > 0);
            assertEquals(0, s.stats().goroutines().total());
        }
    }

    @Test
    void aMillionStartedFromOutside() {
        try (Scheduler s = Started.procs(2)) {
            LongAdder ran = new LongAdder();
            for (int i = 0; i < MILLION; i++) {
                s.go(ran::increment);
            }
            Waiting.until(s, "all have run", () -> ran.sum() == MILLION);
            Quiet.afterEnd(s);
            assertEquals(MILLION, s.stats().created());
        }
    }

    /** One after the other, each started by the one before. */
    @Test
    void aLongChain() {
        try (Scheduler s = Started.procs(2)) {
            AtomicInteger left = new AtomicInteger(200_000);
            s.go(new Runnable() {
                @Override
                public void run() {
                    if (left.decrementAndGet() > 0) {
                        s.go(this);
                    }
                }
            });
            Waiting.until(s, "the chain has ended", () -> left.get() == 0);
            Quiet.afterEnd(s);
            assertEquals(200_000, s.stats().created());
        }
    }

    /** Go's TestBigGOMAXPROCS. */
    @Test
    void asManyPsAsAreAllowed() throws Exception {
        try (Scheduler s = Started.procs(SchedulerConfig.MAX_PROCS)) {
            AtomicInteger ran = new AtomicInteger();
            for (int i = 0; i < 5_000; i++) {
                s.go(ran::incrementAndGet);
            }
            Waiting.until(s, "all have run", () -> ran.get() == 5_000);
            Quiet.afterEnd(s);
        }
    }
}
