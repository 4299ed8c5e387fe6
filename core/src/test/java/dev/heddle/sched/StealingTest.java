package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An idle P takes work from busy ones. Without preemption, so that nothing else can come to the rescue. */
@Timeout(60)
class StealingTest {
    private static long[] stolen(Scheduler s) {
        long steals = 0;
        long goroutines = 0;
        for (SchedulerStats.Proc proc : s.stats().perProc()) {
            steals += proc.steals();
            goroutines += proc.stolenGoroutines();
        }
        return new long[] {steals, goroutines};
    }

    /** The ring of a P whose M is busy is emptied by the other P, half of what is left each time. */
    @Test
    void theOtherPStealsHalfAgainAndAgain() {
        int count = 100;
        try (Scheduler s = Started.unhurried(2)) {
            AtomicBoolean otherFree = new AtomicBoolean();
            AtomicInteger ran = new AtomicInteger();
            AtomicInteger onThis = new AtomicInteger();
            AtomicReference<long[]> before = new AtomicReference<>();
            AtomicBoolean otherBusy = new AtomicBoolean();
            s.go(() -> {
                otherBusy.set(true);
                Busy.until(otherFree::get);
            });
            Waiting.until(s, "the other P is busy", otherBusy::get);
            s.go(() -> {
                M me = M.current();
                for (int i = 0; i < count; i++) {
                    s.go(() -> {
                        onThis.addAndGet(M.current() == me ? 1 : 0);
                        ran.incrementAndGet();
                    });
                }
                before.set(stolen(s));
                otherFree.set(true);
                Busy.until(() -> ran.get() == count);
            });
            Quiet.afterEnd(s);
            assertEquals(0, onThis.get());
            long[] after = stolen(s);
            assertEquals(count, after[1] - before.get()[1], "each was stolen once");
            // 99 on the ring: 50, 25, 12, 6, 3, 2, 1; then the one in runnext
            assertEquals(8, after[0] - before.get()[0], "steals");
        }
    }

    @Test
    void runnextIsStolenFromAGoroutineThatKeepsItsP() {
        try (Scheduler s = Started.unhurried(2)) {
            AtomicBoolean ran = new AtomicBoolean();
            s.go(() -> {
                s.go(() -> ran.set(true));
                Busy.until(ran::get);
            });
            Waiting.until(s, "it is stolen", ran::get);
            Quiet.afterEnd(s);
        }
    }

    /** Nobody is woken for what a system goroutine readies, since it is about to give way; if it does not, sysmon sees. */
    @Test
    void whatASystemGoroutineReadiesIsStolenIfItDoesNotGiveWay() {
        try (Scheduler s = Started.unhurried(2)) {
            AtomicBoolean ran = new AtomicBoolean();
            s.goSystem("system", () -> {
                s.go(() -> ran.set(true));
                Busy.until(ran::get);
            });
            Waiting.until(s, "it is stolen", ran::get);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void theInboxIsStolenToo() {
        try (Scheduler s = Started.unhurried(2)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            AtomicBoolean ran = new AtomicBoolean();
            AtomicReference<P> hogged = new AtomicReference<>();
            s.go(() -> {
                s.go(() -> {
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                    ran.set(true);
                });
                Goroutine.gosched(); // lets it run, here or elsewhere
                hogged.set(M.current().p);
                Busy.until(ran::get);
            });
            Waiting.until(s, "one waits and one is busy", () -> hogged.get() != null
                    && s.sched().allGs.snapshot().stream().anyMatch(g -> g.waitReason() == WaitReason.SEMACQUIRE));
            for (G g : s.sched().allGs.snapshot()) {
                g.lastP = hogged.get(); // as if it had run there last
            }
            semaphore.release(); // by this thread, which has no P
            Waiting.until(s, "it runs beside the busy one", ran::get);
            Quiet.afterEnd(s);
        }
    }

    /** Each M that finds work wakes the next: all Ps come to run, though only one goroutine was started from outside. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void oneWakesTheNextUntilAllPsRun(int procs) {
        try (Scheduler s = Started.unhurried(procs)) {
            Set<P> seen = ConcurrentHashMap.newKeySet();
            AtomicInteger inside = new AtomicInteger();
            Runnable body = () -> {
                seen.add(M.current().p);
                inside.incrementAndGet();
                Busy.blockedUntil(() -> inside.get() == procs);
            };
            s.go(() -> {
                for (int i = 1; i < procs; i++) {
                    s.go(body);
                }
                body.run();
            });
            Waiting.until(s, "all run at once", () -> inside.get() == procs);
            assertEquals(procs, seen.size());
            Quiet.afterEnd(s);
        }
    }

    /** The same by wake-ups, and from threads without a P. */
    @Test
    void wakeUpsFromOutsideReachAllPs() {
        int procs = 4;
        try (Scheduler s = Started.unhurried(procs)) {
            for (int round = 0; round < 50; round++) {
                BinarySemaphore[] semaphores = new BinarySemaphore[procs];
                AtomicInteger waiting = new AtomicInteger();
                AtomicInteger inside = new AtomicInteger();
                for (int i = 0; i < procs; i++) {
                    BinarySemaphore semaphore = new BinarySemaphore();
                    semaphores[i] = semaphore;
                    s.go(() -> {
                        waiting.incrementAndGet();
                        semaphore.acquire(WaitReason.SEMACQUIRE);
                        inside.incrementAndGet();
                        Busy.blockedUntil(() -> inside.get() == procs);
                    });
                }
                Waiting.until(s, "all wait", () -> waiting.get() == procs);
                for (BinarySemaphore semaphore : semaphores) {
                    semaphore.release();
                }
                Waiting.until(s, "all run at once", () -> inside.get() == procs);
            }
            Quiet.afterEnd(s);
        }
    }

    /** Looking for work ends, and costs nothing afterwards. */
    @Test
    void searchEndsWhenThereIsNothing() {
        try (Scheduler s = Started.procs(4)) {
            CountDownLatch latch = new CountDownLatch(8);
            for (int i = 0; i < 8; i++) {
                s.go(latch::countDown);
            }
            Quiet.afterEnd(s);
            SchedulerStats stats = s.stats();
            assertEquals(0, stats.threads().spinning());
            assertTrue(stats.spins() >= 1);
            assertTrue(stats.spinNanos() > 0);
            Waiting.holds(
                    s, "nobody looks", java.time.Duration.ofMillis(30), () -> s.stats().spins() == stats.spins());
        }
    }
}
