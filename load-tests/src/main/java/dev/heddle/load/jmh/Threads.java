package dev.heddle.load.jmh;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The two schedulers, and how the benchmark's own platform thread gets code run on them. */
@State(Scope.Benchmark)
public class Threads {
    private static final String PARALLELISM = "jdk.virtualThreadScheduler.parallelism";

    Scheduler scheduler;

    /** Starts Heddle's scheduler; the JDK's starts by itself. */
    @Setup(Level.Trial)
    public void start() {
        int procs = Integer.getInteger(PARALLELISM, Runtime.getRuntime().availableProcessors());
        scheduler = Scheduler.start(SchedulerConfig.defaults().withProcs(procs));
    }

    /** Ends it. */
    @TearDown(Level.Trial)
    public void stop() {
        scheduler.close();
    }

    /** Runs a body in a goroutine and waits for its end. */
    void inGoroutine(Runnable body) throws InterruptedException {
        Goroutine g = scheduler.go(body);
        g.join();
    }

    /** Runs a body in a virtual thread of the JDK's scheduler and waits for its end. */
    static void inVirtualThread(Runnable body) throws InterruptedException {
        Thread.startVirtualThread(body).join();
    }

    /** A body that may be interrupted, which none is. */
    @FunctionalInterface
    interface Body {
        void run() throws InterruptedException;
    }

    /** Makes something that goroutines and threads can run of it. */
    static Runnable unchecked(Body body) {
        return () -> {
            try {
                body.run();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
    }
}
