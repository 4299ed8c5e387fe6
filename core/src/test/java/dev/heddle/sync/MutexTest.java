package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One at a time, nobody for ever; after Go's {@code mutex_test.go} and {@code sema_test.go}. */
@Timeout(120)
class MutexTest {
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void oneCanHaveIt() {
        Mutex m = new Mutex();
        assertFalse(m.isLocked());
        m.lock();
        assertTrue(m.isLocked());
        assertFalse(m.tryLock());
        assertFalse(m.tryLock(SHORT));
        assertFalse(m.tryLock(Duration.ZERO));
        m.unlock();
        assertTrue(m.tryLock());
        m.unlock();
        assertTrue(m.tryLock(SHORT));
        m.unlock();
        assertEquals("mutex(free)", m.toString());
    }

    /** {@code TestMutexMisuse}: Go ends the process. */
    @Test
    void unlockOfUnlockedThrows() {
        Mutex m = new Mutex();
        assertThrows(IllegalStateException.class, m::unlock);
        m.lock();
        m.unlock();
        assertThrows(IllegalStateException.class, m::unlock);
        assertTrue(m.tryLock(), "it is as it was");
    }

    /** {@code TestMutex}: HammerMutex, with tries in between; a plain counter tells whether it excludes. */
    @ParameterizedTest
    @EnumSource
    void hammer(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Mutex m = new Mutex();
            int[] counter = new int[1];
            AtomicInteger locked = new AtomicInteger();
            long end = System.nanoTime() + Crew.stressNanos(400);
            for (int i = 0; i < 10; i++) {
                int me = i;
                crew.go(() -> {
                    SplittableRandom random = new SplittableRandom(me);
                    while (System.nanoTime() < end) {
                        if (lock(m, random.nextInt(8))) {
                            counter[0]++;
                            if (random.nextInt(50) == 0) {
                                Thread.yield();
                            }
                            locked.incrementAndGet();
                            m.unlock();
                        }
                    }
                });
            }
            crew.join();
            assertEquals(locked.get(), counter[0]);
            assertEquals("mutex(free)", m.toString(), "nothing is left in its state");
        }
    }

    private static boolean lock(Mutex m, int how) {
        return switch (how) {
            case 0 -> m.tryLock();
            case 1 -> m.tryLock(Duration.ofNanos(20_000));
            case 2 -> m.tryLock(Duration.ofNanos(1_500_000));
            default -> {
                m.lock();
                yield true;
            }
        };
    }

    /** {@code TestMutexFairness}: one who holds it nearly always cannot keep another one out. */
    @ParameterizedTest
    @EnumSource
    void mutexFairness(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Mutex m = new Mutex();
            AtomicBoolean stop = new AtomicBoolean();
            crew.go(() -> {
                while (!stop.get()) {
                    m.lock();
                    busy(100_000);
                    m.unlock();
                }
            });
            crew.go(() -> {
                for (int i = 0; i < 10; i++) {
                    Goroutine.sleep(Duration.ofNanos(100_000));
                    m.lock();
                    m.unlock();
                }
                stop.set(true);
            });
            crew.join(); // within its limit; Go's is 10 seconds
            assertEquals("mutex(free)", m.toString());
        }
    }

    private static void busy(long nanos) {
        for (long begin = System.nanoTime(); System.nanoTime() - begin < nanos; ) {
            Thread.onSpinWait();
        }
    }

    /** A waiter that has lost after more than a millisecond makes the mutex starving: then it is handed over in order. */
    @Test
    void aStarvingMutexIsHandedOver() {
        try (Crew crew = Crew.inTurn()) {
            Mutex m = new Mutex();
            List<String> order = new ArrayList<>();
            m.lock();
            crew.go(() -> {
                m.lock();
                order.add("first");
                assertTrue(m.toString().contains("starving"), "it has waited for long, and somebody waits behind it");
                m.unlock();
            });
            crew.await("it waits", () -> m.toString().equals("mutex(locked, waiters)"));
            crew.go(() -> {
                busy(2 * Mutex.STARVATION_NANOS);
                m.unlock(); // wakes the first
                m.lock(); // it has not run yet
                order.add("barged in");
                Goroutine.goyield(); // it runs, loses, and is first again
                assertEquals("mutex(locked, waiters, starving)", m.toString());
                crew.go(() -> {
                    m.lock();
                    order.add("second");
                    assertFalse(m.toString().contains("starving"), "it is the last");
                    m.unlock();
                });
                Goroutine.goyield();
                assertFalse(m.tryLock());
                m.unlock(); // hands it over, and lets the first run at once
                order.add("after the hand-over");
                m.lock();
                order.add("last");
                m.unlock();
            });
            crew.join();
            assertEquals(List.of("barged in", "first"), order.subList(0, 2));
            assertTrue(order.indexOf("first") < order.indexOf("after the hand-over"), order.toString());
            assertEquals("mutex(free)", m.toString());
        }
    }

    /**
     * {@code TestSemaHandoff}, {@code 1} and {@code 2}, of the only lock that is handed over, a starving mutex: the heir runs
     * before the one who has unlocked goes on, in two thirds of all cases at least, since another P may interfere.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void semaHandoff(int procs) throws Exception {
        int rounds = 30;
        int[] heirFirst = new int[1];
        try (TestScheduler t = TestScheduler.procs(procs)) {
            AtomicBoolean over = new AtomicBoolean();
            for (int i = 0; i < procs; i++) { // or an idle P would take the heir away
                t.scheduler.go(() -> {
                    while (!over.get()) {
                        Goroutine.gosched();
                    }
                });
            }
            t.run(() -> {
                for (int handedOver = 0; handedOver < rounds; ) {
                    int first = handOver(t);
                    handedOver += first == 0 ? 0 : 1;
                    heirFirst[0] += first == 1 ? 1 : 0;
                }
                over.set(true);
            });
            t.atRest();
        }
        assertTrue(heirFirst[0] >= rounds * 2 / 3, heirFirst[0] + " direct of " + rounds);
    }

    /** 1 if the heir was first, 2 if the one who unlocked was, 0 if the mutex was not handed over. */
    private static int handOver(TestScheduler t) {
        Mutex m = new Mutex();
        AtomicInteger first = new AtomicInteger();
        m.lock();
        Goroutine heir = t.scheduler.go(() -> {
            m.lock();
            first.compareAndSet(0, 1);
            m.unlock();
        });
        while (!m.toString().equals("mutex(locked, waiters)")) {
            Goroutine.gosched();
        }
        busy(2 * Mutex.STARVATION_NANOS);
        m.unlock();
        m.lock();
        while (first.get() == 0 && !m.toString().contains("starving")) { // until it has lost
            Goroutine.gosched();
        }
        boolean starving = first.get() == 0;
        m.unlock();
        first.compareAndSet(0, 2);
        t.until("the heir has ended", () -> heir.state() == Goroutine.State.DEAD);
        return starving ? first.get() : 0;
    }

    /** The last waiter of a starving mutex gives up: the mode ends, and nobody finds a mutex that he may not take. */
    @Test
    void starvationEndsWhenTheStarvedGivesUp() {
        try (Crew crew = Crew.inTurn()) {
            AtomicBoolean starved = new AtomicBoolean();
            for (int round = 1; !starved.get(); round++) { // a machine that stands still meanwhile lets it give up earlier
                Mutex m = new Mutex();
                Duration patience = Duration.ofMillis(10L * round);
                AtomicBoolean gaveUp = new AtomicBoolean();
                m.lock();
                crew.go(() -> gaveUp.set(!m.tryLock(patience)));
                crew.await("it waits", () -> gaveUp.get() || m.toString().equals("mutex(locked, waiters)"));
                crew.go(() -> {
                    busy(2 * Mutex.STARVATION_NANOS);
                    m.unlock();
                    m.lock();
                    Goroutine.goyield();
                    starved.set(m.toString().equals("mutex(locked, waiters, starving)"));
                });
                crew.join();
                assertTrue(gaveUp.get());
                assertEquals("mutex(locked)", m.toString());
                m.unlock();
                assertTrue(m.tryLock());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBoundedWaitEndsWithItsTimeOrWithTheMutex(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Mutex m = new Mutex();
            m.lock();
            crew.run(() -> {
                long begin = System.nanoTime();
                assertFalse(m.tryLock(SHORT));
                assertTrue(System.nanoTime() - begin >= SHORT.toNanos());
            });
            assertEquals("mutex(locked)", m.toString());
            crew.go(() -> {
                assertTrue(m.tryLock(LONG));
                m.unlock();
            });
            crew.await("it waits", () -> m.toString().equals("mutex(locked, waiters)"));
            m.unlock();
            crew.join();
            assertEquals("mutex(free)", m.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptEndsNoWaitAndIsKept(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Mutex m = new Mutex();
            m.lock();
            AtomicBoolean kept = new AtomicBoolean();
            Thread thread = crew.go(() -> {
                m.lock();
                kept.set(Thread.interrupted());
                m.unlock();
            });
            crew.await("it waits", () -> m.toString().equals("mutex(locked, waiters)"));
            thread.interrupt();
            m.unlock();
            crew.join();
            assertTrue(kept.get());
        }
    }

    @Test
    void dumpsSayForWhatAGoroutineWaits() {
        try (Crew crew = Crew.inTurn()) {
            Mutex m = new Mutex();
            m.lock();
            Goroutine g = crew.scheduler().go(m::lock);
            crew.await("it waits", () -> g.waitReason() == WaitReason.MUTEX_LOCK);
            assertTrue(crew.scheduler().dump().contains("goroutine " + g.id() + " [sync.Mutex.Lock]"));
            m.unlock();
            crew.await("it has it", () -> g.state() == Goroutine.State.DEAD);
            assertTrue(m.isLocked());
        }
    }
}
