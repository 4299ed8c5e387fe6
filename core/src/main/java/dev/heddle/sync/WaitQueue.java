package dev.heddle.sync;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Waiters, first come first served (Go's {@code waitq}). Belongs to the lock of the primitive that has it; only
 * {@link #isEmpty} may be called without.
 */
final class WaitQueue {
    private static final VarHandle FIRST;

    static {
        try {
            FIRST = MethodHandles.lookup().findVarHandle(WaitQueue.class, "first", Sudog.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private Sudog first;
    private Sudog last;

    /** Without the lock it is a snapshot; acquire, pairs with the release in {@link #first(Sudog)}. */
    boolean isEmpty() {
        return (Sudog) FIRST.getAcquire(this) == null;
    }

    /** How many wait. Walks the queue: for checks. */
    int size() {
        int n = 0;
        for (Sudog sudog = (Sudog) FIRST.getAcquire(this); sudog != null; sudog = sudog.next) {
            n++;
        }
        return n;
    }

    private void first(Sudog sudog) {
        FIRST.setRelease(this, sudog);
    }

    void enqueue(Sudog sudog) {
        assert !sudog.queued;
        sudog.queued = true;
        sudog.prev = last;
        sudog.next = null;
        if (last == null) {
            first(sudog);
        } else {
            last.next = sudog;
        }
        last = sudog;
    }

    /** For one who has waited already (Go's {@code lifo} of {@code semacquire1}). */
    void enqueueFirst(Sudog sudog) {
        assert !sudog.queued;
        sudog.queued = true;
        sudog.prev = null;
        sudog.next = first;
        if (first == null) {
            last = sudog;
        } else {
            first.prev = sudog;
        }
        first(sudog);
    }

    /** The first waiter, which stays; or null. Not for queues on which cases of selects wait. */
    Sudog peek() {
        return first;
    }

    /** Whether exactly one waits. */
    boolean hasOne() {
        return first != null && first == last;
    }

    /**
     * Takes the first waiter off; the caller owes it a wake-up. Cases of a select in which another case went ahead before
     * it could take them off itself are dropped.
     *
     * @return the waiter, or null if none waits
     */
    Sudog dequeue() {
        for (Sudog sudog = first; sudog != null; sudog = first) {
            unlink(sudog);
            if (sudog.claim()) {
                return sudog;
            }
        }
        return null;
    }

    /** Takes a waiter off, wherever it is. False if somebody else has: then its wake-up is owed. */
    boolean remove(Sudog sudog) {
        if (!sudog.queued) {
            return false;
        }
        unlink(sudog);
        return true;
    }

    /** Takes all off, as a list through {@link Sudog#next}; the caller owes each a wake-up. */
    Sudog takeAll() {
        Sudog list = null;
        Sudog end = null;
        for (Sudog sudog = dequeue(); sudog != null; sudog = dequeue()) {
            if (list == null) {
                list = sudog;
            } else {
                end.next = sudog;
            }
            end = sudog;
        }
        return list;
    }

    /** Wakes a list from {@link #takeAll}, under no lock. A waiter may use its sudog again as soon as it is awake. */
    static void wakeAll(Sudog list) {
        for (Sudog sudog = list; sudog != null; ) {
            Sudog next = sudog.next;
            sudog.wake();
            sudog = next;
        }
    }

    private void unlink(Sudog sudog) {
        if (sudog.prev == null) {
            first(sudog.next);
        } else {
            sudog.prev.next = sudog.next;
        }
        if (sudog.next == null) {
            last = sudog.prev;
        } else {
            sudog.next.prev = sudog.prev;
        }
        sudog.prev = null;
        sudog.next = null;
        sudog.queued = false;
    }
}
