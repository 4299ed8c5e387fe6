package dev.heddle.load.jmh;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitReason;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to create a goroutine, run it and end it? One goroutine creates the others, whose bodies only
 * count.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 2,
        jvmArgsAppend = {
            Flags.OPEN_LANG,
            Flags.EXPORT_MISC,
            Flags.EXPORT_ACCESS,
            Flags.EXPORT_VM,
            Flags.HEAP,
            Flags.COLLECTOR
        })
public class SpawnBenchmark {
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
