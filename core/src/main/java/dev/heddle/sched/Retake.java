package dev.heddle.sched;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;

/**
 * Takes Ps from Ms whose goroutine does not let others run (Go's {@code retake}). A part of sysmon: all but the figures is its
 * thread's.
 *
 * <p>Differs from Go: it may take a P that runs a goroutine. Time on the clock does not prove that the goroutine ran: the
 * operating system may not have run the thread. So before that it compares the processor time of the thread: used up the
 * quantum, it is a hog ({@link Hogs}); asleep, it is in a blocking call that nobody declared; neither, it is left alone. A hog
 * is found after the quantum. So is one that blocks while nothing waits; while something does, it is found within a few rounds
 * ({@link SleepWatch}): 500 of them in line would else take 500 quanta.
 */
final class Retake {
    /** Go's 10 ms after which a P in a call is taken even if nothing waits for it. */
    private static final long SYSCALL_LIMIT_NANOS = 10_000_000;

    /**
     * 0.5 ms in one slice with others queued behind it beside an idle P: somebody has to be woken, see
     * {@link Sched#enqueue}. A guess: far above what a poller's pass and a short handler take, far below the quantum.
     */
    static final long STARVED_NANOS = 500_000;

    /** 2 ms: so long after one has been found asleep the next is looked for sooner. A guess: a thread is made in much less. */
    private static final long STREAK_NANOS = 2_000_000;

    /**
     * A tenth of the quantum for a slice while hogs have taken more than theirs and somebody waits: whoever waits may be
     * quick, and each of many hogs that come at once has a slice of its own before it is found. A guess.
     */
    private static final int SHORT_SLICE = 10;

    /** So often is looked in such a slice. */
    private static final int LOOKS_IN_SLICE = 4;

    private final Sched sched;
    private Watch[] watches = new Watch[0];
    private final ThreadMXBean cpu;
    private final TraceWriter trace = new TraceWriter(-1);
    private volatile long preemptions;
    private volatile long preemptionsDenied;
    private boolean deniedLogged;
    /** False in the round after a pause of the whole process, or of this thread. */
    private boolean mayTake;
    /** When a P was last taken from a thread asleep in a call that nobody declared. */
    private long lastAsleep = Clock.nanotime() - STREAK_NANOS;

    /** A thread seems to sleep while work waits: the next look comes soon. */
    private boolean suspicious;

    /** Somebody waits for a P while hogs compute: slices are short. */
    private boolean pressed;

    /** A goroutine with a P was asked to give way. */
    private boolean sliceOver;

    /** Whether a goroutine waits on any queue, counted when first asked for in a round; null if not yet. */
    private Boolean queued;

    Retake(Sched sched) {
        this.sched = sched;
        ThreadMXBean bean = ManagementFactory.getThreadMXBean();
        this.cpu = bean.isThreadCpuTimeSupported() && bean.isThreadCpuTimeEnabled() ? bean : null;
    }

    long preemptions() {
        return preemptions;
    }

    long preemptionsDenied() {
        return preemptionsDenied;
    }

    /** Whether the last round has found something that should be looked at again soon. */
    boolean isSuspicious() {
        return suspicious;
    }

    /** Whether operations that need not wait should look whether they are to give way. */
    boolean asks() {
        return sliceOver || sched.hogs.count() != 0;
    }

    /** The longest time until the next round while slices are short, or the time given. */
    long delay(long otherwise) {
        return pressed ? Math.clamp(shortSliceNanos() / LOOKS_IN_SLICE, Sysmon.MIN_DELAY_NANOS, otherwise) : otherwise;
    }

    /** Every P is idle: the slices that are watched are over. */
    void forget() {
        for (Watch watch : watches) {
            watch.word = 0;
        }
    }

    /** One look at all Ps. Returns how many were taken; none unless {@code may}. */
    int round(long now, boolean may) {
        mayTake = may;
        suspicious = false;
        pressed = false;
        sliceOver = false;
        queued = null;
        P[] procs = sched.procs;
        if (watches.length < procs.length) {
            int known = watches.length;
            watches = Arrays.copyOf(watches, procs.length);
            Arrays.setAll(watches, i -> i < known ? watches[i] : new Watch());
        }
        int taken = 0;
        for (P p : procs) {
            taken += retake(p, watches[p.id], now) ? 1 : 0;
        }
        sched.hogs.look(now);
        sched.trace.flush(trace);
        return taken;
    }

