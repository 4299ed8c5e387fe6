package dev.heddle.sched;

/**
 * Makes a {@link StackOverflowError} come before scheduler code has begun, not in the middle of it. A goroutine that has
 * recursed to the end of its stack may release or start something while it unwinds; an error between the lock and the
 * unlock of scheduler code would stop all others.
 *
 * <p>{@link #check} stands where a goroutine's stack enters the scheduler, before anything has been changed; {@link #room}
 * before the rare deeper sections, those that take a lock.
 */
final class StackProbe {
    /**
     * Frames of {@link #check}: more than putting a goroutine on its P's ring takes, also in the interpreter, whose frames are
     * larger than those of the compiled probe. Twice what was used until a wake-up was lost after {@link #SECTION} frames of
     * half this size, late in a long run of tests. What each frame costs has not been measured since.
     */
    private static final int SHALLOW = 16;

    /**
     * Frames of {@link #checkSection}: {@link #SHALLOW} and twice as much again, for what a primitive does before it wakes
     * somebody. With 24 in all a goroutine was seen that had been taken out of its wait and was on no queue.
     */
    private static final int SECTION = 3 * SHALLOW;

    /**
     * Frames of {@link #checkTimer}: three times what arming a timer takes in the interpreter while the probe is compiled
     * (our measurement: an overflow in the middle was seen with 8 often, with 16 once, with 24 never).
     */
    private static final int TIMER = 48;

    /**
     * Frames of {@link #room}: more than the deepest section, {@code go} with a wake-up, takes in the interpreter while
     * the probe is compiled (our measurement: tests at every depth near the end of the stack, also with {@code -Xint}).
     */
    private static final int DEEP = 96;

    private StackProbe() {}

    /** Throws StackOverflowError if there is not enough room for a short section of the scheduler. */
    static void check() {
        down(SHALLOW);
    }

    /** Throws StackOverflowError if there is not enough room for the section of a primitive and a wake-up after it. */
    static void checkSection() {
        down(SECTION);
    }

    /** Throws StackOverflowError if there is not enough room to arm or stop a timer. */
    static void checkTimer() {
        down(TIMER);
    }

    private static void down(int frames) {
        if (down(frames, 1, 2, 3, 4, 5, 6, 7, 8) == 0) {
            throw new AssertionError("never: keeps the recursion from being optimised away");
        }
    }

    /** Whether there is enough room for any section of the scheduler. */
    static boolean room() {
        try {
            down(DEEP);
            return true;
        } catch (StackOverflowError e) {
            return false;
        }
    }

    /** Throws StackOverflowError if there is not enough room for any section of the scheduler. */
    static void checkRoom() {
        down(DEEP);
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // they are what makes the frame large
    private static long down(int left, long a, long b, long c, long d, long e, long f, long g, long h) {
        return left == 0 ? a | b : down(left - 1, b, c, d, e, f, g, h, a) + a;
    }
}
