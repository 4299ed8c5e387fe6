package dev.heddle.sched.jdk;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.internal.misc.CarrierThread;
import jdk.internal.misc.Unsafe;

/**
 * A platform thread that the JDK takes for a carrier of virtual threads, so that it announces its blocking calls to us:
 * {@code jdk.internal.misc.Blocker} calls {@link #beginBlocking} and {@link #endBlocking} on the current carrier.
 *
 * <p>The JDK sees a fork-join worker, but its pool never gets it: {@link #run} is ours. The pool is a live one all the
 * same, because a virtual thread of the default scheduler that is started while no virtual thread is mounted here has
 * its first run submitted to it ({@code VirtualThread.externalSubmitRunContinuationOrThrow}).
 */
public abstract class Carrier extends CarrierThread {
    private static final Unsafe U = Unsafe.getUnsafe();
    private static final ForkJoinPool POOL = newPool();

    /** The JDK gives its carriers the system's, and lets nobody set another one. */
    private final ClassLoader contextClassLoader;

    /**
     * Makes a carrier that is a daemon. It inherits the context class loader of its creator.
     *
     * @param name the thread's name
     */
    protected Carrier(String name) {
        super(POOL);
        setName(name);
        setDaemon(true);
        contextClassLoader = Thread.currentThread().getContextClassLoader();
    }

    private static ForkJoinPool newPool() {
        AtomicInteger count = new AtomicInteger();
        ForkJoinPool.ForkJoinWorkerThreadFactory factory = pool -> {
            ForkJoinWorkerThread worker = ForkJoinPool.defaultForkJoinWorkerThreadFactory.newThread(pool);
            worker.setName("heddle-g0-pool-" + count.getAndIncrement());
            worker.setDaemon(true);
            return worker;
        };
        return new ForkJoinPool(Runtime.getRuntime().availableProcessors(), factory, null, true);
    }

    /** Runs this carrier's loop. */
    @Override
    public abstract void run();

    /** Called by the JDK on the mounted goroutine's stack before a blocking call. Must not throw. */
    @Override
    public abstract boolean beginBlocking();

    /**
     * Called by the JDK after a blocking call, and after every unmount, then on this carrier's own stack. Must not throw:
     * an exception here loses the goroutine that was just unmounted.
     */
    @Override
    public abstract void endBlocking();

    @Override
    public final ClassLoader getContextClassLoader() {
        return contextClassLoader;
    }

    /**
     * Does nothing. Who interrupts threads that he has found, such as those of a thread group, does not mean this one, whose
     * waits would all return at once from then on. The JDK tells the carrier of a goroutine that is interrupted by other
     * means, and takes that back when the goroutine leaves.
     */
    @Override
    public final void interrupt() {}

    /** Never 0: else the JDK would submit continuations to the fork-join pool instead of to our scheduler. */
    @Override
    public final int getQueuedTaskCount() {
        return 1;
    }

    /**
     * Blocks the calling platform thread, or the carrier under the calling virtual thread, whatever is mounted on it.
     * Like {@link java.util.concurrent.locks.LockSupport#park} it may return without reason.
     *
     * @param nanos longest wait in nanoseconds; 0 waits without limit
     */
    public static void parkCarrier(long nanos) {
        U.park(false, nanos);
    }

    /**
     * Wakes a platform thread from {@link #parkCarrier}, or makes its next one return at once.
     *
     * @param thread a platform thread
     */
    public static void unparkCarrier(Thread thread) {
        U.unpark(thread);
    }
}
