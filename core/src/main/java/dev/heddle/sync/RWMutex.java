package dev.heddle.sync;

import dev.heddle.sched.Lifetime;
import dev.heddle.sched.Primitives;
import dev.heddle.sched.SchedLock;
import dev.heddle.sched.WaitReason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;

/**
 * A lock for any number of readers or one writer, with the rules of Go's {@code sync.RWMutex}. A writer that waits keeps new
 * readers out, so that it gets its turn; when a writer unlocks, all readers that wait come in before the next writer. So
 * a goroutine that reads must not read-lock again: a writer may wait in between.
 *
 * <p>May be used by goroutines of any scheduler and by any other thread; one may unlock what another has locked. No wait is
 * ended by an interrupt, and the interrupt status stays as it is; only {@link #lock(Lifetime)} and
 * {@link #readLock(Lifetime)} are ended by the end of a context.
 *
 * <h2>The protocol</h2>
 *
 * <p>The state is {@code readers * READER}, plus WRITER while a writer has it, plus PENDING while somebody waits. Without
 * PENDING and without conflict a lock is one CAS. Whoever must wait sets PENDING and goes on a queue, both under
 * {@link #inner}; from then on everybody who wants to lock goes there. An unlock with PENDING that leaves the lock free calls
 * {@link #grant}, which changes the state on behalf of those whose turn it is, takes them off their queue and wakes them: they
 * have the lock when they wake.
 *
 * <p>Why no wake-up is lost: PENDING is set by the CAS that sees the conflict, so whoever ends the conflict sees PENDING, and
 * comes to {@code grant} after the waiter is on the queue. A waiter that gives up calls {@code grant}, too: it may have been
 * what kept readers out.
 *
 * <p>Differs from Go: readers come in by CAS instead of an addition; the queues belong to the lock, where Go has two
 * semaphores and a mutex for the writers. Unlocking what is not locked throws, where Go ends the process. Waits may be bounded
 * in time.
 */
