package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Virtual threads that other code starts inside a goroutine become goroutines of the same scheduler. */
@Timeout(120)
class StrangersTest {
    @Test
    void aThreadStartedInAGoroutineIsAdopted() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            AtomicReference<Scheduler> inside = new AtomicReference<>();
            AtomicReference<Goroutine> self = new AtomicReference<>();
            Thread stranger = Started.call(s, () -> {
                Thread thread = Thread.startVirtualThread(() -> {
                    inside.set(Scheduler.current());
                    self.set(Goroutine.current());
                });
                thread.join();
                return thread;
            });
            assertSame(s, inside.get());
            assertSame(stranger, self.get().thread());
            assertSame(s, self.get().scheduler());
            Quiet.afterEnd(s);
            assertEquals(2, s.stats().created());
            assertEquals(Goroutine.State.DEAD, self.get().state());
        }
    }

    @Test
    void soAreItsChildrenAndTheTasksOfExecutors() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            List<Scheduler> seen = Started.call(s, () -> {
                List<Scheduler> result = new ArrayList<>();
                try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                    List<Future<Scheduler>> futures = new ArrayList<>();
                    for (int i = 0; i < 10; i++) {
                        futures.add(executor.submit(() -> {
                            AtomicReference<Scheduler> inner = new AtomicReference<>();
                            Thread.startVirtualThread(() -> inner.set(Scheduler.current())).join();
                            return inner.get();
                        }));
                    }
                    for (Future<Scheduler> future : futures) {
                        result.add(future.get());
                    }
                }
                return result;
            });
            assertEquals(10, seen.stream().filter(scheduler -> scheduler == s).count());
            Quiet.afterEnd(s);
            assertEquals(21, s.stats().created());
        }
    }

    @Test
    void aThreadMadeInAGoroutineMayBeStartedByAnybodyAfterwards() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            AtomicReference<Scheduler> inside = new AtomicReference<>();
            Thread later = Started.call(s, () -> Thread.ofVirtual().unstarted(() -> inside.set(Scheduler.current())));
            Quiet.afterEnd(s);
            later.start();
            later.join();
            assertSame(s, inside.get());
        }
    }

    @Test
    void strangersUseOurParkingAndReadOurClock() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            int got = Started.call(s, () -> {
                AtomicInteger result = new AtomicInteger();
                Thread thread = Thread.startVirtualThread(() -> {
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                    result.set(42);
                });
                semaphore.release();
                thread.join();
                return result.get();
            });
            assertEquals(42, got);
        }
    }

    /** They park, are woken from everywhere, and each is counted once and out once. */
    @Test
    void aHundredThousandStrangersThatParkComeAndGo() {
        int parents = 100;
        int children = 1_000;
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(2)) {
            AtomicInteger steps = new AtomicInteger();
            AtomicInteger elsewhere = new AtomicInteger();
            for (int i = 0; i < parents; i++) {
                s.go(() -> {
                    for (int k = 0; k < children; k++) {
                        Thread.startVirtualThread(() -> {
                            for (int park = 0; park < 3; park++) {
                                LockSupport.parkNanos(park == 0 ? 1_000_000 : 1_000);
                                elsewhere.addAndGet(Scheduler.current() == s ? 0 : 1);
                                steps.incrementAndGet();
                            }
                        });
                    }
                });
            }
            Waiting.until(s, "all strangers have parked 3 times", () -> steps.get() == 3 * parents * children);
            assertEquals(0, elsewhere.get());
            Quiet.afterEnd(s);
            assertEquals(parents + (long) parents * children, s.stats().created());
            assertEquals(0, s.sched().allGs.liveUsers());
            assertEquals(List.of(), s.sched().allGs.snapshot());
            log.assertNoErrors();
        }
    }

    /** A long-lived stranger must not keep its parent, nor what the parent held. */
    @Test
    void parentsCanBeCollectedWhileTheirChildrenLive() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            BinarySemaphore end = new BinarySemaphore();
            List<WeakReference<Object>> parents = new ArrayList<>();
            startFamily(s, parents, end);
            long begin = System.nanoTime();
            while (parents.stream().anyMatch(reference -> reference.get() != null)) {
                assertTrue(System.nanoTime() - begin < Waiting.LIMIT.toNanos(), "a parent is kept: " + parents);
                System.gc();
            }
            assertEquals(1, s.sched().allGs.live(), "the child lives");
            end.release();
            Quiet.afterEnd(s);
        }
    }

    private static void startFamily(Scheduler s, List<WeakReference<Object>> parents, BinarySemaphore end)
            throws Exception {
        Goroutine parent = s.go(() -> {
            byte[] local = new byte[1 << 20];
            parents.add(new WeakReference<>(local));
            Thread.startVirtualThread(() -> Thread.startVirtualThread(() -> end.acquire(WaitReason.SEMACQUIRE)));
        });
        parent.join();
        Waiting.until(s, "the grandchild waits", () -> s.sched().allGs.live() == 1);
        parents.add(new WeakReference<>(parent));
        parents.add(new WeakReference<>(parent.thread()));
    }

    /** A library that keeps its threads gets them run like any other goroutine, so they can be preempted. */
    @Test
    void aBusyStrangerIsPreempted() {
        try (Scheduler s = Started.procs(1)) {
            AtomicInteger done = new AtomicInteger();
            s.go(() -> Thread.startVirtualThread(() -> Busy.until(() -> done.get() == 1)));
            Waiting.until(s, "the stranger runs", () -> s.stats().created() == 2);
            s.go(done::incrementAndGet);
            Waiting.until(s, "the goroutine behind it runs", () -> done.get() == 1);
            Quiet.afterEnd(s);
        }
    }

    /** Threads that are started outside of goroutines are none of ours. */
    @Test
    void outsideOfGoroutinesTheJdkSchedules() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            Set<Object> seen = ConcurrentHashMap.newKeySet();
            Thread thread = Thread.startVirtualThread(() -> seen.add(Scheduler.current() == null));
            thread.join();
            assertEquals(Set.of(true), seen);
            assertEquals(0, s.stats().created());
        }
    }
}
