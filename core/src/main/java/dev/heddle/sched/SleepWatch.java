package dev.heddle.sched;

import java.util.function.BooleanSupplier;

/**
 * Finds out soon whether the thread of a goroutine sleeps in a call that nobody declared, for work that waits for its P: what
 * sysmon remembers of its looks at one slice.
 *
 * <p>A look takes the processor time of the thread, and only if that has not changed since the last look the state of
 * the thread in the kernel, which costs some 20 times as much. Asleep means: {@link #LOOKS} looks on end over
 * {@link #ASLEEP_NANOS} or more, the thread asleep in each of them, and its processor time the same in all. So it has slept
 * all the time between. In a streak, when threads are found asleep one after the other, two looks will do.
 *
 * <p>Not taken for asleep is a thread that the system does not run: it waits for a processor, and does not sleep. It is
 * asked about again after twice the time each, since a machine with too much to do has no time for that either. Nor is one
 * that a pause of the whole process stops, for a collection say, though it sleeps meanwhile: the pause stops sysmon too, so
 * that one of its looks at most is inside, and one more before the end of the pause has reached the last thread; by the
 * third the thread has been woken, and is no longer asleep or has used processor time. A mistake costs little: the
 * goroutine goes on without a P until its next scheduling point.
 */
final class SleepWatch {
    private static final int LOOKS = 3;

    /** 200 us: a sleep that is shorter is not worth another thread. A guess: what two threads that are woken cost. */
    static final long ASLEEP_NANOS = 200_000;

    /** 100 us: between two questions about a thread that waits for a processor, at first. A guess: two rounds of sysmon. */
    static final long PATIENCE_NANOS = 100_000;

    private boolean known;
    private long cpuNanos;
    private int asleep;
    private long asleepSince;
    private long nextLook;
    private long patience;

    /** What was seen counts no more: another slice, or a pause. */
    void reset() {
        known = false;
        asleep = 0;
    }

    /** Whether the last look found it asleep, so that the next should come soon. */
    boolean isSuspicious() {
        return asleep > 0;
    }

    /**
     * Looks once more.
     *
     * @param now nanoseconds
     * @param usedNanos the processor time that the thread has used
     * @param old whether the slice is old enough for the first look to ask for the state at once
     * @param streak whether another thread has been found asleep a moment ago
     * @param inKernel whether the thread sleeps in the kernel
     * @return whether it sleeps, and has for some looks
     */
    boolean look(long now, long usedNanos, boolean old, boolean streak, BooleanSupplier inKernel) {
        boolean first = !known;
        if (first || usedNanos != cpuNanos) {
            known = true;
            cpuNanos = usedNanos;
            asleep = 0;
            nextLook = now;
            patience = PATIENCE_NANOS;
            if (!first || !old) {
                return false;
            }
        }
        if (now - nextLook < 0) {
            return false;
        }
        if (!inKernel.getAsBoolean()) {
            asleep = 0;
            nextLook = now + patience;
            patience *= 2;
            return false;
        }
        if (++asleep == 1) {
            asleepSince = now;
        }
        return streak ? asleep >= LOOKS - 1 : asleep >= LOOKS && now - asleepSince >= ASLEEP_NANOS;
    }
}