public final class RWMutex {
    private static final int WRITER = 1;
    private static final int PENDING = 2;
    private static final int READER = 4;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(RWMutex.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int state;
    private final SchedLock inner = new SchedLock();
    final WaitQueue readers = new WaitQueue();
    final WaitQueue writers = new WaitQueue();

    /** Makes a lock that nobody has. */
    public RWMutex() {}

    /** Locks for writing; waits while anybody else has it. */
    public void lock() {
        Primitives.giveWay();
        if (!STATE.compareAndSet(this, 0, WRITER)) {
            lockSlow(false, Long.MAX_VALUE, null);
        }
    }

    /**
     * Locks for writing; waits while anybody else has it, as long as a context lasts. As long as it waits no reader comes in.
     *
     * @param lifetime the context, mostly {@code Context.current()}
     * @throws java.util.concurrent.CancellationException if it had to wait, and the context has ended; it is not locked then
     */
    public void lock(Lifetime lifetime) {
        Objects.requireNonNull(lifetime, "lifetime");
        Primitives.giveWay();
        if (!tryLock()) {
            lockSlow(false, Long.MAX_VALUE, lifetime);
        }
    }

    /**
     * Locks for writing if nobody has it and nobody waits.
     *
     * @return whether it was locked
     */
    public boolean tryLock() {
        return STATE.compareAndSet(this, 0, WRITER);
    }

    /**
     * Locks for writing; waits for a bounded time while anybody else has it. As long as it waits no reader comes in.
     *
     * @param timeout the longest wait; zero or negative does not wait
     * @return whether it was locked
     */
    public boolean tryLock(Duration timeout) {
        long nanos = Chan.nanos(timeout);
        return tryLock() || nanos > 0 && lockSlow(false, nanos, null);
    }

    /**
     * Unlocks after writing, and lets all readers in that wait, else a writer.
     *
     * @throws IllegalStateException if it is not locked for writing
     */
    public void unlock() {
        if (STATE.compareAndSet(this, WRITER, 0)) {
            return;
        }
        Primitives.checkRoom();
        boolean wasLocked;
        Sudog granted = null;
        inner.lock();
        try {
            wasLocked = ((int) STATE.getAndBitwiseAnd(this, ~WRITER) & WRITER) != 0;
            if (wasLocked) {
                granted = grant(true);
            }
        } finally {
            inner.unlock();
        }
        if (!wasLocked) {
            throw new IllegalStateException("unlock of unlocked RWMutex");
        }
        WaitQueue.wakeAll(granted);
    }

    /** Locks for reading; waits while a writer has it or waits for it. */
    public void readLock() {
        Primitives.giveWay();
        if (!tryReadLock()) {
            lockSlow(true, Long.MAX_VALUE, null);
        }
    }

    /**
     * Locks for reading; waits while a writer has it or waits for it, as long as a context lasts.
     *
     * @param lifetime the context, mostly {@code Context.current()}
     * @throws java.util.concurrent.CancellationException if it had to wait, and the context has ended; it is not locked then
     */
    public void readLock(Lifetime lifetime) {
        Objects.requireNonNull(lifetime, "lifetime");
        Primitives.giveWay();
        if (!tryReadLock()) {
            lockSlow(true, Long.MAX_VALUE, lifetime);
        }
    }

    /**
     * Locks for reading if no writer has it or waits for it.
     *
     * @return whether it was locked
     */
    public boolean tryReadLock() {
        for (int s = state; (s & (WRITER | PENDING)) == 0; s = state) {
            if (STATE.compareAndSet(this, s, s + READER)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Locks for reading; waits for a bounded time while a writer has it or waits for it.
     *
     * @param timeout the longest wait; zero or negative does not wait
     * @return whether it was locked
     */
    public boolean tryReadLock(Duration timeout) {
        long nanos = Chan.nanos(timeout);
        return tryReadLock() || nanos > 0 && lockSlow(true, nanos, null);
    }

    /**
     * Unlocks after reading; the last reader lets a writer in.
     *
     * @throws IllegalStateException if it is not locked for reading
     */
    public void readUnlock() {
        while (true) {
            int s = state;
            if (s < READER) {
                throw new IllegalStateException("readUnlock of unlocked RWMutex");
            }
            boolean wakes = s == READER + PENDING;
            if (wakes) {
                Primitives.checkRoom();
            }
            if (STATE.compareAndSet(this, s, s - READER)) {
                if (wakes) {
                    grantAndWake();
                }
                return;
            }
        }
    }

    @Override
    public String toString() {
        int s = state;
        String held = (s & WRITER) != 0 ? "written" : s < READER ? "free" : s / READER + " readers";
        return "rwmutex(" + held + ((s & PENDING) == 0 ? ")" : ", waiters)");
    }

    private boolean lockSlow(boolean reads, long nanos, Lifetime lifetime) {
        Primitives.checkRoom();
        Sudog me = new Sudog();
        WaitQueue queue = reads ? readers : writers;
        if (takeOrEnqueue(me, reads)) {
            return true;
        }
        try {
            if (me.await(reads ? WaitReason.RWMUTEX_RLOCK : WaitReason.RWMUTEX_LOCK, nanos, lifetime)) {
                return true;
            }
        } catch (Throwable e) { // ended, or no stack or memory to wait with
            if (giveUp(me, queue)) {
                throw e;
            }
            return true;
        }
        return !giveUp(me, queue);
    }

    /** True if the caller has the lock now; else it is on its queue, and must wait. */
    boolean takeOrEnqueue(Sudog me, boolean reads) {
        inner.lock();
        try {
            while (true) {
                int s = state;
                boolean free = reads ? (s & WRITER) == 0 && writers.isEmpty() : s == 0;
                if (free) {
                    if (STATE.compareAndSet(this, s, s + (reads ? READER : WRITER))) {
                        return true;
                    }
                } else if (s == PENDING || STATE.compareAndSet(this, s, s | PENDING)) {
                    (reads ? readers : writers).enqueue(me); // if free: the last reader has left, and is about to grant
                    return false;
                }
            }
        } finally {
            inner.unlock();
        }
    }

    /** Leaves the queue. False if the caller has got the lock in the last moment. */
    boolean giveUp(Sudog me, WaitQueue queue) {
        Sudog granted;
        inner.lock();
        try {
            if (!queue.remove(me)) {
                return false;
            }
            granted = grant(false);
        } finally {
            inner.unlock();
        }
        WaitQueue.wakeAll(granted);
        return true;
    }

    private void grantAndWake() {
        Sudog granted;
        inner.lock();
        try {
            granted = grant(false);
        } finally {
            inner.unlock();
        }
        WaitQueue.wakeAll(granted);
    }

    /** Under {@link #inner}: gives the lock to those whose turn it is, and returns them, to be woken; or null. */
    private Sudog grant(boolean readersFirst) {
        Sudog granted = null;
        if ((state & WRITER) == 0) {
            if (!readers.isEmpty() && (readersFirst || writers.isEmpty())) {
                granted = readers.takeAll();
                for (Sudog each = granted; each != null; each = each.next) {
                    STATE.getAndAdd(this, READER);
                }
            } else if (!writers.isEmpty() && state < READER) {
                granted = writers.dequeue(); // no reader can come in, for PENDING is set
                STATE.getAndAdd(this, WRITER);
            }
        }
        if (readers.isEmpty() && writers.isEmpty()) {
            STATE.getAndBitwiseAnd(this, ~PENDING);
        }
        return granted;
    }
}
