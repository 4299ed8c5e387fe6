package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Mutex;
import dev.heddle.sync.Once;
import dev.heddle.sync.Select;
import dev.heddle.sync.Semaphore;
import dev.heddle.sync.WaitGroup;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every wait ends with the current context of whoever waits. */
@Timeout(60)
class CancelledWaitsTest {
    private static final Duration FAR = Duration.ofHours(1);

    private final TestScheduler t = TestScheduler.procs(2);

    @AfterEach
    void close() {
        t.close();
    }

    /** The time of the group ends the wait, and nothing else does. */
    @ParameterizedTest
    @EnumSource
    void aGroupEndsInTime(Waits wait) throws Exception {
        t.run(() -> {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            AtomicBoolean started = new AtomicBoolean();
            try (TaskGroup group = TaskGroup.open(Duration.ofMillis(100)).withoutInterrupts()) {
                Task<Void> task = group.fork(() -> {
                    started.set(true);
                    try {
                        wait.await(t.scheduler);
                    } catch (Throwable e) {
                        thrown.set(e);
                        throw e;
                    }
                });
                assertThrows(DeadlineExceededException.class, group::join);
                assertEquals(Task.State.CANCELLED, task.state());
            }
            if (started.get()) { // not on a machine that is busy with other things
                assertInstanceOf(DeadlineExceededException.class, thrown.get());
            }
        });
        t.atRest();
        assertEquals(0, t.timers());
    }

