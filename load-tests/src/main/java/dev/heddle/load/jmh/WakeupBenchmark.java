package dev.heddle.load.jmh;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How long does it take until a thread runs that a platform thread wakes while the whole scheduler is asleep? One
 * operation is the wake-up and the answer to it, for which the platform thread spins.
 */
@BenchmarkMode(Mode.SampleTime)
public class WakeupBenchmark extends Measured {
    /** Long enough for spinning threads to give up and park; a guess, a hundred times Go's hand-over delay of 20 us. */
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    /** What a sleeping thread and the one that wakes it share. */
    private static final class Bell {
        private final BinarySemaphore wake = new BinarySemaphore();
        private volatile boolean end;
        private volatile long answers;

        /** The sleeping thread: answers each wake-up, and sleeps between. */
        void serve() {
            while (true) {
                wake.acquire(WaitReason.SEMACQUIRE);
                if (end) {
                    return;
                }
                answers = answers + 1; // only this thread writes it
            }
        }

        void finish() {
            end = true;
            wake.release();
        }

        long ring() {
            long before = answers;
            wake.release();
            while (answers == before) {
                Thread.onSpinWait();
            }
            return before;
        }

        /** Lets everything fall asleep. */
        static void quiet() {
            LockSupport.parkNanos(QUIET_NANOS);
        }
    }

    /** A sleeping goroutine. */
    @State(Scope.Benchmark)
    public static class HeddleSleeper {
        private final Bell bell = new Bell();
        private Goroutine goroutine;

        /** Starts it. */
        @Setup(Level.Trial)
        public void start(Threads threads) {
            goroutine = threads.scheduler.go(bell::serve);
        }

        /** Lets it sleep before each wake-up. */
        @Setup(Level.Invocation)
        public void quiet() {
            Bell.quiet();
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void stop() throws InterruptedException {
            bell.finish();
            goroutine.join();
        }
    }

    /** A sleeping virtual thread of the JDK. */
    @State(Scope.Benchmark)
    public static class JdkSleeper {
        private final Bell bell = new Bell();
        private Thread thread;

        /** Starts it. */
        @Setup(Level.Trial)
        public void start() {
            thread = Thread.startVirtualThread(bell::serve);
        }

        /** Lets it sleep before each wake-up. */
        @Setup(Level.Invocation)
        public void quiet() {
            Bell.quiet();
        }

        /** Ends it. */
        @TearDown(Level.Trial)
        public void stop() throws InterruptedException {
            bell.finish();
            thread.join();
        }
    }

    /** Heddle. */
    @Benchmark
    public long heddle(HeddleSleeper sleeper) {
        return sleeper.bell.ring();
    }

    /** The JDK. */
    @Benchmark
    public long jdk(JdkSleeper sleeper) {
        return sleeper.bell.ring();
    }
}
