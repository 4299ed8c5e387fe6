package dev.heddle.time;

import dev.heddle.sched.RuntimeTimer;
import dev.heddle.sched.Scheduler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Runs a function once, after some time, in a goroutine of its own (Go's {@code time.AfterFunc}).
 *
 * <p>All methods may be called from any thread, also at the same time. Of each arming, by {@link #afterFunc} or
 * {@link #reset}, exactly one thing happens: the function is started, or the arming is withdrawn by {@link #stop} or
 * replaced by {@link #reset}, which says so. Nothing fires early.
 *
 * <p>A timer that is armed is kept alive by the heap that it waits on, with all that its function refers to: stop timers
 * that are no longer wanted.
 */
public final class Timer {
    private final RuntimeTimer timer;

    private Timer(RuntimeTimer timer) {
        this.timer = timer;
    }

    /**
     * Waits for the time given and then runs a function, on the scheduler of the goroutine that calls this.
     *
     * @param delay how long to wait; zero or negative runs the function at once
     * @param func what to run. Its goroutine inherits what this one inherited; what it throws is logged
     * @return the timer, armed
     * @throws IllegalStateException if the caller is not a goroutine
     */
    public static Timer afterFunc(Duration delay, Runnable func) {
        return afterFunc(here(), delay, func);
    }

    /**
     * Waits for the time given and then runs a function, on the scheduler given. The function is run also while that
     * scheduler shuts down, until its threads end.
     *
     * @param scheduler what runs the function
     * @param delay how long to wait; zero or negative runs the function at once
     * @param func what to run. Its goroutine inherits from the caller of this method; what it throws is logged
     * @return the timer, armed
     */
    public static Timer afterFunc(Scheduler scheduler, Duration delay, Runnable func) {
        Timer timer = new Timer(RuntimeTimer.func(scheduler, func));
        timer.reset(delay);
        return timer;
    }

    /**
     * Withdraws the arming, if it is not too late. Does not wait for a function that runs.
     *
     * @return true if the function will not be started, by this call; false if it has been started or the timer had been
     *     stopped before
     */
    public boolean stop() {
        return timer.stop();
    }

    /**
     * Arms the timer anew, whatever state it is in: to run the function in the time given from now.
     *
     * @param delay how long to wait; zero or negative runs the function at once
     * @return true if an arming has been replaced; false if there was none, because the function has been started or the
     *     timer had been stopped: then it may run at the same time as before
     */
    public boolean reset(Duration delay) {
        return timer.reset(TimeUnit.NANOSECONDS.convert(delay), 0);
    }

    /** The scheduler of the caller. */
    static Scheduler here() {
        Scheduler scheduler = Scheduler.current();
        if (scheduler == null) {
            throw new IllegalStateException(Thread.currentThread() + " is not a goroutine: say which scheduler is to fire"
                    + " the timer");
        }
        return scheduler;
    }
}
