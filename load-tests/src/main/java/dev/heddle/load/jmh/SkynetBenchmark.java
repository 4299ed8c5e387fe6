package dev.heddle.load.jmh;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitReason;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Skynet: one starts ten, each of which starts ten, down to a million, which add their numbers up on the way back. What does
 * the whole tree cost?
 */
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 5, time = 5)
public class SkynetBenchmark extends Measured {
    private static final int LEAVES = 1_000_000;
    private static final int CHILDREN = 10;

    /** One inner node: waits until its children have added their sums. */
    private static final class Sum {
        private final AtomicLong sum = new AtomicLong();
        private final AtomicLong left = new AtomicLong(CHILDREN);
        private final BinarySemaphore done = new BinarySemaphore();

        void add(long value) {
            sum.addAndGet(value);
            if (left.decrementAndGet() == 0) {
                done.release();
            }
        }

        long await() {
            done.acquire(WaitReason.WAITGROUP_WAIT);
            return sum.get();
        }
    }

    /** Heddle. */
    @Benchmark
    public long heddle(Threads threads) throws InterruptedException {
        Scheduler scheduler = threads.scheduler;
        long[] result = new long[1];
        threads.inGoroutine(() -> result[0] = node(scheduler::go, 0, LEAVES));
        return checked(result[0]);
    }

    /** The JDK. */
    @Benchmark
    public long jdk() throws InterruptedException {
        long[] result = new long[1];
        Threads.inVirtualThread(() -> result[0] = node(Thread::startVirtualThread, 0, LEAVES));
        return checked(result[0]);
    }

    private static long node(Consumer<Runnable> start, long first, int size) {
        if (size == 1) {
            return first;
        }
        Sum sum = new Sum();
        int part = size / CHILDREN;
        for (int i = 0; i < CHILDREN; i++) {
            long from = first + (long) i * part;
            start.accept(() -> sum.add(node(start, from, part)));
        }
        return sum.await();
    }

    private static long checked(long sum) {
        if (sum != (long) LEAVES * (LEAVES - 1) / 2) {
            throw new IllegalStateException("got the sum " + sum);
        }
        return sum;
    }
}
