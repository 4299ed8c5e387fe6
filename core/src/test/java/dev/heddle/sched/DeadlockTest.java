package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Go's crash_test.go as far as it is about deadlocks: TestSimpleDeadlock, TestLockedDeadlock, TestLockedDeadlock2. */
@Timeout(120)
class DeadlockTest {
    private static Scheduler reporting(int procs) {
        return Started.with(procs, config -> config.withReportDeadlock(true));
    }

    private static void waitFor(Scheduler s, Goroutine g) {
        Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
    }

    private static void reported(Scheduler s, LogCapture log, String text) {
        Waiting.until(s, "the deadlock is reported", () -> !log.messages(Level.ERROR).isEmpty());
        String message = log.messages(Level.ERROR).getFirst();
        assertTrue(message.contains("all goroutines are asleep - deadlock!"), message);
        assertTrue(message.contains(text), message);
    }

    /** Sysmon has looked: it goes to sleep for long only after that. */
    private static void notReported(Scheduler s) {
        Waiting.until(s, "sysmon sleeps", () -> s.sched().sysmon.isDeep());
        assertEquals(0, s.sched().deadlock.reports());
    }

    @Test
    void simpleDeadlock() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = reporting(2)) {
            BinarySemaphore never = new BinarySemaphore();
            s.go("forlorn", () -> never.acquire(WaitReason.CHAN_RECEIVE));
            reported(s, log, "[chan receive]: forlorn");
            never.release();
            Quiet.afterEnd(s);
            assertEquals(1, log.messages(Level.ERROR).size());
        }
    }

    @Test
    void lockedDeadlock() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = reporting(2)) {
            BinarySemaphore never = new BinarySemaphore();
            s.go(() -> {
                Goroutine.lockOSThread();
                never.acquire(WaitReason.SEMACQUIRE);
            });
            reported(s, log, "[semacquire, locked to thread]");
            never.release();
            Quiet.afterEnd(s);
        }
    }

    /** One is locked to its thread, and another one is not. */
    @Test
    void lockedDeadlock2() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = reporting(2)) {
            BinarySemaphore never = new BinarySemaphore();
            BinarySemaphore neither = new BinarySemaphore();
            s.go(() -> {
                s.go(() -> {
                    Goroutine.lockOSThread();
                    never.acquire(WaitReason.SELECT_NO_CASES);
                });
                neither.acquire(WaitReason.CHAN_RECEIVE);
            });
            reported(s, log, "[select (no cases), locked to thread]");
            assertTrue(log.messages(Level.ERROR).getFirst().contains("[chan receive]"));
            never.release();
            neither.release();
            Quiet.afterEnd(s);
        }
    }

    @Test
    void twoLocksInTheWrongOrder() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = reporting(2)) {
            ReentrantLock a = new ReentrantLock();
            ReentrantLock b = new ReentrantLock();
            CountDownLatch both = new CountDownLatch(2);
            s.go(() -> lockBoth(a, b, both));
            s.go(() -> lockBoth(b, a, both));
            reported(s, log, "[jdk park]");
        }
    }

    private static void lockBoth(ReentrantLock first, ReentrantLock second, CountDownLatch both) {
        first.lock();
        try {
            both.countDown();
            both.await();
            second.lockInterruptibly();
            second.unlock();
        } catch (InterruptedException e) {
            return; // the scheduler ends
        } finally {
            first.unlock();
        }
    }

    /** Once for the same goroutines, again when others are caught. */
    @Test
    void itIsSaidOnceAndAgainWhenSomethingHasMoved() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = reporting(1)) {
            BinarySemaphore never = new BinarySemaphore();
            s.go(() -> never.acquire(WaitReason.CHAN_SEND));
            reported(s, log, "[chan send]");
            BinarySemaphore neither = new BinarySemaphore();
            s.go(() -> neither.acquire(WaitReason.SELECT));
            Waiting.until(s, "it is reported again", () -> log.messages(Level.ERROR).size() == 2);
            never.release();
            neither.release();
        }
    }

    /** Sysmon looks before it sleeps; what happens between the look and the sleep has it look again. */
    @Test
    void oneThatComesJustBeforeSysmonSleepsIsReportedToo() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = reporting(1)) {
            BinarySemaphore[] never = new BinarySemaphore[50];
            for (int i = 0; i < never.length; i++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                never[i] = semaphore;
                int expected = i + 1;
                s.go(() -> semaphore.acquire(WaitReason.SEMACQUIRE));
                Waiting.until(s, "deadlock " + expected, () -> s.sched().deadlock.reports() == expected); // and then it sleeps
            }
            Waiting.until(s, "all are in the log", () -> log.messages(Level.ERROR).size() == never.length);
            for (BinarySemaphore semaphore : never) {
                semaphore.release();
            }
            Quiet.afterEnd(s);
        }
    }

    /** It has lost its P, which is idle; when it waits in the end it needs none, and wakes nobody. */
    @Test
    void aHogThatWaitsInTheEndIsCaughtToo() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = reporting(1)) {
            BinarySemaphore never = new BinarySemaphore();
            s.go(() -> {
                Busy.untilPreempted();
                Busy.until(() -> s.sched().idle.npidle() == 1);
                never.acquire(WaitReason.SEMACQUIRE);
            });
            reported(s, log, "[semacquire]");
            never.release();
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aTimerIsNoDeadlock() {
        try (Scheduler s = reporting(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            waitFor(s, s.go(() -> semaphore.acquire(WaitReason.SEMACQUIRE, Duration.ofHours(1).toNanos())));
            notReported(s);
            semaphore.release();
        }
    }

    @Test
    void aSleepOfTheJdkIsNoDeadlock() {
        try (Scheduler s = reporting(1)) {
            waitFor(s, s.go(() -> {
                try {
                    Thread.sleep(Duration.ofHours(1));
                } catch (InterruptedException e) {
                    return; // the scheduler ends
                }
            }));
            notReported(s);
        }
    }

    @Test
    void aBlockingCallIsNoDeadlock() throws Exception {
        try (Scheduler s = reporting(1)) {
            CountDownLatch done = new CountDownLatch(1);
            BinarySemaphore semaphore = new BinarySemaphore();
            waitFor(s, s.go(() -> semaphore.acquire(WaitReason.SEMACQUIRE)));
            s.go(() -> Syscall.call(() -> {
                Busy.blockedUntil(() -> done.getCount() == 0);
                semaphore.release();
                return null;
            }));
            notReported(s);
            done.countDown();
            Quiet.afterEnd(s);
        }
    }

    @Test
    void itHasToBeAskedFor() {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore never = new BinarySemaphore();
            waitFor(s, s.go(() -> never.acquire(WaitReason.SEMACQUIRE)));
            notReported(s);
            never.release();
        }
    }
}
