package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One signal, one waiter, in order; after Go's {@code cond_test.go}, of which TestCondCopy has no sense here. */
@Timeout(120)
class CondTest {
    private final Mutex m = new Mutex();
    private final Cond c = new Cond(m);
    /** How many have begun to wait; with the mutex. */
    private int waiting;

    private void awaitWaiting(Crew crew, int n) {
        crew.await(n + " wait", () -> {
            m.lock();
            try {
                return waiting == n;
            } finally {
                m.unlock();
            }
        });
    }

    /** {@code TestCondSignal}: each signal wakes one, and only one. */
    @ParameterizedTest
    @EnumSource
    void condSignal(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int n = 4;
            AtomicInteger awake = new AtomicInteger();
            for (int i = 0; i < n; i++) {
                crew.go(() -> {
                    m.lock();
                    waiting++;
                    c.await();
                    awake.incrementAndGet();
                    m.unlock();
                });
            }
            awaitWaiting(crew, n);
            for (int i = 1; i <= n; i++) {
                int expected = i;
                assertEquals(i - 1, awake.get(), "goroutine not asleep");
                m.lock();
                c.signal();
                m.unlock();
                crew.await("one is awake", () -> awake.get() == expected);
            }
            crew.join();
            c.signal();
        }
    }

    /** {@code TestCondSignalGenerations}: first come, first served. */
    @ParameterizedTest
    @EnumSource
    void condSignalGenerations(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int n = 50;
            List<Integer> order = Collections.synchronizedList(new ArrayList<>());
            for (int i = 0; i < n; i++) {
                int me = i;
                crew.go(() -> {
                    m.lock();
                    waiting++;
                    c.await();
                    order.add(me);
                    m.unlock();
                });
                awaitWaiting(crew, i + 1);
                if (i > 0 && i % 2 == 0) {
                    int before = order.size();
                    c.signal();
                    crew.await("one is awake", () -> order.size() == before + 1);
                }
            }
            while (order.size() < n) {
                int before = order.size();
                c.signal();
                crew.await("one is awake", () -> order.size() == before + 1);
            }
            crew.join();
            for (int i = 0; i < n; i++) {
                assertEquals(i, order.get(i));
            }
        }
    }

    /** {@code TestCondBroadcast}. */
    @ParameterizedTest
    @EnumSource
    void condBroadcast(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int n = 50;
            int rounds = 5;
            AtomicInteger awake = new AtomicInteger();
            AtomicBoolean exit = new AtomicBoolean();
            for (int i = 0; i < n; i++) {
                crew.go(() -> {
                    m.lock();
                    while (!exit.get()) {
                        waiting++;
                        c.await();
                        awake.incrementAndGet();
                    }
                    m.unlock();
                });
            }
            for (int i = 1; i <= rounds; i++) {
                int round = i;
                awaitWaiting(crew, n * i);
                assertEquals(n * (i - 1), awake.get(), "nobody wakes by himself");
                m.lock();
                exit.set(i == rounds);
                c.broadcast();
                m.unlock();
                crew.await("all are awake", () -> awake.get() == n * round);
            }
            crew.join();
            c.broadcast();
        }
    }

    /** {@code TestRace}: of three, one waits for the second, and the third for the first or for nobody, as they come. */
    @ParameterizedTest
    @EnumSource
    void race(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int round = 0; round < 200; round++) {
                Mutex mutex = new Mutex();
                Cond cond = new Cond(mutex);
                int[] x = new int[1];
                crew.go(() -> {
                    mutex.lock();
                    x[0] = 1;
                    cond.await();
                    assertEquals(2, x[0]);
                    x[0] = 3;
                    cond.signal();
                    mutex.unlock();
                });
                crew.go(() -> {
                    lockWhen(mutex, () -> x[0] == 1);
                    x[0] = 2;
                    cond.signal();
                    mutex.unlock();
                });
                crew.go(() -> {
                    lockWhen(mutex, () -> x[0] >= 2);
                    if (x[0] == 2) {
                        cond.await();
                        assertEquals(3, x[0]);
                    }
                    mutex.unlock();
                });
                crew.join();
            }
        }
    }

    private static void lockWhen(Mutex mutex, BooleanSupplier condition) {
        mutex.lock();
        while (!condition.getAsBoolean()) {
            mutex.unlock();
            Thread.yield();
            mutex.lock();
        }
    }

    /** {@code TestCondSignalStealing}: a signal is for who waits, not for who comes then. */
    @ParameterizedTest
    @EnumSource
    void condSignalStealing(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int round = 0; round < 200; round++) {
                Mutex mutex = new Mutex();
                Cond cond = new Cond(mutex);
                boolean[] done = new boolean[1];
                AtomicBoolean waits = new AtomicBoolean();
                AtomicBoolean firstAwake = new AtomicBoolean();
                crew.go(() -> {
                    mutex.lock();
                    waits.set(true);
                    cond.await();
                    firstAwake.set(true);
                    mutex.unlock();
                });
                crew.await("the first waits", waits::get);
                mutex.lock(); // it has unlocked, so it is on the queue
                mutex.unlock();
                crew.go(() -> {
                    mutex.lock();
                    while (!done[0]) {
                        cond.await();
                    }
                    mutex.unlock();
                });
                cond.signal();
                crew.await("the signal was for the first", firstAwake::get);
                mutex.lock();
                done[0] = true;
                mutex.unlock();
                cond.broadcast();
                crew.join();
            }
        }
    }

    @Test
    void awaitNeedsTheMutex() {
        assertThrows(IllegalStateException.class, c::await);
        assertThrows(NullPointerException.class, () -> new Cond(null));
        m.lock();
        assertFalse(c.await(Duration.ofMillis(2)));
        assertTrue(m.isLocked());
        assertFalse(c.await(Duration.ZERO));
        assertTrue(m.isLocked());
        c.signal(); // nobody is left on the queue to take it
        assertFalse(c.await(Duration.ofNanos(1)));
        m.unlock();
        assertEquals(m, c.mutex());
    }

    /** Signals that race with the end of the time are used once: by that waiter, or by the next. */
    @ParameterizedTest
    @EnumSource
    void noSignalIsLostOnAWaiterThatGivesUp(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int[] tokens = new int[1];
            int[] taken = new int[1];
            AtomicBoolean over = new AtomicBoolean();
            for (int i = 0; i < 4; i++) {
                int me = i;
                crew.go(() -> {
                    m.lock();
                    while (!over.get() || tokens[0] > 0) {
                        if (tokens[0] > 0) {
                            tokens[0]--;
                            taken[0]++;
                        } else if (me == 0) {
                            c.await();
                        } else if (c.await(Duration.ofNanos(30_000)) && tokens[0] == 0) {
                            c.signal(); // somebody else has taken the token: this signal may not be the only one under way
                        }
                    }
                    m.unlock();
                });
            }
            int made = 3_000;
            crew.go(() -> {
                for (int i = 0; i < made; i++) {
                    m.lock();
                    tokens[0]++;
                    c.signal();
                    m.unlock();
                    Thread.yield();
                }
                m.lock();
                over.set(true);
                c.broadcast();
                m.unlock();
            });
            crew.join();
            assertEquals(made, taken[0]);
        }
    }

    @Test
    void dumpsSayForWhatAGoroutineWaits() {
        try (Crew crew = Crew.inTurn()) {
            Goroutine g = crew.scheduler().go(() -> {
                m.lock();
                c.await();
                m.unlock();
            });
            crew.await("it waits", () -> g.waitReason() == WaitReason.COND_WAIT);
            assertTrue(crew.scheduler().dump().contains("goroutine " + g.id() + " [sync.Cond.Wait]"));
            g.thread().interrupt();
            assertFalse(m.isLocked());
            c.signal();
            crew.await("it has ended", () -> g.state() == Goroutine.State.DEAD);
        }
    }
}
