package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody starves: Go's TestYieldProgress, TestPreemptionAfterSyscall and TestPingPongHog. */
@Timeout(300)
class FairnessStressTest {
    /** Go's TestYieldProgress: a goroutine that only looks and yields lets the others on. */
    @ParameterizedTest
    @CsvSource({"1,true", "1,false", "2,true", "2,false"})
    void aGoroutineThatYieldsAllTheTimeLetsOthersOn(int procs, boolean globally) {
        try (Scheduler s = Started.unhurried(procs)) {
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger steps = new AtomicInteger();
            for (int i = 0; i < 2 * procs; i++) {
                s.go(() -> {
                    while (!end.get()) {
                        yieldOnce(globally);
                    }
                });
            }
            s.go(() -> {
                for (int i = 0; i < 1_000; i++) {
                    yieldOnce(!globally);
                    steps.incrementAndGet();
                }
                end.set(true);
            });
            Waiting.until(s, "the other has made its steps", () -> steps.get() == 1_000);
            Quiet.afterEnd(s);
        }
    }

    private static void yieldOnce(boolean globally) {
        if (globally) {
            Goroutine.gosched();
        } else {
            Goroutine.goyield();
        }
    }

    /**
     * Go's TestPreemptionAfterSyscall: eight goroutines on two Ps that are in short calls most of the time; one more must get
     * its turns.
     */
    @ParameterizedTest
    @ValueSource(ints = {10, 100, 1_000})
    void goroutinesInCallsLetOthersOn(int micros) {
        try (Scheduler s = Started.procs(2)) {
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger steps = new AtomicInteger();
            for (int i = 0; i < 8; i++) {
                s.go(() -> {
                    while (!end.get()) {
                        Syscall.call(() -> {
                            Busy.blockedNanos(micros * 1_000L);
                            return null;
                        });
                    }
                });
            }
            s.go(() -> {
                for (int i = 0; i < 20; i++) {
                    Goroutine.gosched();
                    steps.incrementAndGet();
                }
            });
            Waiting.until(s, "the other has made its steps", () -> steps.get() == 20);
            end.set(true);
            Quiet.afterEnd(s);
        }
    }

    /** Calls so short that sysmon never sees the same one twice do not renew the slice. */
    @Test
    void shortCallsDoNotKeepAGoroutineFromBeingPreempted() {
        try (Scheduler s = Started.procs(1)) {
            AtomicBoolean end = new AtomicBoolean();
            AtomicLong longest = new AtomicLong();
            AtomicInteger steps = new AtomicInteger();
            s.go(() -> {
                s.go(() -> {
                    while (!end.get()) {
                        Busy.nanos(20_000);
                        Syscall.call(() -> null);
                    }
                });
                for (int i = 0; i < 20; i++) {
                    long begin = System.nanoTime();
                    Goroutine.goyield();
                    longest.accumulateAndGet(System.nanoTime() - begin, Math::max);
                    steps.incrementAndGet();
                }
            });
            Waiting.until(s, "the other has made its steps", () -> steps.get() == 20);
            end.set(true);
            Quiet.afterEnd(s);
            assertTrue(longest.get() < 1_000_000_000L, "waited " + longest.get() + " ns for a turn");
        }
    }

    /**
     * Go's TestPingPongHog: one P, a pair of goroutines with much to do between two wake-ups and a pair with little. A pair
     * lives in runnext and shares its slice, so both pairs get the same time; without the inheritance the heavy one gets a
     * thousand times as much.
     */
    @Test
    void pairsShareThePFairly() {
        int factor = 20;
        try (Scheduler s = Started.procs(1)) {
            AtomicBoolean end = new AtomicBoolean();
            long[] heavy = new long[1];
            long[] light = new long[1];
            pair(s, end, heavy, 1_000_000);
            pair(s, end, light, 1_000);
            Waiting.until(s, "some slices have passed", () -> s.sched().procs[0].schedtick > 30);
            end.set(true);
            Waiting.until(s, "all have ended", () -> {
                semaphores.forEach(BinarySemaphore::release);
                return s.sched().allGs.live() == 0;
            });
            assertTrue(
                    heavy[0] / factor <= light[0] && light[0] / factor <= heavy[0],
                    "the heavy pair counted to " + heavy[0] + ", the light pair to " + light[0]);
        }
    }

    private final java.util.List<BinarySemaphore> semaphores = new java.util.ArrayList<>();

    private void pair(Scheduler s, AtomicBoolean end, long[] count, int limit) {
        BinarySemaphore ping = new BinarySemaphore();
        BinarySemaphore pong = new BinarySemaphore();
        semaphores.add(ping);
        semaphores.add(pong);
        s.go(() -> count(end, ping, pong, count, limit));
        s.go(() -> count(end, pong, ping, count, limit));
        ping.release();
    }

    private static void count(
            AtomicBoolean end, BinarySemaphore mine, BinarySemaphore other, long[] count, int limit) {
        while (!end.get()) {
            mine.acquire(WaitReason.CHAN_RECEIVE);
            for (int i = 0; i < limit; i++) {
                count[0]++;
                Thread.onSpinWait(); // or the loop is one addition
            }
            other.release();
        }
    }
}
