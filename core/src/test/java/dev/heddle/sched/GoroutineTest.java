package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a goroutine is to those that start it, wait for it, look at it, and to itself. */
@Timeout(60)
class GoroutineTest {
    @Test
    void itKnowsItself() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            AtomicReference<Goroutine> self = new AtomicReference<>();
            AtomicReference<Thread> thread = new AtomicReference<>();
            Goroutine g = s.go("worker", () -> {
                self.set(Goroutine.current());
                thread.set(Thread.currentThread());
                assertSame(s, Scheduler.current());
            });
            g.join();
            assertSame(g, self.get());
            assertSame(g.thread(), thread.get());
            assertSame(s, g.scheduler());
            assertEquals("worker", g.name());
            assertEquals("worker", thread.get().getName());
            assertTrue(thread.get().isVirtual());
            assertTrue(thread.get().isDaemon());
        }
    }

    @Test
    void outsideThereIsNone() {
        assertNull(Goroutine.current());
        assertNull(Scheduler.current());
        Goroutine.gosched();
        Goroutine.goyield();
    }

    @Test
    void numbersAreUniqueAndPositive() {
        int count = 2_000;
        try (Scheduler s = Started.procs(4)) {
            Set<Long> ids = ConcurrentHashMap.newKeySet();
            for (int i = 0; i < count / 2; i++) {
                ids.add(s.go(() -> ids.add(s.go(() -> {}).id())).id());
            }
            Quiet.afterEnd(s);
            assertEquals(count, ids.size());
            assertTrue(ids.stream().allMatch(id -> id > 0));
        }
    }

    /** Go's TestGoNil, and more. */
    @Test
    void argumentsAreChecked() {
        try (Scheduler s = Started.procs(1)) {
            assertEquals("body", assertThrows(NullPointerException.class, () -> s.go(null)).getMessage());
            assertEquals("name", assertThrows(NullPointerException.class, () -> s.go(null, () -> {})).getMessage());
            assertThrows(NullPointerException.class, () -> s.threadFactory(null));
            assertThrows(NullPointerException.class, () -> s.netpollinit(null));
            assertThrows(NullPointerException.class, () -> Scheduler.start(null));
            assertEquals(0, s.stats().created());
        }
    }

    @Test
    void joinWaitsForTheEnd() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore end = new BinarySemaphore();
            Goroutine g = s.go(() -> end.acquire(WaitReason.SEMACQUIRE));
            assertFalse(g.join(Duration.ofMillis(5)));
            assertFalse(g.join(Duration.ZERO));
            Goroutine joiner = s.go(() -> {
                try {
                    g.join();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            end.release();
            assertTrue(g.join(Waiting.LIMIT));
            assertTrue(joiner.join(Waiting.LIMIT));
            g.join();
            assertTrue(g.join(Duration.ZERO));
        }
    }

    @Test
    void everyStateIsVisible() {
        try (Scheduler s = Started.unhurried(1)) {
            AtomicBoolean end = new AtomicBoolean();
            BinarySemaphore semaphore = new BinarySemaphore();
            AtomicInteger phase = new AtomicInteger();
            Goroutine g = s.go(() -> {
                phase.set(1);
                Busy.until(() -> phase.get() == 2);
                Syscall.call(() -> {
                    Busy.blockedUntil(() -> phase.get() == 3);
                    return null;
                });
                semaphore.acquire(WaitReason.COND_WAIT);
                end.set(true);
            });
            Waiting.until(s, "running", () -> phase.get() == 1 && g.state() == Goroutine.State.RUNNING);
            Goroutine behind = s.go(() -> {});
            assertEquals(Goroutine.State.RUNNABLE, behind.state());
            assertNull(behind.waitReason());
            phase.set(2);
            Waiting.until(s, "in a call", () -> g.state() == Goroutine.State.SYSCALL);
            phase.set(3);
            Waiting.until(s, "waiting", () -> g.state() == Goroutine.State.WAITING);
            assertEquals(WaitReason.COND_WAIT, g.waitReason());
            semaphore.release();
            Waiting.until(s, "dead", () -> g.state() == Goroutine.State.DEAD);
            assertTrue(end.get());
            assertNull(g.waitReason());
            Quiet.afterEnd(s);
        }
    }

    // -- thread locals --

    @Test
    void threadLocalsAreItsOwn() {
        try (Scheduler s = Started.procs(2)) {
            ThreadLocal<Integer> local = new ThreadLocal<>();
            AtomicInteger wrong = new AtomicInteger();
            for (int i = 0; i < 50; i++) {
                int number = i;
                s.go(() -> {
                    wrong.addAndGet(local.get() == null ? 0 : 1);
                    local.set(number);
                    for (int k = 0; k < 20; k++) {
                        if (k % 2 == 0) {
                            Goroutine.goyield();
                        } else {
                            Goroutine.gosched();
                        }
                        wrong.addAndGet(local.get() == number ? 0 : 1);
                    }
                });
            }
            Quiet.afterEnd(s);
            assertEquals(0, wrong.get());
        }
    }

    @Test
    void goInheritsNothingAThreadFactoryDoes() throws Exception {
        InheritableThreadLocal<String> local = new InheritableThreadLocal<>();
        local.set("mine");
        try (Scheduler s = Started.procs(1)) {
            assertNull(Started.call(s, local::get));
            AtomicReference<String> seen = new AtomicReference<>();
            Thread thread = s.threadFactory("inherits").newThread(() -> seen.set(local.get()));
            thread.start();
            thread.join();
            assertEquals("mine", seen.get());
        } finally {
            local.remove();
        }
    }

    // -- what goes wrong inside --

    @Test
    void whatABodyThrowsIsLoggedOnceAndEndsNothingElse() throws Exception {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.procs(1)) {
            RuntimeException thrown = new RuntimeException("boom");
            Goroutine g = s.go("doomed", () -> {
                throw thrown;
            });
            g.join();
            Quiet.afterEnd(s);
            List<ILoggingEvent> errors =
                    log.events().stream().filter(event -> event.getLevel() == Level.ERROR).toList();
            assertEquals(1, errors.size());
            assertTrue(errors.getFirst().getFormattedMessage().contains(g.toString()));
            assertEquals("boom", errors.getFirst().getThrowableProxy().getMessage());
            assertEquals(1, s.stats().threads().total(), "its thread lives");
            assertEquals(3, Started.call(s, () -> 3));
            assertEquals(1, s.stats().threadsCreated());
        }
    }

    private static int recurse(int depth) {
        return depth == 0 ? 0 : 1 + recurse(depth - 1);
    }

    @Test
    void anOverflowOfTheStackEndsOneGoroutineOnly() throws Exception {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.procs(1)) {
            for (int i = 0; i < 20; i++) {
                Goroutine g = s.go(() -> recurse(Integer.MAX_VALUE));
                g.join();
                assertEquals(i, Started.call(s, number(i)));
            }
            assertEquals(20, log.messages(Level.ERROR).size());
            assertTrue(log.events().stream()
                    .allMatch(event -> event.getThrowableProxy() == null
                            || event.getThrowableProxy().getClassName().equals(StackOverflowError.class.getName())));
            Quiet.afterEnd(s);
        }
    }

    private static java.util.concurrent.Callable<Integer> number(int i) {
        return () -> i;
    }

    /**
     * Starting, waking, waiting and yielding where the stack is nearly used up: errors come out of them, but the
     * scheduler goes on: no lock stays held, no P and no other goroutine is lost.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void schedulerCallsAtTheEndOfTheStackHarmNobodyElse(boolean recorded) throws Exception {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.procs(2)) {
            if (recorded) {
                s.flightRecorder().start();
            }
            for (int round = 0; round < 15; round++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                AtomicInteger alive = new AtomicInteger();
                Goroutine waiter = s.go(() -> {
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                    Goroutine.gosched();
                    alive.incrementAndGet();
                });
                Waiting.until(s, "it waits", () -> waiter.state() == Goroutine.State.WAITING);
                int mode = round % 5;
                Goroutine deep = s.go(() -> EndOfStack.run(() -> call(s, mode)));
                Waiting.until(s, "the deep one has ended", () -> deep.state() == Goroutine.State.DEAD);
                semaphore.release();
                s.go(alive::incrementAndGet);
                Waiting.until(s, "the others live", () -> alive.get() == 2);
            }
        }
    }

    private static void call(Scheduler s, int mode) {
        switch (mode) {
            case 0 -> Goroutine.goyield();
            case 1 -> s.go(() -> {});
            case 2 -> new BinarySemaphore().acquire(WaitReason.SEMACQUIRE, 1_000);
            case 3 -> Syscall.callBlocking(() -> null);
            default -> Goroutine.gosched();
        }
    }

    /** A deep stack is copied when the goroutine leaves; it comes back whole. */
    @Test
    void deepStacksParkAndReturn() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            s.go(() -> {
                for (int i = 0; i < 50; i++) {
                    semaphore.release();
                    Goroutine.gosched();
                }
                semaphore.release();
            });
            assertEquals(2_000, Started.call(s, () -> parkAtDepth(2_000, semaphore)));
        }
    }

    private static int parkAtDepth(int depth, BinarySemaphore semaphore) {
        if (depth == 0) {
            semaphore.acquire(WaitReason.SEMACQUIRE, Waiting.LIMIT.toNanos());
            return 0;
        }
        int below = parkAtDepth(depth - 1, semaphore);
        if (depth % 100 == 0) {
            Goroutine.goyield();
        }
        return below + 1;
    }

    @Test
    void dumpsSayThatItJoins() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore end = new BinarySemaphore();
            Goroutine waits = s.go(() -> end.acquire(WaitReason.SEMACQUIRE));
            List<Goroutine> joiners = List.of(
                    s.go(() -> joins(() -> waits.join())),
                    s.go(() -> joins(() -> assertTrue(waits.join(Duration.ofSeconds(60))))));
            for (Goroutine joiner : joiners) {
                Waiting.until(s, "it joins", () -> joiner.waitReason() == WaitReason.JOIN);
            }
            end.release();
            for (Goroutine joiner : joiners) {
                joiner.join();
            }
            Quiet.afterEnd(s);
        }
    }

    private interface Join {
        void run() throws InterruptedException;
    }

    private static void joins(Join join) {
        try {
            join.run();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aBodyThatInterruptsItselfEndsAsUsual() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            Goroutine g = s.go(() -> Thread.currentThread().interrupt());
            g.join();
            AtomicBoolean interrupted = new AtomicBoolean(true);
            s.go(() -> interrupted.set(Thread.currentThread().isInterrupted())).join();
            assertFalse(interrupted.get(), "the thread below does not pass it on");
            Quiet.afterEnd(s);
        }
    }
}
