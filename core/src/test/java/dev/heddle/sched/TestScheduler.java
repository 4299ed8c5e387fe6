package dev.heddle.sched;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A scheduler for tests of other packages, with what they need of {@link Started}, {@link Waiting}, {@link Quiet}. */
public final class TestScheduler implements AutoCloseable {
    public final Scheduler scheduler;

    private TestScheduler(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    public static TestScheduler procs(int procs) {
        return new TestScheduler(Started.procs(procs));
    }

    /** Without preemption: a goroutine that computes keeps its P. */
    public static TestScheduler unhurried(int procs) {
        return new TestScheduler(Started.unhurried(procs));
    }

    /** Runs the body in a goroutine, waits, and returns or throws what the body did. */
    public <T> T call(Callable<T> body) throws Exception {
        return Started.call(scheduler, body);
    }

    public interface Body {
        void run() throws Exception;
    }

    public void run(Body body) throws Exception {
        call(() -> {
            body.run();
            return null;
        });
    }

    /** Waits until the condition holds; fails with a dump if that takes too long. */
    public void until(String what, BooleanSupplier condition) {
        Waiting.until(scheduler, what, condition);
    }

    /** The same, but the time in which it may fail begins when a stress test is over. */
    public void afterwards(long endNanos, String what, BooleanSupplier condition) {
        while (System.nanoTime() - endNanos < 0) {
            LockSupport.parkNanos(1_000_000);
        }
        until(what, condition);
    }

    /** Runs a body that goes on until some time in a goroutine, waits, and throws what the body did. */
    public void run(long endNanos, Body body) throws Exception {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        scheduler.go("under stress", () -> {
            try {
                body.run();
                ended.complete(null);
            } catch (Throwable e) {
                ended.completeExceptionally(e);
            }
        });
        afterwards(endNanos, "the goroutine has ended", ended::isDone);
        ended.get();
    }

    /** Computes until the condition holds, without a scheduling point. */
    public static void busyUntil(BooleanSupplier condition) {
        Busy.until(condition);
    }

    /** Waits until no goroutine lives and nothing is left on any queue. */
    public void atRest() {
        Quiet.afterEnd(scheduler);
    }

    /** How many timers are on heaps. */
    public int timers() {
        return scheduler.stats().perProc().stream().mapToInt(SchedulerStats.Proc::timers).sum();
    }

    /** Nanoseconds that a stress test may take: what was asked for, else the milliseconds given. */
    public static long stressNanos(long millisInTheBuild) {
        return StressTime.nanos(millisInTheBuild);
    }

    @Override
    public void close() {
        scheduler.close();
    }
}
