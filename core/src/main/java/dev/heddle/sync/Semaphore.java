package dev.heddle.sync;

import dev.heddle.sched.Primitives;
import dev.heddle.sched.SchedLock;
import dev.heddle.sched.WaitReason;
import java.time.Duration;

/**
 * A weighted semaphore, after Go's {@code x/sync/semaphore}: so many units, of which each takes some and gives them back.
 * First come first served: who wants many is not overtaken by those who want few.
 *
 * <p>May be used by goroutines of any scheduler and by any other thread; one may release what another has acquired. What was
 * done before a release is visible after an acquire that got those units. A wait is ended by the end of the caller's current
 * context: it throws a {@link java.util.concurrent.CancellationException}, and has taken nothing. It is not ended by an
 * interrupt, and the interrupt status stays as it is.
 *
 * <p>The protocol: units and queue are changed under one lock. A release, and a waiter that gives up, give units to those at
 * the head of the queue as long as there are enough, take them off, and wake them: they have their units when they wake. A
 * waiter whose time or context ends and who is off the queue by then has its units.
 *
 * <p>Differs from Go: to want more than there is throws, where Go waits for its context to end.
 */
public final class Semaphore {
    private final long size;
    private final SchedLock inner = new SchedLock();
    private final WaitQueue waiters = new WaitQueue();
    private long taken;

    /**
     * Makes a semaphore with all of its units free.
     *
     * @param size how many units there are; zero or more
     * @throws IllegalArgumentException if it is negative
     */
    public Semaphore(long size) {
        if (size < 0) {
            throw new IllegalArgumentException("size: got " + size + ", need 0 or more");
        }
        this.size = size;
    }

    /** Takes one unit; waits while there is none or others have waited longer. */
    public void acquire() {
        acquire(1);
    }

    /**
     * Takes units; waits while there are not enough or others have waited longer.
     *
     * @param n how many, zero or more
     * @throws IllegalArgumentException if it is negative, or more than there are in all
     */
    public void acquire(long n) {
        acquire(n, Long.MAX_VALUE);
    }

    /**
     * Takes units; waits for a bounded time while there are not enough or others have waited longer.
     *
     * @param n how many, zero or more
     * @param timeout the longest wait; zero or negative does not wait
     * @return whether they were taken: all or none
     * @throws IllegalArgumentException if n is negative, or more than there are in all
     */
    public boolean tryAcquire(long n, Duration timeout) {
        return acquire(n, Chan.nanos(timeout));
    }

    /**
     * Takes units if there are enough and nobody waits.
     *
     * @param n how many, zero or more; more than there are in all is never had
     * @return whether they were taken: all or none
     * @throws IllegalArgumentException if n is negative
     */
    public boolean tryAcquire(long n) {
        return n > size ? false : acquire(n, 0);
    }

    private boolean acquire(long n, long nanos) {
        if (n < 0 || n > size) {
            throw new IllegalArgumentException("n: got " + n + ", need 0 to " + size);
        }
        Primitives.giveWay();
        Primitives.checkRoom();
        if (takeOrEnqueue(n, null)) {
            return true;
        }
        if (nanos <= 0) {
            return false;
        }
        Sudog me = new Sudog();
        me.number = n;
        if (takeOrEnqueue(n, me)) {
            return true;
        }
        try {
            if (me.await(WaitReason.SEMACQUIRE, nanos)) {
                return true;
            }
        } catch (Throwable e) { // ended, or no stack or memory to wait with
            if (giveUp(me)) {
                throw e;
            }
            return true;
        }
        return !giveUp(me);
    }

    /** True if the caller has its units now; else it is on the queue if {@code me} is not null. */
    boolean takeOrEnqueue(long n, Sudog me) {
        inner.lock();
        try {
            if (size - taken >= n && waiters.isEmpty()) {
                taken += n;
                return true;
            }
            if (me != null) {
                waiters.enqueue(me);
            }
            return false;
        } finally {
            inner.unlock();
        }
    }

    /** Leaves the queue. False if the units have come. */
    boolean giveUp(Sudog me) {
        Sudog granted;
        inner.lock();
        try {
            if (!waiters.remove(me)) {
                return false;
            }
            granted = grant(); // those behind may want less
        } finally {
            inner.unlock();
        }
        WaitQueue.wakeAll(granted);
        return true;
    }

    /** Gives one unit back. */
    public void release() {
        release(1);
    }

    /**
     * Gives units back.
     *
     * @param n how many, zero or more
     * @throws IllegalArgumentException if it is negative
     * @throws IllegalStateException if that is more than have been taken
     */
    public void release(long n) {
        if (n < 0) {
            throw new IllegalArgumentException("n: got " + n + ", need 0 or more");
        }
        Primitives.checkRoom();
        if (!releaseQuietly(n)) {
            WaitQueue.wakeAll(releaseAndGrant(n));
        }
    }

    /** False if somebody waits: then nothing has been done. */
    private boolean releaseQuietly(long n) {
        inner.lock();
        try {
            if (!waiters.isEmpty()) {
                return false;
            }
            give(n);
            return true;
        } finally {
            inner.unlock();
        }
    }

    private Sudog releaseAndGrant(long n) {
        inner.lock();
        try {
            give(n);
            return grant();
        } finally {
            inner.unlock();
        }
    }

    private void give(long n) {
        if (n > taken) {
            throw new IllegalStateException("released more than held: " + n + " of " + taken);
        }
        taken -= n;
    }

    /** Under the lock: gives units to those at the head; a list of them through {@link Sudog#next}. */
    private Sudog grant() {
        Sudog list = null;
        Sudog end = null;
        for (Sudog first = waiters.peek(); first != null && size - taken >= first.number; first = waiters.peek()) {
            taken += first.number;
            waiters.dequeue();
            if (list == null) {
                list = first;
            } else {
                end.next = first;
            }
            end = first;
        }
        return list;
    }
}
