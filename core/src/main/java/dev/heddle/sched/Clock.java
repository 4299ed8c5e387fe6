package dev.heddle.sched;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The scheduler's clock: nanoseconds since this class was loaded, always positive, so that 0 can mean "none". */
final class Clock {
    private static final long START = System.nanoTime() - 1;

    private Clock() {}

    static long nanotime() {
        return System.nanoTime() - START;
    }

    /** What {@link System#nanoTime} said at a time of this clock. */
    static long toNanoTime(long nanos) {
        return nanos + START;
    }

    /** The time in so many nanoseconds; the end of time if that is later. */
    static long after(long nanos) {
        long now = nanotime();
        return nanos > Long.MAX_VALUE - 1 - now ? Long.MAX_VALUE - 1 : now + nanos;
    }

    /** Nanoseconds of a duration, of which too long ones are as long as can be. */
    static long nanos(Duration duration) {
        return TimeUnit.NANOSECONDS.convert(duration);
    }
}
