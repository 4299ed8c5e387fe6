package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The scheduler as libraries see it: an executor and a factory of threads. */
@Timeout(60)
class ExecutorTest {
    @Test
    void tasksAreGoroutines() throws Exception {
        try (Scheduler s = Started.procs(2);
                ExecutorService executor = s.executor()) {
            assertSame(s, executor.submit(Scheduler::current).get());
            List<Callable<Integer>> tasks = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                int value = i;
                tasks.add(() -> {
                    Thread.sleep(1);
                    return value;
                });
            }
            int sum = 0;
            for (Future<Integer> future : executor.invokeAll(tasks)) {
                sum += future.get();
            }
            assertEquals(4_950, sum);
            assertEquals(101, s.stats().created());
        }
    }

    @Test
    void whatATaskThrowsIsInItsFuture() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(1);
                ExecutorService executor = s.executor()) {
            Future<?> future = executor.submit(() -> {
                throw new IllegalStateException("no");
            });
            ExecutionException e = assertThrows(ExecutionException.class, future::get);
            assertEquals("no", e.getCause().getMessage());
            log.assertNoErrors();
        }
    }

    @Test
    void closingItWaitsForItsTasksAndLeavesTheScheduler() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            AtomicBoolean done = new AtomicBoolean();
            try (ExecutorService executor = s.executor()) {
                executor.execute(() -> {
                    try {
                        Thread.sleep(20);
                    } catch (InterruptedException e) {
                        return;
                    }
                    done.set(true);
                });
            }
            assertTrue(done.get());
            assertEquals(1, Started.call(s, () -> 1));
        }
    }

    @Test
    void shutdownNowInterrupts() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            ExecutorService executor = s.executor();
            Future<String> future = executor.submit(() -> {
                try {
                    Thread.sleep(1_000_000);
                    return "slept";
                } catch (InterruptedException e) {
                    return "interrupted";
                }
            });
            Waiting.until(s, "it sleeps", () -> s.stats().goroutines().waiting() == 1);
            executor.shutdownNow();
            assertTrue(executor.awaitTermination(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS));
            assertEquals("interrupted", future.get());
            assertThrows(RejectedExecutionException.class, () -> executor.submit(() -> {}));
        }
    }

    @Test
    void futuresRunOnIt() throws Exception {
        try (Scheduler s = Started.procs(2);
                ExecutorService executor = s.executor()) {
            CompletableFuture<Scheduler> future =
                    CompletableFuture.supplyAsync(Scheduler::current, executor).thenApplyAsync(first -> {
                        assertSame(s, first);
                        return Scheduler.current();
                    }, executor);
            assertSame(s, future.get());
        }
    }

    @Test
    void theFactoryMakesThreadsThatAreGoroutinesOnceStarted() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            AtomicReference<Goroutine> self = new AtomicReference<>();
            Thread thread = s.threadFactory("lib").newThread(() -> self.set(Goroutine.current()));
            assertEquals(Thread.State.NEW, thread.getState());
            assertEquals("lib", thread.getName());
            assertEquals(0, s.stats().created());
            thread.start();
            thread.join();
            assertSame(thread, self.get().thread());
            assertEquals("lib", self.get().name());
            Quiet.afterEnd(s);
            assertEquals(1, s.stats().created());
            assertThrows(IllegalThreadStateException.class, thread::start);
        }
    }
}
