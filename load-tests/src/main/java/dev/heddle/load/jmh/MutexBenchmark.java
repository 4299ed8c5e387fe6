package dev.heddle.load.jmh;

import dev.heddle.sync.Mutex;
import dev.heddle.sync.WaitGroup;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What does it cost to lock and unlock a mutex that others want as well? Each locks it, adds to a number and unlocks it,
 * again and again. Beside it the JDK's {@code ReentrantLock} between virtual threads of the JDK's scheduler.
 */
public class MutexBenchmark extends Measured {
    private static final int LOCKS = 16_000;

    /** How many want it. */
    @State(Scope.Benchmark)
    public static class Rivals {
        /** Nobody else, one other, many. */
        @Param({"1", "2", "16"})
        public int rivals;

        private long number;
    }

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(LOCKS)
    public void heddle(Threads threads, Rivals rivals) throws InterruptedException {
        Mutex mutex = new Mutex();
        threads.inGoroutine(() -> contend(rivals.rivals, threads.scheduler::go, () -> {
            mutex.lock();
            rivals.number++;
            mutex.unlock();
        }));
    }

    /** The JDK. */
    @Benchmark
    @OperationsPerInvocation(LOCKS)
    public void jdk(Rivals rivals) throws InterruptedException {
        ReentrantLock lock = new ReentrantLock();
        Threads.inVirtualThread(() -> contend(rivals.rivals, Thread::startVirtualThread, () -> {
            lock.lock();
            rivals.number++;
            lock.unlock();
        }));
    }

    private static void contend(int rivals, Consumer<Runnable> start, Runnable section) {
        WaitGroup all = new WaitGroup();
        all.add(rivals);
        for (int i = 0; i < rivals; i++) {
            start.accept(() -> {
                for (int k = 0; k < LOCKS / rivals; k++) {
                    section.run();
                }
                all.done();
            });
        }
        all.await();
    }
}