    @ParameterizedTest
    @EnumSource
    void aGroupThatInterruptsEndsInTime(Waits wait) throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open(Duration.ofMillis(5))) {
                group.fork(() -> wait.await(t.scheduler));
                assertThrows(DeadlineExceededException.class, group::join);
            }
        });
        t.atRest();
    }

    @ParameterizedTest
    @EnumSource
    void theCauseArrives(Waits wait) throws Exception {
        t.run(() -> {
            CancellableContext context = Context.current().withCancel();
            Goroutine canceller = t.scheduler.go(() -> {
                t.until("it waits", () -> context.scope.size() > 0);
                context.cancel(new IOException("the client is gone"));
            });
            CancelledException e = assertThrows(CancelledException.class, () -> in(context, wait));
            assertInstanceOf(IOException.class, e.getCause());
            assertEquals(0, context.scope.size());
            canceller.join();
        });
        t.atRest();
    }

    /** An ordinary thread, in a context of its own. */
    @ParameterizedTest
    @EnumSource
    void threadsAreEndedToo(Waits wait) throws Exception {
        try (CancellableContext context = Context.background().withCancel()) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread thread = Thread.ofPlatform().start(() -> {
                try {
                    in(context, wait);
                } catch (Throwable e) {
                    thrown.set(e);
                }
            });
            t.until("it waits", () -> context.scope.size() > 0);
            context.cancel();
            assertTrue(thread.join(Duration.ofSeconds(30)));
            assertInstanceOf(CancelledException.class, thrown.get());
            assertEquals(0, context.scope.size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void afterTheEndNoWaitBegins(Waits wait) throws Exception {
        CancellableContext context = Context.background().withTimeout(Duration.ZERO);
        assertThrows(DeadlineExceededException.class, () -> in(context, wait));
        t.run(() -> assertThrows(DeadlineExceededException.class, () -> in(context, wait)));
        t.atRest();
    }

    private void in(Context context, Waits wait) throws InterruptedException {
        context.call(() -> {
            wait.await(t.scheduler);
            return null;
        });
    }

    /** What can go ahead does, in a context that has ended. */
    @Test
    void whatNeedNotWaitIsDone() throws Exception {
        t.run(() -> {
            CancellableContext ended = Context.current().withCancel();
            ended.cancel();
            ended.run(() -> {
                Chan<Integer> c = new Chan<>(1);
                c.send(1);
                assertEquals(1, c.receive());
                assertEquals(0, Select.of(Select.send(c, 2)).await());
                assertEquals(2, c.receive(FAR));
                assertNull(c.tryReceive());
                assertNull(c.receive(Duration.ZERO));
                new Semaphore(1).acquire();
                new WaitGroup().await();
                new Mutex().lock(Context.current());
                new Once().run(() -> {});
                Context.current().awaitDone();
            });
            Goroutine other = t.scheduler.go(() -> {});
            t.until("it has ended", () -> other.state() == Goroutine.State.DEAD);
            ended.call(() -> {
                other.join();
                Goroutine.sleep(Duration.ZERO);
                return null;
            });
        });
    }

    /** A wait for the end of the current context, or of one inside it, tells the end instead of throwing. */
    @Test
    void theWaitForTheOwnEndReturns() throws Exception {
        t.run(() -> {
            try (CancellableContext context = Context.current().withTimeout(Duration.ofMillis(5));
                    CancellableContext inner = context.withCancel()) {
                context.run(() -> {
                    inner.awaitDone();
                    Context.current().awaitDone();
                    assertTrue(Context.current().awaitDone(FAR));
                });
            }
        });
    }

    /** Cleaning up may wait, where it says so. */
    @Test
    void withoutCancelWaitsOn() throws Exception {
        t.run(() -> {
            Chan<Integer> c = new Chan<>();
            CancellableContext context = Context.current().withCancel();
            AtomicInteger received = new AtomicInteger();
            Goroutine waiter = context.call(() -> t.scheduler.go(() -> {
                try {
                    new Chan<Integer>().receive();
                } finally {
                    received.set(Context.current().withoutCancel().call(c::receive));
                }
            }));
            t.scheduler.uncaughtExceptionHandler((g, e) -> assertInstanceOf(CancelledException.class, e));
            t.until("it waits", () -> context.scope.size() == 1);
            context.cancel();
            c.send(7);
            waiter.join();
            assertEquals(7, received.get());
        });
    }

    /** A lock is not a cancellation point unless asked to be one: cleanup relies on it. */
    @Test
    void locksAreHeldOutFor() throws Exception {
        t.run(() -> {
            Mutex mutex = new Mutex();
            mutex.lock();
            CancellableContext ended = Context.current().withCancel();
            ended.cancel();
            Goroutine waiter = ended.call(() -> t.scheduler.go(() -> {
                mutex.lock();
                mutex.unlock();
            }));
            t.until("it waits", () -> mutex.toString().contains("waiters"));
            mutex.unlock();
            waiter.join();
            assertFalse(mutex.isLocked());
        });
    }

    @Test
    void aWaitThatEndsWellLeavesNothingBehind() throws Exception {
        t.run(() -> {
            CancellableContext context = Context.current().withCancel();
            Chan<Integer> c = new Chan<>();
            Goroutine waiter = context.call(() -> t.scheduler.go(() -> {
                for (int i = 0; i < 100; i++) {
                    assertEquals(i, c.receive());
                }
            }));
            for (int i = 0; i < 100; i++) {
                c.send(i);
            }
            waiter.join();
            assertEquals(0, context.scope.size());
        });
    }

    /** The owner's context is another one than the group's: its end ends the wait, and the tasks go on. */
    @Test
    void joinAndForkEndWithTheOwnersContext() throws Exception {
        t.run(() -> {
            Chan<Integer> c = new Chan<>();
            try (TaskGroup group = TaskGroup.open().limit(1)) {
                Task<Integer> task = group.fork(() -> c.receive());
                try (CancellableContext shorter = Context.current().withTimeout(Duration.ofMillis(5))) {
                    assertThrows(DeadlineExceededException.class, () -> shorter.call(() -> {
                        group.join();
                        return null;
                    }));
                    assertThrows(DeadlineExceededException.class, () -> shorter.call(() -> group.fork(() -> 1)));
                    assertEquals(0, shorter.scope.size());
                }
                assertEquals(Task.State.RUNNING, task.state());
                c.send(7);
                group.join();
                assertEquals(7, task.get());
            }
        });
    }

    /** Tasks that have returned in spite of it, late. */
    @Test
    void joinThrowsAfterTheGroupsTime() throws Exception {
        t.run(() -> {
            Semaphore permits = new Semaphore(1);
            permits.acquire();
            try (TaskGroup group = TaskGroup.open(Duration.ofSeconds(1))) {
                Task<Integer> late = group.fork(() -> Context.current().withoutCancel().call(() -> {
                    permits.acquire();
                    return 7;
                }));
                group.context().awaitDone();
                permits.release();
                assertThrows(DeadlineExceededException.class, group::join);
                assertEquals(7, late.get());
                assertThrows(DeadlineExceededException.class, group::join);
            }
            try (TaskGroup group = TaskGroup.open(Duration.ofSeconds(1))) {
                Task<Integer> inTime = group.fork(() -> 7);
                group.context().awaitDone();
                assertThrows(DeadlineExceededException.class, group::join);
                assertEquals(7, inTime.get());
            }
        });
    }

    /** More than are told by who cancels: the others follow, and who cancels has gone on. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 9, 64, 65, 66, 1_000})
    void allWhoWaitAreTold(int waiters) throws Exception {
        t.run(() -> {
            CancellableContext context = Context.current().withCancel();
            Chan<Integer> c = new Chan<>();
            AtomicInteger ended = new AtomicInteger();
            WaitGroup all = new WaitGroup();
            context.run(() -> {
                for (int i = 0; i < waiters; i++) {
                    boolean inner = i % 3 == 0;
                    all.go(() -> {
                        try (CancellableContext own = Context.current().withCancel()) {
                            (inner ? own : Context.current()).call(c::receive);
                        } catch (CancelledException e) {
                            ended.incrementAndGet();
                        }
                    });
                }
            });
            t.until("all wait", () -> context.scope.size() >= waiters);
            assertTrue(context.cancel());
            all.await();
            assertEquals(waiters, ended.get());
            assertEquals(0, context.scope.size());
            assertNull(c.tryReceive());
        });
        t.atRest();
    }
}