    /**
     * Judges a slice by its age, whatever status it is sampled in: goroutines that ready each other all the time are in
     * scheduler code for a good part of it, and those that make many short calls are in a call.
     */
    private boolean retake(P p, Watch watch, long now) {
        long word = p.word();
        int status = PState.status(word);
        if (status == PState.IDLE || status == PState.SPINNING || status == PState.DEAD) {
            watch.word = 0;
            return false;
        }
        if (!PState.sameSlice(word, watch.word)) {
            watch.word = word;
            watch.since = now;
            watch.m = p.m;
            watch.cpuKnown = false;
            watch.denied = false;
            watch.inCall = false;
            watch.seenAsleep = 0;
            watch.sleep.reset();
            if (status != PState.RUNNING || !isStreak(now)) {
                return false;
            }
        }
        if (!mayTake) {
            watch.calmSince = now; // nobody could use processor time
            watch.sleep.reset();
        }
        watch.sliceNanos = sliceNanos(p, now);
        if (now - watch.since >= watch.sliceNanos) {
            p.preempt = true;
            sliceOver = true;
        }
        boolean sameCall = status == PState.SYSCALL && watch.inCall && watch.syscalltick == p.syscalltick;
        watch.inCall = status == PState.SYSCALL;
        return switch (status) {
            case PState.SYSCALL -> {
                if (!sameCall) {
                    watch.syscalltick = p.syscalltick;
                    watch.callSince = now;
                }
                yield sameCall && retakeSyscall(p, watch, word, now);
            }
            case PState.RUNNING -> retakeRunning(p, watch, word, now);
            default -> false;
        };
    }

    private long sliceNanos(P p, long now) {
        if (sched.hogs.old() == 0 || !somethingWaits(p, now)) {
            return sched.quantumNanos;
        }
        pressed = true;
        return shortSliceNanos();
    }

    private long shortSliceNanos() {
        return sched.quantumNanos / SHORT_SLICE;
    }

    /** Seen in the same call twice: at least one tick of 20 us. */
    private boolean retakeSyscall(P p, Watch watch, long word, long now) {
        boolean nothingWaits = p.isEmpty() && sched.global.size() == 0;
        boolean othersAreFree = sched.idle.nmspinning() + sched.idle.npidle() > 0;
        if (nothingWaits && othersAreFree && now - watch.callSince < SYSCALL_LIMIT_NANOS) {
            return false;
        }
        M m = watch.m;
        if (m == null || !mayTake || !sched.spares.canStart()) {
            return false;
        }
        G g = m.curg; // before it may go on without its P
        if (!takeFrom(m, p, word, true)) {
            return false;
        }
        try {
            p.handoffs++;
            sched.trace.procSteal(trace, p, m, g, false);
        } finally {
            sched.handoff.handoffp(p);
        }
        return true;
    }

    private boolean retakeRunning(P p, Watch watch, long word, long now) {
        if (watch.m == null) {
            watch.word = 0;
            return false;
        }
        if (now - watch.since >= STARVED_NANOS && sched.idle.npidle() != 0 && !p.isEmpty()) {
            sched.idle.wakep();
        }
        return switch (use(p, watch, now)) {
            case SLEEPS -> sched.spares.canStart() ? takeRunning(p, watch, word, false) : deny(watch, now);
            case COMPUTES -> mayLoseIt() ? takeRunning(p, watch, word, true) : deny(watch, now);
            case NOT_KNOWN -> false;
        };
    }

    /** How a goroutine has used its slice. */
    private enum Use {
        /** It blocks in a call that nobody declared. */
        SLEEPS,
        COMPUTES,
        /** The slice is not over, or the system has not run the thread for long: time goes on. */
        NOT_KNOWN
    }

    private Use use(P p, Watch watch, long now) {
        if (mayTake && somethingWaits(p, now) && sleeps(watch, now)) {
            return Use.SLEEPS;
        }
        long ran = now - watch.since;
        if (!watch.cpuKnown && (ran >= sched.quantumNanos / 4 || watch.sliceNanos < sched.quantumNanos)) {
            watch.cpu(cpuNanos(watch.m), now);
        }
        boolean asked = ran >= watch.sliceNanos + Sysmon.MIN_DELAY_NANOS; // before that it may give way by itself
        boolean denied = watch.denied && now - watch.deniedAt < sched.quantumNanos; // the answer would be the same
        return mayTake && asked && !denied ? useOfAll(watch, now) : Use.NOT_KNOWN;
    }

