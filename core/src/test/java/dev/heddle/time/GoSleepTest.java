package dev.heddle.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Select;
import dev.heddle.sync.WaitGroup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The tests of Go's {@code time/sleep_test.go} by name, those that are not in {@link TimerTest} and {@link TickerTest}. Not
 * here: TestZeroTimerResetPanics and TestZeroTimerStopPanics (there is no timer that nobody has made).
 */
@Timeout(120)
class GoSleepTest {
    private static final Duration FAR = Duration.ofHours(1);
    private static final Duration MILLI = Duration.ofMillis(1);
    private static final Duration PAST = Duration.between(Instant.now(), Instant.EPOCH);
    private static final Duration BIG = Duration.ofNanos(Long.MAX_VALUE);

    /** Go's {@code impl=chan} and {@code impl=func}: a timer that sends by itself, and one whose function sends. */
    enum Impl {
        CHAN,
        FUNC
    }

    /** A timer, and where its time comes. */
    private record Sending(Timer timer, Chan<Instant> c) {
        static Sending start(Impl impl, Duration delay) {
            if (impl == Impl.CHAN) {
                Timer timer = Timer.start(delay);
                return new Sending(timer, timer.c());
            }
            Chan<Instant> c = new Chan<>(1);
            return new Sending(Timer.afterFunc(delay, () -> c.send(Instant.now())), c);
        }
    }

    /** Starts a goroutine that collects garbage until it is told to stop. */
    private static AtomicBoolean collecting(TestScheduler t) {
        AtomicBoolean stop = new AtomicBoolean();
        t.scheduler.go(() -> {
            while (!stop.get()) {
                System.gc();
                try {
                    Goroutine.sleep(Duration.ofNanos(1));
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        });
        return stop;
    }

    /** The shortest of all tickers ticks beside the collector. */
    @Test
    void tickerStress() throws Exception {
        tickerStress(1, 100);
    }

    /** {@code TestTickerConcurrentStress}: and with ten who receive from it. */
    @Test
    void tickerConcurrentStress() throws Exception {
        tickerStress(10, 100);
    }

    private static void tickerStress(int receivers, int ticks) throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicBoolean stop = collecting(t);
            AtomicInteger received = new AtomicInteger();
            t.run(() -> {
                Ticker ticker = Ticker.start(Duration.ofNanos(1));
                WaitGroup all = new WaitGroup();
                for (int i = 0; i < receivers; i++) {
                    all.go(() -> {
                        for (int k = 0; k < ticks; k++) {
                            ticker.c().receive();
                            received.incrementAndGet();
                        }
                    });
                }
                all.await();
                ticker.stop();
            });
            assertEquals(receivers * ticks, received.get());
            stop.set(true);
            t.atRest();
            assertEquals(0, t.timers());
        }
    }

    /** On one P two goroutines, of which one can always run, leave the function of a timer its turn. */
    @Test
    void afterFuncStarvation() {
        try (TestScheduler t = TestScheduler.procs(1)) {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger ended = new AtomicInteger();
            Chan<Boolean> c = new Chan<>(1);
            t.scheduler.go(() -> {
                Timer.afterFunc(Duration.ofNanos(1_000), () -> stop.set(true));
                while (!stop.get()) {
                    c.send(true);
                }
                c.close();
                ended.incrementAndGet();
            });
            t.scheduler.go(() -> {
                for (boolean each : c) {
                    assertTrue(each);
                }
                ended.incrementAndGet();
            });
            t.until("the function has run, and both have seen it", () -> ended.get() == 2);
            t.atRest();
        }
    }

