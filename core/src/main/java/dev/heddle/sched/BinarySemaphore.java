package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * At most one permit, at most one waiter: what Go's {@code pollDesc} has two of ({@code rg} and {@code wg} in
 * {@code netpoll.go}), and the building block for everything that waits for an event.
 *
 * <table>
 * <caption>States, in one word</caption>
 * <tr><th>state</th><th>meaning</th><th>moves</th></tr>
 * <tr><td>null</td><td>no permit, nobody waits</td><td>release: READY; waiter: itself</td></tr>
 * <tr><td>READY</td><td>one permit</td><td>acquire: null</td></tr>
 * <tr><td>a waiter</td><td>a goroutine or thread waits</td><td>release: READY, then wakes it; its time, its lifetime or its
 * scheduler: null, then wakes it</td></tr>
 * </table>
 *
 * <p>Why no wake-up is lost: the waiter appears in the word only after it has left its stack (the commit of
 * {@link G#gopark}), by CAS from null; a release that came before made the word READY, so that CAS fails and the waiter
 * goes on. A release that comes after takes the waiter out by the same exchange that leaves the permit.
 *
 * <p>There are two kinds of waits. Those by {@link #acquire} end with a permit or with their time, and by nothing else: for
 * goroutines that serve others, for short waits, and for what cleans up. Those by {@link #await} can be ended by a
 * {@link Lifetime}, and by {@link Scheduler#shutdown} when its grace is over. A wait that nothing but a release or the
 * scheduler can end has the goroutine itself as the waiter, and costs no object; others have a {@link Wait}, where it is
 * written how they end. The end of a scheduler may come for a goroutine that has gone on meanwhile and waits here again, by
 * {@code acquire}: then that wait begins anew.
 *
 * <p>Whatever a thread did before {@link #release} is visible after the {@link #acquire} that took the permit. Releases
 * while a permit is there have no further effect. One goroutine or thread may wait at a time.
 */
public final class BinarySemaphore {
    private static final VarHandle STATE;
    private static final Object READY = "ready";
    private static final Unlockf PARK = (g, semaphore) -> ((BinarySemaphore) semaphore).park(g);
    private static final Unlockf PARK_OR_END = (g, semaphore) -> ((BinarySemaphore) semaphore).parkOrEnd(g);

    static {
        VirtualThreads.open();
        try {
            STATE = MethodHandles.lookup().findVarHandle(BinarySemaphore.class, "state", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile Object state;

    /** Makes a semaphore without a permit. */
    public BinarySemaphore() {}

    /**
     * Takes the permit; waits for it if there is none. Is ended neither by an interrupt, whose status it keeps, nor by the end
     * of a {@link Lifetime}.
     *
     * @param reason what dumps say while the caller waits
     * @throws IllegalStateException if somebody else waits here
     */
    public void acquire(WaitReason reason) {
        if (tryAcquire()) {
            return;
        }
        G g = G.current();
        if (g == null) {
            parkThread(Thread.currentThread(), Long.MAX_VALUE);
            takePermit();
            return;
        }
        do {
            G.gopark(PARK, this, reason);
        } while (!takeIfThere() && wasMeantForAnotherWait(g));
    }

    /** Woken without a permit. */
    private static boolean wasMeantForAnotherWait(G g) {
        if (g.sched.endingWaits) {
            return true;
        }
        throw permitTaken();
    }

    /**
     * Takes the permit; waits for it for a bounded time if there is none. Is ended neither by an interrupt, whose status it
     * keeps, nor by the end of a {@link Lifetime}.
     *
     * @param reason what dumps say while the caller waits
     * @param timeoutNanos the longest wait in nanoseconds; zero or negative does not wait; {@link Long#MAX_VALUE} waits
     *     without limit
     * @return whether the permit was taken; false after the time was over
     * @throws IllegalStateException if somebody else waits here
     */
    public boolean acquire(WaitReason reason, long timeoutNanos) {
        if (tryAcquire()) {
            return true;
        }
        if (timeoutNanos <= 0) {
            return false;
        }
        if (timeoutNanos == Long.MAX_VALUE) {
            acquire(reason);
            return true;
        }
        return Wait.timed(this, G.current()).await(reason, timeoutNanos);
    }

    /**
     * As {@link #acquire(WaitReason, long)}, but the end of the caller's current lifetime ends the wait too; so does
     * {@link Scheduler#shutdown} when its grace is over. A permit that is there is taken in any case.
     *
     * @param reason what dumps say while the caller waits
     * @param timeoutNanos the longest wait in nanoseconds; zero or negative does not wait; {@link Long#MAX_VALUE} waits
     *     without limit
     * @return whether the permit was taken; false after the time was over
     * @throws java.util.concurrent.CancellationException if the wait was ended, or would have to begin after the end of the
     *     lifetime. No permit was taken then
     * @throws IllegalStateException if somebody else waits here
     */
    public boolean await(WaitReason reason, long timeoutNanos) {
        return tryAcquire() || timeoutNanos > 0 && awaitPermit(reason, timeoutNanos, Lifetime.currentEnding());
    }

    /**
     * As {@link #await(WaitReason, long)}, with another lifetime than the current one.
     *
     * @param lifetime what can end the wait
     */
    public boolean await(WaitReason reason, long timeoutNanos, Lifetime lifetime) {
        return tryAcquire() || timeoutNanos > 0 && awaitPermit(reason, timeoutNanos, lifetime.ending);
    }

    private boolean awaitPermit(WaitReason reason, long timeoutNanos, Lifetime.Ending ending) {
        G g = G.current();
        if (timeoutNanos != Long.MAX_VALUE || ending != null || g == null) {
            return Wait.endable(this, g, ending).await(reason, timeoutNanos);
        }
        g.waitsAt(this);
        G.gopark(PARK_OR_END, this, reason);
        g.waitsAt(null);
        if (takeIfThere()) {
            return true;
        }
        throw g.sched.endingWaits ? g.endedByScheduler() : permitTaken();
    }

    /**
     * Takes the permit that ended a wait. By CAS: it reads the last release, so that all that came before any release so far
     * is visible, and leaves a waiter where it is.
     */
    void takePermit() {
        if (!takeIfThere()) {
            throw permitTaken();
        }
    }

    /** As {@link #takePermit}, after a wait that may have ended without one. */
    boolean takeIfThere() {
        Object s = STATE.compareAndExchange(this, READY, null);
        if (s != null && s != READY) {
            throw new IllegalStateException("one waiter at a time: " + s + " waits already");
        }
        return s == READY;
    }

    static IllegalStateException permitTaken() {
        return new IllegalStateException("one waiter at a time: another one has taken the permit");
    }

    /**
     * Takes the permit if there is one.
     *
     * @return whether it was taken
     * @throws IllegalStateException if somebody else waits here
     */
    public boolean tryAcquire() {
        Object s = state;
        if (s == READY && STATE.compareAndSet(this, READY, null)) {
            return true;
        }
        if (s != null) {
            throw new IllegalStateException("one waiter at a time: " + s + " waits already");
        }
        return false;
    }

    /**
     * Gives the permit, and wakes whoever waits for it. Callable from any thread; does not block. A goroutine that is
     * woken by a goroutine runs next on the same P.
     */
    public void release() {
        if (state == null && STATE.compareAndSet(this, null, READY)) {
            return; // nobody waits
        }
        StackProbe.check();
        Goroutine g = unblock();
        if (g != null) {
            ((G) g).ready();
        }
    }

    /**
     * Like {@link #release}, but hands the waiting goroutine to the caller, who must have the scheduler queue it: for
     * implementations of {@link Poller}.
     *
     * @return the goroutine that waited, or null if none did
     */
    public Goroutine unblock() {
        Object waiter = STATE.getAndSet(this, READY);
        return switch (waiter) {
            case G g -> g;
            case Wait wait when wait.g != null -> wait.g;
            case Wait wait -> unpark(wait.thread);
            case Thread thread -> unpark(thread);
            case null, default -> null;
        };
    }

    /** Returns null: nobody for a run queue. */
    static G unpark(Thread thread) {
        LockSupport.unpark(thread);
        return null;
    }

    /** The commit: true if the goroutine can be found now, false if a permit has come. */
    boolean park(Object waiter) {
        return STATE.compareAndSet(this, null, waiter);
    }

    /** For {@link Rehearsal}: the waits of a goroutine, with nobody who waits. */
    void rehearse(G g) {
        park(g);
        unblock();
        takeIfThere();
        Wait wait = Wait.timed(this, g);
        wait.park();
        takeOut(wait);
    }

    /** The commit of a wait that the scheduler can end: it looks for that after it can be found, as {@link Wait#park}. */
    private boolean parkOrEnd(G g) {
        return park(g) && !(g.endsNextWait() && takeOut(g));
    }

    /** Takes a waiter out without a permit. True for who has to wake it. */
    boolean takeOut(Object waiter) {
        return STATE.compareAndSet(this, waiter, null);
    }

    /** By the scheduler that ends: as {@link #takeOut}, if the goroutine waits here in a way that can be ended. */
    boolean takeOutIfEndable(G g) {
        Object s = state;
        return (s == g || s instanceof Wait wait && wait.g == g && wait.endsWithScheduler) && takeOut(s);
    }

    /**
     * Waits until the waiter has been taken out of the word.
     *
     * @param me the thread, or its {@link Wait}
     * @return true if the time is over and the caller has taken itself out
     */
    boolean parkThread(Object me, long timeoutNanos) {
        boolean timed = timeoutNanos != Long.MAX_VALUE;
        long end = timed ? System.nanoTime() + timeoutNanos : 0;
        boolean interrupted = false;
        boolean timedOut = false;
        if (me instanceof Wait wait ? wait.park() : park(me)) {
            while (state == me) {
                if (timed) {
                    long left = end - System.nanoTime();
                    if (left <= 0 && takeOut(me)) {
                        timedOut = true;
                        break;
                    }
                    LockSupport.parkNanos(this, left);
                } else {
                    LockSupport.park(this);
                }
                interrupted |= Thread.interrupted();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return timedOut;
    }
}
