package dev.heddle.sched;

import dev.heddle.sched.Lifetime.Ending;

/**
 * One wait at a {@link BinarySemaphore} that may end without a permit: because its time is over, because the
 * {@link Lifetime} is over for which it waits, or because its scheduler ends.
 *
 * <p><b>Protocol.</b> The semaphore's word decides. While somebody waits, this object is in it; whoever takes it out wakes
 * the waiter, and nobody else can, since the object is used for one wait only:
 *
 * <ul>
 *   <li>a release puts the permit in its place;
 *   <li>the timer first writes {@link #timeOver}, then takes it out by CAS to null;
 *   <li>the end of the lifetime first writes {@link #lifetimeOver}, then does the same;
 *   <li>the scheduler first writes {@code Sched.endingWaits}, then looks where the goroutine waits, and does the same.
 * </ul>
 *
 * <p>Timer, lifetime and scheduler may be there before the wait is committed; then they find nothing to take out. So the
 * commit ({@link #park}) puts the object into the word and then looks at those three, in this order, where the enders
 * have the opposite one: at least one sees the other. If the commit sees an end it takes the object out itself, by the same
 * CAS.
 *
 * <p>Awake, the waiter takes the permit if there is one, whatever else has happened: it came before the end, or after it
 * and before the waiter looked. Only without one it asks what was written. So a permit is never lost to a wait that has
 * ended, and a wait that reports its end has left the semaphore as if it had not been: a later permit stays for the next.
 *
 * <p>Before it returns, its timer is stopped and the lifetime has forgotten it; one of them that is just coming finds the
 * object gone from the word, and does nothing.
 */
final class Wait implements Lifetime.Waiter {
    private static final Unlockf PARK = (g, wait) -> ((Wait) wait).park();
    private static final Timer.Callback EXPIRE = wait -> ((Wait) wait).expire();

    private final BinarySemaphore semaphore;
    /** The goroutine that waits; null if another thread does. */
    final G g;
    /** The thread, if it is not a goroutine. */
    final Thread thread;

    private final Ending ending;
    /** Whether the end of the scheduler ends this wait too. */
    final boolean endsWithScheduler;

    private volatile boolean timeOver;
    private volatile boolean lifetimeOver;

    /** What ends with the lifetime, if there is one, and with the goroutine's scheduler. */
    static Wait endable(BinarySemaphore semaphore, G g, Ending ending) {
        return new Wait(semaphore, g, ending, true);
    }

    /** What only its time can end. */
    static Wait timed(BinarySemaphore semaphore, G g) {
        return new Wait(semaphore, g, null, false);
    }

    private Wait(BinarySemaphore semaphore, G g, Ending ending, boolean endsWithScheduler) {
        this.semaphore = semaphore;
        this.g = g;
        this.thread = g == null ? Thread.currentThread() : null;
        this.ending = ending;
        this.endsWithScheduler = endsWithScheduler && g != null;
    }

    /**
     * Waits, and takes the permit.
     *
     * @param nanos the longest wait; {@link Long#MAX_VALUE} is without limit
     * @return false after the time was over
     * @throws java.util.concurrent.CancellationException if the lifetime or the scheduler has ended the wait
     */
    boolean await(WaitReason reason, long nanos) {
        StackProbe.check();
        if (ending != null && !ending.add(this)) {
            throw ending.exception();
        }
        try {
            if (g == null) {
                if (semaphore.parkThread(this, nanos)) {
                    timeOver = true;
                }
            } else if (nanos == Long.MAX_VALUE) {
                park(reason);
            } else {
                parkTimed(reason, nanos);
            }
        } finally {
            if (ending != null) {
                ending.forget(this);
            }
        }
        return semaphore.takeIfThere() || tell();
    }

    private void parkTimed(WaitReason reason, long nanos) {
        Timer timer = new Timer(EXPIRE, this);
        g.sched.startTimer(timer, nanos);
        try {
            park(reason);
        } finally {
            timer.stop();
        }
    }

    private void park(WaitReason reason) {
        if (endsWithScheduler) {
            g.waitsAt(semaphore);
        }
        G.gopark(PARK, this, reason);
        g.waitsAt(null);
    }

    /** There was no permit: false if only the time is over. */
    private boolean tell() {
        if (lifetimeOver) {
            throw ending.exception();
        }
        if (timeOver) {
            return false;
        }
        if (endsWithScheduler && g.sched.endingWaits) {
            throw g.endedByScheduler();
        }
        throw BinarySemaphore.permitTaken();
    }

    /** The commit: true if the waiter can be found now, false if it is to go on. */
    boolean park() {
        return semaphore.park(this) && !(isOver() && semaphore.takeOut(this));
    }

    /** Pairs with the enders: see the protocol. */
    private boolean isOver() {
        return timeOver || lifetimeOver || endsWithScheduler && g.endsNextWait();
    }

    /** By the timer, on g0. */
    void expire() {
        timeOver = true;
        end();
    }

    @Override
    public void told() {
        lifetimeOver = true;
        end();
    }

    private void end() {
        if (semaphore.takeOut(this)) {
            if (g != null) {
                g.ready();
            } else {
                BinarySemaphore.unpark(thread);
            }
        }
    }

    @Override
    public String toString() {
        return String.valueOf(g == null ? thread : g);
    }
}
