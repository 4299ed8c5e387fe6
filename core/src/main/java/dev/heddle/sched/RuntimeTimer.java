package dev.heddle.sched;

import java.util.Objects;

/**
 * A timer on the heap of a P (Go's {@code runtimeTimer}, the door of the runtime to package {@code time}). It is what
 * {@code dev.heddle.time} stands on; programs use that package.
 *
 * <p>All methods may be called from any thread. A goroutine of the timer's scheduler arms it on the heap of its own P,
 * everybody else on that of the first P.
 *
 * <p><b>Protocol.</b> {@link #mu} guards {@code pending}, {@code periodNanos} and the place of the timer: only its holder
 * puts the timer on a heap or withdraws it. The P that finds the timer due takes it off the heap under the heap's own lock
 * and calls {@link #fire}, which may come late: until it has taken {@code mu}, stop and reset can still overtake it.
 *
 * <table>
 * <caption>States</caption>
 * <tr><th>pending</th><th>on a heap</th><th>meaning</th><th>who leaves it, and to where</th></tr>
 * <tr><td>false</td><td>no</td><td>at rest: stopped, fired, never armed</td><td>reset, to armed</td></tr>
 * <tr><td>true</td><td>yes</td><td>armed</td><td>a P that finds it due, to taken; stop, to at rest; reset, to armed for
 * another time</td></tr>
 * <tr><td>true</td><td>no</td><td>taken: a firing is on its way</td><td>the first firing that gets {@code mu}, to at rest,
 * or to armed if there is a period; stop and reset as above, and the firing then finds nothing to do</td></tr>
 * </table>
 *
 * <p>Why each arming fires once or is withdrawn, never both: {@code pending} is set by the arming and cleared, under
 * {@code mu}, by whoever decides. A firing that finds the timer pending but on a heap belongs to an arming that was
 * withdrawn, and leaves the new one alone; one that finds it pending and off the heap may be of an older arming than the
 * one that was taken last, but the time of that one has come too, so it fires in its place and the other firing finds
 * nothing. It never fires early.
 *
 * <p>An {@link Event} runs under {@code mu}, so after stop or reset has returned nothing of an earlier arming is under
 * way, and {@link Event#withdraw} has taken back what was delivered but not seen (Go 1.23's {@code sendLock}). A function
 * is started after {@code mu} was released.
 *
 * <p>Order of locks: {@code mu}, then the heap's or those of the event. {@code mu} is a {@link SchedLock}: whoever holds
 * it cannot leave its thread, so g0 may take it.
 *
 * <p>Differs from Go: a stopped timer leaves its heap at once; a timer with an event stays on its heap while nobody waits
 * for the event.
 */
public final class RuntimeTimer {
    /**
     * What happens when the timer fires. Both methods run inside the scheduler, {@code fire} on the stack of an M: they
     * must be short, and must not block, throw or run code of others.
     */
    public interface Event {
        /** The time has come. Never runs at the same time as {@link #withdraw}. */
        void fire();

        /**
         * Takes back what an earlier {@link #fire} has delivered.
         *
         * @return whether there was something to take back: the timer then counts as not having fired
         */
        boolean withdraw();
    }

    /** 10 ms: until a firing for which there was no memory is tried again. A guess. */
    private static final long FIRE_AGAIN_NANOS = 10_000_000;

    private static final Timer.Callback FIRE = timer -> ((RuntimeTimer) timer).fire();

    private final Sched sched;
    private final Event event;
    private final Runnable func;
    private final Object inherited;
    private final ClassLoader contextClassLoader;
    private final SchedLock mu = new SchedLock();
    private final Timer timer = new Timer(FIRE, this);
    private boolean pending;
    private long periodNanos;

    private RuntimeTimer(Scheduler scheduler, Event event, Runnable func) {
        this.sched = scheduler.sched();
        this.event = event;
        this.func = func;
        this.inherited = func == null ? null : Inherited.get();
        this.contextClassLoader = func == null ? null : Thread.currentThread().getContextClassLoader();
    }

    /**
     * Makes a timer, not armed, that fires an event.
     *
     * @param scheduler whose Ps fire it
     * @param event what happens
     * @return the timer
     */
    public static RuntimeTimer of(Scheduler scheduler, Event event) {
        return new RuntimeTimer(scheduler, Objects.requireNonNull(event, "event"), null);
    }

