package dev.heddle.netpoll;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import io.netty.util.concurrent.Ticker;

/**
 * Waiting with epoll: the goroutine parks on a semaphore and holds neither a thread nor a P. The {@link Master}
 * unblocks it when the loop's descriptors are ready, an {@link Alarm} when a scheduled task is due.
 */
final class SemaphorePark implements Park {
    private final BinarySemaphore semaphore = new BinarySemaphore();
    private final Alarm alarm = new Alarm(Ticker.systemTicker(), this::wakeForTimer);

    /** Set by the master before it gives the permit, cleared by the poller before it asks its epoll. */
    private volatile boolean ioReady;

    /** Set by the alarm before it gives the permit; says for the counters why. */
    private volatile boolean timeHasCome;

    /** Returns what has to run in a goroutine of its own. */
    Alarm alarm() {
        return alarm;
    }

    @Override
    public void clear() {
        semaphore.tryAcquire();
    }

    @Override
    public boolean takeIoReady() {
        if (!ioReady) {
            return false;
        }
        // A report that this store overwrites was made after its bytes had come: the epoll_wait that follows sees them
        ioReady = false;
        return true;
    }

    @Override
    public Cause await(long deadline) {
        if (deadline != Alarm.NONE) {
            alarm.set(deadline);
        }
        semaphore.acquire(WaitReason.IO_WAIT);
        if (ioReady) {
            return Cause.IO;
        }
        if (timeHasCome) {
            timeHasCome = false;
            return Cause.TIMER;
        }
        return Cause.TASK;
    }

    @Override
    public void wakeup() {
        semaphore.release();
    }

    private void wakeForTimer() {
        timeHasCome = true;
        semaphore.release();
    }

    /** Go's {@code netpollunblock}: returns the goroutine if it waits, else leaves the permit and returns null. */
    Goroutine unblock() {
        ioReady = true;
        return semaphore.unblock();
    }
}
