package dev.heddle.load.jmh;

import dev.heddle.time.Timer;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What does a timer cost that is created and stopped before its time, as most time-outs are? Beside it what the JDK has for
 * it: a scheduled pool, and the delays of the pool that runs virtual threads.
 */
public class TimerBenchmark extends Measured {
    private static final int TIMERS = 1000;
    private static final Duration LATER = Duration.ofHours(1);

    /** The JDK's scheduled pool. */
    @State(Scope.Benchmark)
    public static class Pool {
        private ScheduledThreadPoolExecutor pool;

        /** Starts it. */
        @Setup(Level.Trial)
        public void start() {
            pool = (ScheduledThreadPoolExecutor) Executors.newScheduledThreadPool(1);
            pool.setRemoveOnCancelPolicy(true);
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void stop() {
            pool.shutdownNow();
        }
    }

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(TIMERS)
    public void heddle(Threads threads) throws InterruptedException {
        threads.inGoroutine(() -> {
            for (int i = 0; i < TIMERS; i++) {
                Timer.afterFunc(LATER, TimerBenchmark::nothing).stop();
            }
        });
    }

    /** The JDK's scheduled pool. */
    @Benchmark
    @OperationsPerInvocation(TIMERS)
    public void jdk(Pool pool) throws InterruptedException {
        Threads.inVirtualThread(() -> {
            for (int i = 0; i < TIMERS; i++) {
                ScheduledFuture<?> timer = pool.pool.schedule(TimerBenchmark::nothing, 1, TimeUnit.HOURS);
                timer.cancel(false);
            }
        });
    }

    /** The JDK's fork-join pool. */
    @Benchmark
    @OperationsPerInvocation(TIMERS)
    public void jdkForkJoin() throws InterruptedException {
        Threads.inVirtualThread(() -> {
            for (int i = 0; i < TIMERS; i++) {
                ScheduledFuture<?> timer =
                        ForkJoinPool.commonPool().schedule(TimerBenchmark::nothing, 1, TimeUnit.HOURS);
                timer.cancel(false);
            }
        });
    }

    private static void nothing() {}
}
