package dev.heddle.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.TestScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Functions that run after some time; with Go's tests of {@code time/sleep_test.go}, by name. */
@Timeout(120)
class TimerTest {
    private static final Duration FAR = Duration.ofHours(1);
    private static final Duration MILLI = Duration.ofMillis(1);

    @Test
    void runsTheFunctionInAGoroutineOfItsOwnAndNotEarly() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            CompletableFuture<Goroutine> ran = new CompletableFuture<>();
            AtomicLong took = new AtomicLong();
            Goroutine armer = t.call(() -> {
                long begin = System.nanoTime();
                Timer.afterFunc(Duration.ofMillis(5), () -> {
                    took.set(System.nanoTime() - begin);
                    ran.complete(Goroutine.current());
                });
                return Goroutine.current();
            });
            t.until("it has run", ran::isDone);
            assertNotNull(ran.get());
            assertFalse(ran.get() == armer);
            assertTrue(took.get() >= 5_000_000, took + " ns");
            t.atRest();
        }
    }

    @Test
    void outsideOfAGoroutineASchedulerHasToBeGiven() throws Exception {
        try (TestScheduler t = TestScheduler.procs(1)) {
            String message = assertThrows(IllegalStateException.class, () -> Timer.afterFunc(MILLI, () -> {}))
                    .getMessage();
            assertTrue(message.contains("not a goroutine"), message);
            CompletableFuture<Scheduler> ran = new CompletableFuture<>();
            Timer.afterFunc(t.scheduler, MILLI, () -> ran.complete(Scheduler.current()));
            t.until("it has run", ran::isDone);
            assertEquals(t.scheduler, ran.get());
        }
    }

    @Test
    void aFunctionThatThrowsHarmsNobody() {
        try (TestScheduler t = TestScheduler.procs(1)) {
            CountDownLatch ran = new CountDownLatch(2);
            Timer.afterFunc(t.scheduler, MILLI, () -> {
                ran.countDown();
                throw new IllegalStateException("expected by the test");
            });
            Timer.afterFunc(t.scheduler, Duration.ofMillis(2), ran::countDown);
            t.until("both have run", () -> ran.getCount() == 0);
            t.atRest();
        }
    }

    /** A deadline must hold during the shutdown as well. */
    @Test
    void firesWhileTheSchedulerShutsDown() throws Exception {
        TestScheduler t = TestScheduler.procs(1);
        CompletableFuture<Void> fired = new CompletableFuture<>();
        CompletableFuture<Void> armed = new CompletableFuture<>();
        t.scheduler.go(() -> {
            Timer.afterFunc(Duration.ofMillis(20), () -> fired.complete(null));
            armed.complete(null);
            fired.join();
        });
        armed.get();
        assertTrue(t.scheduler.shutdown(Duration.ofSeconds(20)), "the goroutine was released by the timer");
    }

    /** Go's TestAfterFunc: a function that arms the next one. */
    @Test
    void afterFunc() {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger left = new AtomicInteger(10);
            Runnable[] f = new Runnable[1];
            f[0] = () -> {
                if (left.decrementAndGet() >= 0) {
                    Timer.afterFunc(Duration.ZERO, f[0]);
                }
            };
            Timer.afterFunc(t.scheduler, Duration.ZERO, f[0]);
            t.until("all have run", () -> left.get() < 0);
            t.atRest();
        }
    }

    /** Go's TestAfterFuncStarvation: two functions that arm each other leave the goroutine that waits for them its turn. */
    @Test
    void afterFuncStarvation() throws Exception {
        try (TestScheduler t = TestScheduler.procs(1)) {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger ended = new AtomicInteger();
            AtomicInteger turns = new AtomicInteger();
            Runnable[] f = new Runnable[1];
            f[0] = () -> {
                turns.incrementAndGet();
                if (stop.get()) {
                    ended.incrementAndGet();
                } else {
                    Timer.afterFunc(Duration.ZERO, f[0]);
                }
            };
            t.run(() -> {
                Timer.afterFunc(Duration.ZERO, f[0]);
                Timer.afterFunc(Duration.ZERO, f[0]);
                Goroutine.sleep(Duration.ofMillis(10));
                stop.set(true);
            });
            t.until("both have ended", () -> ended.get() == 2);
            assertTrue(turns.get() >= 2, turns + " turns");
            t.atRest();
        }
    }

    /** Go's TestAfterStress: sleeps of another goroutine end while the collector runs and timers come and go. */
    @Test
    void afterStress() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicBoolean stop = new AtomicBoolean();
            CountDownLatch stopped = new CountDownLatch(1);
            t.scheduler.go(() -> {
                while (!stop.get()) {
                    System.gc();
                    Goroutine.gosched();
                }
                stopped.countDown();
            });
            t.run(() -> {
                for (int i = 0; i < 100; i++) {
                    CompletableFuture<Void> fired = new CompletableFuture<>();
                    Timer.afterFunc(Duration.ofNanos(1), () -> fired.complete(null));
                    fired.get();
                    Goroutine.sleep(Duration.ofNanos(1));
                }
                stop.set(true);
            });
            t.until("the collecting goroutine has stopped", () -> stopped.getCount() == 0);
            t.atRest();
        }
    }

    /** Go's TestTimerStopStress: of a hundred timers that are stopped in time none fires. */
    @Test
    void timerStopStress() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger fired = new AtomicInteger();
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < 100; i++) {
                t.scheduler.go(() -> {
                    Timer timer = Timer.afterFunc(FAR, fired::incrementAndGet);
                    Goroutine.gosched();
                    assertTrue(timer.stop());
                    assertFalse(timer.stop());
                    ended.incrementAndGet();
                });
            }
            t.until("all have ended", () -> ended.get() == 100);
            assertEquals(0, fired.get());
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    /** Go's TestReset. */
    @Test
    void reset() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger fired = new AtomicInteger();
            t.run(() -> {
                Timer timer = Timer.afterFunc(FAR, fired::incrementAndGet);
                assertTrue(timer.reset(Duration.ofHours(2)), "was armed");
                assertTrue(timer.reset(MILLI), "was armed");
                t.until("it has fired", () -> fired.get() == 1);
                assertFalse(timer.reset(MILLI), "has fired");
                t.until("it has fired again", () -> fired.get() == 2);
                assertFalse(timer.stop(), "has fired");
                assertFalse(timer.reset(FAR));
                assertTrue(timer.stop());
                assertFalse(timer.reset(MILLI), "was stopped");
                t.until("it has fired a third time", () -> fired.get() == 3);
            });
            t.atRest();
        }
    }

    /** Go's TestZeroTimer: due at once, also in the past, each fires once. */
    @Test
    void zeroTimer() {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger fired = new AtomicInteger();
            int count = 10_000;
            for (int i = 0; i < count; i++) {
                Timer.afterFunc(t.scheduler, Duration.ofNanos(i % 3 - 1), fired::incrementAndGet);
            }
            t.until("all have fired", () -> fired.get() == count);
            Timer.afterFunc(t.scheduler, Duration.ofSeconds(Long.MIN_VALUE), fired::incrementAndGet);
            t.until("the earliest of all has fired", () -> fired.get() == count + 1);
            t.atRest();
        }
    }

    /** Go's TestOverflowSleep and TestIssue5745: what is too far away never comes, and holds up nothing else. */
    @Test
    void overflow() {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger fired = new AtomicInteger();
            AtomicInteger never = new AtomicInteger();
            List<Timer> far = new ArrayList<>();
            for (Duration delay : List.of(
                    Duration.ofSeconds(Long.MAX_VALUE),
                    Duration.ofNanos(Long.MAX_VALUE),
                    Duration.ofNanos(Long.MAX_VALUE - 1),
                    Duration.ofDays(365 * 290))) {
                far.add(Timer.afterFunc(t.scheduler, delay, never::incrementAndGet));
            }
            Timer.afterFunc(t.scheduler, MILLI, fired::incrementAndGet);
            t.until("the near one has fired", () -> fired.get() == 1);
            assertEquals(0, never.get());
            far.forEach(timer -> assertTrue(timer.stop()));
            assertEquals(0, t.timers());
        }
    }

    /** Go's TestTimerModifiedEarlier: a timer that was far away and is armed for now fires now, a thousand times. */
    @Test
    void timerModifiedEarlier() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger fired = new AtomicInteger();
            t.run(() -> {
                Timer timer = Timer.afterFunc(FAR, fired::incrementAndGet);
                for (int i = 0; i < 1_000; i++) {
                    assertTrue(i % 2 == 0 ? timer.stop() : timer.reset(FAR));
                    timer.reset(Duration.ofNanos(i % 2 == 0 ? -1 : 1));
                    int expected = i + 1;
                    t.until("it fires", () -> fired.get() == expected);
                    assertFalse(timer.reset(FAR));
                }
                assertTrue(timer.stop());
            });
            t.atRest();
        }
    }

    /** Go's TestAdjustTimers: a hundred timers that are moved to and fro fire in the end. */
    @Test
    void adjustTimers() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            int count = 100;
            AtomicInteger fired = new AtomicInteger();
            SplittableRandom random = new SplittableRandom(11);
            t.run(() -> {
                List<Timer> all = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    all.add(Timer.afterFunc(FAR, fired::incrementAndGet));
                }
                int expected = 0;
                while (!all.isEmpty()) {
                    Timer timer = all.get(random.nextInt(all.size()));
                    switch (random.nextInt(4)) {
                        case 0 -> assertTrue(timer.reset(Duration.ofHours(2 + random.nextInt(9))));
                        case 1 -> assertTrue(timer.reset(Duration.ofHours(1 + random.nextInt(2))));
                        case 2 -> {
                            assertTrue(timer.stop());
                            assertFalse(timer.reset(FAR));
                        }
                        default -> {
                            timer.reset(Duration.ofMillis(random.nextInt(3)));
                            all.remove(timer);
                            expected++;
                        }
                    }
                }
                assertEquals(count, expected);
                t.until("all have fired", () -> fired.get() == count);
            });
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    /**
     * Go's BenchmarkParallelTimerLatency with the lateness bounded: every P but one is kept by a goroutine that computes; their
     * timers fire all the same, and soon.
     */
    @Test
    void timersOfAHoggedPFire() throws Exception {
        int rounds = 100;
        try (TestScheduler t = TestScheduler.unhurried(2)) {
            List<Long> late = new ArrayList<>();
            AtomicInteger fired = new AtomicInteger();
            t.run(() -> {
                for (int i = 1; i <= rounds; i++) {
                    long due = System.nanoTime() + 1_000_000;
                    Timer.afterFunc(MILLI, () -> {
                        late.add(System.nanoTime() - due);
                        fired.incrementAndGet();
                    });
                    int expected = i;
                    TestScheduler.busyUntil(() -> fired.get() == expected);
                }
            });
            Collections.sort(late);
            assertTrue(late.getFirst() >= 0, "early");
            // 3 ms: sysmon looks every millisecond, and has an M woken; a tenth of them, since the machine may be busy
            assertTrue(late.get(rounds / 10) < 3_000_000, late::toString);
            t.atRest();
        }
    }

    @Test
    void aHundredThousandTimers() {
        int count = 100_000;
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger fired = new AtomicInteger();
            AtomicInteger armed = new AtomicInteger();
            SplittableRandom random = new SplittableRandom(5);
            List<Timer> stopped = Collections.synchronizedList(new ArrayList<>());
            for (int g = 0; g < 10; g++) {
                SplittableRandom mine = random.split();
                t.scheduler.go(() -> {
                    for (int i = 0; i < count / 10; i++) {
                        if (i % 2 == 0) {
                            Timer.afterFunc(Duration.ofNanos(mine.nextInt(50_000_000)), fired::incrementAndGet);
                        } else {
                            stopped.add(Timer.afterFunc(FAR, fired::incrementAndGet));
                        }
                        armed.incrementAndGet();
                    }
                });
            }
            t.until("all are armed", () -> armed.get() == count);
            t.until("those that are due fire", () -> fired.get() == count / 2);
            assertEquals(count / 2, t.timers());
            stopped.forEach(timer -> assertTrue(timer.stop()));
            assertEquals(0, t.timers());
            assertEquals(count / 2, fired.get());
            t.atRest();
        }
    }

    /** Goroutines and threads stop and arm one timer at the same time: each arming fires or is withdrawn. */
    @Test
    void stopAndResetFromEverywhere() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicLong fired = new AtomicLong();
            AtomicLong armed = new AtomicLong(1);
            AtomicLong withdrawn = new AtomicLong();
            AtomicInteger running = new AtomicInteger();
            Timer timer = Timer.afterFunc(t.scheduler, MILLI, fired::incrementAndGet);
            long end = System.nanoTime() + TestScheduler.stressNanos(1_000);
            Runnable body = () -> {
                SplittableRandom random = new SplittableRandom(Thread.currentThread().threadId());
                while (System.nanoTime() < end || fired.get() == 0 || withdrawn.get() == 0) {
                    boolean reset = random.nextInt(3) > 0;
                    boolean was = reset ? timer.reset(Duration.ofNanos(random.nextInt(200_000))) : timer.stop();
                    armed.addAndGet(reset ? 1 : 0);
                    withdrawn.addAndGet(was ? 1 : 0);
                    if (random.nextInt(4) == 0) {
                        Goroutine.gosched();
                    }
                }
                running.decrementAndGet();
            };
            running.set(3);
            t.scheduler.go(body);
            t.scheduler.go(body);
            Thread thread = Thread.ofPlatform().start(body);
            t.afterwards(end, "all have ended", () -> running.get() == 0);
            thread.join();
            withdrawn.addAndGet(timer.stop() ? 1 : 0);
            t.until("every arming is accounted for", () -> fired.get() + withdrawn.get() == armed.get());
            t.atRest();
        }
    }
}
