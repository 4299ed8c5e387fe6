package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import dev.heddle.sched.jdk.Carrier;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A goroutine that runs longer than the quantum loses its P, not its thread; and nobody else does. */
@Timeout(120)
class PreemptionTest {
    @Test
    void goroutinesBehindAHogRunWhileItStillComputes() {
        try (Scheduler s = Started.procs(1)) {
            AtomicInteger behind = new AtomicInteger();
            AtomicBoolean hogSawThem = new AtomicBoolean();
            s.go(() -> {
                for (int i = 0; i < 10; i++) {
                    s.go(behind::incrementAndGet);
                }
                Busy.until(() -> behind.get() == 10);
                hogSawThem.set(true);
            });
            Waiting.until(s, "the hog has seen the others run", hogSawThem::get);
            assertTrue(s.stats().preemptions() >= 1);
            Quiet.afterEnd(s);
        }
    }

    /** Without a P a hog starts goroutines, wakes others, sets timers and yields like anybody. */
    @Test
    void aHogWithoutAPGoesOnLikeAnyGoroutine() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            AtomicInteger behind = new AtomicInteger();
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine waiter = s.go(() -> {
                semaphore.acquire(WaitReason.SEMACQUIRE);
                behind.incrementAndGet();
            });
            int result = Started.call(s, () -> {
                losesItsP(s);
                s.go(behind::incrementAndGet);
                Busy.until(() -> behind.get() == 1);
                semaphore.release();
                Busy.until(() -> behind.get() == 2);
                Goroutine.sleep(Duration.ofMillis(1));
                losesItsP(s);
                Goroutine.goyield();
                losesItsP(s);
                assertEquals(7, Syscall.call(() -> 7));
                losesItsP(s);
                assertEquals(8, Syscall.callBlocking(() -> 8));
                return 42;
            });
            assertEquals(42, result);
            waiter.join();
            assertTrue(s.stats().preemptions() >= 4);
            Quiet.afterEnd(s);
        }
    }

    /** Computes until sysmon has taken the P of the calling goroutine. */
    static void losesItsP(Scheduler s) {
        M m = M.current();
        Busy.until(() -> s.sched().procs[0].m != m);
    }

    /**
     * A hog that has lost its P yields while every P is idle, and sysmon sleeps: somebody must come and run it. (The
     * quantum is short, so that much of this happens.)
     */
    @Test
    void aHogThatYieldsToASleepingSchedulerIsRunAgain() {
        try (Scheduler s = Started.with(1, config -> config.withQuantum(Duration.ofMillis(1)))) {
            AtomicInteger rounds = new AtomicInteger();
            s.go(() -> {
                for (int i = 0; i < 10; i++) {
                    losesItsP(s);
                    Busy.nanos(60_000_000); // sysmon has given up looking by then
                    Goroutine.gosched();
                    rounds.incrementAndGet();
                }
            });
            Waiting.until(s, "the hog has come back 10 times", () -> rounds.get() == 10);
            Quiet.afterEnd(s);
        }
    }

    /** Above maxHogs a hog keeps its P: counted, said once, and nothing behind it is lost. */
    @Test
    void atMostMaxHogsComputeWithoutAP() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxHogs(1))) {
            AtomicInteger running = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            AtomicInteger behind = new AtomicInteger();
            for (int i = 1; i <= 2; i++) {
                int number = i;
                s.go(() -> {
                    running.incrementAndGet();
                    Busy.until(() -> end.get() >= number);
                });
            }
            Waiting.until(s, "both hogs run", () -> running.get() == 2);
            s.go(behind::incrementAndGet);
            Waiting.until(s, "the second hog is denied", () -> s.stats().preemptionsDenied() >= 1);
            assertEquals(1, s.stats().preemptions());
            Waiting.holds(s, "the second keeps its P", Duration.ofMillis(50), () -> behind.get() == 0);
            end.set(1);
            Waiting.until(s, "its P is taken after the first has ended", () -> behind.get() == 1);
            assertEquals(2, s.stats().preemptions());
            end.set(2);
            Quiet.afterEnd(s);
            assertEquals(1, log.messages(Level.WARN).size(), "said once: " + log.messages(Level.WARN));
            assertTrue(log.messages(Level.WARN).getFirst().contains("maxHogs = 1"));
        }
    }

    /** What the log says is written by a goroutine behind the very hog: nobody may wait for the log meanwhile. */
    @Test
    void aLogThatWaitsForAGoroutineStopsNobody() {
        AtomicInteger behind = new AtomicInteger();
        try (LogCapture log = LogCapture.blockedUntil(() -> behind.get() == 1);
                Scheduler s = Started.with(1, config -> config.withMaxHogs(1))) {
            AtomicInteger running = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            for (int i = 1; i <= 2; i++) {
                int number = i;
                s.go(() -> {
                    running.incrementAndGet();
                    Busy.until(() -> end.get() >= number);
                });
            }
            Waiting.until(s, "both hogs run", () -> running.get() == 2);
            s.go(behind::incrementAndGet);
            Waiting.until(s, "the log waits", () -> log.events().size() == 1);
            end.set(1);
            Waiting.until(s, "the second hog's P is taken all the same", () -> behind.get() == 1);
            end.set(2);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void withoutHogsAllowedNobodyIsPreempted() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxHogs(0))) {
            AtomicInteger behind = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            s.go(() -> {
                s.go(behind::incrementAndGet);
                Busy.until(() -> end.get() == 1);
            });
            Waiting.until(s, "the hog is denied", () -> s.stats().preemptionsDenied() >= 1);
            assertEquals(0, behind.get());
            assertEquals(0, s.stats().preemptions());
            end.set(1);
            Waiting.until(s, "the other runs afterwards", () -> behind.get() == 1);
            Quiet.afterEnd(s);
        }
    }

    /** Before its P is taken a goroutine is asked: a scheduling point after the quantum lets those behind it run. */
    @Test
    void aSliceThatIsOverEndsAtTheNextSchedulingPoint() {
        try (Scheduler s = Started.with(1, config -> config.withMaxHogs(0))) { // its P cannot be taken
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger third = new AtomicInteger();
            BinarySemaphore ping = new BinarySemaphore();
            BinarySemaphore pong = new BinarySemaphore();
            s.go(() -> {
                s.go(() -> {
                    while (!end.get()) {
                        third.incrementAndGet();
                        Goroutine.goyield();
                    }
                });
                s.go(() -> pingPong(end, ping, pong, 2_000_000));
                s.go(() -> pingPong(end, pong, ping, 2_000_000));
                ping.release();
            });
            Waiting.until(s, "the third runs beside a pair that lives in runnext", () -> third.get() > 10);
            end.set(true);
            ping.release();
            pong.release();
            Quiet.afterEnd(s);
        }
    }

    private static void pingPong(AtomicBoolean end, BinarySemaphore mine, BinarySemaphore other, long nanos) {
        while (!end.get()) {
            mine.acquire(WaitReason.SEMACQUIRE);
            if (nanos > 0) {
                Busy.nanos(nanos);
            }
            other.release();
        }
    }

    /** A pair that does nothing but wake each other must not own its P for ever: the third gets its turns. */
    @Test
    void aTightPairDoesNotStarveTheOthers() {
        try (Scheduler s = Started.procs(1)) {
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger third = new AtomicInteger();
            BinarySemaphore ping = new BinarySemaphore();
            BinarySemaphore pong = new BinarySemaphore();
            s.go(() -> {
                s.go(() -> {
                    while (!end.get()) {
                        Goroutine.goyield();
                        third.incrementAndGet();
                    }
                });
                s.go(() -> pingPong(end, ping, pong, 0));
                s.go(() -> pingPong(end, pong, ping, 0));
                ping.release();
            });
            Waiting.until(s, "the third gets its turns", () -> third.get() > 20);
            end.set(true);
            ping.release();
            pong.release();
            Quiet.afterEnd(s);
        }
    }

    /**
     * Time on the clock is not time on a processor: a process that was stopped for a while has no hogs. The shell stops
     * and continues this process; the goroutine computes 1 ms at a time.
     */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aPauseOfTheWholeProcessIsNobodysFault() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            AtomicBoolean end = new AtomicBoolean();
            s.go(() -> {
                while (!end.get()) {
                    Busy.nanos(1_000_000);
                    Goroutine.goyield();
                }
            });
            long pid = ProcessHandle.current().pid();
            for (int i = 0; i < 8; i++) {
                String script = "kill -STOP " + pid + "; sleep 0.06; kill -CONT " + pid;
                assertEquals(0, new ProcessBuilder("sh", "-c", script).start().waitFor());
            }
            assertEquals(0, s.stats().preemptions());
            end.set(true);
            Quiet.afterEnd(s);
        }
    }

    /** Too much for one that sleeps, too little for a hog, and then it blocks: nobody else would ever take its P. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void whoComputesForAWhileAndThenBlocksLosesItsP() {
        try (Scheduler s = Started.with(1, config -> config.withQuantum(Duration.ofMillis(100)))) {
            AtomicBoolean ran = new AtomicBoolean();
            s.go(() -> {
                goAndWake(s, ran);
                Busy.nanos(50_000_000);
                sleepsUntil(ran);
            });
            Waiting.until(s, "the one behind it has run", ran::get);
            Quiet.afterEnd(s);
        }
    }

    /** A hog that may not go on without a P keeps it while it computes, not while it blocks. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aDeniedHogThatBlocksLosesItsP() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxHogs(0))) {
            AtomicBoolean ran = new AtomicBoolean();
            s.go(() -> {
                goAndWake(s, ran);
                // a machine with too much to do may stop it for so long that it seems to sleep already here
                Busy.until(() -> s.stats().preemptionsDenied() > 0 || ran.get());
                sleepsUntil(ran);
            });
            Waiting.until(s, "the one behind it has run", ran::get);
            Quiet.afterEnd(s);
        }
    }

    /** Starts a goroutine behind the caller that wakes the caller's thread. */
    private static void goAndWake(Scheduler s, AtomicBoolean ran) {
        M m = M.current();
        s.go(() -> {
            ran.set(true);
            Carrier.unparkCarrier(m);
        });
    }

    /** One sleep of the thread, which uses no processor time, unlike {@link Busy#blockedUntil}, which looks all the time. */
    private static void sleepsUntil(AtomicBoolean ran) {
        while (!ran.get()) {
            Carrier.parkCarrier(Waiting.LIMIT.toNanos() * 2);
        }
    }
}