    /**
     * Makes a timer, not armed, that runs a function in a goroutine of its own (Go's {@code goFunc}). That goroutine
     * inherits from the caller of this method, the context class loader too. It is started even while the scheduler shuts
     * down, as long as there are threads to run it.
     *
     * @param scheduler whose Ps fire it, and which runs the function
     * @param func what to run
     * @return the timer
     */
    public static RuntimeTimer func(Scheduler scheduler, Runnable func) {
        return new RuntimeTimer(scheduler, null, Objects.requireNonNull(func, "func"));
    }

    /**
     * Arms the timer, in place of what it was armed for before (Go's {@code resetTimer}).
     *
     * @param delayNanos from now to the first firing; zero or negative is due at once
     * @param periodNanos from one firing to the next, or 0 to fire once. A firing that comes late drops those that it has
     *     missed and keeps the phase
     * @return whether the timer was pending: armed, and not fired
     */
    public boolean reset(long delayNanos, long periodNanos) {
        StackProbe.check(); // no overflow may come between lock and unlock
        long when = Clock.after(Math.max(0, delayNanos));
        boolean was;
        boolean first;
        mu.lock();
        try {
            was = disarm();
            this.periodNanos = periodNanos;
            first = sched.addTimer(timer, when);
            pending = true;
        } finally {
            mu.unlock();
        }
        if (first) {
            if (StackProbe.room()) {
                sched.netpoller.wakeNetPoller(when);
            } else {
                sched.sysmon.wakeWithWork();
            }
        }
        return was;
    }

    /**
     * Disarms the timer. Does not wait for a function that has been started.
     *
     * @return whether the timer was pending: armed, and not fired. Then it will not fire
     */
    public boolean stop() {
        StackProbe.check(); // no overflow may come between lock and unlock
        mu.lock();
        try {
            return disarm();
        } finally {
            mu.unlock();
        }
    }

    /** Holder of mu. */
    private boolean disarm() {
        boolean was = pending;
        if (was) {
            pending = false;
            timer.stop(); // false if it is taken already: the firing that comes will find nothing
        }
        return event != null && event.withdraw() || was;
    }

    /** On g0. */
    private void fire() {
        boolean start = false;
        boolean again = false;
        mu.lock();
        try {
            if (pending && !timer.isOnHeap()) {
                pending = false;
                start = func != null;
                if (periodNanos != 0) {
                    arm(next(timer.when, periodNanos, Clock.nanotime()));
                }
                if (event != null) {
                    event.fire();
                }
            }
        } catch (Throwable e) { // an event that breaks its word, or no memory: the M must live
            sched.faults.survived(Faults.Where.TIMER, e);
            again = e instanceof VirtualMachineError;
        } finally {
            mu.unlock();
        }
        if (start && !sched.goFired(func, inherited, contextClassLoader)) {
            again = true;
        }
        if (again) {
            fireAgain();
        }
    }

    /**
     * For want of memory nothing has come of a firing for which somebody may wait: the timer fires again in a moment. It counts as
     * pending until then. One with a period has its next firing anyway.
     */
    private void fireAgain() {
        mu.lock();
        try {
            if (!pending) {
                arm(Clock.after(FIRE_AGAIN_NANOS));
            }
        } catch (Throwable e) { // not even room on the heap that it has just left
            sched.faults.survived(Faults.Where.LOST_TIMER, e);
        } finally {
            mu.unlock();
        }
    }

    /**
     * Holder of mu. On the heap of the P that fires, which is awake and looks at its heap before it sleeps. The next firing of a
     * period is the first one in phase that is still to come.
     */
    private void arm(long when) {
        sched.addTimer(timer, when);
        pending = true;
    }

    /** Go's rule in {@code unlockAndRun}: missed ticks are dropped, the phase is kept, and time ends at the end. */
    static long next(long when, long periodNanos, long now) {
        long missed = Math.max(0, now - when) / periodNanos;
        long delta = periodNanos * (missed + 1); // at most now - when + periodNanos: may overflow once
        long next = when + delta;
        return delta <= 0 || next <= 0 ? Long.MAX_VALUE - 1 : next;
    }
}
