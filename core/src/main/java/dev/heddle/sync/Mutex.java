package dev.heddle.sync;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Lifetime;
import dev.heddle.sched.Primitives;
import dev.heddle.sched.SchedLock;
import dev.heddle.sched.WaitReason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;

/**
 * A lock for one at a time, with the rules of Go's {@code sync.Mutex} ({@code internal/sync/mutex.go}). It belongs to no
 * goroutine: another one may unlock it. Not reentrant.
 *
 * <p>May be used by goroutines of any scheduler and by any other thread. What was done before an unlock is visible after the
 * lock that follows. No wait is ended by an interrupt, and the interrupt status stays as it is; only {@link #lock(Lifetime)} is
 * ended by the end of a context.
 *
 * <h2>The protocol</h2>
 *
 * <p>In <em>normal</em> mode an unlock makes the mutex free and wakes the first waiter, who competes for it with newcomers;
 * they mostly win, for they run already, and that is what makes a contended mutex fast. A waiter that loses goes to the front
 * of the queue. One that loses after it has waited for longer than {@link #STARVATION_NANOS} makes the mutex
 * <em>starving</em>: then an unlock gives it to the first waiter and never makes it free, newcomers neither try nor spin, and
 * it ends when the one who gets it is the last, or has not waited for that long.
 *
 * <table>
 * <caption>Bits of the state</caption>
 * <tr><th>bit</th><th>meaning</th><th>who changes it</th></tr>
 * <tr><td>LOCKED</td><td>somebody has it</td><td>set by CAS if neither it nor STARVING is set; cleared by CAS</td></tr>
 * <tr><td>WAITERS</td><td>the queue is not empty</td><td>under {@link #inner}</td></tr>
 * <tr><td>WOKEN</td><td>one was taken off the queue to compete, and has neither won nor lost yet</td><td>set by an unlock,
 * cleared by that one, both under {@code inner}</td></tr>
 * <tr><td>STARVING</td><td>as above; implies LOCKED and WAITERS</td><td>under {@code inner}</td></tr>
 * </table>
 *
 * <p>Why no wake-up is lost: who goes on the queue sets WAITERS by the CAS that sees LOCKED, so the unlock that clears LOCKED
 * sees WAITERS, and wakes one, unless WOKEN says that one is awake. That one clears WOKEN by the CAS that takes the mutex or
 * that sees it LOCKED; so if it loses, or gives up because its time is over, the next unlock wakes another one.
 *
 * <p>Differs from Go: queue and modes have a lock of their own, where Go's state counts the waiters and a semaphore queues
 * them; a mutex that is handed over stays locked meanwhile. Who spins does not set WOKEN. Unlocking what is not locked
 * throws, where Go ends the process. Waits may be bounded in time.
 */
public final class Mutex {
    /** 1 ms: {@code starvationThresholdNs}. */
    static final long STARVATION_NANOS = 1_000_000;

    private static final int LOCKED = 1;
    private static final int WAITERS = 2;
    private static final int WOKEN = 4;
    private static final int STARVING = 8;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Mutex.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int state;
    private final SchedLock inner = new SchedLock();
    /** Under {@link #inner}. */
    private final WaitQueue waiters = new WaitQueue();

    /** Makes a mutex that is not locked. */
    public Mutex() {}

    /** Locks; waits while somebody else has it. Is not ended by the end of a context: see {@link #lock(Lifetime)}. */
    public void lock() {
        Primitives.giveWay();
        relock();
    }

    /** For whoever waits for a condition, and has it in the end. */
    void relock() {
        if (!STATE.compareAndSet(this, 0, LOCKED)) {
            lockSlow(Long.MAX_VALUE, null);
        }
    }

    /**
     * Locks; waits while somebody else has it, as long as a context lasts. For locks that are held for long.
     *
     * @param lifetime the context, mostly {@code Context.current()}
     * @throws java.util.concurrent.CancellationException if it had to wait, and the context has ended; it is not locked then
     */
    public void lock(Lifetime lifetime) {
        Objects.requireNonNull(lifetime, "lifetime");
        Primitives.giveWay();
        if (!tryLock()) {
            lockSlow(Long.MAX_VALUE, lifetime);
        }
    }

