package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goroutines that are started, waited for and cancelled as one. */
@Timeout(60)
class TaskGroupTest {
    private static final Duration FAR = Duration.ofHours(1);
    private static final Context.Key<String> NAME = Context.Key.of("name");

    private final TestScheduler t = TestScheduler.procs(2);

    @AfterEach
    void close() {
        t.close();
    }

    private static void sleepLong() throws InterruptedException {
        Goroutine.sleep(FAR);
    }

    // -- results --

    @Test
    void resultsAfterJoin() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Integer> a = group.fork(() -> 1);
                Task<String> b = group.fork(() -> {
                    Goroutine.sleep(Duration.ofMillis(5));
                    return "b";
                });
                Task<Void> c = group.fork(() -> Goroutine.sleep(Duration.ofMillis(1)));
                Task<Object> nothing = group.fork(() -> (Object) null);
                group.join();
                assertEquals(1, a.get());
                assertEquals("b", b.get());
                assertNull(c.get());
                assertNull(nothing.get());
                assertNull(a.failure());
                assertEquals(Task.State.SUCCEEDED, a.state());
            }
        });
        t.atRest();
    }

    @Test
    void eachTaskIsAGoroutineOfItsOwn() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Goroutine> a = group.fork(Goroutine::current);
                Task<Goroutine> b = group.fork(Goroutine::current);
                group.join();
                assertNotSame(a.get(), b.get());
                assertNotSame(a.get(), Goroutine.current());
                assertSame(t.scheduler, a.get().scheduler());
            }
        });
    }

    @Test
    void anEmptyGroupIsFine() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                group.join();
                group.join();
            }
        });
    }

    @Test
    void moreMayBeForkedAfterJoin() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Integer> a = group.fork(() -> 1);
                group.join();
                int first = a.get();
                Task<Integer> b = group.fork(() -> first + 1);
                assertThrows(IllegalStateException.class, b::get, "not joined");
                group.join();
                assertEquals(2, b.get());
            }
        });
    }

    @Test
    void noResultBeforeJoin() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Integer> a = group.fork(() -> 1);
                t.until("it has ended", () -> a.state() == Task.State.SUCCEEDED);
                assertThrows(IllegalStateException.class, a::get);
                assertThrows(IllegalStateException.class, a::failure);
                group.join();
                assertEquals(1, a.get());
            }
        });
    }

    // -- failure --

    @Test
    void theFirstFailureCancelsTheRest() throws Exception {
        t.run(() -> {
            IOException failure = new IOException("expected by the test");
            try (TaskGroup group = TaskGroup.open()) {
                CountDownLatch started = new CountDownLatch(2);
                Task<Void> sleeper = group.fork(() -> {
                    started.countDown();
                    sleepLong();
                });
                Task<Boolean> looker = group.fork(() -> {
                    started.countDown();
                    Context.current().awaitDone();
                    return Context.current().cause() == failure;
                });
                Task<Void> failing = group.fork(() -> {
                    started.await();
                    throw failure;
                });
                TaskFailedException e = assertThrows(TaskFailedException.class, group::join);
                assertSame(failure, e.getCause());
                assertEquals(0, e.getSuppressed().length, "cancellations are no failures");
                assertEquals(Task.State.FAILED, failing.state());
                assertSame(failure, failing.failure());
                assertSame(failure, assertThrows(TaskFailedException.class, failing::get).getCause());
                assertEquals(Task.State.CANCELLED, sleeper.state());
                assertInstanceOf(
                        InterruptedException.class,
                        assertThrows(CancelledException.class, sleeper::get).getCause());
                assertTrue(looker.get(), "it saw the cause");
                assertTrue(group.context().isDone());
            }
        });
        t.atRest();
    }

    @Test
    void laterFailuresAreSuppressed() throws Exception {
        t.run(() -> {
            List<Exception> failures = List.of(new IOException("1"), new IOException("2"), new IOException("3"));
            try (TaskGroup group = TaskGroup.open()) {
                CountDownLatch started = new CountDownLatch(2);
                group.fork(() -> {
                    started.await();
                    throw failures.get(0);
                });
                for (Exception failure : failures.subList(1, 3)) {
                    group.fork(() -> {
                        started.countDown();
                        Context.current().awaitDone();
                        throw failure;
                    });
                }
                TaskFailedException e = assertThrows(TaskFailedException.class, group::join);
                assertSame(failures.get(0), e.getCause());
                assertEquals(Set.copyOf(failures.subList(1, 3)), Set.of(e.getSuppressed()));
            }
        });
    }

    @Test
    void anErrorIsAFailureToo() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                group.fork(() -> {
                    throw new AssertionError("expected by the test");
                });
                assertInstanceOf(
                        AssertionError.class,
                        assertThrows(TaskFailedException.class, group::join).getCause());
            }
        });
    }

    @Test
    void aCancellationOfItsOwnIsAFailure() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                group.fork(() -> {
                    CancellableContext mine = Context.current().withCancel();
                    mine.cancel();
                    mine.check();
                });
                assertInstanceOf(
                        CancelledException.class,
                        assertThrows(TaskFailedException.class, group::join).getCause());
            }
        });
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
                group.fork(TaskGroupTest::sleepLong);
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
                    group.fork(TaskGroupTest::sleepLong);
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
                Task<Void> slow = group.fork(TaskGroupTest::sleepLong);
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
                    Goroutine.sleep(Duration.ofMillis(5)); // an interrupt would end this
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
                Goroutine.sleep(Duration.ofMillis(20));
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
                group.fork(TaskGroupTest::sleepLong);
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

    // -- owners --

    @Test
    void onlyTheOwnerMayUseIt() throws Exception {
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                Task<Integer> task = group.fork(() -> 1);
                group.fork(() -> {
                    assertThrows(WrongThreadException.class, () -> group.fork(() -> 1));
                    assertThrows(WrongThreadException.class, group::join);
                    assertThrows(WrongThreadException.class, group::close);
                    assertThrows(WrongThreadException.class, group::cancel);
                    assertThrows(WrongThreadException.class, () -> group.limit(1));
                    assertThrows(WrongThreadException.class, task::get);
                    assertThrows(WrongThreadException.class, task::failure);
                    assertThrows(WrongThreadException.class, () -> task.within(FAR, 1));
                });
                group.join();
            }
        });
    }

    @Test
    void anOrdinaryThreadGivesAScheduler() throws Exception {
        assertThrows(IllegalStateException.class, TaskGroup::open);
        assertThrows(IllegalStateException.class, () -> TaskGroup.open(FAR));
        Context named = Context.background().withValue(NAME, "a");
        List<String> seen = new ArrayList<>();
        named.run(() -> {
            try (TaskGroup group = TaskGroup.open(t.scheduler)) {
                Task<String> a = group.fork(() -> Context.current().value(NAME).get());
                Task<String> late = group.fork(() -> {
                            sleepLong();
                            return "late";
                        })
                        .within(Duration.ofMillis(5), "fallback");
                group.join();
                seen.add(a.get());
                seen.add(late.get());
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertEquals(List.of("a", "fallback"), seen);
        t.atRest();
    }

    @Test
    void groupsNest() throws Exception {
        t.run(() -> {
            AtomicInteger interrupted = new AtomicInteger();
            try (TaskGroup outer = TaskGroup.open()) {
                CountDownLatch started = new CountDownLatch(9);
                for (int i = 0; i < 3; i++) {
                    outer.fork(() -> {
                        try (TaskGroup inner = TaskGroup.open()) {
                            for (int k = 0; k < 3; k++) {
                                inner.fork(() -> {
                                    started.countDown();
                                    try {
                                        sleepLong();
                                    } catch (InterruptedException e) {
                                        interrupted.incrementAndGet();
                                        throw e;
                                    }
                                });
                            }
                            inner.join();
                        }
                    });
                }
                started.await();
                outer.fork(() -> {
                    throw new IOException("expected by the test");
                });
                assertInstanceOf(
                        IOException.class,
                        assertThrows(TaskFailedException.class, outer::join).getCause());
            }
            assertEquals(9, interrupted.get());
        });
        t.atRest();
    }

    @Test
    void aSchedulerThatIsClosedIsAFailureOfFork() throws Exception {
        CompletableFuture<Throwable> seen = new CompletableFuture<>();
        CountDownLatch open = new CountDownLatch(1);
        t.scheduler.go(() -> {
            try (TaskGroup group = TaskGroup.open()) {
                open.countDown();
                group.context().awaitDone(Duration.ofMillis(1));
                while (true) {
                    group.fork(() -> {});
                    Goroutine.gosched();
                }
            } catch (Throwable e) {
                seen.complete(e);
            }
        });
        open.await();
        t.scheduler.shutdown(Duration.ofSeconds(20));
        assertInstanceOf(RejectedExecutionException.class, seen.get());
    }
}
