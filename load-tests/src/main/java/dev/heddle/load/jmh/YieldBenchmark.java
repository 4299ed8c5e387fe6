package dev.heddle.load.jmh;

import dev.heddle.sched.Goroutine;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/**
 * What does it cost to let others run? A goroutine alone on its scheduler yields in a loop: through the global queue
 * ({@code gosched}), through its P's own queue ({@code goyield}), and as a virtual thread of the JDK.
 */
public class YieldBenchmark extends Measured {
    private static final int YIELDS = 1000;

    /** Heddle, by the global queue. */
    @Benchmark
    @OperationsPerInvocation(YIELDS)
    public void heddleGosched(Threads threads) throws InterruptedException {
        threads.inGoroutine(() -> {
            for (int i = 0; i < YIELDS; i++) {
                Goroutine.gosched();
            }
        });
    }

    /** Heddle, by the P's own queue. */
    @Benchmark
    @OperationsPerInvocation(YIELDS)
    public void heddleGoyield(Threads threads) throws InterruptedException {
        threads.inGoroutine(() -> {
            for (int i = 0; i < YIELDS; i++) {
                Goroutine.goyield();
            }
        });
    }

    /** The JDK. */
    @Benchmark
    @OperationsPerInvocation(YIELDS)
    public void jdk() throws InterruptedException {
        Threads.inVirtualThread(() -> {
            for (int i = 0; i < YIELDS; i++) {
                Thread.yield();
            }
        });
    }
}
