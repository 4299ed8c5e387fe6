package dev.heddle.sync;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Lifetime;
import dev.heddle.sched.Primitives;
import dev.heddle.sched.WaitReason;

/**
 * A goroutine or thread on a queue of waiters (Go's {@code sudog}). A select has one for each of its cases, and one
 * semaphore for all of them.
 *
 * <p>All fields belong to the lock of the primitive whose queue this is on. Whoever takes it off the queue writes
 * {@link #elem} and {@link #success} under that lock, and then owes it one {@link #wake}; the one who waited reads them
 * after that wake-up, or under the lock.
 */
final class Sudog {
    private final BinarySemaphore semaphore;
    /** The select that this is a case of, or null. */
    private final Select select;

    Sudog prev;
    Sudog next;
    /** Whether it is on a queue. */
    boolean queued;
    /** A value to send, or the value received. */
    Object elem;
    /** Since when it waits for a {@link Mutex}, by {@link System#nanoTime}; or what it wants of a {@link Semaphore}. */
    long number;
    /** Got what it waited for. False after a wake-up: the channel was closed, or there is only a chance of a lock. */
    boolean success;

    /** For one wait of the caller. */
    Sudog() {
        this(null, new BinarySemaphore());
    }

    /** For a case of a select, again and again. */
    Sudog(Select select, BinarySemaphore semaphore) {
        this.select = select;
        this.semaphore = semaphore;
    }

    /** By whoever takes it off a queue: false if it is a case of a select in which another case went ahead. */
    boolean claim() {
        return select == null || select.claim(this);
    }

    /** After {@link Primitives#checkRoom}, and without the lock. */
    void wake() {
        Primitives.wake(semaphore);
    }

    /**
     * Waits for {@link #wake}, as long as the caller's current lifetime lasts.
     *
     * @param nanos the longest wait; {@link Long#MAX_VALUE} is without limit
     * @return false after the time was over; then a wake-up may still come
     * @throws java.util.concurrent.CancellationException after the end of the lifetime; then a wake-up may still come
     */
    boolean await(WaitReason reason, long nanos) {
        return semaphore.await(reason, nanos);
    }

    /** As {@link #await(WaitReason, long)}, for the lifetime given; null: nothing ends the wait but its time. */
    boolean await(WaitReason reason, long nanos, Lifetime lifetime) {
        return lifetime == null ? semaphore.acquire(reason, nanos) : semaphore.await(reason, nanos, lifetime);
    }
}
