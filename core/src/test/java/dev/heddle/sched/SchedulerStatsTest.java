package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Figures and dumps say what is there. (That each counter moves is seen in the tests of what it counts.) */
@Timeout(60)
class SchedulerStatsTest {
    @Test
    void aNewSchedulerHasDoneNothing() {
        try (Scheduler s = Started.procs(3)) {
            SchedulerStats stats = s.stats();
            assertEquals(3, stats.procs());
            assertEquals(3, stats.perProc().size());
            assertEquals(new SchedulerStats.Goroutines(0, 0, 0, 0), stats.goroutines());
            assertEquals(0, stats.threads().total());
            assertEquals(0, stats.created());
            assertEquals(0, stats.latency().count());
            for (int i = 0; i < 3; i++) {
                assertEquals(new SchedulerStats.Proc(i, "idle", 0, 0, 0, 0, 0, 0, 0), stats.perProc().get(i));
            }
        }
    }

    /** Go's TestSchedMetrics: goroutines driven into each state, counted there. */
    @Test
    void goroutinesAreCountedByState() {
        try (Scheduler s = Started.unhurried(2)) {
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger ready = new AtomicInteger();
            BinarySemaphore[] semaphores = new BinarySemaphore[5];
            for (int i = 0; i < 5; i++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                semaphores[i] = semaphore;
                s.go(() -> {
                    ready.incrementAndGet();
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                });
            }
            Waiting.until(s, "5 wait", () -> ready.get() == 5);
            for (int i = 0; i < 3; i++) {
                s.go(() -> Syscall.callBlocking(() -> {
                    ready.incrementAndGet();
                    Busy.blockedUntil(end::get);
                    return null;
                }));
            }
            Waiting.until(s, "3 are in calls", () -> ready.get() == 8);
            for (int i = 0; i < 2; i++) {
                s.go(() -> {
                    ready.incrementAndGet();
                    Busy.until(end::get);
                });
            }
            Waiting.until(s, "2 run", () -> ready.get() == 10);
            for (int i = 0; i < 7; i++) {
                s.go(() -> {});
            }
            SchedulerStats stats = s.stats();
            assertEquals(new SchedulerStats.Goroutines(2, 7, 5, 3), stats.goroutines());
            assertEquals(17, stats.goroutines().total());
            assertEquals(17, stats.created());
            assertEquals(7, stats.globalQueueDepth());
            assertEquals(2, stats.threads().running());
            assertEquals(3, stats.threads().syscall());
            // a new thread may run before its maker has counted it, and more may be made: sysmon may take a P that is not used
            Waiting.until(s, "all threads are counted", () -> {
                SchedulerStats now = s.stats();
                return now.threadsCreated() == now.threads().total();
            });
            end.set(true);
            for (BinarySemaphore semaphore : semaphores) {
                semaphore.release();
            }
            Quiet.afterEnd(s);
            assertEquals(0, s.stats().goroutines().total());
        }
    }

