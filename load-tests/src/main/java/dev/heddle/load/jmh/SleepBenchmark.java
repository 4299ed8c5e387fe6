package dev.heddle.load.jmh;

import dev.heddle.sched.Goroutine;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * How late does a sleep of 1 ms end, alone and among ten thousand others? One operation is the time from the start of
 * the first to the end of the last; what exceeds 1 ms is the price.
 */
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SleepBenchmark extends Measured {
    private static final Duration NAP = Duration.ofMillis(1);

    /** How many sleep at once. */
    @State(Scope.Benchmark)
    public static class Crowd {
        /** One alone, or many. */
        @Param({"1", "10000", "100000"})
        public int sleepers;
    }

    /** Heddle, by the timers of its Ps. */
    @Benchmark
    public void heddle(Threads threads, Crowd crowd) throws InterruptedException {
        int sleepers = crowd.sleepers;
        CountDownLatch done = new CountDownLatch(sleepers);
        threads.inGoroutine(() -> {
            for (int i = 0; i < sleepers; i++) {
                threads.scheduler.go(() -> {
                    try {
                        Goroutine.sleep(NAP);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    done.countDown();
                });
            }
        });
        done.await();
    }

    /** Heddle, by {@link Thread#sleep}: through the JDK's own timer thread, see "Sleeping" in the README of core. */
    @Benchmark
    public void heddleThreadSleep(Threads threads, Crowd crowd) throws InterruptedException {
        int sleepers = crowd.sleepers;
        CountDownLatch done = new CountDownLatch(sleepers);
        threads.inGoroutine(() -> {
            for (int i = 0; i < sleepers; i++) {
                threads.scheduler.go(() -> {
                    try {
                        Thread.sleep(NAP);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    done.countDown();
                });
            }
        });
        done.await();
    }

    /** The JDK. */
    @Benchmark
    public void jdk(Crowd crowd) throws InterruptedException {
        int sleepers = crowd.sleepers;
        CountDownLatch done = new CountDownLatch(sleepers);
        Threads.inVirtualThread(() -> {
            for (int i = 0; i < sleepers; i++) {
                Thread.startVirtualThread(() -> {
                    try {
                        Thread.sleep(NAP);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    done.countDown();
                });
            }
        });
        done.await();
    }
}
