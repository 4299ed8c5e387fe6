package dev.heddle.sync;

import dev.heddle.sched.Primitives;
import dev.heddle.sched.SchedLock;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitReason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;

/**
 * Waits until a number of things have ended, with the rules of Go's {@code sync.WaitGroup}: {@link #add} before something
 * begins, {@link #done} when it has ended; {@link #go} does both for a goroutine.
 *
 * <p>May be used by goroutines of any scheduler and by any other thread. What was done before a {@code done} is visible after
 * the {@link #await} that it let through. A group may be used again when all waits have returned. A wait is ended by the end
 * of the caller's current context: it throws a {@link java.util.concurrent.CancellationException}. It is not ended by an
 * interrupt, and the interrupt status stays as it is.
 *
 * <h2>The protocol</h2>
 *
 * <p>The state is the counter, above the number of waiters. Waiters come and go under {@link #inner}, with the queue. Whoever
 * takes the counter to zero and sees waiters takes that lock, sets the state to zero, and wakes them all. Why none is
 * forgotten: a waiter is counted by a CAS that sees a counter above zero, so whoever takes that counter to zero sees it.
 * If the waiters have all given up meanwhile, others may have begun a new round. So whoever comes for waiters and finds the
 * counter above zero, or nobody, leaves the state alone: nobody can add while one waits at zero.
 */
public final class WaitGroup {
    private static final int COUNTER_SHIFT = 32;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(WaitGroup.class, "state", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile long state;
    private final SchedLock inner = new SchedLock();
    private final WaitQueue waiters = new WaitQueue();

    /** Makes a group with nothing to wait for. */
    public WaitGroup() {}

    /**
     * Adds to the counter. What takes it above zero must happen before the wait that is to wait for it.
     *
     * @param delta any number; if it takes the counter to zero, all waiters go on
     * @throws IllegalStateException if the counter would get negative or beyond what an int holds, or go above zero while
     *     somebody waits for an earlier round
     */
    public void add(int delta) {
        add(delta, false);
    }

    private void add(int delta, boolean hasRoom) {
        while (true) {
            long s = state;
            long next = s + ((long) delta << COUNTER_SHIFT);
            long counter = counter(s) + (long) delta;
            boolean wakes = counter == 0 && (int) next != 0;
            if (counter < 0) {
                throw new IllegalStateException("negative WaitGroup counter: " + counter);
            }
            if (counter > Integer.MAX_VALUE) {
                throw new IllegalStateException("WaitGroup counter: got " + counter + ", need an int");
            }
            if ((int) s != 0 && delta > 0 && counter == delta) {
                throw new IllegalStateException("WaitGroup misuse: add called concurrently with await");
            }
            if (wakes && !hasRoom) {
                Primitives.checkRoom();
            }
            if (STATE.compareAndSet(this, s, next)) {
                if (wakes) {
                    WaitQueue.wakeAll(takeWaiters());
                }
                return;
            }
        }
    }

    /**
     * Takes one off the counter.
     *
     * @throws IllegalStateException if the counter would get negative
     */
    public void done() {
        add(-1);
    }

    /** Those who wait for the round that has just ended, if they have not given up meanwhile. */
    Sudog takeWaiters() {
        inner.lock();
        try {
            long s = state;
            if (counter(s) != 0 || (int) s == 0) {
                return null;
            }
            state = 0; // nobody else changes it now: no add goes ahead, and waiters come and go under this lock
            return waiters.takeAll();
        } finally {
            inner.unlock();
        }
    }

    private static int counter(long s) {
        return (int) (s >> COUNTER_SHIFT);
    }

    /**
     * Runs something in a goroutine of the caller's scheduler, and waits for it, too: Go's {@code WaitGroup.Go}.
     *
     * @param body what it runs; what it throws is the scheduler's to report, and counts as an end
     * @throws IllegalStateException if the caller is not a goroutine
     */
    public void go(Runnable body) {
        Scheduler scheduler = Scheduler.current();
        if (scheduler == null) {
            throw new IllegalStateException("go: the caller is not a goroutine; name a scheduler");
        }
        go(scheduler, body);
    }

    /**
     * Runs something in a goroutine, and waits for it, too.
     *
     * @param scheduler runs it
     * @param body what it runs; what it throws is the scheduler's to report, and counts as an end
     * @throws java.util.concurrent.RejectedExecutionException after the scheduler's end; then nothing is waited for
     */
    public void go(Scheduler scheduler, Runnable body) {
        Objects.requireNonNull(scheduler, "scheduler");
        Objects.requireNonNull(body, "body"); // here, and not in the goroutine
        Primitives.checkRoom(); // what is counted must be started
        add(1);
        boolean started = false;
        try {
            scheduler.go(() -> {
                try {
                    body.run();
                } finally {
                    done();
                }
            });
            started = true;
        } finally {
            if (!started) {
                add(-1, true); // made sure of above: here it may not fail
            }
        }
    }

    /**
     * Waits until the counter is zero.
     *
     * @throws IllegalStateException if the group was used again before this wait had returned
     */
    public void await() {
        await(Long.MAX_VALUE);
    }

    /**
     * Waits for a bounded time until the counter is zero.
     *
     * @param timeout the longest wait; zero or negative only looks
     * @return whether it is zero
     * @throws IllegalStateException if the group was used again before this wait had returned
     */
    public boolean await(Duration timeout) {
        return await(Chan.nanos(timeout));
    }

    private boolean await(long nanos) {
        if (counter(state) == 0) {
            return true;
        }
        if (nanos <= 0) {
            return false;
        }
        Primitives.checkRoom();
        Sudog me = new Sudog();
        if (!enqueue(me)) {
            return true;
        }
        try {
            if (!me.await(WaitReason.WAITGROUP_WAIT, nanos) && giveUp(me)) {
                return false;
            }
        } catch (Throwable e) { // ended, or no stack or memory to wait with
            if (giveUp(me)) {
                throw e;
            }
        }
        if (state != 0) {
            throw new IllegalStateException("WaitGroup is reused before previous await has returned");
        }
        return true;
    }

    /** False if the counter is zero: nothing to wait for. */
    boolean enqueue(Sudog me) {
        inner.lock();
        try {
            while (true) {
                long s = state;
                if (counter(s) == 0) {
                    return false;
                }
                if (STATE.compareAndSet(this, s, s + 1)) {
                    waiters.enqueue(me);
                    return true;
                }
            }
        } finally {
            inner.unlock();
        }
    }

    /** Leaves the queue. False if the counter has come to zero. */
    boolean giveUp(Sudog me) {
        inner.lock();
        try {
            if (!waiters.remove(me)) {
                return false;
            }
            STATE.getAndAdd(this, -1L);
            return true;
        } finally {
            inner.unlock();
        }
    }

    @Override
    public String toString() {
        long s = state;
        return "waitgroup(" + counter(s) + ", " + (int) s + " waiters)";
    }
}
