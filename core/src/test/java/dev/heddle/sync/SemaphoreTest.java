package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Never more than there is, first come first served; after {@code x/sync/semaphore}'s tests. */
@Timeout(120)
class SemaphoreTest {
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Duration LONG = Duration.ofSeconds(60);

    /** {@code TestWeightedTryAcquire}. */
    @Test
    void weightedTryAcquire() {
        Semaphore s = new Semaphore(2);
        s.acquire();
        assertTrue(s.tryAcquire(1));
        assertFalse(s.tryAcquire(1));
        assertTrue(s.tryAcquire(0));
        s.release(2);
        assertTrue(s.tryAcquire(1));
        assertFalse(s.tryAcquire(2, SHORT));
        assertTrue(s.tryAcquire(1, SHORT));
        assertFalse(s.tryAcquire(3), "more than there are in all");
    }

    /** {@code TestWeightedAcquire}: the same with time to wait. */
    @Test
    void weightedAcquire() {
        Semaphore s = new Semaphore(2);
        s.acquire();
        assertTrue(s.tryAcquire(1, SHORT));
        assertFalse(s.tryAcquire(1, SHORT));
        s.release(2);
        assertTrue(s.tryAcquire(1, SHORT));
        s.acquire();
        assertFalse(s.tryAcquire(1, SHORT));
    }

    /** {@code TestWeightedPanic}. Go's TestWeightedDoesntBlockIfTooBig is about what cannot be asked for here. */
    @Test
    void misuseThrows() {
        assertThrows(IllegalArgumentException.class, () -> new Semaphore(-1));
        Semaphore s = new Semaphore(2);
        assertThrows(IllegalStateException.class, s::release);
        assertThrows(IllegalArgumentException.class, () -> s.acquire(-1));
        assertThrows(IllegalArgumentException.class, () -> s.acquire(3));
        assertThrows(IllegalArgumentException.class, () -> s.release(-1));
        assertThrows(IllegalArgumentException.class, () -> s.tryAcquire(-1));
        s.acquire();
        assertThrows(IllegalStateException.class, () -> s.release(2));
        s.release();
        assertTrue(s.tryAcquire(2), "it is as it was");
    }

    /** {@code TestLargeAcquireDoesntStarve}: who wants all gets all, though the others never leave it free. */
    @ParameterizedTest
    @EnumSource
    void largeAcquireDoesntStarve(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int n = 4;
            Semaphore s = new Semaphore(n);
            AtomicBoolean running = new AtomicBoolean(true);
            s.acquire(n);
            for (int i = 0; i < n; i++) {
                crew.go(() -> {
                    while (running.get()) {
                        s.acquire();
                        Thread.yield();
                        s.release();
                    }
                });
            }
            s.release(n);
            crew.go(() -> {
                s.acquire(n);
                running.set(false);
                s.release(n);
            });
            crew.join();
            assertTrue(s.tryAcquire(n));
        }
    }

    /** {@code TestAllocCancelDoesntStarve}: who wants many blocks those behind; when it gives up they go on. */
    @ParameterizedTest
    @EnumSource
    void whoGivesUpLetsThoseBehindIn(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Semaphore s = new Semaphore(3);
            s.acquire();
            AtomicBoolean waits = new AtomicBoolean();
            crew.go(() -> {
                waits.set(true);
                assertFalse(s.tryAcquire(3, Duration.ofMillis(30)));
            });
            crew.await("the first waits", () -> waits.get() && !s.tryAcquire(0));
            crew.go(() -> assertTrue(s.tryAcquire(1, LONG)));
            crew.go(() -> assertTrue(s.tryAcquire(1, LONG)));
            crew.join();
            assertFalse(s.tryAcquire(1));
            s.release(3);
        }
    }

    /** {@code TestWeightedAcquireCanceled}: units that come just when the time is over are had or given back, not lost. */
    @ParameterizedTest
    @EnumSource
    void weightedAcquireCanceled(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int[] had = new int[2];
            for (int i = 0; i < 300; i++) {
                Semaphore s = new Semaphore(2);
                s.acquire();
                Duration time = Duration.ofNanos(1 + i % 100 * 300);
                crew.go(() -> {
                    boolean got = s.tryAcquire(2, time);
                    had[got ? 1 : 0]++;
                    if (got) {
                        s.release(2);
                    }
                });
                crew.go(s::release);
                crew.join();
                assertTrue(s.tryAcquire(2), "all are there");
            }
            assertEquals(300, had[0] + had[1]);
        }
    }

    /** {@code TestSemaphore} of {@code mutex_test.go}: with one unit it excludes. */
    @ParameterizedTest
    @EnumSource
    void semaphore(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Semaphore s = new Semaphore(1);
            int[] counter = new int[1];
            for (int i = 0; i < 10; i++) {
                crew.go(() -> {
                    for (int k = 0; k < 1_000; k++) {
                        s.acquire();
                        counter[0]++;
                        s.release();
                    }
                });
            }
            crew.join();
            assertEquals(10_000, counter[0]);
            assertTrue(s.tryAcquire(1));
        }
    }

    /** {@code TestWeighted}: HammerWeighted. */
    @ParameterizedTest
    @EnumSource
    void hammer(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int size = 5;
            Semaphore s = new Semaphore(size);
            AtomicLong held = new AtomicLong();
            long end = System.nanoTime() + Crew.stressNanos(300);
            for (int i = 0; i < 8; i++) {
                int me = i;
                crew.go(() -> {
                    SplittableRandom random = new SplittableRandom(me);
                    while (System.nanoTime() < end) {
                        int n = random.nextInt(size + 1);
                        if (acquire(s, n, random.nextInt(4))) {
                            assertTrue(held.addAndGet(n) <= size);
                            if (random.nextInt(10) == 0) {
                                Thread.yield();
                            }
                            held.addAndGet(-n);
                            s.release(n);
                        }
                    }
                });
            }
            crew.join();
            assertTrue(s.tryAcquire(size), "all are back, and nobody is left on the queue");
        }
    }

    private static boolean acquire(Semaphore s, int n, int how) {
        if (how == 0) {
            return s.tryAcquire(n);
        } else if (how == 1) {
            return s.tryAcquire(n, Duration.ofNanos(20_000));
        }
        s.acquire(n);
        return true;
    }

    @Test
    void dumpsSayForWhatAGoroutineWaits() {
        try (Crew crew = Crew.inTurn()) {
            Semaphore s = new Semaphore(1);
            s.acquire();
            Goroutine g = crew.scheduler().go(s::acquire);
            crew.await("it waits", () -> g.waitReason() == WaitReason.SEMACQUIRE);
            assertTrue(crew.scheduler().dump().contains("goroutine " + g.id() + " [semacquire]"));
            assertEquals(Goroutine.State.WAITING, g.state());
            s.release();
            crew.await("it has ended", () -> g.state() == Goroutine.State.DEAD);
        }
    }
}
