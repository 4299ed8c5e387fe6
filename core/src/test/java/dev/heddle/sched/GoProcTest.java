package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileOutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Those tests of Go's {@code proc_test.go}, {@code crash_test.go}, {@code metrics_test.go} and {@code sleep_test.go} that
 * have no better place beside what they test. Go's quantum is 10 ms; here it is 2 ms, so that they end sooner.
 *
 * <p>Nowhere: TestPreemptSplitBig (to stop for the collector is the JVM's business), those of Goexit (there is none) and
 * TestInitDeadlock (nor a main goroutine), TestSchedPauseMetrics (the world is never stopped), TestMutexWaitTimeMetric
 * (nobody adds up those waits).
 */
@Timeout(120)
class GoProcTest {
    private static volatile boolean stopLoop;

    private static Scheduler hurried(int procs) {
        return Started.with(procs, config -> config.withQuantum(Duration.ofMillis(2)));
    }

    /** TestPreemption: two goroutines hand each other a token by waiting busily, on one P. */
    @Test
    void aTokenIsHandedOnByWaitingBusily() {
        try (Scheduler s = hurried(1)) {
            AtomicInteger turn = new AtomicInteger();
            AtomicInteger ended = new AtomicInteger();
            for (int me = 0; me < 2; me++) {
                int number = me;
                s.go(() -> {
                    for (int i = 0; i < 50; i++) {
                        Busy.until(() -> turn.get() % 2 == number);
                        turn.incrementAndGet();
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "both have had their turns", () -> ended.get() == 2);
            assertEquals(100, turn.get());
            Quiet.afterEnd(s);
        }
    }

    /** TestAsyncPreempt: a loop that calls nothing does not keep the only P. */
    @Test
    void aLoopWithoutCallsIsPreempted() throws Exception {
        try (Scheduler s = hurried(1)) {
            AtomicBoolean started = new AtomicBoolean();
            long[] turns = new long[1];
            stopLoop = false;
            s.go(() -> {
                started.set(true);
                long n = 0;
                while (!stopLoop) {
                    n++;
                }
                turns[0] = n;
            });
            Started.call(s, () -> {
                assertTrue(started.get(), "it was first");
                stopLoop = true;
                return null;
            });
            Quiet.afterEnd(s);
            assertTrue(turns[0] > 0);
        }
    }

    /** TestPreemptionGC: the collector stops goroutines that compute, and they go on. */
    @Test
    void theCollectorRunsBesideBusyGoroutines() throws Exception {
        try (Scheduler s = hurried(3)) {
            AtomicBoolean stop = new AtomicBoolean();
            for (int i = 0; i < 2; i++) {
                s.go(() -> Busy.until(stop::get));
            }
            Started.call(s, () -> {
                for (int i = 0; i < 10; i++) {
                    Goroutine.gosched();
                    System.gc();
                }
                return null;
            });
            stop.set(true);
            Quiet.afterEnd(s);
        }
    }

    /** TestGCFairness: a sleep ends although two goroutines make short calls without end, on one P. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aSleeperWakesBesideThoseThatMakeCalls() throws Exception {
        try (Scheduler s = hurried(1)) {
            AtomicBoolean stop = new AtomicBoolean();
            for (int i = 0; i < 2; i++) {
                s.go(() -> {
                    try (FileOutputStream out = new FileOutputStream("/dev/null")) {
                        while (!stop.get()) {
                            Syscall.call(() -> {
                                out.write('.');
                                return null;
                            });
                        }
                    } catch (java.io.IOException e) {
                        throw new AssertionError(e);
                    }
                });
            }
            sleepsTenTimes(s);
            stop.set(true);
            Quiet.afterEnd(s);
        }
    }

    /** TestGCFairness2: and beside two that allocate without end. */
    @Test
    void aSleeperWakesBesideThoseThatAllocate() throws Exception {
        try (Scheduler s = hurried(1)) {
            AtomicBoolean stop = new AtomicBoolean();
            for (int i = 0; i < 2; i++) {
                s.go(() -> {
                    Object[] kept = new Object[16];
                    for (int k = 0; !stop.get(); k++) {
                        kept[k & 15] = new byte[1_024];
                    }
                    assertTrue(kept.length > 0);
                });
            }
            sleepsTenTimes(s);
            stop.set(true);
            Quiet.afterEnd(s);
        }
    }

    private static void sleepsTenTimes(Scheduler s) throws Exception {
        Started.call(s, () -> {
            for (int i = 0; i < 10; i++) {
                Goroutine.sleep(Duration.ofMillis(1));
            }
            return null;
        });
    }

    /** TestGetgThreadSwitch: who asks for the current goroutine gets itself, on whatever thread it goes on. */
    @Test
    void theCurrentGoroutineIsItselfAfterEveryMove() {
        try (Scheduler s = hurried(4)) {
            long begin = System.nanoTime();
            long patience = Waiting.LIMIT.toNanos() / 2; // for the system to run a second thread
            AtomicInteger ended = new AtomicInteger();
            AtomicInteger moves = new AtomicInteger();
            for (int i = 0; i < 16; i++) {
                s.go(() -> {
                    Goroutine me = Goroutine.current();
                    Thread thread = Thread.currentThread();
                    M last = M.current();
                    for (int k = 0; k < 500 || moves.get() == 0 && !StressTime.isOver(begin, patience); k++) {
                        Goroutine.gosched();
                        assertSame(me, Goroutine.current());
                        assertSame(thread, Thread.currentThread());
                        assertSame(thread, me.thread());
                        assertSame(me, M.current().curg);
                        moves.addAndGet(M.current() == last ? 0 : 1);
                        last = M.current();
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "all have ended well", () -> ended.get() == 16);
            assertTrue(moves.get() > 0, "nobody ever moved: nothing was tested");
            Quiet.afterEnd(s);
        }
    }

    /** TestNoHelperGoroutines: timers and sleeps make no goroutine that anybody could see. */
    @Test
    void timersMakeNoGoroutines() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            long live = Started.call(s, () -> {
                BinarySemaphore semaphore = new BinarySemaphore();
                for (int i = 0; i < 20; i++) {
                    semaphore.acquire(WaitReason.SLEEP, 100_000);
                }
                return s.sched().allGs.live();
            });
            assertEquals(1, live);
            assertEquals(1, s.stats().created());
            Quiet.afterEnd(s);
        }
    }

    /** TestSleepZeroDeadlock: sleeping for no time, again and again, while another does so too. */
    @Test
    void sleepingForNoTimeEnds() {
        try (Scheduler s = hurried(1)) {
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < 2; i++) {
                s.go(() -> {
                    for (int k = 0; k < 1_000; k++) {
                        sleep(Duration.ZERO);
                        if (k % 10 == 0) {
                            sleep(Duration.ofNanos(1));
                        }
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "both have slept", () -> ended.get() == 2);
            Quiet.afterEnd(s);
        }
    }

    private static void sleep(Duration duration) {
        try {
            Goroutine.sleep(duration);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** TestTimerStopStress and TestAfterStress: timers are stopped about when they fire, by others, under collections. */
    @Test
    void timersAreStoppedAboutWhenTheyFire() {
        try (Scheduler s = hurried(2)) {
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < 100; i++) {
                s.go(() -> {
                    for (int k = 0; k < 20; k++) {
                        BinarySemaphore semaphore = new BinarySemaphore();
                        long nanos = ThreadLocalRandom.current().nextLong(1, 200_000);
                        Goroutine other = s.go(() -> {
                            sleep(Duration.ofNanos(nanos));
                            semaphore.release();
                        });
                        if (!semaphore.acquire(WaitReason.SLEEP, nanos)) {
                            semaphore.acquire(WaitReason.SEMACQUIRE);
                        }
                        assertSame(s, other.scheduler());
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "all have been released", () -> ended.get() == 100);
            Quiet.afterEnd(s);
            for (P p : s.sched().procs) {
                assertEquals(0, p.timers.size(), "a stopped timer is gone");
            }
        }
    }

    /** TestMainGoroutineID: the first goroutine is number 1. */
    @Test
    void theFirstGoroutineIsNumberOne() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            assertEquals(1, Started.call(s, () -> Goroutine.current().id()));
        }
    }

    /** TestCPUMetricsSleep: who sleeps leaves the processors alone. Go's bound: half of one, once in ten times. */
    @Test
    void sleepersUseNoProcessor() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            List<Long> used = new ArrayList<>();
            Started.call(s, () -> null);
            assertTrue(processorNanos(s) > 0, "its threads are found");
            for (int i = 0; i < 10; i++) {
                long before = processorNanos(s);
                Started.call(s, () -> {
                    Goroutine.sleep(Duration.ofMillis(50));
                    return null;
                });
                used.add(processorNanos(s) - before);
                if (used.getLast() < 25_000_000) {
                    return;
                }
            }
            throw new AssertionError("nanoseconds of the processors in 50 ms of sleep: " + used);
        }
    }

    /** What the threads of a scheduler have used of the processors; those that have ended are not counted any more. */
    private static long processorNanos(Scheduler s) {
        String name = s.config().name();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (ThreadInfo each : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (each != null && each.getThreadName().startsWith(name + "-")) {
                sum += Math.max(0, threads.getThreadCpuTime(each.getThreadId()));
            }
        }
        return sum;
    }

    /** TestReadMetricsCumulative: what only grows never shrinks, read while it grows. */
    @Test
    void countersNeverGoBack() {
        try (Scheduler s = hurried(2)) {
            AtomicBoolean stop = new AtomicBoolean();
            for (int i = 0; i < 4; i++) {
                s.go(() -> {
                    while (!stop.get()) {
                        s.go(() -> sleep(Duration.ofNanos(1_000)));
                        Syscall.call(() -> null);
                        Goroutine.gosched();
                    }
                });
            }
            List<Long> before = counters(s.stats());
            for (int i = 0; i < 2_000; i++) {
                List<Long> now = counters(s.stats());
                for (int k = 0; k < now.size(); k++) {
                    assertTrue(now.get(k) >= before.get(k), k + ": " + before + ", then " + now);
                }
                before = now;
            }
            stop.set(true);
            Quiet.afterEnd(s);
        }
    }

    private static List<Long> counters(SchedulerStats stats) {
        List<Long> all = new ArrayList<>(List.of(
                stats.created(), stats.spins(), stats.spinNanos(), stats.parks(), stats.wakeups(), stats.handoffs(),
                stats.preemptions(), stats.syscalls(), stats.overflows(), stats.threadsCreated(), stats.timersFired()));
        stats.perProc().forEach(p -> all.addAll(List.of(p.schedTick(), p.syscallTick(), p.steals(), p.stolenGoroutines())));
        return all;
    }
}
