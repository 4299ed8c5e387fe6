package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sleeping goroutines wake when it is time, by timers of Ps, whatever those Ps do. */
@Timeout(120)
class SleepTest {
    private static void sleep(long millis) {
        try {
            Goroutine.sleep(Duration.ofMillis(millis));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Go's TestSleep. */
    @Test
    void asLongAsAsked() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            long took = Started.call(s, () -> {
                long begin = System.nanoTime();
                Goroutine.sleep(Duration.ofMillis(20));
                return System.nanoTime() - begin;
            });
            assertTrue(took >= 20_000_000, took + " ns");
            assertEquals(1, s.stats().timersFired());
            Quiet.afterEnd(s);
        }
    }

    @Test
    void zeroAndLessReturnAtOnce() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            Started.call(s, () -> {
                Goroutine.sleep(Duration.ZERO);
                Goroutine.sleep(Duration.ofSeconds(-1));
                Goroutine.sleep(Duration.ofSeconds(Long.MIN_VALUE));
                return null;
            });
            assertEquals(0, s.stats().timersFired());
        }
    }

    @Test
    void outsideOfAGoroutineItIsThreadSleep() throws Exception {
        long begin = System.nanoTime();
        Goroutine.sleep(Duration.ofMillis(2));
        assertTrue(System.nanoTime() - begin >= 2_000_000);
        Goroutine.sleep(Duration.ofMillis(-2));
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> Goroutine.sleep(Duration.ofMillis(2)));
    }

    @Test
    void theReasonIsVisible() {
        try (Scheduler s = Started.procs(1)) {
            Goroutine g = s.go(() -> assertThrows(
                    InterruptedException.class, () -> Goroutine.sleep(Duration.ofSeconds(1_000))));
            Waiting.until(s, "it sleeps", () -> g.waitReason() == WaitReason.SLEEP);
            assertEquals(Goroutine.State.WAITING, g.state());
            g.thread().interrupt();
            Quiet.afterEnd(s);
        }
    }

    @Test
    void anInterruptEndsItAndClearsTheStatus() {
        try (Scheduler s = Started.procs(1)) {
            AtomicReference<String> end = new AtomicReference<>();
            Goroutine g = s.go(() -> {
                try {
                    Goroutine.sleep(Duration.ofSeconds(1_000));
                    end.set("slept");
                } catch (InterruptedException e) {
                    end.set("interrupted, status " + Thread.currentThread().isInterrupted());
                }
            });
            Waiting.until(s, "it sleeps", () -> g.waitReason() == WaitReason.SLEEP);
            g.thread().interrupt();
            Waiting.until(s, "it is over", () -> end.get() != null);
            assertEquals("interrupted, status false", end.get());
            Quiet.afterEnd(s);
            assertEquals(0, s.stats().perProc().getFirst().timers(), "the timer is gone");
        }
    }

    @Test
    void anInterruptBeforeItEndsItAtOnce() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            assertFalse(Started.call(s, () -> {
                Thread.currentThread().interrupt();
                assertThrows(InterruptedException.class, () -> Goroutine.sleep(Duration.ofSeconds(1_000)));
                return Thread.currentThread().isInterrupted();
            }));
        }
    }

    @Test
    void aPermitLeftOverDoesNotShortenIt() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            long took = Started.call(s, () -> {
                LockSupport.unpark(Thread.currentThread());
                long begin = System.nanoTime();
                Goroutine.sleep(Duration.ofMillis(10));
                return System.nanoTime() - begin;
            });
            assertTrue(took >= 10_000_000, took + " ns");
        }
    }

    @Test
    void forEverIsPossible() {
        try (Scheduler s = Started.procs(1)) {
            AtomicReference<Throwable> end = new AtomicReference<>();
            Goroutine g = s.go(() -> {
                try {
                    Goroutine.sleep(Duration.ofSeconds(Long.MAX_VALUE));
                } catch (Throwable e) {
                    end.set(e);
                }
            });
            Waiting.until(s, "it sleeps", () -> g.waitReason() == WaitReason.SLEEP || end.get() != null);
            assertEquals(null, end.get());
            g.thread().interrupt();
            Waiting.until(s, "it is over", () -> end.get() instanceof InterruptedException);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void nobodyWakesEarly(int procs) {
        int count = 200;
        try (Scheduler s = Started.procs(procs)) {
            AtomicInteger early = new AtomicInteger();
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < count; i++) {
                int millis = i * 7 % 50;
                s.go(() -> {
                    for (int k = 0; k < 3; k++) {
                        long begin = System.nanoTime();
                        sleep(millis);
                        early.addAndGet(System.nanoTime() - begin < millis * 1_000_000L ? 1 : 0);
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "all have slept", () -> ended.get() == count);
            assertEquals(0, early.get());
            Quiet.afterEnd(s);
        }
    }

    /** The P that has the timer computes and cannot be taken; another P must fire it. */
    @Test
    void anotherPFiresTheTimersOfABusyOne() {
        try (Scheduler s = Started.unhurried(2)) {
            AtomicLong late = new AtomicLong(-1);
            s.go(() -> {
                s.go(() -> Busy.until(() -> late.get() >= 0)); // runs here when this one sleeps
                long until = System.nanoTime() + 20_000_000;
                sleep(20);
                late.set(System.nanoTime() - until);
            });
            Waiting.until(s, "it has woken beside the busy one", () -> late.get() >= 0);
            Quiet.afterEnd(s);
        }
    }

    /** Every P but one computes: that one is left to fire all timers. */
    @Test
    void oneFreePFiresTheTimersOfAllTheOthers() {
        int procs = 4;
        try (Scheduler s = Started.unhurried(procs)) {
            AtomicInteger woken = new AtomicInteger();
            AtomicInteger busy = new AtomicInteger();
            for (int i = 0; i < procs - 1; i++) {
                s.go(() -> {
                    P p = M.current().p;
                    busy.incrementAndGet();
                    Busy.blockedUntil(() -> busy.get() == procs - 1);
                    for (int k = 0; k < 3; k++) {
                        Timer timer = new Timer(_ -> woken.incrementAndGet(), null);
                        p.timers.add(timer, Clock.nanotime() + 20_000_000);
                        s.sched().netpoller.wakeNetPoller(timer.when);
                    }
                    Busy.blockedUntil(() -> woken.get() == 3 * (procs - 1));
                });
            }
            Waiting.until(s, "all timers have fired", () -> woken.get() == 3 * (procs - 1));
            Quiet.afterEnd(s);
        }
    }

    /** A timer that is set while every M sleeps, with an earlier time than the one they wait for. */
    @Test
    void anEarlierTimerWakesTheSleepers() {
        try (Scheduler s = Started.procs(2)) {
            Goroutine late = s.go(() -> assertThrows(
                    InterruptedException.class, () -> Goroutine.sleep(Duration.ofSeconds(1_000))));
            Waiting.until(s, "one sleeps long", () -> late.waitReason() == WaitReason.SLEEP);
            Quiet.atRest(s);
            for (int i = 0; i < 50; i++) {
                Goroutine early = s.go(() -> sleep(1));
                Waiting.until(s, "the short sleeper wakes", () -> early.state() == Goroutine.State.DEAD);
            }
            late.thread().interrupt();
            Quiet.afterEnd(s);
        }
    }

    /** Go's TestTimerFairness: a pair that wakes each other through runnext does not keep timers from firing. */
    @Test
    void aPairThatWakesEachOtherDoesNotKeepTimersFromFiring() {
        timerFairness(false);
    }

    /** Go's TestTimerFairness2: the same, with a system call in each round. */
    @Test
    void neitherDoesAPairThatAlsoMakesCalls() {
        timerFairness(true);
    }

    private static void timerFairness(boolean calls) {
        try (Scheduler s = Started.unhurried(1)) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger ended = new AtomicInteger();
            BinarySemaphore ping = new BinarySemaphore();
            BinarySemaphore pong = new BinarySemaphore();
            s.go(() -> {
                s.go(() -> turns(over, ended, ping, pong, calls));
                s.go(() -> turns(over, ended, pong, ping, calls));
                ping.release();
                sleep(20);
                over.set(true);
            });
            Waiting.until(s, "the timer has fired and both have seen it", () -> {
                if (over.get()) {
                    ping.release();
                    pong.release();
                }
                return ended.get() == 2;
            });
            Quiet.afterEnd(s);
        }
    }

    private static void turns(
            AtomicBoolean over, AtomicInteger ended, BinarySemaphore mine, BinarySemaphore other, boolean calls) {
        while (!over.get()) {
            mine.acquire(WaitReason.CHAN_RECEIVE);
            if (calls) {
                Syscall.call(() -> null);
            }
            other.release();
        }
        ended.incrementAndGet();
    }

    @Test
    void aHundredThousandSleepAtOnce() {
        int count = 100_000;
        try (Scheduler s = Started.procs(2)) {
            AtomicBoolean wake = new AtomicBoolean();
            AtomicInteger asleep = new AtomicInteger();
            AtomicInteger woken = new AtomicInteger();
            for (int i = 0; i < count; i++) {
                s.go(() -> {
                    asleep.incrementAndGet();
                    do {
                        sleep(2_000);
                    } while (!wake.get());
                    woken.incrementAndGet();
                });
            }
            Waiting.until(s, "all sleep", () -> asleep.get() == count);
            assertEquals(count, s.sched().allGs.live());
            wake.set(true);
            Waiting.until(s, "all have woken", () -> woken.get() == count);
            Quiet.afterEnd(s);
            assertTrue(s.stats().timersFired() >= count);
            assertTrue(s.stats().threadsCreated() < 20, s.stats().threadsCreated() + " threads");
        }
    }
}
