package dev.heddle.os;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** A scheduler for one test, which runs bodies in goroutines and says what hangs. */
final class Running implements AutoCloseable {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    final Scheduler scheduler;

    private Running(SchedulerConfig config) {
        scheduler = Scheduler.start(config);
    }

    /** A quantum that never ends: whoever blocks without declaring it keeps the P, and the test hangs. */
    static Running withProcs(int procs) {
        return new Running(
                SchedulerConfig.defaults().withName("os-test").withProcs(procs).withQuantum(Duration.ofMinutes(10)));
    }

    interface Body {
        void run() throws Exception;
    }

    /** A goroutine and what came of it. */
    record Task<T>(Goroutine goroutine, CompletableFuture<T> outcome) {
        boolean isDone() {
            return outcome.isDone();
        }
    }

    <T> Task<T> go(Callable<T> body) {
        CompletableFuture<T> outcome = new CompletableFuture<>();
        Goroutine g = scheduler.go("body", () -> {
            try {
                outcome.complete(body.call());
            } catch (Throwable e) {
                outcome.completeExceptionally(e);
            }
        });
        return new Task<>(g, outcome);
    }

    <T> T await(Task<T> task) throws Exception {
        try {
            return task.outcome().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw e;
            }
        } catch (TimeoutException e) {
            throw new AssertionError("no end after " + DEADLINE + "\n" + scheduler.dump(), e);
        }
    }

    <T> T call(Callable<T> body) throws Exception {
        return await(go(body));
    }

    void run(Body body) throws Exception {
        call(() -> {
            body.run();
            return null;
        });
    }

    void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("not within " + DEADLINE + ": " + what + "\n" + scheduler.dump());
            }
            Thread.sleep(1);
        }
    }

    @Override
    public void close() {
        scheduler.close();
    }
}
