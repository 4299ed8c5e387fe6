package dev.heddle.sched;

/** What sysmon remembers of one P. */
final class Watch {
    /** A word of the slice that is watched. */
    long word;

    long since;
    /** How long the slice may be, as of the last look. */
    long sliceNanos;

    M m;
    long cpuNanos;
    boolean cpuKnown;
    /** It has used next to no processor time since {@link #calmSince}, when it had used this much. */
    long calmCpuNanos;

    long calmSince;
    /** In how many looks on end. */
    int seenAsleep;

    final SleepWatch sleep = new SleepWatch();
    boolean denied;
    long deniedAt;
    /** The call that it was seen in. */
    boolean inCall;

    long syscalltick;
    long callSince;

    void cpu(long nanos, long now) {
        cpuNanos = nanos;
        cpuKnown = true;
        calmCpuNanos = nanos;
        calmSince = now;
    }

    /**
     * Whether it has used next to no processor time for half a quantum. One that computes first and then blocks is
     * seen from the moment that it blocks: it may never use enough for a hog, and as a hog it might not be taken.
     */
    boolean isCalm(long nanos, long now, long quantumNanos) {
        long passed = now - calmSince;
        if (nanos - calmCpuNanos > quantumNanos / 50 + passed / 25) { // a few percent: a guess
            calmCpuNanos = nanos;
            calmSince = now;
            return false;
        }
        return passed >= quantumNanos / 2;
    }
}
