package dev.heddle.load.jmh;

import com.softwaremill.jox.Channel;
import dev.heddle.sched.Goroutine;
import dev.heddle.sync.Chan;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.SynchronousQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What does a value cost that goes from one goroutine to another? {@code send...}: one sends, one receives, through a channel
 * of some capacity. {@code roundTrip...}: a value goes there and an answer comes back, without a buffer. Beside Heddle's
 * channels: the JDK's queues and jox's channels, both between virtual threads of the JDK's scheduler.
 */
public class ChannelBenchmark extends Measured {
    private static final int VALUES = 1000;

    /** How many values the channel holds. */
    @State(Scope.Benchmark)
    public static class Capacity {
        /** None, or many. */
        @Param({"0", "100"})
        public int capacity;
    }

    /** What the benchmarks need of a channel. */
    private interface Pipe {
        void send(Integer value) throws InterruptedException;

        Integer receive() throws InterruptedException;
    }

    private record HeddlePipe(Chan<Integer> chan) implements Pipe {
        static Pipe of(int capacity) {
            return new HeddlePipe(new Chan<>(capacity));
        }

        @Override
        public void send(Integer value) {
            chan.send(value);
        }

        @Override
        public Integer receive() {
            return chan.receive();
        }
    }

    private record JdkPipe(BlockingQueue<Integer> queue) implements Pipe {
        static Pipe of(int capacity) {
            return new JdkPipe(capacity == 0 ? new SynchronousQueue<>() : new ArrayBlockingQueue<>(capacity));
        }

        @Override
        public void send(Integer value) throws InterruptedException {
            queue.put(value);
        }

        @Override
        public Integer receive() throws InterruptedException {
            return queue.take();
        }
    }

    private record JoxPipe(Channel<Integer> channel) implements Pipe {
        static Pipe of(int capacity) {
            return new JoxPipe(
                    capacity == 0 ? Channel.newRendezvousChannel() : Channel.newBufferedChannel(capacity));
        }

        @Override
        public void send(Integer value) throws InterruptedException {
            channel.send(value);
        }

        @Override
        public Integer receive() throws InterruptedException {
            return channel.receive();
        }
    }

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void sendHeddle(Threads threads, Capacity capacity) throws InterruptedException {
        Pipe pipe = HeddlePipe.of(capacity.capacity);
        inGoroutines(threads, () -> send(pipe), () -> receive(pipe));
    }

    /** The JDK. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void sendJdk(Capacity capacity) throws InterruptedException {
        Pipe pipe = JdkPipe.of(capacity.capacity);
        inVirtualThreads(() -> send(pipe), () -> receive(pipe));
    }

    /** Jox. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void sendJox(Capacity capacity) throws InterruptedException {
        Pipe pipe = JoxPipe.of(capacity.capacity);
        inVirtualThreads(() -> send(pipe), () -> receive(pipe));
    }

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void roundTripHeddle(Threads threads) throws InterruptedException {
        Pipe there = HeddlePipe.of(0);
        Pipe back = HeddlePipe.of(0);
        inGoroutines(threads, () -> answer(there, back), () -> ask(there, back));
    }

    /** The JDK. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void roundTripJdk() throws InterruptedException {
        Pipe there = JdkPipe.of(0);
        Pipe back = JdkPipe.of(0);
        inVirtualThreads(() -> answer(there, back), () -> ask(there, back));
    }

    /** Jox. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void roundTripJox() throws InterruptedException {
        Pipe there = JoxPipe.of(0);
        Pipe back = JoxPipe.of(0);
        inVirtualThreads(() -> answer(there, back), () -> ask(there, back));
    }

    private static void inGoroutines(Threads threads, Threads.Body first, Threads.Body second)
            throws InterruptedException {
        Goroutine other = threads.scheduler.go(Threads.unchecked(first));
        threads.inGoroutine(Threads.unchecked(second));
        other.join();
    }

    private static void inVirtualThreads(Threads.Body first, Threads.Body second) throws InterruptedException {
        Thread other = Thread.startVirtualThread(Threads.unchecked(first));
        Threads.inVirtualThread(Threads.unchecked(second));
        other.join();
    }

    private static void send(Pipe pipe) throws InterruptedException {
        for (int i = 0; i < VALUES; i++) {
            pipe.send(i);
        }
    }

    private static void receive(Pipe pipe) throws InterruptedException {
        for (int i = 0; i < VALUES; i++) {
            pipe.receive();
        }
    }

    private static void ask(Pipe there, Pipe back) throws InterruptedException {
        for (int i = 0; i < VALUES; i++) {
            there.send(i);
            back.receive();
        }
    }

    private static void answer(Pipe there, Pipe back) throws InterruptedException {
        for (int i = 0; i < VALUES; i++) {
            back.send(there.receive());
        }
    }
}
