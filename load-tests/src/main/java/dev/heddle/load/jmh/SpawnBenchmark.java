package dev.heddle.load.jmh;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitReason;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/**
 * What does it cost to create a goroutine, run it and end it? One goroutine creates the others, whose bodies only
 * count.
 */
public class SpawnBenchmark extends Measured {
    private static final int THREADS = 1000;

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(THREADS)
    public void heddle(Threads threads) throws InterruptedException {
        Scheduler scheduler = threads.scheduler;
        threads.inGoroutine(() -> {
            Countdown countdown = new Countdown(THREADS);
            for (int i = 0; i < THREADS; i++) {
                scheduler.go(countdown);
            }
            countdown.await();
        });
    }

    /** The JDK. */
    @Benchmark
    @OperationsPerInvocation(THREADS)
    public void jdk() throws InterruptedException {
        Threads.inVirtualThread(() -> {
            Countdown countdown = new Countdown(THREADS);
            for (int i = 0; i < THREADS; i++) {
                Thread.startVirtualThread(countdown);
            }
            countdown.await();
        });
    }

    /** The body of each: the last one to count wakes the creator. */
    private static final class Countdown implements Runnable {
        private final AtomicInteger left;
        private final BinarySemaphore done = new BinarySemaphore();

        Countdown(int count) {
            left = new AtomicInteger(count);
        }

        @Override
        public void run() {
            if (left.decrementAndGet() == 0) {
                done.release();
            }
        }

        void await() {
            done.acquire(WaitReason.WAITGROUP_WAIT);
        }
    }
}
