package dev.heddle.load.jmh;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What does a fan-out cost? One goroutine starts a thousand children that each compute for about a microsecond, on as
 * many processors as there are, and joins each of them. One operation is a child.
 */
public class FanoutBenchmark extends Measured {
    private static final int CHILDREN = 1000;

    /** About 1 us on a core of 2.5 GHz. */
    private static final long WORK_TOKENS = 500;

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(CHILDREN)
    public void heddle(Threads threads) throws InterruptedException {
        Scheduler scheduler = threads.scheduler;
        threads.inGoroutine(() -> {
            List<Goroutine> children = new ArrayList<>(CHILDREN);
            for (int i = 0; i < CHILDREN; i++) {
                children.add(scheduler.go(FanoutBenchmark::work));
            }
            try {
                for (Goroutine child : children) {
                    child.join();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** The JDK. */
    @Benchmark
    @OperationsPerInvocation(CHILDREN)
    public void jdk() throws InterruptedException {
        Threads.inVirtualThread(() -> {
            List<Thread> children = new ArrayList<>(CHILDREN);
            for (int i = 0; i < CHILDREN; i++) {
                children.add(Thread.startVirtualThread(FanoutBenchmark::work));
            }
            try {
                for (Thread child : children) {
                    child.join();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void work() {
        Blackhole.consumeCPU(WORK_TOKENS);
    }
}
