package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goroutines that are started and waited for as one: results, failures, owners. */
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
    void aSchedulerThatIsClosedIsAFailureOfFork() {
        try (TaskGroup group = TaskGroup.open(t.scheduler)) {
            t.scheduler.shutdown(Duration.ofSeconds(20));
            assertThrows(RejectedExecutionException.class, () -> group.fork(() -> {}));
        }
    }
}
