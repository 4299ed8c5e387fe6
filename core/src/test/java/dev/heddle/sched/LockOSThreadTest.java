package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Go's LockOSThread: a goroutine and a thread for each other alone. */
@Timeout(120)
class LockOSThreadTest {
    /** Go's TestLockOSThreadNesting. */
    @Test
    void locksAreCounted() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            Started.call(s, () -> {
                M m = M.current();
                assertNull(m.lockedg);
                Goroutine.lockOSThread();
                Goroutine.lockOSThread();
                assertSame(G.current(), m.lockedg);
                Goroutine.unlockOSThread();
                assertSame(G.current(), m.lockedg);
                Goroutine.unlockOSThread();
                assertNull(m.lockedg);
                Goroutine.unlockOSThread(); // one too many does nothing
                Goroutine.lockOSThread();
                assertSame(G.current(), M.current().lockedg);
                Goroutine.unlockOSThread();
                return null;
            });
            Quiet.afterEnd(s);
        }
    }

    @Test
    void outsideAGoroutineItDoesNothing() {
        Goroutine.lockOSThread();
        Goroutine.unlockOSThread();
        assertNull(Goroutine.current());
    }

    /** Whatever it does, it comes back to its thread; and nobody else ever runs there. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void itStaysOnItsThreadAndTheThreadIsItsOwn(int procs) throws Exception {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(procs)) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicReference<M> theirs = new AtomicReference<>();
            AtomicInteger intruders = new AtomicInteger();
            for (int i = 0; i < 8; i++) {
                s.go(() -> {
                    while (!over.get()) {
                        intruders.addAndGet(M.current() == theirs.get() ? 1 : 0);
                        Goroutine.gosched();
                    }
                });
            }
            Started.call(s, () -> {
                Goroutine.lockOSThread();
                M own = M.current();
                theirs.set(own);
                BinarySemaphore semaphore = new BinarySemaphore();
                SplittableRandom random = new SplittableRandom(5);
                for (int i = 0; i < 2_000; i++) {
                    switch (random.nextInt(6)) {
                        case 0 -> Goroutine.gosched();
                        case 1 -> Goroutine.goyield();
                        case 2 -> Goroutine.sleep(Duration.ofNanos(random.nextInt(50_000)));
                        case 3 -> Thread.sleep(Duration.ofNanos(1 + random.nextInt(50_000)));
                        case 4 -> {
                            s.go(semaphore::release);
                            semaphore.acquire(WaitReason.SEMACQUIRE);
                        }
                        default -> Syscall.call(() -> {
                            Busy.blockedNanos(random.nextInt(100_000));
                            return null;
                        });
                    }
                    assertSame(own, M.current());
                }
                theirs.set(null);
                Goroutine.unlockOSThread();
                return null;
            });
            over.set(true);
            assertEquals(0, intruders.get());
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }

    /** Go's TestLockOSThreadExit: the thread of a goroutine that ends locked is not used again. */
    @Test
    void aThreadEndsWithTheGoroutineThatHasLockedIt() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            M locked = Started.call(s, () -> {
                Goroutine.lockOSThread();
                return M.current();
            });
            Waiting.until(s, "the thread has ended", () -> !locked.isAlive());
            assertFalse(s.sched().threads.all().contains(locked));
            M unlocked = Started.call(s, () -> {
                Goroutine.lockOSThread();
                Goroutine.unlockOSThread();
                return M.current();
            });
            assertNotSame(locked, unlocked);
            assertTrue(unlocked.isAlive());
            Quiet.afterEnd(s);
        }
    }

    /** Go's TestYieldLocked: yields and sleeps while it is locked, and ends so. */
    @Test
    void yieldLocked() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            for (int i = 0; i < 20; i++) {
                Started.call(s, () -> {
                    Goroutine.lockOSThread();
                    for (int round = 0; round < 10; round++) {
                        Goroutine.gosched();
                        Goroutine.sleep(Duration.ofNanos(1_000));
                    }
                    return null;
                });
            }
            Quiet.afterEnd(s);
        }
    }

    /** While it waits, its P serves others, and its thread is counted for what it is. */
    @Test
    void aLockedGoroutineThatWaitsHoldsNoP() throws Exception {
        try (Scheduler s = Started.withoutSysmon(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine waiter = s.go(() -> {
                Goroutine.lockOSThread();
                semaphore.acquire(WaitReason.SEMACQUIRE);
                Goroutine.unlockOSThread();
            });
            Waiting.until(s, "it waits", () -> waiter.state() == Goroutine.State.WAITING);
            assertEquals("ran", Started.call(s, () -> "ran"));
            Waiting.until(s, "its thread is parked", () -> s.stats().threads().locked() == 1);
            semaphore.release();
            Quiet.afterEnd(s);
            assertEquals(0, s.stats().threads().locked());
        }
    }

    /** Go's TestBlockLocked: two goroutines, one of them locked, wake each other many times. */
    @Test
    void blockLocked() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            BinarySemaphore there = new BinarySemaphore();
            BinarySemaphore back = new BinarySemaphore();
            int rounds = 2_000;
            Goroutine other = s.go(() -> {
                for (int i = 0; i < rounds; i++) {
                    there.acquire(WaitReason.SEMACQUIRE);
                    back.release();
                }
            });
            Started.call(s, () -> {
                Goroutine.lockOSThread();
                for (int i = 0; i < rounds; i++) {
                    there.release();
                    back.acquire(WaitReason.SEMACQUIRE);
                }
                return null;
            });
            assertTrue(other.join(Waiting.LIMIT));
            Quiet.afterEnd(s);
        }
    }

    /** A locked goroutine that waits for ever does not keep its thread beyond the end of the scheduler. */
    @Test
    void theEndOfTheSchedulerEndsLockedThreads() {
        Scheduler s = Started.procs(2);
        BinarySemaphore never = new BinarySemaphore();
        Goroutine waiter = s.go(() -> {
            Goroutine.lockOSThread();
            never.acquire(WaitReason.SEMACQUIRE);
        });
        Waiting.until(s, "it waits", () -> waiter.state() == Goroutine.State.WAITING);
        s.close();
        assertEquals(0, s.sched().threads.all().size());
    }

    /** Or nobody would be left to run the others. */
    @Test
    void someThreadsStayForTheOthers() throws Exception {
        try (Scheduler s = Started.with(1, config -> config.withMaxThreads(3))) {
            for (int round = 0; round < 3; round++) {
                BinarySemaphore[] ends = {new BinarySemaphore(), new BinarySemaphore()};
                for (BinarySemaphore end : ends) {
                    Goroutine g = s.go(() -> {
                        Goroutine.lockOSThread();
                        end.acquire(WaitReason.SEMACQUIRE);
                    });
                    Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
                }
                IllegalStateException e = Started.call(
                        s, () -> assertThrows(IllegalStateException.class, Goroutine::lockOSThread));
                assertEquals(
                        "lockOSThread: 2 threads are locked already, and maxThreads = 3 must leave one for each of 1 Ps",
                        e.getMessage());
                for (BinarySemaphore end : ends) {
                    end.release();
                }
                Waiting.until(s, "their threads end", () -> s.sched().lockedThreads.count() == 0);
            }
            Quiet.afterEnd(s);
        }
    }

    /** Also while the number of Ps changes, and with more locked goroutines than Ps. */
    @Test
    void manyLockedGoroutinesUnderChange() {
        long begin = System.nanoTime();
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.with(2, config -> config.withQuantum(Duration.ofMillis(2)))) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger left = new AtomicInteger(12);
            for (int i = 0; i < 12; i++) {
                int number = i;
                s.go(() -> {
                    SplittableRandom random = new SplittableRandom(number);
                    while (!over.get()) {
                        Goroutine.lockOSThread();
                        M own = M.current();
                        for (int round = 0; round < 5; round++) {
                            Goroutine.gosched();
                            Busy.nanos(random.nextInt(300_000));
                            assertSame(own, M.current());
                        }
                        Goroutine.unlockOSThread();
                        Goroutine.gosched();
                    }
                    left.decrementAndGet();
                });
            }
            SplittableRandom random = new SplittableRandom(13);
            while (!StressTime.isOver(begin, StressTime.nanos(1_500))) {
                s.gomaxprocs(1 + random.nextInt(4));
                Busy.blockedNanos(500_000);
            }
            over.set(true);
            Waiting.until(s, "all have ended well", () -> left.get() == 0);
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }
}