    /** Ten waits one after the other take no less than ten times as long as one. */
    @Test
    void afterTick() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                long begin = System.nanoTime();
                for (int i = 0; i < 10; i++) {
                    Time.after(Duration.ofMillis(2)).receive();
                }
                long took = System.nanoTime() - begin;
                assertTrue(took >= 20_000_000, "10 times 2 ms took " + took + " ns");
            });
            assertEquals(0, t.timers());
        }
    }

    /** What is stopped before its time does not come, also not after one that was to come later. */
    @ParameterizedTest
    @EnumSource
    void afterStop(Impl impl) throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                for (long scale = 1; ; scale *= 2) { // for a machine that stands still before it has stopped them
                    Timer.afterFunc(Duration.ofMillis(2 * scale), () -> {});
                    Sending stopped = Sending.start(impl, Duration.ofMillis(scale));
                    AtomicInteger ran = new AtomicInteger();
                    Timer func = Timer.afterFunc(Duration.ofMillis(3 * scale), ran::incrementAndGet);
                    Chan<Instant> later = Time.after(Duration.ofMillis(4 * scale));
                    boolean inTime = stopped.timer.stop() & func.stop();
                    later.receive();
                    if (inTime) {
                        assertNull(stopped.c.tryReceive(), "it was stopped");
                        assertEquals(0, ran.get(), "it was stopped");
                        assertFalse(stopped.timer.stop(), "stop returned true twice");
                        assertFalse(func.stop(), "stop returned true twice");
                        return;
                    }
                    assertTrue(scale < 5_000, "never stopped in time");
                }
            });
            t.atRest();
            assertEquals(0, t.timers());
        }
    }

    private static final int[] SLOTS = {5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0};

    /** Timers that are started in any order come in the order of their times, to goroutines that wait for one each. */
    @ParameterizedTest
    @EnumSource
    void afterQueuing(Impl impl) throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                List<Integer> order = List.of();
                for (int attempt = 0; attempt < 5; attempt++) { // on a busy machine one that is awake may come late
                    order = queue(impl, Duration.ofMillis(2 + 20 * attempt));
                    if (order.stream().sorted().toList().equals(order)) {
                        return;
                    }
                }
                throw new AssertionError("out of order: " + order);
            });
            t.atRest();
        }
    }

    private static List<Integer> queue(Impl impl, Duration delta) {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        List<Integer> early = Collections.synchronizedList(new ArrayList<>());
        long begin = System.nanoTime();
        WaitGroup all = new WaitGroup();
        for (int slot : SLOTS) {
            Chan<Instant> c = Sending.start(impl, delta.multipliedBy(slot)).c;
            all.go(() -> {
                c.receive();
                order.add(slot);
                if (System.nanoTime() - begin < slot * delta.toNanos()) {
                    early.add(slot);
                }
            });
        }
        all.await();
        assertEquals(List.of(), early);
        assertEquals(SLOTS.length, order.size());
        return List.copyOf(order);
    }

    /** A sleep that is as long as can be does not end and holds nobody up; one of less than no time ends at once. */
    @Test
    void overflowSleep() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicBoolean interrupted = new AtomicBoolean();
            Goroutine sleeper = t.scheduler.go(() -> {
                assertThrows(InterruptedException.class, () -> Goroutine.sleep(BIG));
                interrupted.set(true);
            });
            t.until("it sleeps", () -> t.timers() == 1);
            t.run(() -> {
                Timer big = Timer.start(BIG);
                assertEquals(1, Select.of(Select.receive(big.c()), Select.receive(Time.after(Duration.ofMillis(5))))
                        .await());
                assertTrue(big.stop());
                Goroutine.sleep(Duration.ofNanos(Long.MIN_VALUE));
                Goroutine.sleep(Duration.ofSeconds(Long.MIN_VALUE));
                assertNotNull(Time.after(Duration.ofNanos(Long.MIN_VALUE)).receive(Duration.ofSeconds(20)));
                assertNotNull(Time.after(Duration.ofSeconds(Long.MIN_VALUE)).receive(Duration.ofSeconds(20)));
            });
            assertEquals(Goroutine.State.WAITING, sleeper.state());
            sleeper.thread().interrupt();
            t.until("it has been woken", interrupted::get);
            t.atRest();
            assertEquals(0, t.timers());
        }
    }

    /** Timers of no time are not overlooked, made anew for each time or used again. */
    @ParameterizedTest
    @EnumSource
    void zeroTimer(Impl impl) throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                for (int i = 0; i < 5_000; i++) {
                    assertNotNull(Sending.start(impl, Duration.ZERO).c.receive(Duration.ofSeconds(20)), "timer " + i);
                }
                Sending again = Sending.start(impl, FAR);
                for (int i = 0; i < 5_000; i++) {
                    assertEquals(i == 0, again.timer.reset(Duration.ZERO));
                    assertNotNull(again.c.receive(Duration.ofSeconds(20)), "time " + i);
                }
            });
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    /** A timer that is moved into the past again and again is not dropped. */
    @ParameterizedTest
    @EnumSource
    void timerModifiedEarlier(Impl impl) throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                for (int i = 0; i < 500; i++) {
                    Sending moved = Sending.start(impl, FAR);
                    for (int k = 0; k < 10; k++) {
                        if (!moved.timer.stop()) {
                            assertNotNull(moved.c.receive(Duration.ofSeconds(20)), "it had fired");
                        }
                        moved.timer.reset(PAST);
                    }
                    assertNotNull(moved.c.receive(Duration.ofSeconds(20)), "the last one fires");
                }
            });
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    /** Of two timers that fire at about the same time one is received; to stop the other one is not too late. */
    @Test
    void stopResult() {
        stopResetResult(Timer::stop);
    }

    /** {@code TestResetResult}: nor is it to reset it. */
    @Test
    void resetResult() {
        stopResetResult(timer -> timer.reset(FAR) && timer.stop());
    }

    private static void stopResetResult(Predicate<Timer> withdraw) {
        int goroutines = 200;
        try (TestScheduler t = TestScheduler.procs(4)) {
            AtomicInteger ended = new AtomicInteger();
            AtomicInteger tooLate = new AtomicInteger();
            AtomicInteger stale = new AtomicInteger();
            for (int i = 0; i < goroutines; i++) {
                t.scheduler.go(() -> {
                    for (int round = 0; round < 20; round++) {
                        Timer a = Timer.start(MILLI);
                        Timer b = Timer.start(MILLI);
                        while (round % 2 == 1 && a.c().len() + b.c().len() < 2) {
                            Goroutine.gosched();
                        }
                        int first = Select.of(Select.receive(a.c()), Select.receive(b.c())).await();
                        Timer other = first == 0 ? b : a;
                        tooLate.addAndGet(withdraw.test(other) ? 0 : 1);
                        stale.addAndGet(other.c().tryReceive() == null ? 0 : 1);
                    }
                    ended.incrementAndGet();
                });
            }
            t.until("all have ended", () -> ended.get() == goroutines);
            assertEquals(0, tooLate.get(), "nobody had received them");
            assertEquals(0, stale.get());
            t.atRest();
            assertEquals(0, t.timers());
        }
    }

    /** Several wait for one ticker in selects, and for a timer of their own each, so that they come and go all the time. */
    @Test
    void multiWakeupTicker() throws Exception {
        int procs = 4;
        int rounds = 3_000;
        try (TestScheduler t = TestScheduler.procs(procs)) {
            AtomicInteger done = new AtomicInteger();
            t.run(() -> {
                Ticker ticker = Ticker.start(Duration.ofNanos(1_000));
                WaitGroup all = new WaitGroup();
                for (int i = 0; i < procs; i++) {
                    all.go(() -> {
                        for (int k = 0; k < rounds; k++) {
                            Timer patience = Timer.start(MILLI);
                            Select.of(Select.receive(ticker.c()), Select.receive(patience.c())).await();
                            patience.stop();
                            done.incrementAndGet();
                        }
                    });
                }
                all.await();
                ticker.stop();
            });
            assertEquals(procs * rounds, done.get());
            t.atRest();
            assertEquals(0, t.timers());
        }
    }

    /** Several look for the value of one timer, and arm it, all at once. */
    @Test
    void multiWakeupTimer() throws Exception {
        int procs = 4;
        try (TestScheduler t = TestScheduler.procs(procs)) {
            AtomicInteger armed = new AtomicInteger(1);
            AtomicInteger received = new AtomicInteger();
            AtomicInteger replaced = new AtomicInteger();
            t.run(() -> {
                Timer timer = Timer.start(Duration.ofNanos(1));
                WaitGroup all = new WaitGroup();
                for (int i = 0; i < procs; i++) {
                    all.go(() -> {
                        for (int k = 0; k < 5_000; k++) {
                            received.addAndGet(timer.c().tryReceive() == null ? 0 : 1);
                            replaced.addAndGet(timer.reset(Duration.ofNanos(1)) ? 1 : 0);
                            armed.incrementAndGet();
                        }
                    });
                }
                all.await();
                replaced.addAndGet(timer.stop() ? 1 : 0);
                assertNull(timer.c().tryReceive());
            });
            assertEquals(armed.get(), received.get() + replaced.get(), "each was received or replaced");
            t.atRest();
            assertEquals(0, t.timers());
        }
    }
}
