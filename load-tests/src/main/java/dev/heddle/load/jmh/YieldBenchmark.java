package dev.heddle.load.jmh;

import dev.heddle.sched.Goroutine;
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
 * What does it cost to let others run? A goroutine alone on its scheduler yields in a loop: through the global queue
 * ({@code gosched}), through its P's own queue ({@code goyield}), and as a virtual thread of the JDK.
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
public class YieldBenchmark {
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
