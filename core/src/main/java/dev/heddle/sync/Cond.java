package dev.heddle.sync;

import dev.heddle.sched.Primitives;
import dev.heddle.sched.SchedLock;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;

/**
 * Waits for what others announce, with the rules of Go's {@code sync.Cond}. Whoever waits is woken by a signal that came
 * after it began to, first come first served, and by nothing else; but what it waits for may be over by the time that it has
 * the mutex again, so it looks in a loop:
 *
 * <pre>{@code
 * mutex.lock();
 * while (!condition()) {
 *     cond.await();
 * }
 * ...
 * mutex.unlock();
 * }</pre>
 *
 * <p>May be used by goroutines of any scheduler and by any other thread. A wait is ended by the end of the caller's current
 * context: it throws a {@link java.util.concurrent.CancellationException}, and has the mutex again. It is not ended by an
 * interrupt, and the interrupt status stays as it is.
 *
 * <h2>The protocol</h2>
 *
 * <p>Go's {@code notifyList} gives out tickets while the mutex is held and queues later. Here a waiter is on the queue before
 * it unlocks the mutex, and its semaphore catches a signal that comes before it waits; so the queue is the order of the
 * tickets. A signal that finds a waiter whose time or context is just over is that waiter's: it has been signalled, and does
 * not throw. The mutex is locked again by a wait that nothing ends.
 */
public final class Cond {
    private final Mutex mutex;
    private final SchedLock inner = new SchedLock();
    private final WaitQueue waiters = new WaitQueue();

    /**
     * Makes a condition.
     *
     * @param mutex what is locked when the condition is looked at and changed
     */
    public Cond(Mutex mutex) {
        this.mutex = Objects.requireNonNull(mutex, "mutex");
    }

    /** Returns the mutex. */
    public Mutex mutex() {
        return mutex;
    }

    /**
     * Unlocks the mutex, waits for a signal, and locks the mutex.
     *
     * @throws IllegalStateException if the mutex is not locked
     */
    public void await() {
        await(Long.MAX_VALUE);
    }

    /**
     * Unlocks the mutex, waits for a signal for a bounded time, and locks the mutex, which may take longer.
     *
     * @param timeout the longest wait; zero or negative waits for no signal
     * @return whether there was a signal
     * @throws IllegalStateException if the mutex is not locked
     */
    public boolean await(Duration timeout) {
        return await(Chan.nanos(timeout));
    }

    private boolean await(long nanos) {
        if (!mutex.isLocked()) {
            throw new IllegalStateException("await without the mutex");
        }
        Primitives.checkRoom(); // also for the mutex, which must be locked again in the end
        Sudog me = new Sudog();
        enqueue(me);
        boolean unlocked = false;
        try {
            mutex.unlock();
            unlocked = true;
            return me.await(WaitReason.COND_WAIT, nanos) || !giveUp(me);
        } catch (CancellationException e) {
            if (giveUp(me)) {
                throw e;
            }
            return true;
        } catch (Throwable e) { // no stack or memory to wait with
            if (!giveUp(me)) {
                signal(); // ours is lost on us
            }
            throw e;
        } finally {
            if (unlocked) {
                mutex.relock();
            }
        }
    }

    void enqueue(Sudog me) {
        inner.lock();
        try {
            waiters.enqueue(me);
        } finally {
            inner.unlock();
        }
    }

    /** Leaves the queue. False if a signal has come. */
    boolean giveUp(Sudog me) {
        inner.lock();
        try {
            return waiters.remove(me);
        } finally {
            inner.unlock();
        }
    }

    /** Wakes the one who has waited longest, if any. The caller may have the mutex, but need not. */
    public void signal() {
        if (waiters.isEmpty()) {
            return;
        }
        Primitives.checkRoom();
        Sudog first;
        inner.lock();
        try {
            first = waiters.dequeue();
        } finally {
            inner.unlock();
        }
        if (first != null) {
            first.wake();
        }
    }

    /** Wakes all who wait. The caller may have the mutex, but need not. */
    public void broadcast() {
        if (waiters.isEmpty()) {
            return;
        }
        Primitives.checkRoom();
        Sudog all;
        inner.lock();
        try {
            all = waiters.takeAll();
        } finally {
            inner.unlock();
        }
        WaitQueue.wakeAll(all);
    }
}
