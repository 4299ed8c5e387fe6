package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Schedulers in one process wake each other's goroutines, but never run them. */
@Timeout(120)
class SeveralSchedulersTest {
    private static final int ROUNDS = 100_000;

    /** Whether the caller runs on a thread of this scheduler, by that thread's name. */
    private static boolean isOn(Scheduler s) {
        M m = M.current();
        return m.sched == s.sched() && m.getName().startsWith(s.config().name() + "-m");
    }

    @Test
    void goroutinesOfTwoSchedulersWakeEachOther() {
        try (LogCapture log = LogCapture.watch();
                Scheduler a = Started.procs(2);
                Scheduler b = Started.procs(2)) {
            BinarySemaphore toA = new BinarySemaphore();
            BinarySemaphore toB = new BinarySemaphore();
            AtomicInteger astray = new AtomicInteger();
            AtomicInteger rounds = new AtomicInteger();
            a.go(() -> {
                for (int i = 0; i < ROUNDS; i++) {
                    toB.release();
                    toA.acquire(WaitReason.SEMACQUIRE);
                    astray.addAndGet(isOn(a) && Scheduler.current() == a ? 0 : 1);
                }
            });
            b.go(() -> {
                for (int i = 0; i < ROUNDS; i++) {
                    toB.acquire(WaitReason.SEMACQUIRE);
                    astray.addAndGet(isOn(b) && Scheduler.current() == b ? 0 : 1);
                    rounds.incrementAndGet();
                    toA.release();
                }
            });
            Waiting.until(b, "all rounds are over" + a.dump(), () -> rounds.get() == ROUNDS);
            assertEquals(0, astray.get());
            Quiet.afterEnd(a);
            Quiet.afterEnd(b);
            assertEquals(1, a.stats().created());
            assertEquals(1, b.stats().created());
            log.assertNoErrors();
        }
    }

    /** The same by the JDK's park, and with a goroutine that parks early or late. */
    @Test
    void goroutinesOfTwoSchedulersUnparkEachOther() {
        try (Scheduler a = Started.procs(1);
                Scheduler b = Started.procs(1)) {
            AtomicInteger turn = new AtomicInteger();
            AtomicInteger astray = new AtomicInteger();
            AtomicReference<Thread> first = new AtomicReference<>();
            AtomicReference<Thread> second = new AtomicReference<>();
            first.set(a.go(() -> turns(a, turn, 0, second, astray)).thread());
            second.set(b.go(() -> turns(b, turn, 1, first, astray)).thread());
            Waiting.until(b, "all rounds are over" + a.dump(), () -> turn.get() == 2 * ROUNDS);
            assertEquals(0, astray.get());
            Quiet.afterEnd(a);
            Quiet.afterEnd(b);
        }
    }

    private static void turns(
            Scheduler s, AtomicInteger turn, int who, AtomicReference<Thread> other, AtomicInteger astray) {
        while (other.get() == null) {
            Goroutine.goyield(); // not started yet
        }
        for (int i = who; i < 2 * ROUNDS; i += 2) {
            while (turn.get() != i) {
                LockSupport.park();
                astray.addAndGet(isOn(s) ? 0 : 1);
            }
            turn.incrementAndGet();
            LockSupport.unpark(other.get());
        }
    }

    @Test
    void aGoroutineStartsGoroutinesOfAnotherScheduler() throws Exception {
        try (Scheduler a = Started.procs(1);
                Scheduler b = Started.procs(1)) {
            AtomicInteger astray = new AtomicInteger();
            AtomicInteger ran = new AtomicInteger();
            Started.call(a, () -> {
                for (int i = 0; i < 1_000; i++) {
                    b.go(() -> {
                        astray.addAndGet(isOn(b) ? 0 : 1);
                        ran.incrementAndGet();
                    });
                    assertSame(a, Scheduler.current());
                }
                return null;
            });
            Waiting.until(b, "all have run", () -> ran.get() == 1_000);
            assertEquals(0, astray.get());
            assertEquals(1, a.stats().created());
            assertEquals(1_000, b.stats().created());
            assertNotSame(a, b);
            Quiet.afterEnd(a);
            Quiet.afterEnd(b);
        }
    }

    @Test
    void oneEndsWithoutTheOther() throws Exception {
        try (Scheduler a = Started.procs(1)) {
            try (Scheduler b = Started.procs(1)) {
                assertEquals(1, Started.call(b, () -> 1));
            }
            assertEquals(2, Started.call(a, () -> 2));
            Quiet.afterEnd(a);
        }
    }

    /** Time-outs of a goroutine fire on its own scheduler, whoever releases. */
    @Test
    void timersStayWithTheirScheduler() throws Exception {
        try (Scheduler a = Started.procs(1);
                Scheduler b = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine waiter = a.go(() -> semaphore.acquire(WaitReason.SEMACQUIRE, 1_000_000_000_000L));
            Waiting.until(a, "it waits", () -> waiter.state() == Goroutine.State.WAITING);
            assertEquals(1, a.stats().perProc().getFirst().timers());
            Started.call(b, () -> {
                semaphore.release();
                return null;
            });
            Quiet.afterEnd(a);
            assertEquals(0, a.stats().perProc().getFirst().timers());
            assertEquals(0, b.stats().timersFired());
        }
    }
}
