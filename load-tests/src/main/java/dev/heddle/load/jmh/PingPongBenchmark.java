package dev.heddle.load.jmh;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/**
 * What does it cost to wake another thread and wait for it? Two of them pass a permit to and fro; one operation is a
 * round trip.
 */
public class PingPongBenchmark extends Measured {
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
