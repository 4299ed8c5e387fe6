package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a group before its tasks are done: cancellation and closing. */
@Timeout(60)
class TaskGroupCancelTest {
    private static final Duration FAR = Duration.ofHours(1);

    private final TestScheduler t = TestScheduler.procs(2);

    @AfterEach
    void close() {
        t.close();
    }

    private static void sleepLong() throws InterruptedException {
        Goroutine.sleep(FAR);
    }

    // -- cancellation --

    @Test
    void afterTheCancellationNothingIsStarted() throws Exception {
        t.run(() -> {
            AtomicBoolean ran = new AtomicBoolean();
            try (TaskGroup group = TaskGroup.open()) {
                group.cancel();
                Task<Void> late = group.fork(() -> ran.set(true));
                assertEquals(Task.State.CANCELLED, late.state());
                assertThrows(CancelledException.class, group::join);
                assertThrows(CancelledException.class, late::get);
            }
            assertFalse(ran.get());
        });
    }

    @Test
    void resultsThatWereThereBeforeStay() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Integer> done = group.fork(() -> 1);
                t.until("it has ended", () -> done.state() == Task.State.SUCCEEDED);
                group.fork(TaskGroupCancelTest::sleepLong);
                group.cancel();
                assertThrows(CancelledException.class, group::join);
                assertEquals(1, done.get());
            }
        });
    }

    @Test
    void theEndOfTheContextAroundCancelsIt() throws Exception {
        t.run(() -> {
            CancellableContext outer = Context.current().withCancel();
            outer.run(() -> {
                try (TaskGroup group = TaskGroup.open()) {
                    group.fork(TaskGroupCancelTest::sleepLong);
                    outer.cancel(new IOException("the client is gone"));
                    CancelledException e = assertThrows(CancelledException.class, group::join);
                    assertInstanceOf(IOException.class, e.getCause());
                }
            });
        });
    }

    @Test
    void itsTimeCancelsIt() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open(Duration.ofMillis(20))) {
                assertTrue(group.context().deadline().isPresent());
                Task<Void> slow = group.fork(TaskGroupCancelTest::sleepLong);
                assertThrows(DeadlineExceededException.class, group::join);
                assertEquals(Task.State.CANCELLED, slow.state());
            }
        });
        assertEquals(0, t.timers());
    }

    @Test
    void withoutInterruptsATaskHasToLook() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open().withoutInterrupts()) {
                Task<Boolean> looker = group.fork(() -> {
                    Context.current().awaitDone();
                    Thread.sleep(5); // an interrupt would end this
                    return Thread.currentThread().isInterrupted();
                });
                t.until("it waits", () -> looker.context().scope.size() == 1);
                group.cancel();
                group.join();
                assertFalse(looker.get());
            }
        });
    }

    /** Cancelled before its goroutine has got as far as the body. */
    @Test
    void aTaskThatIsCancelledBeforeItRunsDoesNot() throws Exception {
        try (TestScheduler one = TestScheduler.unhurried(1)) {
            one.run(() -> {
                for (boolean interrupts : new boolean[] {true, false}) {
                    AtomicBoolean ran = new AtomicBoolean();
                    try (TaskGroup group = interrupts ? TaskGroup.open() : TaskGroup.open().withoutInterrupts()) {
                        Task<Void> task = group.fork(() -> ran.set(true));
                        group.cancel(); // on one P it has not run yet
                        assertThrows(CancelledException.class, group::join);
                        assertEquals(Task.State.CANCELLED, task.state());
                    }
                    assertFalse(ran.get());
                }
            });
        }
    }

    // -- closing --

    @Test
    void closeCancelsAndWaitsForAll() throws Exception {
        t.run(() -> {
            AtomicInteger ended = new AtomicInteger();
            CountDownLatch started = new CountDownLatch(10);
            try (TaskGroup group = TaskGroup.open()) {
                for (int i = 0; i < 10; i++) {
                    group.fork(() -> {
                        started.countDown();
                        try {
                            sleepLong();
                        } finally {
                            Goroutine.gosched();
                            ended.incrementAndGet();
                        }
                    });
                }
                started.await();
            }
            assertEquals(10, ended.get());
        });
        t.atRest();
    }

    @Test
    void closeIsNotEndedByAnInterrupt() throws Exception {
        t.run(() -> {
            AtomicBoolean ended = new AtomicBoolean();
            TaskGroup group = TaskGroup.open().withoutInterrupts();
            group.fork(() -> {
                Context.current().withoutCancel().call(() -> {
                    Goroutine.sleep(Duration.ofMillis(20));
                    return null;
                });
                ended.set(true);
            });
            t.until("it runs", () -> t.timers() == 1);
            Thread.currentThread().interrupt();
            group.close();
            assertTrue(ended.get());
            assertTrue(Thread.interrupted(), "the status is kept");
            group.close();
        });
    }

    @Test
    void joinIsEndedByAnInterrupt() throws Exception {
        t.run(() -> {
            Thread me = Thread.currentThread();
            try (TaskGroup group = TaskGroup.open()) {
                group.fork(TaskGroupCancelTest::sleepLong);
                t.scheduler.go(me::interrupt);
                assertThrows(InterruptedException.class, group::join);
                assertFalse(me.isInterrupted());
                me.interrupt();
                assertThrows(InterruptedException.class, group::join, "before it waits");
            }
        });
        t.atRest();
    }

    @Test
    void aClosedGroupTakesNothing() throws Exception {
        t.run(() -> {
            TaskGroup group = TaskGroup.open();
            group.close();
            assertThrows(IllegalStateException.class, () -> group.fork(() -> 1));
            assertThrows(IllegalStateException.class, group::join);
        });
    }

    @Test
    void theContextForgetsIt() throws Exception {
        t.run(() -> {
            CancellableContext outer = Context.current().withCancel();
            outer.run(() -> {
                for (int i = 0; i < 100; i++) {
                    try (TaskGroup group = TaskGroup.open(FAR)) {
                        group.fork(() -> 1).within(FAR, 2);
                        group.join();
                        assertEquals(0, group.context().scope.size());
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }
            });
            assertEquals(0, outer.scope.size());
        });
        assertEquals(0, t.timers());
    }
}