    @Test
    void queuesAreCountedByP() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            int depth = Started.call(s, () -> {
                for (int i = 0; i < 10; i++) {
                    s.go(() -> {});
                }
                return s.stats().perProc().getFirst().runQueueDepth();
            });
            assertEquals(10, depth);
            Quiet.afterEnd(s);
            SchedulerStats.Proc proc = s.stats().perProc().getFirst();
            assertEquals(0, proc.runQueueDepth());
            assertEquals("idle", proc.status());
            assertTrue(proc.schedTick() >= 10, proc.toString()); // the last one inherited its slice
        }
    }

    /** One of 8 times from runnable to running is taken. */
    @Test
    void latencyIsSampled() {
        int yields = 8_000;
        try (Scheduler s = Started.procs(1)) {
            s.go(() -> {
                for (int i = 0; i < yields; i++) {
                    Goroutine.goyield();
                }
            });
            Quiet.afterEnd(s);
            SchedulerStats.Histogram latency = s.stats().latency();
            assertEquals(yields / 8, latency.count(), 1);
            assertTrue(latency.sumNanos() > 0);
        }
    }

    /** The time that a goroutine waits behind a busy one is in the histogram. */
    @Test
    void latencyIsTheTimeInTheQueue() {
        int behind = 16;
        try (Scheduler s = Started.unhurried(1)) {
            s.go(() -> {
                for (int i = 0; i < behind; i++) {
                    s.go(() -> {});
                }
                Busy.nanos(30_000_000);
            });
            Quiet.afterEnd(s);
            SchedulerStats.Histogram latency = s.stats().latency();
            long late = 0;
            for (int i = 0; i < latency.counts().size(); i++) {
                long lower = i == 0 ? 0 : latency.upperBoundsNanos().get(i - 1);
                late += lower >= 16_000_000 ? latency.counts().get(i) : 0;
            }
            assertTrue(late >= behind / 8, latency.toString());
            assertTrue(latency.maxNanos() >= 16_000_000, latency.toString());
        }
    }

    @Test
    void aDumpShowsPsThreadsAndGoroutinesWithStacks() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            BinarySemaphore end = new BinarySemaphore();
            AtomicInteger parent = new AtomicInteger();
            Goroutine creator = s.go("creator", () -> {
                parent.set((int) Goroutine.current().id());
                s.go("child", () -> waitsInHere(end));
            });
            creator.join();
            Waiting.until(s, "the child waits", () -> s.stats().goroutines().waiting() == 1);
            Quiet.atRest(s);
            String dump = s.dump();
            assertTrue(dump.startsWith("SCHED " + s.config().name() + ": procs=2 idleprocs=2"), dump);
            assertTrue(dump.contains("P0: status=idle"), dump);
            assertTrue(dump.contains("P1: status=idle"), dump);
            assertTrue(dump.contains("M0: "), dump);
            assertTrue(dump.contains(" [chan send]: child"), dump);
            assertTrue(dump.contains("waitsInHere"), dump);
            assertTrue(
                    dump.contains("created by " + SchedulerStatsTest.class.getName() + " in goroutine " + parent.get()), dump);
            end.release();
            Quiet.afterEnd(s);
        }
    }

    private static void waitsInHere(BinarySemaphore semaphore) {
        semaphore.acquire(WaitReason.CHAN_SEND);
    }

    /** Go's TestNumGoroutine: as many stacks as are counted. */
    @Test
    void aDumpHasAsManyStacksAsThereAreGoroutines() {
        int count = 500;
        try (Scheduler s = Started.procs(2)) {
            BinarySemaphore[] all = new BinarySemaphore[count];
            Goroutine[] waiting = new Goroutine[count];
            for (int i = 0; i < count; i++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                all[i] = semaphore;
                waiting[i] = s.go(() -> semaphore.acquire(WaitReason.SEMACQUIRE));
            }
            // one by one: the figures count one that an M is just taking from a queue among those that wait
            for (Goroutine g : waiting) {
                Waiting.until(s, "it waits", () -> g.waitReason() == WaitReason.SEMACQUIRE);
            }
            String dump = s.dump();
            assertEquals(count, dump.split("\ngoroutine \\d+ \\[semacquire]:", -1).length - 1);
            for (BinarySemaphore semaphore : all) {
                semaphore.release();
            }
            Quiet.afterEnd(s);
        }
    }

    /** Whoever reads figures and dumps all the time disturbs nobody. */
    @Test
    void figuresMayBeReadAtAnyTime() throws Exception {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(2)) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger reads = new AtomicInteger();
            Thread reader = Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    SchedulerStats stats = s.stats();
                    assertTrue(stats.goroutines().total() >= 0);
                    if (reads.incrementAndGet() % 20 == 0) {
                        s.dump();
                    }
                }
            });
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < 200; i++) {
                s.go(() -> {
                    BinarySemaphore semaphore = new BinarySemaphore();
                    for (int k = 0; k < 100; k++) {
                        s.go(semaphore::release);
                        semaphore.acquire(WaitReason.SEMACQUIRE);
                        Goroutine.goyield();
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "all have ended", () -> ended.get() == 200);
            over.set(true);
            assertTrue(reader.join(Waiting.LIMIT));
            Quiet.afterEnd(s);
            assertEquals(200 * 101, s.stats().created());
            log.assertNoErrors();
        }
    }
}
