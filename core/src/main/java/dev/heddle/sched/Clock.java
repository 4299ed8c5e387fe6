package dev.heddle.sched;

/** The scheduler's clock: nanoseconds since this class was loaded, always positive, so that 0 can mean "none". */
final class Clock {
    private static final long START = System.nanoTime() - 1;

    private Clock() {}

    static long nanotime() {
        return System.nanoTime() - START;
    }
}
