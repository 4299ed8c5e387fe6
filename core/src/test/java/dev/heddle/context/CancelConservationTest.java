package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Cond;
import dev.heddle.sync.Mutex;
import dev.heddle.sync.RWMutex;
import dev.heddle.sync.Select;
import dev.heddle.sync.Semaphore;
import dev.heddle.sync.WaitGroup;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits that are cancelled at any moment, again and again: nothing is lost and nothing is had by two. */
@Timeout(3_700)
class CancelConservationTest {
    private static final int WORKERS = 6;

    private interface Step {
        void run(SplittableRandom random) throws Exception;
    }

    /**
     * Has each worker do its step in a context that ends within some microseconds, until the time is over; the steps catch
     * what is to be counted.
     */
    private static void cancelAtRandom(TestScheduler t, Step... steps) throws Exception {
        long end = System.nanoTime() + TestScheduler.stressNanos(400);
        t.run(end, () -> {
            try (TaskGroup group = TaskGroup.open()) {
                for (int i = 0; i < WORKERS; i++) {
                    Step step = steps[i % steps.length];
                    SplittableRandom random = new SplittableRandom(i);
                    group.fork(() -> {
                        while (System.nanoTime() - end < 0) {
                            inShortContext(step, random);
                        }
                    });
                }
                group.join();
            }
        });
    }

    private static void inShortContext(Step step, SplittableRandom random) throws Exception {
        CancellableContext context = random.nextInt(3) == 0
                ? Context.current().withTimeout(Duration.ofNanos(random.nextInt(100_000)))
                : Context.current().withCancel();
        try (context) {
            if (context.deadline().isEmpty()) { // cancelled by another goroutine, at about the same time
                Goroutine canceller = Goroutine.current().scheduler().go(context::cancel);
                context.call(() -> {
                    step.run(random);
                    return null;
                });
                canceller.join();
            } else {
                context.call(() -> {
                    step.run(random);
                    return null;
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void values(int procs) throws Exception {
        for (int capacity : new int[] {0, 1}) {
            try (TestScheduler t = TestScheduler.procs(procs)) {
                Chan<Integer> c = new Chan<>(capacity);
                Chan<Integer> other = new Chan<>();
                AtomicLong sent = new AtomicLong();
                AtomicLong received = new AtomicLong();
                AtomicInteger ended = new AtomicInteger();
                cancelAtRandom(
                        t,
                        random -> {
                            int value = 1 + random.nextInt(1_000);
                            try {
                                if (random.nextBoolean()) {
                                    c.send(value);
                                } else {
                                    Select.of(Select.receive(other), Select.send(c, value)).await();
                                }
                                sent.addAndGet(value);
                            } catch (CancelledException e) {
                                ended.incrementAndGet();
                            }
                        },
                        random -> {
                            try {
                                switch (random.nextInt(3)) {
                                    case 0 -> received.addAndGet(c.receive());
                                    case 1 -> received.addAndGet(c.receive(Duration.ofHours(1)));
                                    default -> {
                                        var from = Select.receive(c);
                                        Select.of(Select.receive(other), from).await();
                                        received.addAndGet(from.value());
                                    }
                                }
                            } catch (CancelledException e) {
                                ended.incrementAndGet();
                            }
                        });
                for (Integer left = c.tryReceive(); left != null; left = c.tryReceive()) {
                    received.addAndGet(left);
                }
                assertEquals(sent.get(), received.get());
                assertTrue(sent.get() > 0 && ended.get() > 0, sent + " sent, " + ended + " ended");
                assertFalse(other.trySend(1), "nobody is left on a queue");
                assertFalse(capacity == 0 && c.trySend(1));
                t.atRest();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void unitsAndLocks(int procs) throws Exception {
        try (TestScheduler t = TestScheduler.procs(procs)) {
            Semaphore units = new Semaphore(3);
            Mutex mutex = new Mutex();
            RWMutex rw = new RWMutex();
            AtomicInteger taken = new AtomicInteger();
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger had = new AtomicInteger();
            AtomicInteger ended = new AtomicInteger();
            cancelAtRandom(t, random -> {
                int n = 1 + random.nextInt(3);
                try {
                    switch (random.nextInt(4)) {
                        case 0 -> {
                            units.acquire(n);
                            assertTrue(taken.addAndGet(n) <= 3);
                            Goroutine.goyield();
                            taken.addAndGet(-n);
                            units.release(n);
                        }
                        case 1 -> {
                            mutex.lock(Context.current());
                            assertEquals(1, inside.incrementAndGet());
                            Goroutine.goyield();
                            inside.decrementAndGet();
                            mutex.unlock();
                        }
                        case 2 -> {
                            rw.lock(Context.current());
                            Goroutine.goyield();
                            rw.unlock();
                        }
                        default -> {
                            rw.readLock(Context.current());
                            Goroutine.goyield();
                            rw.readUnlock();
                        }
                    }
                    had.incrementAndGet();
                } catch (CancelledException e) {
                    ended.incrementAndGet();
                }
            });
            assertTrue(units.tryAcquire(3), "all units are back");
            assertEquals("mutex(free)", mutex.toString());
            assertEquals("rwmutex(free)", rw.toString());
            assertTrue(had.get() > 0 && ended.get() > 0, had + " had it, " + ended + " ended");
            t.atRest();
        }
    }

    /** Every signal that found somebody is told, and the mutex is always had again. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void signalsAndGroups(int procs) throws Exception {
        try (TestScheduler t = TestScheduler.procs(procs)) {
            Mutex mutex = new Mutex();
            Cond cond = new Cond(mutex);
            int[] tokens = new int[1];
            AtomicInteger given = new AtomicInteger();
            AtomicInteger got = new AtomicInteger();
            AtomicInteger ended = new AtomicInteger();
            cancelAtRandom(
                    t,
                    random -> {
                        mutex.lock();
                        try {
                            while (tokens[0] == 0) {
                                cond.await();
                            }
                            tokens[0]--;
                            got.incrementAndGet();
                        } catch (CancelledException e) {
                            assertTrue(mutex.isLocked());
                            ended.incrementAndGet();
                        } finally {
                            mutex.unlock();
                        }
                    },
                    random -> {
                        mutex.lock();
                        tokens[0]++;
                        mutex.unlock();
                        given.incrementAndGet();
                        cond.signal();
                        WaitGroup group = new WaitGroup();
                        group.go(() -> {});
                        try {
                            group.await();
                        } catch (CancelledException e) {
                            Context.current().withoutCancel().run(group::await);
                        }
                    });
            assertEquals(given.get(), got.get() + tokens[0]);
            assertEquals("mutex(free)", mutex.toString());
            assertTrue(got.get() > 0 && ended.get() > 0, got + " got, " + ended + " ended");
            t.atRest();
        }
    }
}