    private Use useOfAll(Watch watch, long now) {
        M m = watch.m;
        long used = cpuNanos(m);
        if (watch.isCalm(used, now, sched.quantumNanos) && OsThreads.isAsleep(m.osThreadId)) {
            // a pause of the whole process puts all threads to sleep, and wakes us before the last of them: a second look tells
            return ++watch.seenAsleep > 1 ? Use.SLEEPS : Use.NOT_KNOWN;
        }
        watch.seenAsleep = 0;
        return used - watch.cpuNanos >= watch.sliceNanos / 2 ? Use.COMPUTES : Use.NOT_KNOWN;
    }

    private boolean mayLoseIt() {
        return sched.spares.canStart() && sched.hogs.count() < sched.config.maxHogs();
    }

    /**
     * Whether a goroutine, or a timer, waits for a P that could be this one: its own, or any if nobody is free to look for
     * it.
     */
    private boolean somethingWaits(P p, long now) {
        if (!p.isEmpty() || p.timers.minWhen() < now) {
            return true;
        }
        if (sched.idle.nmspinning() + sched.idle.npidle() != 0) {
            return false;
        }
        if (queued == null) {
            boolean any = sched.global.size() != 0;
            for (P other : sched.procs) {
                any |= !other.isEmpty();
            }
            queued = any;
        }
        return queued;
    }

    private boolean sleeps(Watch watch, long now) {
        M m = watch.m;
        boolean old = now - watch.since >= STARVED_NANOS;
        boolean asleep =
                watch.sleep.look(now, cpuNanos(m), old, isStreak(now), () -> OsThreads.isAsleep(m.osThreadId));
        suspicious |= watch.sleep.isSuspicious();
        return asleep;
    }

    /** The last thread asleep was found a moment ago: others that block like it may be queued behind. */
    private boolean isStreak(long now) {
        return now - lastAsleep < STREAK_NANOS;
    }

    /** Takes the P of a goroutine that runs: it computes, or it sleeps. */
    private boolean takeRunning(P p, Watch watch, long word, boolean computes) {
        M m = watch.m;
        G g = m.curg; // before it may go on without its P
        m.hog.begins();
        if (!takeFrom(m, p, word, false)) {
            m.hog.stays();
            return false;
        }
        try {
            if (computes) {
                preemptions++; // this thread only
                sched.trace.procPreempt(trace, p, m, g);
            } else {
                lastAsleep = Clock.nanotime();
                p.handoffs++;
                sched.trace.procSteal(trace, p, m, g, true);
            }
        } finally {
            sched.handoff.handoffp(p);
        }
        sched.hogs.add(m.hog, computes, cpuNanos(m)); // only now: it makes system calls, and somebody may wait for the P
        return true;
    }

    /** Takes the P of an M, which is away from then on. */
    boolean takeFrom(M m, P p, long word, boolean inCall) {
        sched.reserve.leaves(m, inCall, false);
        if (!take(p, word)) {
            sched.reserve.stays(m, inCall);
            return false;
        }
        sched.reserve.look(); // the M is no longer seen with this P
        return true;
    }

    /** Takes the P out of the hands of its M, into transit. */
    static boolean take(P p, long word) {
        if (!p.cas(word, PState.nextEpoch(word, PState.SCHED))) {
            return false;
        }
        p.m = null;
        return true;
    }

    /** Processor time that the M's thread has used. */
    long cpuNanos(M m) {
        return cpu == null ? Clock.nanotime() : cpu.getThreadCpuTime(m.threadId());
    }

    /** It keeps its P for another quantum. Returns false. */
    private boolean deny(Watch watch, long now) {
        watch.deniedAt = now;
        if (!watch.denied) {
            watch.denied = true;
            preemptionsDenied++; // this thread only
            if (!deniedLogged) {
                // not here: a logger may wait for a goroutine that is queued behind this one
                deniedLogged = sched.logElsewhere(this::logDenied);
            }
        }
        return false;
    }

    private void logDenied() {
        Sched.LOG.warn(
                "{}: a goroutine that computes or blocks keeps its P: maxHogs = {} run without one already,"
                        + " or maxThreads = {} live. Logged once; see preemptionsDenied",
                sched.config.name(),
                sched.config.maxHogs(),
                sched.config.maxThreads());
    }
}
