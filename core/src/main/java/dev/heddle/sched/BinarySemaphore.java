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
 * <tr><td>a waiter</td><td>a goroutine or thread waits</td><td>release: READY, then wakes it; its timer: null, then wakes
 * it</td></tr>
 * </table>
 *
 * <p>Why no wake-up is lost: the waiter appears in the word only after it has left its stack (the commit of
 * {@link G#gopark}), by CAS from null; a release that came before made the word READY, so that CAS fails and the waiter
 * goes on. A release that comes after takes the waiter out by the same exchange that leaves the permit.
 *
 * <p>Whatever a thread did before {@link #release} is visible after the {@link #acquire} that took the permit. Releases
 * while a permit is there have no further effect. One goroutine or thread may wait at a time.
 */
public final class BinarySemaphore {
    private static final VarHandle STATE;
    private static final Object READY = "ready";
    private static final Unlockf PARK = (g, semaphore) -> ((BinarySemaphore) semaphore).park(g);
    private static final Unlockf PARK_TIMED = (g, wait) -> ((TimedWait) wait).park();
    private static final Timer.Callback EXPIRE = wait -> ((TimedWait) wait).expire();

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
     * Takes the permit; waits for it if there is none. Is not ended by an interrupt, and keeps the interrupt status.
     *
     * @param reason what dumps say while the caller waits
     * @throws IllegalStateException if somebody else waits here
     */
    public void acquire(WaitReason reason) {
        if (tryAcquire()) {
            return;
        }
        if (G.current() == null) {
            acquireByThread(Long.MAX_VALUE);
            return;
        }
        G.gopark(PARK, this, reason);
        takePermit();
    }

    /**
     * Takes the permit; waits for it for a bounded time if there is none. Is not ended by an interrupt, and keeps the
     * interrupt status.
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
        G g = G.current();
        if (g == null) {
            return acquireByThread(timeoutNanos);
        }
        TimedWait wait = new TimedWait(this, g);
        StackProbe.check();
        g.sched.startTimer(wait.timer, timeoutNanos);
        G.gopark(PARK_TIMED, wait, reason);
        wait.timer.stop();
        if (wait.timedOut) {
            return false;
        }
        takePermit();
        return true;
    }

    /**
     * Takes the permit that ended a wait. By CAS: it reads the last release, so that all that came before any release so far
     * is visible, and leaves a waiter where it is.
     */
    void takePermit() {
        Object s = STATE.compareAndExchange(this, READY, null);
        if (s != READY) {
            throw new IllegalStateException("one waiter at a time: "
                    + (s == null ? "another one has taken the permit" : s + " waits already"));
        }
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
            case TimedWait wait -> wait.g;
            case Thread thread -> {
                LockSupport.unpark(thread);
                yield null;
            }
            case null, default -> null;
        };
    }

    /** The commit: true if the goroutine can be found now, false if a permit has come. */
    boolean park(Object waiter) {
        return STATE.compareAndSet(this, null, waiter);
    }

    private boolean acquireByThread(long timeoutNanos) {
        boolean timed = timeoutNanos != Long.MAX_VALUE;
        long end = timed ? System.nanoTime() + timeoutNanos : 0;
        Thread me = Thread.currentThread();
        boolean interrupted = false;
        boolean acquired = true;
        if (park(me)) {
            while (state == me) {
                if (timed) {
                    long left = end - System.nanoTime();
                    if (left <= 0 && STATE.compareAndSet(this, me, null)) {
                        acquired = false;
                        break;
                    }
                    LockSupport.parkNanos(this, left);
                } else {
                    LockSupport.park(this);
                }
                interrupted |= Thread.interrupted();
            }
        }
        if (acquired) {
            takePermit();
        }
        if (interrupted) {
            me.interrupt();
        }
        return acquired;
    }

    /**
     * A goroutine that waits with a time-out. The timer is armed before the waiter can be found, so it may fire first:
     * then it finds nothing to take out, and the commit sees {@link #expired}. Whoever of timer and release takes this
     * object out of the word wakes the goroutine; nobody else can, since the object is used for one wait only.
     */
    private static final class TimedWait {
        final BinarySemaphore semaphore;
        final G g;
        final Timer timer = new Timer(EXPIRE, this);
        private volatile boolean expired;
        /** Written by whoever took this object out because of the time, read by the goroutine after it was woken. */
        boolean timedOut;

        TimedWait(BinarySemaphore semaphore, G g) {
            this.semaphore = semaphore;
            this.g = g;
        }

        boolean park() {
            if (!semaphore.park(this)) {
                return false;
            }
            // pairs with expire: it writes expired and then looks for this object, we do it the other way round
            return !expired || !takeOut();
        }

        void expire() {
            expired = true;
            if (takeOut()) {
                g.ready();
            }
        }

        private boolean takeOut() {
            if (STATE.compareAndSet(semaphore, this, null)) {
                timedOut = true; // nobody else can wake the goroutine now, so it sees this
                return true;
            }
            return false;
        }
    }
}
