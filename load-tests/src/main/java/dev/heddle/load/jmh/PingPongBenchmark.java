package dev.heddle.load.jmh;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
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
 * What does it cost to wake another thread and wait for it? Two of them pass a permit to and fro; one operation is a
 * round trip.
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
public class PingPongBenchmark {
    private static final int ROUNDS = 1000;

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(ROUNDS)
    public void heddle(Threads threads) throws InterruptedException {
        BinarySemaphore ping = new BinarySemaphore();
        BinarySemaphore pong = new BinarySemaphore();
        Goroutine other = threads.scheduler.go(() -> answer(ping, pong));
        threads.inGoroutine(() -> ask(ping, pong));
        other.join();
    }

    /** The JDK. */
    @Benchmark
    @OperationsPerInvocation(ROUNDS)
    public void jdk() throws InterruptedException {
        BinarySemaphore ping = new BinarySemaphore();
        BinarySemaphore pong = new BinarySemaphore();
        Thread other = Thread.startVirtualThread(() -> answer(ping, pong));
        Threads.inVirtualThread(() -> ask(ping, pong));
        other.join();
    }

    private static void ask(BinarySemaphore ping, BinarySemaphore pong) {
        for (int i = 0; i < ROUNDS; i++) {
            ping.release();
            pong.acquire(WaitReason.SEMACQUIRE);
        }
    }

    private static void answer(BinarySemaphore ping, BinarySemaphore pong) {
        for (int i = 0; i < ROUNDS; i++) {
            ping.acquire(WaitReason.SEMACQUIRE);
            pong.release();
        }
    }
}
