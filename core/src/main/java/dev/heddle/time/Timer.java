package dev.heddle.time;

import dev.heddle.sched.RuntimeTimer;
import dev.heddle.sched.Scheduler;
import dev.heddle.sync.Chan;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Something that happens once, after some time (Go's {@code time.Timer}): the time is sent on a channel ({@link #start}), or
 * a function is run in a goroutine of its own ({@link #afterFunc}).
 *
 * <p>All methods may be called from any thread, also at the same time. Of each arming, by {@link #start}, {@link #afterFunc}
 * or {@link #reset}, exactly one thing happens: the timer fires, or the arming is withdrawn by {@link #stop} or replaced by
 * {@link #reset}, which says so. Nothing fires early. After stop or reset has returned nothing of an earlier arming is
 * received from the channel any more (Go 1.23).
 *
 * <p>A timer that is armed is kept alive by the heap that it waits on, with all that its function refers to: stop timers
 * that are no longer wanted. When its scheduler has ended a timer can be armed and stopped, but does not fire any more.
 */
public final class Timer {
    private final RuntimeTimer timer;
    private final Chan<Instant> c;

    private Timer(RuntimeTimer timer, Chan<Instant> c) {
        this.timer = timer;
        this.c = c;
    }

    /**
     * Waits for the time given and then sends the time on a channel (Go's {@code NewTimer}); for goroutines.
     *
     * @param delay how long to wait; zero or negative sends at once
     * @return the timer, armed
     * @throws IllegalStateException if the caller is not a goroutine
     */
    public static Timer start(Duration delay) {
        return start(here(), delay);
    }

    /**
     * Waits for the time given and then sends the time on a channel (Go's {@code NewTimer}).
     *
     * @param scheduler whose Ps wait
     * @param delay how long to wait; zero or negative sends at once
     * @return the timer, armed
     */
    public static Timer start(Scheduler scheduler, Duration delay) {
        Tick tick = new Tick();
        Timer timer = new Timer(RuntimeTimer.of(scheduler, tick), tick.c);
        timer.reset(delay);
        return timer;
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
        Timer timer = new Timer(RuntimeTimer.func(scheduler, func), null);
        timer.reset(delay);
        return timer;
    }

    /**
     * Returns where the time is sent. Only for receiving: it must not be closed.
     *
     * @return the channel; null if this timer runs a function
     */
    public Chan<Instant> c() {
        return c;
    }

    /**
     * Withdraws the arming, if it is not too late. Does not wait for a function that runs.
     *
     * @return true if this call keeps the function from being started, or the time from being received; false if that has
     *     happened, or the timer had been stopped before
     */
    public boolean stop() {
        return timer.stop();
    }

    /**
     * Arms the timer anew, whatever state it is in: to fire in the time given from now.
     *
     * @param delay how long to wait; zero or negative fires at once
     * @return true if an arming has been replaced; false if there was none, because the timer has fired or had been stopped.
     *     A function that has been started may run then at the same time as the next one
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
