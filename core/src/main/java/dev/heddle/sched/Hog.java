package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * That an M runs its goroutine without a P, since sysmon has taken it, and how low its thread is in the operating system
 * meanwhile. One for each M.
 *
 * <table>
 * <caption>States</caption>
 * <tr><th>state</th><th>meaning</th><th>who leaves it, and to where</th></tr>
 * <tr><td>NONE</td><td>has a P, or looks for one; at its usual priority</td><td>sysmon, before it takes the P: to
 * RUNS</td></tr>
 * <tr><td>RUNS</td><td>without a P, at its usual priority</td><td>sysmon: to NONE if it could not take the P, by CAS to
 * CHANGING; the M, when it is about to have a P again, to park or to end: by CAS to NONE</td></tr>
 * <tr><td>CHANGING</td><td>in system calls of sysmon, which set the priority or move it into the group</td><td>sysmon, to LOWERED</td></tr>
 * <tr><td>LOWERED</td><td>without a P, below its usual priority or in the group</td><td>sysmon by CAS to CHANGING; the M, as above, by CAS to
 * RAISING</td></tr>
 * <tr><td>RAISING</td><td>in a system call of the M</td><td>the M, to NONE or STUCK</td></tr>
 * <tr><td>STUCK</td><td>the system refuses to raise it: fit for nothing but to end, with the goroutine that it is locked to if there
 * is one</td><td>nobody</td></tr>
 * </table>
 *
 * <p>Why no thread with a P is low: sysmon lowers only from RUNS and LOWERED by CAS, and an M has left both, by CAS as
 * well, before it may have a P. An M that comes while sysmon is in its system call waits for that to end. The change to RUNS
 * needs no CAS, since the M reads the state only after the CAS on the P's word has told it that its P is gone.
 */
class Hog {
    static final int NONE = 0;
    private static final int RUNS = 1;
    private static final int CHANGING = 2;
    private static final int LOWERED = 3;
    private static final int RAISING = 4;
    private static final int STUCK = 5;

    /** 20 us: how long to wait for another's system call at a time, which takes less unless the system runs others meanwhile. */
    private static final long CHANGING_NANOS = 20_000;

    private static final VarHandle STATE;
    private static final VarHandle BOOKED_UNTIL;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(Hog.class, "state", int.class);
            BOOKED_UNTIL = lookup.findVarHandle(Hog.class, "bookedUntil", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final M m;
    private volatile int state;
    /** Its level, see {@link OsPriority}, or {@link Hogs#GROUP}. Belongs to who has made the state CHANGING or RAISING. */
    private int level;

    /** Where it is at that level. Belongs to the same. */
    private HogGroup group;
    /** Up to when the time that it computes without a P has been booked, see {@link #book}; 0 while it is not thought to. */
    private volatile long bookedUntil;

    // the rest is sysmon's

    Hog next;
    boolean listed;
    long takenAt;

    /** The thread's processor time when it was last looked at. */
    long cpuNanos;

    /** How much of it came since the P was taken; 0 if it seems to sleep. */
    long usedNanos;

    /** When, and at what processor time, it was last looked at whether it has gone to sleep or begun to compute. */
    long turnAt;

    long turnCpuNanos;

    Hog(M m) {
        this.m = m;
    }

    // -- by sysmon --

    /** Its P is about to be taken. */
    void begins() {
        if (state == NONE) {
            bookedUntil = 0;
            state = RUNS;
        }
    }

    /** Its P could not be taken. */
    void stays() {
        if (state == RUNS) {
            state = NONE;
        }
    }

    /** Whether it still runs without that P. */
    boolean isOver() {
        int s = state;
        return s == NONE || s == RAISING || s == STUCK;
    }

    int level() {
        return level;
    }

    /** From now on it computes, or does not. */
    void computes(long now, boolean does) {
        bookedUntil = does ? now : 0;
    }

    /** The time that it has computed without a P and that has not been booked yet, which it now is. By sysmon and by its M. */
    long book(long now) {
        long until = bookedUntil;
        boolean booked = until != 0 && BOOKED_UNTIL.compareAndSet(this, until, now); // else the other one has, or it sleeps
        return booked ? Math.max(0, now - until) : 0;
    }

    /** Moves it to another level if it still runs without a P. Out of the group nobody moves it but its M. */
    void level(int to) {
        int s = state;
        if ((s == RUNS || s == LOWERED) && STATE.compareAndSet(this, s, CHANGING)) {
            try {
                boolean mayMove = level != Hogs.GROUP || group.isAbandoned();
                if (mayMove && set(level, to)) {
                    level = to;
                }
            } finally {
                state = LOWERED; // whatever happens: its M may wait for that
            }
        }
    }

    // -- by its M --

    /**
     * It is about to have a P again, to park or to end: back to its usual priority.
     *
     * @return false if it must not have a P, since its thread stays low
     */
    boolean ends() {
        while (true) {
            int s = state;
            switch (s) {
                case NONE -> {
                    return true;
                }
                case STUCK -> {
                    return false;
                }
                case RUNS -> {
                    if (STATE.compareAndSet(this, RUNS, NONE)) {
                        booked();
                        return true;
                    }
                }
                case LOWERED -> {
                    if (STATE.compareAndSet(this, LOWERED, RAISING)) {
                        booked();
                        return raise();
                    }
                }
                default -> Carrier.parkCarrier(CHANGING_NANOS);
            }
        }
    }

    private boolean raise() {
        boolean raised = set(level, OsPriority.NORMAL);
        if (raised) {
            level = OsPriority.NORMAL;
        }
        state = raised ? NONE : STUCK;
        return raised;
    }

    /** The system calls; for tests, which have another system. */
    boolean set(int from, int to) {
        if (to == Hogs.GROUP) {
            return enter(m.sched.hogs.group(), from);
        }
        return from == Hogs.GROUP ? group.leave() : OsPriority.set(m.osThreadId, from, to);
    }

    /** Raised before, since in there all are equal; where that is refused nobody was lowered. */
    private boolean enter(HogGroup to, int from) {
        if (to == null) {
            return false; // given up a moment ago
        }
        boolean raised = from == OsPriority.NORMAL || OsPriority.set(m.osThreadId, from, OsPriority.NORMAL);
        if (!raised || !to.enter(m.osThreadId)) {
            m.sched.hogs.giveUpGroup();
            return false;
        }
        group = to;
        return true;
    }

    /** Its time without a P is over. */
    void booked() {
        m.sched.hogs.book(this);
    }

    /** Whether its thread is low for good. */
    boolean isStuck() {
        return state == STUCK;
    }
}
