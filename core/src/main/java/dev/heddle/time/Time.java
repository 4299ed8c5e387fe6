package dev.heddle.time;

import dev.heddle.sched.Scheduler;
import dev.heddle.sync.Chan;
import java.time.Duration;
import java.time.Instant;

/** Channels that bring the time, for use in a {@link dev.heddle.sync.Select}. */
public final class Time {
    private Time() {}

    /**
     * Returns a channel on which the time comes once, after some time (Go's {@code time.After}). What waits for several
     * things again and again had better make one {@link Timer} and reset it: each call of this makes another one, which
     * waits on its heap until its time has come.
     *
     * @param delay how long to wait; zero or negative is due at once
     * @return the channel
     * @throws IllegalStateException if the caller is not a goroutine
     */
    public static Chan<Instant> after(Duration delay) {
        return Timer.start(delay).c();
    }

    /**
     * Returns a channel on which the time comes once, after some time, for threads that are not goroutines.
     *
     * @param scheduler whose Ps wait
     * @param delay how long to wait; zero or negative is due at once
     * @return the channel
     */
    public static Chan<Instant> after(Scheduler scheduler, Duration delay) {
        return Timer.start(scheduler, delay).c();
    }
}
