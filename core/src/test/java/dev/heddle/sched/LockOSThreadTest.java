package dev.heddle.sched;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
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
                assertNull(M.current().lockedg);
                Goroutine.lockOSThread();
                M m = M.current(); // it may have waited for another thread before
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

    /** Go's TestYieldProgress and TestYieldLockedProgress: one that looks and yields, locked or not, lets others on. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void yieldProgress(boolean locked) throws Exception {
        try (Scheduler s = Started.procs(1)) {
            AtomicBoolean over = new AtomicBoolean();
            BinarySemaphore seen = new BinarySemaphore();
            s.go(() -> {
                if (locked) {
                    Goroutine.lockOSThread();
                }
                while (!over.get()) {
                    Goroutine.gosched();
                }
                seen.release();
            });
            Started.call(s, () -> {
                Goroutine.sleep(Duration.ofMillis(10));
                over.set(true);
                seen.acquire(WaitReason.CHAN_RECEIVE);
                return null;
            });
            Quiet.afterEnd(s);
        }
    }

    /**
     * Go's TestLockOSThreadAvoidsStatePropagation: what a locked goroutine does to its thread does not come to threads that
     * are made because of it. On Linux each thread is nice for itself, and a new one is as nice as the one that makes it.
     */
    @Test
    @EnabledOnOs(OS.LINUX)
    void lockOSThreadAvoidsStatePropagation() throws Exception {
        int others = 3;
        try (Scheduler s = Started.unhurried(1)) { // or sysmon would have had a second thread made already
            AtomicInteger usual = new AtomicInteger();
            AtomicBoolean over = new AtomicBoolean();
            Set<Integer> seen = ConcurrentHashMap.newKeySet();
            AtomicInteger inCalls = new AtomicInteger();
            Started.call(s, () -> { // on the first thread, so that the second one is made because of it
                Goroutine.lockOSThread();
                usual.set(niceness());
                beNice(usual.get() + 1);
                assertEquals(usual.get() + 1, niceness());
                for (int i = 0; i < others; i++) {
                    s.go(() -> Syscall.callBlocking(() -> { // each on a thread of its own
                        seen.add(niceness());
                        inCalls.incrementAndGet();
                        Busy.blockedUntil(over::get);
                        return null;
                    }));
                }
                while (inCalls.get() < others) {
                    Goroutine.gosched(); // hands the P on
                }
                over.set(true);
                assertEquals(usual.get() + 1, niceness(), "it stays with its thread");
                return null;
            });
            assertEquals(Set.of(usual.get()), seen);
            assertEquals(usual.get(), Started.call(s, LockOSThreadTest::niceness), "and with that thread it has gone");
            Quiet.afterEnd(s);
            assertTrue(s.stats().threadsCreated() > others, "each had a thread");
        }
    }

    private static int niceness() {
        return (int) invoke("getpriority", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT), 0, 0);
    }

    private static void beNice(int niceness) {
        FunctionDescriptor type = FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
        assertEquals(0, invoke("setpriority", type, 0, 0, niceness));
    }

    private static Object invoke(String function, FunctionDescriptor type, Object... arguments) {
        Linker linker = Linker.nativeLinker();
        try {
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(function), type)
                    .invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Go's TestLockOSThreadTemplateThreadRace: the first two locks of a scheduler, while the number of Ps changes. */
    @Test
    void lockOSThreadTemplateThreadRace() {
        for (int round = 0; round < 50; round++) {
            try (Scheduler s = Started.procs(2)) {
                AtomicInteger ended = new AtomicInteger();
                for (int i = 0; i < 2; i++) {
                    s.go(() -> {
                        Goroutine.lockOSThread();
                        M own = M.current();
                        Goroutine.gosched();
                        assertSame(own, M.current());
                        Goroutine.unlockOSThread();
                        ended.incrementAndGet();
                    });
                    s.gomaxprocs(1 + round % 3);
                }
                s.gomaxprocs(2);
                Waiting.until(s, "both have ended well", () -> ended.get() == 2);
                Quiet.afterEnd(s);
            }
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
                    Waiting.until(s, "it waits", () -> g.waitReason() == WaitReason.SEMACQUIRE);
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
