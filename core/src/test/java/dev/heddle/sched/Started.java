package dev.heddle.sched;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** Schedulers for tests, each with a name of its own, and goroutines whose result a test waits for. */
final class Started {
    /** So long that no goroutine of a test ever comes near it: switches preemption off. */
    static final Duration NO_PREEMPTION = Duration.ofSeconds(1_000);

    private static final AtomicInteger COUNT = new AtomicInteger();

    private Started() {}

    static Scheduler procs(int procs) {
        return with(procs, config -> config);
    }

    /** Without preemption, so that the order of events is exact. */
    static Scheduler unhurried(int procs) {
        return with(procs, config -> config.withQuantum(NO_PREEMPTION));
    }

    static Scheduler with(int procs, UnaryOperator<SchedulerConfig> settings) {
        SchedulerConfig config =
                SchedulerConfig.defaults().withName("test" + COUNT.incrementAndGet()).withProcs(procs);
        return Scheduler.start(settings.apply(config));
    }

    /**
     * Without preemption and without sysmon, which wakes somebody when it sees work beside an idle P, and so hides that a
     * wake-up was lost. Calls that block keep their P here.
     */
    static Scheduler withoutSysmon(int procs) {
        Preload.once();
        Scheduler scheduler = new Scheduler(
                SchedulerConfig.defaults().withName("test" + COUNT.incrementAndGet()).withProcs(procs));
        scheduler.sched().threads.start();
        return scheduler;
    }

    /** Has a thread made beside the first, for which the first blocking call of a scheduler waits. */
    static void secondThread(Scheduler scheduler) throws Exception {
        call(scheduler, () -> Syscall.call(() -> 1));
        Waiting.until(scheduler, "a thread is spare", () -> scheduler.sched().spares.count() > 0);
    }

    /** The parts of a scheduler, wired but without threads. */
    static Sched unstarted(int procs) {
        return new Sched(null, SchedulerConfig.defaults().withName("unstarted").withProcs(procs));
    }

    /** Goroutines that nobody runs, to be put on queues. */
    static G[] goroutines(Sched sched, int count) {
        G[] all = new G[count];
        for (int i = 0; i < count; i++) {
            all[i] = new G(sched, "g" + i, false, () -> {});
        }
        return all;
    }

    /** Runs the body in a goroutine, waits, and returns or throws what the body did. */
    static <T> T call(Scheduler scheduler, Callable<T> body) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        scheduler.go("under test", () -> {
            try {
                result.complete(body.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        Waiting.until(scheduler, "the goroutine has ended", result::isDone);
        try {
            return result.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }
}
