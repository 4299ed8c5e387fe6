package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The goroutines that run without a P since sysmon has taken theirs, and how much of the machine they get. Any number
 * may compute like that, as far as threads go: their threads are put below those that have a P in the operating system, so they
 * share what the others leave.
 *
 * <p><b>How low.</b> All of them together weigh as much as {@code hogShare} of the machine beside Ps that are busy all the
 * time, so that this share is theirs even then. Linux does that exactly where their threads may be put into a group of
 * their own ({@link HogGroup}). Elsewhere each has a priority ({@link OsPriority}): the more they are, the lower is each, down
 * to a weight of 3 beside 1024, which is 5 % for 36 on two processors and more for more.
 *
 * <p>Those that have not used {@value #OLD_QUANTA} quanta yet since their P was taken may be done soon: few of them keep a
 * priority, {@link #YOUNG}; of many each goes into the group at once.
 *
 * <p><b>Who computes.</b> A P is also taken from threads that sleep in calls that nobody declared, and those who compute may go
 * to sleep later. So each has its turn to be looked at again, {@link #TURN_NANOS}.
 *
 * <p>Differs from Go, which time-shares the Ps among all goroutines in slices of 10 ms.
 *
 * <p>All but the figures is sysmon's.
 */
final class Hogs {
    /** The highest level of those that may be done soon: a third of the usual weight. A guess. */
    static final int YOUNG = 5;

    /**
     * So many quanta of processor time make one old. A page of metrics by code that is not compiled yet takes 50 to 100 ms: among
     * 1,000 hogs it would take seconds (measured at one quantum), with all locks that it holds.
     */
    private static final int OLD_QUANTA = 10;

    /** What those that may be done soon get, all together, beside busy Ps. A guess. */
    private static final double YOUNG_SHARE = 0.25;

    /**
     * 100 ms, and 4 ms more for each hog: so often is looked whether one has gone to sleep, or has begun to compute. A look takes
     * 20 to 200 us (measured beside 1,000 hogs), so this is a hundredth of a processor or two.
     */
    private static final long TURN_NANOS = 100_000_000;

    private static final long TURN_NANOS_EACH = 4_000_000;

    /** Of the time between two such looks: who uses less is asleep, but for a little now and then. A guess. */
    private static final int ASLEEP_PART = 100;

    /** Above those of {@link OsPriority}: in the group, at usual priority. */
    static final int GROUP = OsPriority.IDLE + 1;

    /** 1 s between two looks whether the process is still in the cgroup where the group is. */
    private static final long PLACE_NANOS = 1_000_000_000;

    /** Weight of a thread of usual priority, and of one at {@link OsPriority#IDLE}: Linux, {@code sched_prio_to_weight}. */
    static final double USUAL_WEIGHT = 1024;

    private static final double IDLE_WEIGHT = 3;

    /** The factor between two levels, there. */
    private static final double STEP = 1.25;

    private static final VarHandle NANOS;

    static {
        try {
            NANOS = MethodHandles.lookup().findVarHandle(Hogs.class, "nanos", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** 10 s: who computes for so long is named in the log. A guess. */
    private static final long LONG_NANOS = 10_000_000_000L;

    /** A minute between two such lines. */
    private static final long QUIET_NANOS = 60_000_000_000L;

    private final Sched sched;
    private Hog first;
    /** Null if there can be none, or it was not looked yet whether there can. Written by sysmon. */
    private volatile HogGroup group;

    /** Null until there is a group. */
    private VmWatch vmWatch;

    private boolean groupSought;
    private long placeSeen;
    private long saidAt = Clock.nanotime() - QUIET_NANOS;
    private long lookedAt = Clock.nanotime();
    private int listed;
    private int young;
    private volatile int count;
    private volatile int old;
    private volatile long nanos;

    Hogs(Sched sched) {
        this.sched = sched;
    }

    /** How many compute without a P, as of the last look. */
    int count() {
        return count;
    }

    /** How many of them will not be done soon, as far as can be told. */
    int old() {
        return old;
    }

    /** Time that goroutines have computed without a P, all together. */
    long nanos() {
        return nanos;
    }

    /** Counts its time without a P until now. By sysmon, and by its M when that is over. */
    void book(Hog hog) {
        NANOS.getAndAdd(this, hog.book(Clock.nanotime()));
    }

    /** The P of this one was taken. {@code computes} is false if that was because it slept. */
    void add(Hog hog, boolean computes, long cpuNanos) {
        long now = Clock.nanotime();
        hog.takenAt = now;
        hog.cpuNanos = cpuNanos;
        hog.turnAt = now;
        hog.turnCpuNanos = cpuNanos;
        hog.usedNanos = computes ? 1 : 0;
        if (!hog.listed) {
            hog.listed = true;
            hog.next = first;
            first = hog;
            listed++;
        }
        if (computes) {
            hog.computes(now, true);
            counted(count + 1);
            young++;
            setLevels(hog);
        }
    }

    /** Counts them, and sets their levels. At most four times in a quantum. */
    void look(long now) {
        if (first == null || now - lookedAt < sched.quantumNanos / 4) {
            return;
        }
        lookedAt = now;
        int computing = 0;
        int older = 0;
        Hog before = null;
        for (Hog hog = first, next; hog != null; hog = next) {
            next = hog.next;
            if (hog.isOver()) {
                unlink(hog, before);
                continue;
            }
            before = hog;
            look(hog, now);
            if (hog.usedNanos > 0 && !hog.m.inSyscall()) {
                computing++;
                older += isOld(hog) ? 1 : 0;
                say(hog, now);
            }
        }
        counted(computing);
        old = older;
        young = computing - older;
        if (computing > 0) {
            setLevels(null);
        }
    }

    private void counted(int computing) {
        boolean first = count == 0 && computing > 0;
        count = computing;
        if (first && vmWatch != null) {
            vmWatch.wake();
        }
    }

    private void unlink(Hog hog, Hog before) {
        if (before == null) {
            first = hog.next;
        } else {
            before.next = hog.next;
        }
        hog.next = null;
        hog.listed = false;
        listed--;
    }

    private void look(Hog hog, long now) {
        if (now - hog.turnAt > TURN_NANOS + listed * TURN_NANOS_EACH) {
            turn(hog, now);
        } else if (hog.usedNanos > 0 && !isOld(hog)) {
            book(hog);
            use(hog, sched.sysmon.retake.cpuNanos(hog.m));
        }
    }

    private void use(Hog hog, long cpuNanos) {
        hog.usedNanos += cpuNanos - hog.cpuNanos;
        hog.cpuNanos = cpuNanos;
    }

    /** Looks whether it has gone to sleep, or has begun to compute. */
    private void turn(Hog hog, long now) {
        long cpuNanos = sched.sysmon.retake.cpuNanos(hog.m);
        boolean little = cpuNanos - hog.turnCpuNanos < (now - hog.turnAt) / ASLEEP_PART;
        hog.turnAt = now;
        hog.turnCpuNanos = cpuNanos;
        boolean computed = hog.usedNanos > 0;
        if (computed) {
            book(hog);
        }
        // among many a hog gets little as well, but only one that sleeps is asleep as often as it is looked at
        if (little && (!computed || OsThreads.isAsleep(hog.m.osThreadId))) {
            hog.usedNanos = 0;
            hog.cpuNanos = cpuNanos;
        } else {
            use(hog, cpuNanos);
        }
        if (computed != hog.usedNanos > 0) {
            hog.computes(now, !computed);
        }
    }

    /** Who is in the group stays there: what it has used changes nothing, and is not asked for, hundreds of times a round. */
    private boolean isOld(Hog hog) {
        return hog.usedNanos / OLD_QUANTA >= sched.quantumNanos || hog.usedNanos > 0 && hog.level() == GROUP;
    }

    /** Names one that computes for long, with its stack: whoever wrote it may not know. */
    private void say(Hog hog, long now) {
        G g = hog.m.curg;
        if (now - hog.takenAt > LONG_NANOS && now - saidAt > QUIET_NANOS && g != null) {
            saidAt = now;
            long seconds = (now - hog.takenAt) / 1_000_000_000L;
            sched.logElsewhere(() -> log(g, seconds));
        }
    }

    private void log(G g, long seconds) {
        StringBuilder stack = new StringBuilder();
        GoroutineDump.block(stack, g);
        Sched.LOG.info(
                "{}: a goroutine has run for {} s without its P, which was taken because it computed; {} do. Said once a minute\n{}",
                sched.config.name(),
                seconds,
                count,
                stack);
    }

    /** Of all, or of one that has just been added. */
    private void setLevels(Hog added) {
        OsPriority.prepare();
        seekGroup();
        if (group == null && !OsPriority.canLower()) {
            return;
        }
        int common = group != null ? GROUP : level(count, sched.gomaxprocs, sched.config.hogShare());
        int early = early(common);
        if (added != null) {
            adjust(added, early);
            return;
        }
        for (Hog hog = first; hog != null; hog = hog.next) {
            if (hog.usedNanos > 0) {
                adjust(hog, isOld(hog) ? common : early);
            }
        }
    }

    /** The level of those that may be done soon. */
    private int early(int common) {
        if (common == GROUP && young > 2 * sched.gomaxprocs) {
            return GROUP;
        }
        int level = Math.max(YOUNG, level(young, sched.gomaxprocs, YOUNG_SHARE));
        // one that cannot be raised costs its thread, which may be needed no longer
        return OsPriority.canRaise() ? Math.min(common, level) : OsPriority.NORMAL;
    }

    /** Not for a single step up or down, unless it is a large one: the number changes all the time. */
    private static void adjust(Hog hog, int level) {
        int now = hog.level();
        if (now == GROUP) {
            return;
        }
        int change = level - now;
        boolean large = now == OsPriority.NORMAL || level >= OsPriority.IDLE || now == OsPriority.IDLE;
        boolean worthwhile = Math.abs(change) > 1 || change != 0 && large;
        boolean allowed = OsPriority.canRaise()
                || level == GROUP
                || change > 0 && hog.m.lockedg == null; // that thread cannot be replaced
        if (worthwhile && allowed) {
            hog.level(level);
        }
    }

    HogGroup group() {
        return group;
    }

    /** The system does not let a thread into it. Those inside leave by themselves. */
    void giveUpGroup() {
        groupSought = true;
        group = null;
    }

    /** Makes the group, once, and again where the process is moved to. */
    private void seekGroup() {
        double share = sched.config.hogShare();
        long now = Clock.nanotime();
        if (group != null && now - placeSeen > PLACE_NANOS) {
            placeSeen = now;
            if (!group.isInPlace()) {
                group.abandon();
                group = null;
                groupSought = false;
                for (Hog hog = first; hog != null; hog = hog.next) {
                    hog.level(OsPriority.NORMAL);
                }
            }
        }
        if (!groupSought) {
            groupSought = true;
            placeSeen = now;
            group = share < 1 ? HogGroup.make() : null;
        }
        if (group != null && !group.weigh(sched.gomaxprocs, share)) {
            group.remove();
            group = null;
        }
        if (group != null && vmWatch == null) {
            vmWatch = new VmWatch(sched);
            vmWatch.start();
        }
    }

    /** The scheduler has ended. */
    void end() {
        if (vmWatch != null) {
            vmWatch.wake();
        }
        if (group != null) {
            group.remove();
        }
    }

    /** What weighs the given share, below 1, of itself and so many busy Ps; one of these weighs 1. */
    static double weight(int procs, double share) {
        return share / (1 - share) * procs;
    }

    /**
     * The level at which so many weigh, all together, the given share of what they and busy Ps weigh.
     *
     * @param hogs how many; none are as one
     * @param share above 0, at most 1
     */
    static int level(int hogs, int procs, double share) {
        double weight = share >= 1 ? USUAL_WEIGHT : weight(procs, share) * USUAL_WEIGHT / Math.max(1, hogs);
        long level = Math.round(Math.log(USUAL_WEIGHT / weight) / Math.log(STEP));
        double nicest = USUAL_WEIGHT / Math.pow(STEP, OsPriority.NICEST);
        if (weight < Math.sqrt(nicest * IDLE_WEIGHT)) { // nearer to that, in steps
            return OsPriority.IDLE;
        }
        return Math.clamp(level, OsPriority.NORMAL, OsPriority.NICEST);
    }
}
