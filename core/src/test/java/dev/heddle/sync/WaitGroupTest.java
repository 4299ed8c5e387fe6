package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Waits for all; after Go's {@code waitgroup_test.go}, but for TestWaitGroupMisuse2, which needs luck. */
@Timeout(120)
class WaitGroupTest {
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Duration LONG = Duration.ofSeconds(60);

    /** {@code TestWaitGroup}: two groups, several rounds. */
    @ParameterizedTest
    @EnumSource
    void waitGroup(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            WaitGroup first = new WaitGroup();
            WaitGroup second = new WaitGroup();
            for (int round = 0; round < 30; round++) {
                int n = 16;
                first.add(n);
                second.add(n);
                AtomicInteger through = new AtomicInteger();
                for (int i = 0; i < n; i++) {
                    crew.go(() -> {
                        first.done();
                        second.await();
                        through.incrementAndGet();
                    });
                }
                assertTrue(first.await(LONG));
                for (int i = 0; i < n; i++) {
                    assertEquals(0, through.get(), "WaitGroup released group too soon");
                    second.done();
                }
                crew.join();
                assertEquals(n, through.get());
            }
            assertEquals("waitgroup(0, 0 waiters)", first.toString());
        }
    }

    /** {@code TestWaitGroupMisuse}. */
    @Test
    void waitGroupMisuse() {
        WaitGroup wg = new WaitGroup();
        wg.add(1);
        wg.done();
        assertThrows(IllegalStateException.class, wg::done);
        assertThrows(IllegalStateException.class, () -> wg.add(Integer.MIN_VALUE));
        assertEquals("waitgroup(0, 0 waiters)", wg.toString(), "it is as it was");
        assertTrue(wg.await(SHORT));
        wg.add(Integer.MAX_VALUE);
        assertThrows(IllegalStateException.class, () -> wg.add(1));
        assertThrows(IllegalStateException.class, () -> wg.add(Integer.MAX_VALUE));
        assertEquals("waitgroup(2147483647, 0 waiters)", wg.toString(), "it is as it was");
        assertFalse(wg.await(SHORT));
    }

    /** {@code TestWaitGroupRace}: the last done against the wait. */
    @ParameterizedTest
    @EnumSource
    void waitGroupRace(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int i = 0; i < 1_000; i++) {
                WaitGroup wg = new WaitGroup();
                AtomicInteger n = new AtomicInteger();
                wg.add(1);
                crew.go(() -> {
                    n.incrementAndGet();
                    wg.done();
                });
                wg.add(1);
                crew.go(() -> {
                    n.incrementAndGet();
                    wg.done();
                });
                assertTrue(wg.await(LONG));
                assertEquals(2, n.get(), "spurious wakeup from Wait");
            }
        }
    }

    /** {@code TestWaitGroupMisuse3}, on one P, where it can be told. */
    @Test
    void anEarlierRoundIsNotOverWhenANewOneBegins() {
        try (Crew crew = Crew.inTurn()) {
            WaitGroup wg = new WaitGroup();
            wg.add(1);
            crew.go(() -> assertThrows(IllegalStateException.class, wg::await));
            crew.await("it waits", () -> wg.toString().equals("waitgroup(1, 1 waiters)"));
            crew.go(() -> {
                wg.done();
                wg.add(1); // on one P the waiter has not run yet
            });
            crew.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBoundedWaitEndsWithItsTime(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            WaitGroup wg = new WaitGroup();
            wg.add(2);
            crew.run(() -> {
                long begin = System.nanoTime();
                assertFalse(wg.await(SHORT));
                assertTrue(System.nanoTime() - begin >= SHORT.toNanos());
                assertFalse(wg.await(Duration.ZERO));
            });
            assertEquals("waitgroup(2, 0 waiters)", wg.toString());
            crew.go(() -> assertTrue(wg.await(LONG)));
            wg.add(-2);
            crew.join();
        }
    }

    /** Waits that end just when the counter comes to zero. */
    @ParameterizedTest
    @EnumSource
    void theTimeRacesWithTheEnd(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int i = 0; i < 300; i++) {
                WaitGroup wg = new WaitGroup();
                wg.add(1);
                int nanos = 1 + i * 300;
                for (int k = 0; k < 3; k++) {
                    crew.go(() -> wg.await(Duration.ofNanos(nanos)));
                }
                crew.go(wg::done);
                crew.join();
                assertEquals("waitgroup(0, 0 waiters)", wg.toString());
            }
        }
    }

    /**
     * The last done of a round sees a waiter, and comes to wake it when that one has given up and the next round has begun:
     * it finds nobody, and says nothing.
     */
    @Test
    void aNewRoundMayBeginWhenTheWaiterOfTheLastOneHasGivenUp() {
        WaitGroup wg = new WaitGroup();
        wg.add(1);
        assertNull(wg.takeWaiters());
        assertEquals("waitgroup(1, 0 waiters)", wg.toString());
        Sudog next = new Sudog();
        assertTrue(wg.enqueue(next));
        assertNull(wg.takeWaiters(), "it waits for the round that goes on");
        assertEquals("waitgroup(1, 1 waiters)", wg.toString());
        wg.done();
        assertFalse(next.queued);
    }

    /** The same with threads: who gives up adds, whatever the others are at. */
    @ParameterizedTest
    @EnumSource
    void whoGivesUpMayAdd(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            WaitGroup wg = new WaitGroup();
            AtomicInteger gaveUp = new AtomicInteger();
            AtomicInteger rounds = new AtomicInteger();
            long end = System.nanoTime() + Crew.stressNanos(200);
            crew.go(() -> {
                SplittableRandom random = new SplittableRandom(17);
                while (System.nanoTime() < end || gaveUp.get() == 0) {
                    wg.add(1);
                    rounds.incrementAndGet();
                    while (!wg.await(Duration.ofNanos(1 + random.nextInt(3_000)))) {
                        gaveUp.incrementAndGet();
                        wg.add(1);
                        wg.done();
                    }
                }
                rounds.set(-1);
            });
            crew.go(() -> {
                for (int done = 0; rounds.get() >= 0; ) {
                    if (done < rounds.get()) {
                        done++;
                        wg.done();
                    }
                    Thread.yield();
                }
            });
            crew.join();
            assertEquals("waitgroup(0, 0 waiters)", wg.toString());
        }
    }

    /** {@code TestWaitGroupGo}. */
    @Test
    void waitGroupGo() {
        try (Crew crew = new Crew(Crew.Kind.GOROUTINES_ON_FOUR)) {
            WaitGroup wg = new WaitGroup();
            AtomicInteger ran = new AtomicInteger();
            assertThrows(IllegalStateException.class, () -> wg.go(() -> {}));
            for (int i = 0; i < 100; i++) {
                wg.go(crew.scheduler(), () -> wg.go(ran::incrementAndGet));
            }
            assertTrue(wg.await(LONG));
            assertEquals(100, ran.get());
        }
    }

    @Test
    void whatCannotBeStartedIsNotWaitedFor() {
        Scheduler closed = Scheduler.start();
        closed.close();
        WaitGroup wg = new WaitGroup();
        assertThrows(RejectedExecutionException.class, () -> wg.go(closed, () -> {}));
        assertTrue(wg.await(SHORT));
    }

    @Test
    void theCounterDoesNotOverflow() {
        WaitGroup wg = new WaitGroup();
        wg.add(Integer.MAX_VALUE);
        assertThrows(IllegalStateException.class, () -> wg.add(1));
        assertThrows(IllegalStateException.class, () -> wg.add(Integer.MAX_VALUE));
        assertEquals("waitgroup(2147483647, 0 waiters)", wg.toString());
        wg.add(-Integer.MAX_VALUE);
        assertTrue(wg.await(Duration.ZERO));
        assertThrows(IllegalStateException.class, () -> wg.add(Integer.MIN_VALUE));
    }

    @Test
    void whatIsNoBodyIsNotStarted() {
        try (Scheduler s = Scheduler.start()) {
            WaitGroup wg = new WaitGroup();
            assertThrows(NullPointerException.class, () -> wg.go(s, null));
            assertThrows(NullPointerException.class, () -> wg.go(null, () -> {}));
            assertTrue(wg.await(Duration.ZERO));
            assertEquals(0, s.stats().created());
        }
    }

    @Test
    void dumpsSayForWhatAGoroutineWaits() {
        try (Crew crew = Crew.inTurn()) {
            WaitGroup wg = new WaitGroup();
            wg.add(1);
            Goroutine g = crew.scheduler().go(wg::await);
            crew.await("it waits", () -> g.waitReason() == WaitReason.WAITGROUP_WAIT);
            assertTrue(crew.scheduler().dump().contains("goroutine " + g.id() + " [sync.WaitGroup.Wait]"));
            wg.done();
            crew.await("it has ended", () -> g.state() == Goroutine.State.DEAD);
        }
    }
}
