package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bounds of a group: how many of its tasks run at once, and how long one may take. */
@Timeout(60)
class TaskGroupLimitTest {
    private static final Duration FAR = Duration.ofHours(1);

    private final TestScheduler t = TestScheduler.procs(2);

    @AfterEach
    void close() {
        t.close();
    }

    private static void sleepLong() throws InterruptedException {
        Goroutine.sleep(FAR);
    }

    // -- limit --

    @Test
    void onlySoManyRunAtOnce() throws Exception {
        t.run(() -> {
            AtomicInteger running = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            try (TaskGroup group = TaskGroup.open().limit(3)) {
                List<Task<Integer>> all = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    int n = i;
                    all.add(group.fork(() -> {
                        most.accumulateAndGet(running.incrementAndGet(), Math::max);
                        Goroutine.sleep(Duration.ofNanos(100_000));
                        running.decrementAndGet();
                        return n;
                    }));
                }
                group.join();
                for (int i = 0; i < 50; i++) {
                    assertEquals(i, all.get(i).get());
                }
            }
            assertEquals(3, most.get());
        });
    }

    @Test
    void oneThatEndsMakesRoomForOne() throws Exception {
        t.run(() -> {
            CountDownLatch third = new CountDownLatch(1);
            try (TaskGroup group = TaskGroup.open().limit(2)) {
                group.fork(() -> third.await());
                group.fork(() -> Goroutine.sleep(Duration.ofMillis(1)));
                group.fork(third::countDown);
                group.join();
            }
        });
    }

    @Test
    void aCancellationEndsTheWaitForRoom() throws Exception {
        t.run(() -> {
            CancellableContext outer = Context.current().withCancel();
            outer.run(() -> {
                AtomicBoolean release = new AtomicBoolean();
                try (TaskGroup group = TaskGroup.open().withoutInterrupts().limit(1)) {
                    group.fork(() -> {
                        outer.cancel();
                        while (!release.get()) {
                            Goroutine.gosched();
                        }
                    });
                    assertEquals(Task.State.CANCELLED, group.fork(() -> 1).state());
                    release.set(true);
                }
            });
        });
    }

    @Test
    void anInterruptDoesNotEndTheWaitForRoom() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open().limit(1)) {
                group.fork(() -> Goroutine.sleep(Duration.ofMillis(5)));
                Thread.currentThread().interrupt();
                group.fork(() -> 1);
                assertTrue(Thread.currentThread().isInterrupted());
                assertThrows(InterruptedException.class, group::join);
                group.join();
            }
        });
    }

    @Test
    void settingsComeFirst() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                assertThrows(IllegalArgumentException.class, () -> group.limit(0));
                group.fork(() -> 1);
                assertThrows(IllegalStateException.class, () -> group.limit(1));
                assertThrows(IllegalStateException.class, group::withoutInterrupts);
                group.join();
            }
        });
    }

    // -- within --

    @Test
    void aTaskThatIsInTimeHasItsResult() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Integer> task = group.fork(() -> 1).within(FAR, 2);
                group.join();
                assertEquals(1, task.get());
                assertEquals(0, t.timers());
            }
        });
    }

    @Test
    void aTaskThatIsLateHasTheFallbackAndIsCancelled() throws Exception {
        t.run(() -> {
            CompletableFuture<Throwable> end = new CompletableFuture<>();
            try (TaskGroup group = TaskGroup.open()) {
                Task<String> slow = group.fork(() -> {
                            try {
                                sleepLong();
                                return "late";
                            } catch (InterruptedException e) {
                                end.complete(Context.current().err());
                                throw e;
                            }
                        })
                        .within(Duration.ofMillis(10), "fallback");
                Task<Integer> other = group.fork(() -> 1);
                group.join();
                assertEquals("fallback", slow.get());
                assertEquals(1, other.get());
                assertEquals(Task.State.SUCCEEDED, slow.state());
                assertFalse(group.context().isDone(), "the others go on");
            }
            assertInstanceOf(DeadlineExceededException.class, end.get());
        });
    }

    @Test
    void joinDoesNotWaitForATaskThatIsLateAndCloseDoes() throws Exception {
        t.run(() -> {
            AtomicBoolean release = new AtomicBoolean();
            AtomicBoolean ended = new AtomicBoolean();
            try (TaskGroup group = TaskGroup.open()) {
                CountDownLatch started = new CountDownLatch(1);
                Task<Object> deaf = group.fork(() -> {
                    started.countDown();
                    while (!release.get()) {
                        Goroutine.gosched();
                    }
                    ended.set(true);
                    throw new IOException("nobody wants to know any more");
                });
                started.await();
                deaf.within(Duration.ofNanos(1), null);
                group.join();
                assertNull(deaf.get());
                assertFalse(ended.get());
                release.set(true);
            }
            assertTrue(ended.get());
        });
    }

    @Test
    void aTaskMayFailInTime() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Object> failing = group.fork(() -> {
                            throw new IOException("expected by the test");
                        })
                        .within(FAR, 2);
                assertThrows(TaskFailedException.class, group::join);
                assertThrows(TaskFailedException.class, failing::get);
                assertThrows(IllegalStateException.class, () -> failing.within(FAR, 3), "once");
            }
        });
    }
}
