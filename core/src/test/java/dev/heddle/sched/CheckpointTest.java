package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goroutines that compute for long and ask now and then whether their time is over. */
@Timeout(60)
class CheckpointTest {
    /** Nothing else could make the first one give way: no goroutine may run without a P. */
    private static Scheduler withoutHogs(int procs) {
        return Started.with(procs, config -> config.withMaxHogs(0));
    }

    /** Go's TestPreemption: two goroutines hand a token to each other without ever blocking. */
    @Test
    void preemption() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = withoutHogs(1)) {
            AtomicInteger token = new AtomicInteger();
            int rounds = 10;
            for (int i = 0; i < 2; i++) {
                int own = i;
                s.go(() -> {
                    for (int round = 0; round < rounds; round++) {
                        Busy.until(() -> {
                            Goroutine.checkpoint();
                            return token.get() == own;
                        });
                        token.set(1 - own);
                    }
                });
            }
            Quiet.afterEnd(s);
            assertEquals(0, s.stats().preemptions());
        }
    }

    @Test
    void itChangesNothingWhileThereIsTime() {
        try (Scheduler s = Started.unhurried(1)) {
            AtomicBoolean otherRan = new AtomicBoolean();
            AtomicBoolean otherRanEarly = new AtomicBoolean();
            s.go(() -> {
                s.go(() -> otherRan.set(true));
                M m = M.current();
                for (int i = 0; i < 100_000; i++) {
                    Goroutine.checkpoint();
                    assertSame(m, M.current());
                }
                otherRanEarly.set(otherRan.get());
            });
            Quiet.afterEnd(s);
            assertEquals(false, otherRanEarly.get());
        }
    }

    /** Its P is gone: it queues like anybody else, so that it does not compete with those that have one. */
    @Test
    void whoHasLostItsPQueues() {
        try (Scheduler s = Started.unhurried(2)) {
            AtomicInteger phase = new AtomicInteger();
            AtomicBoolean over = new AtomicBoolean();
            s.go(() -> {
                phase.incrementAndGet();
                Busy.blockedUntil(over::get);
            });
            AtomicBoolean hasP = new AtomicBoolean();
            s.go(() -> {
                phase.incrementAndGet();
                Busy.until(() -> s.sched().procs[1].status() == PState.DEAD);
                Goroutine.checkpoint();
                hasP.set(M.current().p == s.sched().procs[0]);
                over.set(true);
            });
            Waiting.until(s, "both run", () -> phase.get() == 2);
            P computing = s.sched().procs[1];
            s.gomaxprocs(1);
            assertEquals(PState.DEAD, computing.status());
            over.set(true);
            Quiet.afterEnd(s);
            assertEquals(true, hasP.get());
        }
    }

    @Test
    void outsideAGoroutineItDoesNothing() {
        Goroutine.checkpoint();
    }
}
