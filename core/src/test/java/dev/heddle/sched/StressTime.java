package dev.heddle.sched;

/** How long stress tests run: a few seconds each in the build, longer with {@code -Dheddle.stress.seconds}. */
final class StressTime {
    private static final long ASKED = Long.getLong("heddle.stress.seconds", 0);

    private StressTime() {}

    /** For each test: what was asked for, else the milliseconds that the build can afford. */
    static long nanos(long millisInTheBuild) {
        return ASKED > 0 ? ASKED * 1_000_000_000L : millisInTheBuild * 1_000_000L;
    }

    static boolean isOver(long begin, long nanos) {
        return System.nanoTime() - begin >= nanos;
    }
}
