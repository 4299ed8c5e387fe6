package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Operations where the stack is nearly used up, a little higher up each time: they end with an error and have done nothing, or
 * they have done all. No short lock stays held, and nobody is forgotten.
 */
@Timeout(120)
class EndOfStackTest {
    private static final int STEPS = 60;
    /** Levels of the recursion between two tries: a step of some hundred bytes. */
    private static final int LEVELS = 8;

    private final AtomicInteger done = new AtomicInteger();

    /** Recurses until the stack is used up, then tries on the way back. */
    private void atTheEndOfTheStack(int[] left, BooleanSupplier operation) {
        try {
            atTheEndOfTheStack(left, operation);
        } catch (StackOverflowError e) {
            if (left[0]-- > 0 && left[0] % LEVELS == 0 && operation.getAsBoolean()) { // may overflow again
                done.incrementAndGet();
            }
            throw e;
        }
    }

    private void deep(Crew crew, BooleanSupplier operation) {
        crew.run(() -> assertThrows(
                StackOverflowError.class, () -> atTheEndOfTheStack(new int[] {STEPS * LEVELS}, operation)));
    }

    @ParameterizedTest
    @EnumSource(names = {"GOROUTINES_ON_ONE", "GOROUTINES_ON_FOUR", "THREADS"})
    void whatWasSentIsThere(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>(1_000);
            deep(crew, () -> c.trySend(1));
            assertTrue(done.get() > 0);
            assertEquals(done.get(), c.len());
            int sent = done.getAndSet(0);
            deep(crew, () -> c.tryReceive() != null);
            assertEquals(sent - done.get(), c.len());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GOROUTINES_ON_ONE", "GOROUTINES_ON_FOUR", "THREADS"})
    void whoWaitsIsServed(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>();
            Chan<Integer> never = new Chan<>();
            AtomicInteger received = new AtomicInteger();
            for (int i = 0; i < 2; i++) {
                boolean selects = i == 1;
                crew.scheduler().go(() -> {
                    var fromC = Select.receive(c);
                    Select select = Select.of(Select.receive(never), fromC);
                    for (Integer v = 0; v != null; v = selects ? value(select, fromC) : c.receiveOrNull()) {
                        received.addAndGet(v);
                    }
                });
            }
            crew.await("both wait", () -> !c.recvq.isEmpty() && !never.recvq.isEmpty());
            deep(crew, () -> c.send(1, Duration.ofSeconds(60)));
            var toC = Select.send(c, 1);
            Select select = Select.of(toC, Select.receive(never));
            deep(crew, () -> select.await() == 0);
            crew.await("all that was sent was received", () -> received.get() == done.get());
            assertTrue(done.get() > 0);
            c.close();
            crew.await("both have ended", () -> never.recvq.isEmpty());
            assertNull(c.receiveOrNull());
        }
    }

    private static Integer value(Select select, Select.Case<Integer> of) {
        select.await();
        return of.value();
    }

    @ParameterizedTest
    @EnumSource(names = {"GOROUTINES_ON_ONE", "GOROUTINES_ON_FOUR", "THREADS"})
    void whoCannotWaitLeavesTheQueue(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>();
            deep(crew, () -> c.send(1, Duration.ofNanos(100_000)));
            deep(crew, () -> c.receive(Duration.ofNanos(100_000)) != null);
            Select select = Select.of(Select.send(c, 1), Select.receive(new Chan<>()));
            deep(crew, () -> select.await(Duration.ofNanos(100_000)) >= 0);
            assertEquals(0, done.get());
            assertTrue(c.sendq.isEmpty() && c.recvq.isEmpty());
            assertEquals(-1, select.poll(), "it can be used again");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GOROUTINES_ON_ONE", "GOROUTINES_ON_FOUR", "THREADS"})
    void aContendedMutexStaysWhole(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Mutex m = new Mutex();
            AtomicInteger locked = new AtomicInteger();
            m.lock();
            for (int i = 0; i < 5; i++) {
                crew.scheduler().go(() -> {
                    m.lock();
                    locked.incrementAndGet();
                    Goroutine.goyield();
                    m.unlock();
                });
            }
            crew.await("they wait", () -> m.toString().equals("mutex(locked, waiters)"));
            deep(crew, () -> m.tryLock(Duration.ofNanos(100_000)));
            assertEquals(0, done.get());
            boolean[] unlocked = new boolean[1];
            deep(crew, () -> {
                if (!unlocked[0]) {
                    m.unlock();
                    unlocked[0] = true;
                }
                return true;
            });
            crew.await("all had it", () -> locked.get() == 5 && !m.isLocked());
            assertEquals("mutex(free)", m.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GOROUTINES_ON_ONE", "GOROUTINES_ON_FOUR", "THREADS"})
    void theOthersStayWhole(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Semaphore s = new Semaphore(STEPS);
            deep(crew, () -> s.tryAcquire(1, Duration.ofNanos(100_000)));
            assertTrue(s.tryAcquire(STEPS - done.get()), "what was not acquired is there");
            RWMutex rw = new RWMutex();
            rw.lock();
            deep(crew, () -> rw.tryReadLock(Duration.ofNanos(100_000)) || rw.tryLock(Duration.ofNanos(100_000)));
            assertEquals("rwmutex(written)", rw.toString());
            WaitGroup wg = new WaitGroup();
            wg.add(1);
            deep(crew, () -> wg.await(Duration.ofNanos(100_000)));
            assertEquals("waitgroup(1, 0 waiters)", wg.toString());
            Mutex m = new Mutex();
            Cond c = new Cond(m);
            m.lock();
            deep(crew, () -> c.await(Duration.ofNanos(100_000)));
            assertEquals("mutex(locked)", m.toString());
        }
    }
}
