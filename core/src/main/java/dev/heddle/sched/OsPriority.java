package dev.heddle.sched;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Priorities of threads in the operating system. On Linux each thread has one of its own, and any thread of the process may
 * set it; elsewhere there is nothing of that kind, and callers do without.
 *
 * <p>A level says how far below the process's own priority a thread is: {@link #NORMAL} is where it began, 1 to 19 are so many
 * steps of its nice value, each of which is worth a fifth of the processor time of the one before (sched(7): a weight of
 * 1024 / 1.25<sup>level</sup>), and {@link #IDLE} is the policy {@code SCHED_IDLE} (weight 3). To lower a thread needs no privilege.
 * To raise it again does: {@code CAP_SYS_NICE}, or a limit {@code RLIMIT_NICE} that allows it.
 *
 * <p>A thread that is made by a thread inherits its level, whoever makes it: also those of the application.
 */
final class OsPriority {
    static final int NORMAL = 0;
    /** The lowest level that is a nice value. */
    static final int NICEST = 19;

    static final int IDLE = 20;

    /** {@code PRIO_PROCESS} of {@code sys/resource.h}: with a thread's number it means that thread alone on Linux. */
    private static final long PRIO_PROCESS = 0;

    /** {@code SCHED_OTHER} and {@code SCHED_IDLE} of {@code sched.h}. */
    private static final long SCHED_OTHER = 0;

    private static final long SCHED_IDLE = 5;

    /** 1 s: for a thread that does nothing but two system calls. */
    private static final long PROBE_MILLIS = 1000;

    /** What this process may do. */
    private enum Rights {
        NONE,
        LOWER,
        LOWER_AND_RAISE
    }

    private static volatile Rights rights;

    private OsPriority() {}

    /** Finds out what may be done, once; takes some milliseconds. Never throws. */
    static void prepare() {
        if (rights == null) {
            find();
        }
    }

    private static synchronized void find() {
        if (rights != null) {
            return;
        }
        Rights[] found = {Rights.NONE};
        try {
            Thread probe = Thread.ofPlatform().name("heddle-priority").daemon(true).start(() -> found[0] = probe());
            probe.join(PROBE_MILLIS);
            rights = probe.isAlive() ? Rights.NONE : found[0];
        } catch (Throwable e) { // no thread, no memory, or an interrupt: for good, or every hog would cost a second
            rights = Rights.NONE;
        }
    }

    /** On a thread of its own, which need not be raised again. */
    private static Rights probe() {
        long id = OsThreads.currentId();
        if (id == 0 || !Calls.isUsual(id) || !Calls.nice(id, 1)) {
            return Rights.NONE;
        }
        return Calls.nice(id, NORMAL) ? Rights.LOWER_AND_RAISE : Rights.LOWER;
    }

    /** Whether levels can be set at all. After {@link #prepare}. */
    static boolean canLower() {
        Rights known = rights;
        return known == Rights.LOWER || known == Rights.LOWER_AND_RAISE;
    }

    /** Whether a thread that was lowered can be raised again. After {@link #prepare}. */
    static boolean canRaise() {
        return rights == Rights.LOWER_AND_RAISE;
    }

    /**
     * Moves a thread to another level. Does not throw.
     *
     * @param id the thread's number in the operating system
     * @param from its level until now
     * @return false if the system has refused that; then it is where it was, or in between
     */
    static boolean set(long id, int from, int to) {
        if (to == IDLE) {
            // without SCHED_IDLE (musl's C library refuses it) as nice as may be
            return Calls.policy(id, SCHED_IDLE) || Calls.nice(id, NICEST);
        }
        if (from == IDLE) {
            Calls.policy(id, SCHED_OTHER); // refused where the thread never was SCHED_IDLE: then nothing is lost
        }
        return Calls.nice(id, to);
    }

    /** The calls themselves. */
    private static final class Calls {
        private static final MemorySegment SETPRIORITY = OsCalls.find("setpriority");
        private static final MemorySegment GETPRIORITY = OsCalls.find("getpriority");
        private static final MemorySegment SETSCHEDULER = OsCalls.find("sched_setscheduler");
        private static final MemorySegment GETSCHEDULER = OsCalls.find("sched_getscheduler");

        /** A {@code struct sched_param} whose priority is 0, which all policies used here want. */
        private static final MemorySegment NO_PRIORITY = Arena.global().allocate(JAVA_LONG);

        /** The nice value of the process when this class was first used. */
        private static final int BASE = OsCalls.call(GETPRIORITY, PRIO_PROCESS, OsThreads.currentId(), 0);

        /** Not one that somebody has given another policy: it knows why. */
        static boolean isUsual(long id) {
            return OsCalls.call(GETSCHEDULER, id, 0, 0) == SCHED_OTHER;
        }

        static boolean nice(long id, int level) {
            return OsCalls.call(SETPRIORITY, PRIO_PROCESS, id, Math.min(BASE + level, NICEST)) == 0;
        }

        static boolean policy(long id, long policy) {
            return OsCalls.call(SETSCHEDULER, id, policy, NO_PRIORITY.address()) == 0;
        }
    }
}