    /**
     * Locks if nobody has it, and nobody has waited for it too long.
     *
     * @return whether it was locked
     */
    public boolean tryLock() {
        for (int s = state; (s & (LOCKED | STARVING)) == 0; s = state) {
            if (STATE.compareAndSet(this, s, s | LOCKED)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Locks; waits for a bounded time while somebody else has it.
     *
     * @param timeout the longest wait; zero or negative does not wait
     * @return whether it was locked
     */
    public boolean tryLock(Duration timeout) {
        long nanos = Chan.nanos(timeout);
        return tryLock() || nanos > 0 && lockSlow(nanos, null);
    }

    /**
     * Unlocks, and lets one of those who wait have it or try for it.
     *
     * @throws IllegalStateException if it is not locked
     */
    public void unlock() {
        if (!STATE.compareAndSet(this, LOCKED, 0)) {
            unlockSlow();
        }
    }

    /** Returns whether somebody has it: a snapshot. */
    public boolean isLocked() {
        return (state & LOCKED) != 0;
    }

    @Override
    public String toString() {
        int s = state;
        return "mutex(" + ((s & LOCKED) == 0 ? "free" : "locked") + ((s & WAITERS) == 0 ? "" : ", waiters")
                + ((s & STARVING) == 0 ? ")" : ", starving)");
    }

    // -- lock --

    private boolean lockSlow(long nanos, Lifetime lifetime) {
        if (spin()) {
            return true;
        }
        Primitives.checkRoom();
        Sudog me = new Sudog();
        long begin = System.nanoTime();
        me.number = begin;
        boolean woken = false;
        boolean starving = false;
        while (!takeOrEnqueue(me, woken, starving)) {
            long left = nanos == Long.MAX_VALUE ? nanos : nanos - (System.nanoTime() - begin);
            boolean inTime;
            try {
                inTime = me.await(WaitReason.MUTEX_LOCK, left, lifetime);
            } catch (Throwable e) { // ended, or no stack or memory to wait with
                if (giveUp(me)) {
                    return true;
                }
                throw e;
            }
            if (!inTime) {
                return giveUp(me);
            }
            if (me.success) {
                return true;
            }
            woken = true;
            starving = System.nanoTime() - begin > STARVATION_NANOS;
        }
        return true;
    }

    /** Looks a few times whether it gets free. */
    private boolean spin() {
        int s = state;
        for (int i = 0; (s & STARVING) == 0; s = state) {
            if ((s & LOCKED) == 0) {
                if (STATE.compareAndSet(this, s, s | LOCKED)) {
                    return true;
                }
            } else if (!Primitives.spin(i++)) {
                return false;
            }
        }
        return false;
    }

    /** True if the caller has the mutex now; else it is on the queue, and must wait. */
    boolean takeOrEnqueue(Sudog me, boolean woken, boolean starving) {
        inner.lock();
        try {
            while (true) {
                int s = state;
                int rest = woken ? s & ~WOKEN : s;
                if ((s & (LOCKED | STARVING)) == 0) {
                    if (STATE.compareAndSet(this, s, rest | LOCKED)) {
                        return true;
                    }
                } else if (STATE.compareAndSet(this, s, rest | WAITERS | (starving ? STARVING : 0))) {
                    if (woken) {
                        waiters.enqueueFirst(me);
                    } else {
                        waiters.enqueue(me);
                    }
                    return false;
                }
            }
        } finally {
            inner.unlock();
        }
    }

    /** After a wait that ended by itself: leaves the queue. True if the caller has got the mutex in the last moment. */
    boolean giveUp(Sudog me) {
        inner.lock();
        try {
            if (waiters.remove(me)) {
                if (waiters.isEmpty()) {
                    clear(WAITERS | STARVING);
                }
                return false;
            }
            if (me.success) {
                return true;
            }
            while (true) { // woken to compete: once, and then another one may
                int s = state;
                boolean free = (s & (LOCKED | STARVING)) == 0;
                if (STATE.compareAndSet(this, s, s & ~WOKEN | (free ? LOCKED : 0))) {
                    return free;
                }
            }
        } finally {
            inner.unlock();
        }
    }

    private void clear(int bits) {
        STATE.getAndBitwiseAnd(this, ~bits);
    }

    // -- unlock --

    private void unlockSlow() {
        int s = state;
        while ((s & LOCKED) != 0 && (s & STARVING) == 0 && (s & (WAITERS | WOKEN)) != WAITERS) {
            if (STATE.compareAndSet(this, s, s & ~LOCKED)) {
                return; // nobody waits, or one is awake
            }
            s = state;
        }
        if ((s & LOCKED) == 0) {
            throw new IllegalStateException("unlock of unlocked mutex");
        }
        Primitives.checkRoom();
        Sudog first = release();
        if (first != null) {
            boolean hasIt = first.success; // read before it can be used again
            long since = first.number;
            first.wake();
            Primitives.contended(since);
            if (hasIt) {
                yieldToIt(); // the mutex is not ours any more
            }
        }
    }

    /** The waiter to wake, or null. */
    private Sudog release() {
        inner.lock();
        try {
            int s = state;
            while ((s & STARVING) == 0) {
                boolean wakes = (s & (WAITERS | WOKEN)) == WAITERS;
                int next = s & ~LOCKED;
                if (wakes) {
                    next |= WOKEN;
                    next &= waiters.hasOne() ? ~WAITERS : ~0;
                }
                if ((s & LOCKED) == 0) {
                    throw new IllegalStateException("unlock of unlocked mutex");
                }
                if (STATE.compareAndSet(this, s, next)) {
                    return wakes ? waiters.dequeue() : null;
                }
                s = state;
            }
            Sudog heir = waiters.dequeue();
            heir.success = true;
            if (waiters.isEmpty()) {
                clear(WAITERS | STARVING);
            } else if (System.nanoTime() - heir.number <= STARVATION_NANOS) {
                clear(STARVING);
            }
            return heir;
        } finally {
            inner.unlock();
        }
    }

    /** As Go's {@code semrelease1} after a hand-off: the heir is in {@code runnext}, and runs now, in our slice. */
    private static void yieldToIt() {
        try {
            if (Goroutine.current() != null) {
                Goroutine.goyield();
            }
        } catch (StackOverflowError e) {
            // the mutex is handed over; that the heir runs at once is only a courtesy
        }
    }
}
