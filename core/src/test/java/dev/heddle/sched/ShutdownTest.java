package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.context.TaskGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The end of a scheduler: goroutines get their grace, threads end, and nothing starts afterwards. */
@Timeout(120)
class ShutdownTest {
    /** Platform threads of this scheduler. */
    private static List<String> threads(Scheduler s) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith(s.config().name() + "-"))
                .toList();
    }

    private static void allThreadsEnd(Scheduler s) {
        Waiting.until(s, "all threads have ended", () -> threads(s).isEmpty());
        assertEquals(0, s.stats().threads().total());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void withoutGoroutinesItEndsAtOnce(int procs) {
        Scheduler s = Started.procs(procs);
        assertTrue(threads(s).size() >= 2, "sysmon and the template thread");
        assertTrue(s.shutdown(Duration.ofSeconds(10)));
        allThreadsEnd(s);
    }

    /** Whoever wants that lock afterwards would wait for ever. */
    @Test
    void whatRunsIsNotLeftBehindWithALock() throws Exception {
        Scheduler s = Started.procs(1);
        ReentrantLock lock = new ReentrantLock();
        CountDownLatch locked = new CountDownLatch(1);
        s.go(() -> {
            lock.lock();
            try {
                locked.countDown();
                LockSupport.park();
                long begin = System.nanoTime();
                while (System.nanoTime() - begin < 500_000_000) { // longer than it is given after the interrupt
                    Goroutine.gosched();
                }
            } finally {
                lock.unlock();
            }
        });
        locked.await();
        assertFalse(s.shutdown(Duration.ZERO));
        assertTrue(lock.tryLock(10, TimeUnit.SECONDS), s::dump);
        allThreadsEnd(s);
    }

    @Test
    void itWaitsForGoroutines() {
        Scheduler s = Started.procs(2);
        AtomicInteger ended = new AtomicInteger();
        for (int i = 0; i < 100; i++) {
            s.go(() -> {
                for (int k = 0; k < 5; k++) {
                    LockSupport.parkNanos(1_000_000);
                    Goroutine.gosched();
                }
                ended.incrementAndGet();
            });
        }
        assertTrue(s.shutdown(Waiting.LIMIT));
        assertEquals(100, ended.get());
        allThreadsEnd(s);
    }

    @Test
    void afterTheGraceItInterrupts() {
        Scheduler s = Started.procs(1);
        AtomicReference<String> end = new AtomicReference<>();
        Goroutine g = s.go(() -> {
            try {
                Goroutine.sleep(Duration.ofSeconds(1_000));
                end.set("slept");
            } catch (InterruptedException e) {
                end.set("interrupted");
            }
        });
        Waiting.until(s, "it sleeps", () -> g.waitReason() == WaitReason.SLEEP);
        assertFalse(s.shutdown(Duration.ofMillis(5)));
        assertTrue("interrupted".equals(end.get()) || g.thread().isInterrupted(), end.get());
        allThreadsEnd(s);
    }

    @Test
    void closeInterruptsAtOnce() {
        Scheduler s = Started.procs(1);
        CountDownLatch never = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        Goroutine g = s.go(() -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
        });
        Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
        s.close();
        assertTrue(interrupted.get() || g.thread().isInterrupted());
        allThreadsEnd(s);
        s.close();
    }

    @Test
    void whoIgnoresTheInterruptStaysParkedAndHoldsNothingUp() {
        Scheduler s = Started.procs(1);
        BinarySemaphore never = new BinarySemaphore();
        Goroutine g = s.go(() -> never.acquire(WaitReason.CHAN_RECEIVE));
        Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
        assertFalse(s.shutdown(Duration.ofMillis(5)));
        allThreadsEnd(s);
        never.release(); // the wake-up comes too late; nothing happens
        assertTrue(g.thread().isAlive());
    }

    @Test
    void afterwardsNothingStarts() {
        Scheduler s = Started.procs(1);
        Thread unstarted = s.threadFactory("late").newThread(() -> {});
        s.close();
        RejectedExecutionException e = assertThrows(RejectedExecutionException.class, () -> s.go(() -> {}));
        assertEquals("scheduler " + s.config().name() + " is closed", e.getMessage());
        assertThrows(RejectedExecutionException.class, () -> s.executor().submit(() -> {}));
        assertThrows(RejectedExecutionException.class, unstarted::start);
        assertEquals(0, s.sched().allGs.live());
    }

    /** What is waited for must not break for want of goroutines: its children start, in whatever way, and are waited for. */
    @Test
    void duringTheGraceChildrenStartAndAreWaitedFor() throws Exception {
        Scheduler s = Started.procs(2);
        Thread strange = Started.call(s, () -> Thread.ofVirtual().unstarted(() -> {}));
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger ended = new AtomicInteger();
        Runnable work = () -> {
            LockSupport.parkNanos(20_000_000);
            ended.incrementAndGet();
        };
        Goroutine parent = s.go(() -> {
            try {
                go.await();
                s.go(() -> s.go(work));
                s.go("a name", work);
                s.goSystem("system", work).join();
                s.threadFactory("").newThread(work).start();
                s.executor().execute(work);
                Thread.startVirtualThread(() -> Thread.startVirtualThread(work));
                try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                    executor.execute(work);
                }
                try (TaskGroup group = TaskGroup.open()) {
                    group.fork(work::run);
                    group.join();
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        AtomicReference<Boolean> result = new AtomicReference<>();
        Thread shutdown = Thread.ofPlatform().start(() -> result.set(s.shutdown(Waiting.LIMIT)));
        Waiting.until(s, "it is shutting down", () -> !s.sched().life.isOpen());
        assertThrows(RejectedExecutionException.class, () -> s.go(() -> {}), "from outside");
        assertThrows(RejectedExecutionException.class, strange::start, "made inside, started outside");
        go.countDown();
        assertTrue(shutdown.join(Waiting.LIMIT), s::dump);
        assertTrue(result.get());
        parent.join();
        assertEquals(8, ended.get());
        allThreadsEnd(s);
    }

    /** Pollers and the like bring work from outside, and would bring it until the grace is over. */
    @Test
    void duringTheGraceSystemGoroutinesStartNone() throws Exception {
        Scheduler s = Started.procs(1);
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        AtomicReference<Class<?>> refused = new AtomicReference<>();
        Goroutine system = s.goSystem("poller", () -> {
            await(go);
            refused.set(thrown(() -> s.go(() -> {})));
        });
        s.go(() -> await(end));
        Thread shutdown = Thread.ofPlatform().start(() -> s.shutdown(Waiting.LIMIT));
        Waiting.until(s, "it is shutting down", () -> !s.sched().life.isOpen());
        go.countDown();
        system.join();
        assertEquals(RejectedExecutionException.class, refused.get());
        end.countDown();
        assertTrue(shutdown.join(Waiting.LIMIT), s::dump);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** They could not be run to their end. */
    @Test
    void afterItsTimeNobodyStartsAny() {
        try (LogCapture log = LogCapture.quiet()) {
            Scheduler s = Started.procs(1);
            AtomicBoolean over = new AtomicBoolean();
            AtomicReference<Class<?>> refused = new AtomicReference<>();
            AtomicReference<Class<?>> strangerRefused = new AtomicReference<>();
            Goroutine hog = s.go(() -> {
                Busy.until(over::get);
                refused.set(thrown(() -> s.go(() -> {})));
                strangerRefused.set(thrown(() -> Thread.startVirtualThread(() -> {})));
            });
            Waiting.until(s, "it computes", () -> hog.state() == Goroutine.State.RUNNING);
            assertFalse(s.shutdown(Duration.ZERO));
            over.set(true);
            allThreadsEnd(s);
            assertEquals(RejectedExecutionException.class, refused.get());
            assertEquals(RejectedExecutionException.class, strangerRefused.get());
        }
    }

    /** Whoever joins what will not end learns it, whether he came before or comes afterwards. */
    @Test
    void joiningWhatIsLeftBehindDoesNotHang() throws Exception {
        try (Scheduler other = Started.procs(1);
                LogCapture log = LogCapture.quiet()) {
            // no thread is left for the P of the hog, or it would be taken when the machine stands still and the hog seems to sleep
            Scheduler s = Started.with(1, config -> config.withQuantum(Started.NO_PREEMPTION).withMaxThreads(2));
            BinarySemaphore never = new BinarySemaphore();
            AtomicBoolean over = new AtomicBoolean();
            Goroutine parked = s.go("parked", () -> never.acquire(WaitReason.CHAN_RECEIVE));
            Waiting.until(s, "it waits", () -> parked.state() == Goroutine.State.WAITING);
            Goroutine hogThatParks = s.go(() -> Syscall.callBlocking(() -> {
                Busy.blockedUntil(over::get);
                never.acquire(WaitReason.CHAN_RECEIVE);
                return null;
            }));
            Waiting.until(s, "it blocks", () -> hogThatParks.state() == Goroutine.State.SYSCALL);
            Goroutine hog = s.go(() -> Busy.until(over::get));
            Waiting.until(s, "it computes, with the only P", () -> hog.state() == Goroutine.State.RUNNING);
            Goroutine queued = s.go(() -> {});
            List<CompletableFuture<String>> early = new ArrayList<>();
            for (Goroutine g : List.of(parked, queued, hog, hogThatParks)) {
                early.add(joined(g, action -> Thread.ofPlatform().start(action)));
                early.add(joined(g, other::go));
                early.add(joined(g, action -> other.go(() -> Thread.startVirtualThread(action))));
            }
            assertFalse(s.shutdown(Duration.ZERO));

            String left = "CancellationException: goroutine 1 \"parked\" does not end: it is left from scheduler "
                    + s.config().name();
            assertEquals(left, joined(parked, action -> Thread.ofPlatform().start(action)).get(20, TimeUnit.SECONDS));
            assertFalse(parked.join(Duration.ofDays(1)));
            assertFalse(parked.join(Duration.ZERO));
            for (int i = 0; i < 6; i++) {
                assertTrue(early.get(i).get(20, TimeUnit.SECONDS).startsWith("CancellationException"), "joiner " + i);
            }
            for (int i = 6; i < 12; i++) {
                assertFalse(early.get(i).isDone(), "it is on a thread, and may end");
            }
            over.set(true);
            for (int i = 6; i < 12; i++) {
                String expected = i < 9 ? "ended" : "CancellationException";
                assertTrue(early.get(i).get(20, TimeUnit.SECONDS).startsWith(expected), "joiner " + i);
            }
            hog.join();
            allThreadsEnd(s);
        }
    }

    private static CompletableFuture<String> joined(Goroutine g, Consumer<Runnable> start) {
        CompletableFuture<String> result = new CompletableFuture<>();
        start.accept(() -> {
            try {
                g.join();
                result.complete("ended");
            } catch (Throwable e) {
                result.complete(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        });
        return result;
    }

    /** Whoever is in a greater hurry is not held up by who is not. */
    @Test
    void aShorterGraceCounts() throws Exception {
        for (int i = 0; i < 3; i++) {
            Scheduler s = Started.procs(1);
            AtomicReference<Throwable> interrupted = new AtomicReference<>();
            Goroutine g = s.go(() -> {
                try {
                    Thread.sleep(1_000_000);
                } catch (InterruptedException e) {
                    interrupted.set(e);
                }
            });
            AtomicReference<Boolean> result = new AtomicReference<>();
            Thread patient = Thread.ofPlatform().start(() -> result.set(s.shutdown(Duration.ofDays(1_000))));
            Waiting.until(s, "it is shutting down", () -> !s.sched().life.isOpen());
            switch (i) {
                case 0 -> s.close();
                case 1 -> assertFalse(s.shutdown(Duration.ofMillis(1)));
                default -> {
                    Thread.currentThread().interrupt();
                    assertFalse(s.shutdown(Duration.ofDays(1)));
                    assertTrue(Thread.interrupted());
                }
            }
            assertTrue(patient.join(Waiting.LIMIT), s::dump);
            assertFalse(result.get());
            g.join();
            assertEquals(InterruptedException.class, interrupted.get().getClass());
            allThreadsEnd(s);
        }
    }

    /** Each ends the goroutine that ends the other, which must not matter to that one. */
    @Test
    void twoThatEndEachOther() {
        for (int i = 0; i < 20; i++) {
            Scheduler first = Started.procs(1);
            Scheduler second = Started.procs(1);
            AtomicBoolean go = new AtomicBoolean();
            first.go(() -> {
                while (!go.get()) {
                    Goroutine.gosched();
                }
                second.shutdown(Duration.ofMillis(5));
            });
            second.go(() -> {
                while (!go.get()) {
                    Goroutine.gosched();
                }
                first.shutdown(Duration.ofMillis(5));
            });
            go.set(true);
            allThreadsEnd(first);
            allThreadsEnd(second);
            assertFalse(first.shutdown(Duration.ZERO));
            assertFalse(second.shutdown(Duration.ZERO));
        }
    }

    private static Class<?> thrown(Runnable action) {
        try {
            action.run();
            return null;
        } catch (RuntimeException e) {
            return e.getClass();
        }
    }

    @Test
    void aGoroutineCannotShutItsOwnSchedulerDown() throws Exception {
        try (Scheduler s = Started.procs(1);
                Scheduler other = Started.procs(1)) {
            IllegalStateException e = Started.call(
                    s, () -> assertThrows(IllegalStateException.class, () -> s.shutdown(Duration.ZERO)));
            assertTrue(e.getMessage().contains("own scheduler"), e.getMessage());
            assertEquals(1, Started.call(s, () -> 1), "it goes on");
            assertTrue(Started.call(s, () -> other.shutdown(Waiting.LIMIT)), "another's it can");
            allThreadsEnd(other);
        }
    }

    @Test
    void systemGoroutinesAreNeitherWaitedForNorInterrupted() {
        Scheduler s = Started.procs(1);
        BinarySemaphore never = new BinarySemaphore();
        Goroutine system = s.goSystem("poller", () -> never.acquire(WaitReason.IO_WAIT));
        Waiting.until(s, "it waits", () -> system.state() == Goroutine.State.WAITING);
        assertTrue(s.shutdown(Duration.ofSeconds(10)));
        assertFalse(system.thread().isInterrupted());
        allThreadsEnd(s);
    }

    /** Threads inside goroutines that do not end are left behind, with a word about it, and end with them. */
    @Test
    void threadsOfBusyGoroutinesEndWithThem() {
        try (LogCapture log = LogCapture.quiet()) {
            Scheduler s = Started.procs(1);
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger inside = new AtomicInteger();
            s.go(() -> {
                inside.incrementAndGet();
                Busy.blockedUntil(end::get);
            });
            s.go(() -> Syscall.callBlocking(() -> {
                inside.incrementAndGet();
                Busy.blockedUntil(end::get);
                return null;
            }));
            Waiting.until(s, "both are inside", () -> inside.get() == 2);
            assertFalse(s.shutdown(Duration.ZERO));
            assertEquals(2, threads(s).size(), threads(s).toString());
            assertTrue(log.events().getFirst().getFormattedMessage().contains("2 threads"), log.events().toString());
            end.set(true);
            allThreadsEnd(s);
        }
    }

    /** Interrupted itself, it ends the scheduler at once and keeps the interrupt. */
    @Test
    void anInterruptedShutdownInterruptsTheGoroutines() {
        Scheduler s = Started.procs(1);
        Goroutine g = s.go(() -> {
            try {
                Thread.sleep(1_000_000);
            } catch (InterruptedException e) {
                // this is how it ends
            }
        });
        Waiting.until(s, "it sleeps", () -> g.state() == Goroutine.State.WAITING);
        Thread.currentThread().interrupt();
        assertFalse(s.shutdown(Duration.ofSeconds(1_000)));
        assertTrue(Thread.interrupted());
        allThreadsEnd(s);
    }

    /** Also {@code close} by a thread that was interrupted before: a test that has failed, a server that is told to end. */
    @Test
    void whoIsInterruptedByAnInterruptedShutdownHasTimeToEnd() {
        Scheduler s = Started.procs(1);
        AtomicBoolean cleanedUp = new AtomicBoolean();
        Goroutine g = s.go(() -> {
            try {
                Goroutine.sleep(Duration.ofSeconds(1_000));
            } catch (InterruptedException e) {
                // this is how it ends
            } finally {
                LockSupport.parkNanos(1_000_000);
                cleanedUp.set(true);
            }
        });
        Waiting.until(s, "it sleeps", () -> g.waitReason() == WaitReason.SLEEP);
        Thread.currentThread().interrupt();
        assertFalse(s.shutdown(Duration.ofSeconds(1_000)));
        assertTrue(Thread.interrupted());
        assertTrue(cleanedUp.get());
        allThreadsEnd(s);
    }

    @Test
    void whatIsNoGraceEndsNothing() {
        try (Scheduler s = Started.procs(1)) {
            assertThrows(NullPointerException.class, () -> s.shutdown(null));
            s.go(() -> {});
        }
    }

    @Test
    void severalThreadsMayShutItDown() throws Exception {
        Scheduler s = Started.procs(2);
        AtomicInteger ended = new AtomicInteger();
        for (int i = 0; i < 20; i++) {
            s.go(() -> LockSupport.parkNanos(20_000_000));
        }
        Thread[] all = new Thread[4];
        for (int i = 0; i < all.length; i++) {
            all[i] = Thread.ofPlatform().start(() -> ended.addAndGet(s.shutdown(Waiting.LIMIT) ? 1 : 0));
        }
        for (Thread thread : all) {
            assertTrue(thread.join(Waiting.LIMIT.multipliedBy(2)));
        }
        assertEquals(4, ended.get());
        allThreadsEnd(s);
    }

    /** Starts and ends under contention: none may hang. */
    @Test
    void manyShortLives() {
        for (int i = 0; i < 150; i++) {
            Scheduler s = Started.procs(1 + i % 4);
            AtomicInteger ran = new AtomicInteger();
            int count = i % 7;
            for (int k = 0; k < count; k++) {
                s.go(() -> {
                    LockSupport.parkNanos(50_000);
                    ran.incrementAndGet();
                });
            }
            boolean ended = s.shutdown(Waiting.LIMIT);
            assertTrue(ended, () -> "life did not end\n" + s.dump());
            assertEquals(count, ran.get());
            allThreadsEnd(s);
        }
    }

    @Test
    void theLongestGraceWorks() {
        Scheduler s = Started.procs(1);
        s.go(() -> LockSupport.parkNanos(1_000_000));
        assertTrue(s.shutdown(Duration.ofSeconds(Long.MAX_VALUE)));
        allThreadsEnd(s);
    }
}
