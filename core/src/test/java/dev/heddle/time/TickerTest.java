package dev.heddle.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Select;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tickers, and timers that send on channels; with Go's tests of {@code tick_test.go} and {@code sleep_test.go}, by name. */
@Timeout(120)
class TickerTest {
    private static final Duration FAR = Duration.ofHours(1);
    private static final Duration MILLI = Duration.ofMillis(1);

    // -- tickers --

    /** Go's TestTicker: as many ticks as periods, none early, also after a reset. */
    @Test
    void ticker() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                long begin = System.nanoTime();
                try (Ticker ticker = Ticker.start(Duration.ofMillis(4))) {
                    for (int i = 1; i <= 5; i++) {
                        ticker.c().receive();
                        assertTrue(System.nanoTime() - begin >= i * 4_000_000L, "tick " + i + " is early");
                    }
                    long again = System.nanoTime();
                    ticker.reset(Duration.ofMillis(2));
                    for (int i = 1; i <= 5; i++) {
                        ticker.c().receive();
                        assertTrue(System.nanoTime() - again >= i * 2_000_000L, "tick " + i + " is early");
                    }
                }
            });
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    /** Ticks that nobody receives are dropped but for one, and the next one is in phase. */
    @Test
    void missedTicksAreDropped() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                long begin = System.nanoTime();
                try (Ticker ticker = Ticker.start(MILLI)) {
                    Goroutine.sleep(Duration.ofMillis(20));
                    ticker.c().receive();
                    int more = 0;
                    while (ticker.c().tryReceive() != null) {
                        more++;
                    }
                    assertTrue(more <= 1, more + " ticks were kept"); // one may have come just now
                    for (int i = 0; i < 5; i++) {
                        ticker.c().receive();
                    }
                    assertTrue(System.nanoTime() - begin >= 24_000_000L, "more ticks than periods");
                }
            });
        }
    }

    /** Go's TestTickerStop: after stop nothing comes, not even what was there. */
    @Test
    void tickerStop() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                SplittableRandom random = new SplittableRandom(1);
                for (int i = 0; i < 1_000; i++) {
                    Ticker ticker = Ticker.start(Duration.ofNanos(1 + random.nextInt(20_000)));
                    if (i % 3 == 0) {
                        ticker.c().receive();
                    } else {
                        Goroutine.gosched();
                    }
                    ticker.stop();
                    assertNull(ticker.c().tryReceive(), "after stop");
                    Goroutine.gosched();
                    assertNull(ticker.c().tryReceive(), "later");
                }
            });
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    /** Go's TestTeardown: many short ones. */
    @Test
    void teardown() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                for (int i = 0; i < 3; i++) {
                    Ticker ticker = Ticker.start(Duration.ofNanos(10_000));
                    ticker.c().receive();
                    ticker.close();
                }
            });
            assertEquals(0, t.timers());
        }
    }

    /** Go's TestNewTickerLtZeroDuration and TestTickerResetLtZeroDuration. */
    @Test
    void aPeriodHasToBePositive() throws Exception {
        try (TestScheduler t = TestScheduler.procs(1)) {
            assertThrows(IllegalArgumentException.class, () -> Ticker.start(t.scheduler, Duration.ZERO));
            assertThrows(IllegalArgumentException.class, () -> Ticker.start(t.scheduler, Duration.ofNanos(-1)));
            assertThrows(IllegalStateException.class, () -> Ticker.start(MILLI));
            try (Ticker ticker = Ticker.start(t.scheduler, Duration.ofSeconds(Long.MAX_VALUE))) {
                assertThrows(IllegalArgumentException.class, () -> ticker.reset(Duration.ZERO));
                assertNull(ticker.c().tryReceive());
            }
            assertEquals(0, t.timers());
        }
    }

    @Test
    void anOrdinaryThreadReceivesToo() {
        try (TestScheduler t = TestScheduler.procs(1)) {
            try (Ticker ticker = Ticker.start(t.scheduler, MILLI)) {
                for (int i = 0; i < 5; i++) {
                    assertNotNull(ticker.c().receive());
                }
            }
            assertNotNull(Time.after(t.scheduler, MILLI).receive());
            assertEquals(0, t.timers());
        }
    }

    /**
     * Go's BenchmarkStaggeredTickerLatency with the lateness bounded: tickers on a P that is kept by a goroutine that
     * computes most of the time, with another P free.
     */
    @Test
    void staggeredTickersOfAHoggedP() throws Exception {
        int tickers = 4;
        int ticks = 25;
        try (TestScheduler t = TestScheduler.unhurried(2)) {
            List<Long> late = Collections.synchronizedList(new ArrayList<>());
            AtomicInteger ended = new AtomicInteger();
            AtomicBoolean stop = new AtomicBoolean();
            t.run(() -> {
                for (int i = 0; i < tickers; i++) {
                    Ticker ticker = Ticker.start(Duration.ofNanos(2_000_000 + i * 50_000)); // on the heap of this P
                    t.scheduler.go(() -> {
                        for (int k = 0; k < ticks; k++) {
                            Instant at = ticker.c().receive();
                            late.add(Duration.between(at, Instant.now()).toNanos());
                        }
                        ticker.stop();
                        ended.incrementAndGet();
                    });
                }
                TestScheduler.busyUntil(() -> ended.get() == tickers);
                stop.set(true);
            });
            assertTrue(stop.get());
            Collections.sort(late);
            assertEquals(tickers * ticks, late.size());
            // a tenth of them, since the machine may be busy
            assertTrue(late.get(late.size() / 10) < 3_000_000, late::toString);
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    // -- timers that send --

    /** Go's TestAfter: the time that comes is not before the one that was asked for. */
    @Test
    void after() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                Instant begin = Instant.now();
                Instant at = Time.after(Duration.ofMillis(10)).receive();
                assertTrue(!at.isBefore(begin.plusMillis(9)), begin + " to " + at); // two clocks
            });
            assertEquals(0, t.timers());
        }
    }

    /** Go's TestAfterQueuing: three that were started in another order come in the order of their times. */
    @Test
    void afterQueuing() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                Chan<Instant> c = Time.after(Duration.ofMillis(30));
                Chan<Instant> a = Time.after(Duration.ofMillis(10));
                Chan<Instant> b = Time.after(Duration.ofMillis(20));
                Instant first = a.receive();
                Instant second = b.receive();
                Instant third = c.receive();
                assertTrue(!second.isBefore(first) && !third.isBefore(second), first + ", " + second + ", " + third);
            });
        }
    }

    @Test
    void inASelect() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                Chan<String> quiet = new Chan<>();
                Select.Case<Instant> time = Select.receive(Time.after(MILLI));
                assertEquals(1, Select.of(Select.receive(quiet), time).await());
                assertNotNull(time.value());
            });
            t.atRest();
        }
    }

    /** Of Go 1.23's TestChan: what has come and was not received is gone after stop and reset, which count it as stopped. */
    @Test
    void noStaleValueAfterStopOrReset() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                Timer timer = Timer.start(Duration.ZERO);
                t.until("it has fired", () -> timer.c().len() == 1);
                assertTrue(timer.stop(), "nobody has received it");
                assertNull(timer.c().tryReceive());
                timer.reset(Duration.ZERO);
                t.until("it has fired", () -> timer.c().len() == 1);
                assertTrue(timer.reset(FAR), "nobody has received it");
                assertNull(timer.c().tryReceive());
                assertTrue(timer.reset(Duration.ZERO));
                timer.c().receive();
                assertTrue(!timer.stop(), "it was received");
            });
            assertEquals(0, t.timers());
        }
    }

    /** The same at the moment of firing: the timer is reset to another time while it fires, and one value comes for each. */
    @Test
    void resetAgainstFiring() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            int[] counts = new int[2];
            long end = System.nanoTime() + TestScheduler.stressNanos(500);
            t.run(end, () -> {
                SplittableRandom random = new SplittableRandom(2);
                Timer timer = Timer.start(FAR);
                for (long i = 0; System.nanoTime() < end || counts[0] == 0; i++) {
                    timer.reset(Duration.ofNanos(random.nextInt(5_000)));
                    for (int spins = random.nextInt(5); spins > 0; spins--) {
                        Goroutine.gosched();
                    }
                    long before = System.nanoTime();
                    counts[timer.reset(Duration.ofNanos(100_000)) ? 0 : 1]++;
                    timer.c().receive();
                    long took = System.nanoTime() - before;
                    assertTrue(took >= 100_000, "a value of the arming before: after " + took + " ns");
                    assertNull(timer.c().tryReceive(), "a second value");
                    if (i % 2 == 0) {
                        timer.reset(Duration.ofNanos(random.nextInt(2_000)));
                        timer.stop();
                        assertNull(timer.c().tryReceive(), "after stop");
                    }
                }
            });
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    @Test
    void aFunctionHasNoChannel() {
        try (TestScheduler t = TestScheduler.procs(1)) {
            Timer timer = Timer.afterFunc(t.scheduler, FAR, () -> {});
            assertNull(timer.c());
            assertTrue(timer.stop());
        }
    }
}
