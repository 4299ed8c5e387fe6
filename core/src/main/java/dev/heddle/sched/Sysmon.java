package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * The system monitor: a thread without a P that looks after those that have one (Go's {@code sysmon} and {@code retake}).
 * It polls the network for loops that are too busy to, takes Ps from threads in blocking calls, takes Ps from goroutines
 * that have run longer than the quantum, and sees to timers of Ps that do not come round.
 *
 * <p>It looks every 20 us while it finds something to do, and backs off to 1 ms while a P is busy and to 10 ms while none
 * is; then, if no goroutine computes without a P either, it sleeps until one is.
 *
 * <p>Differs from Go: it may take a P that runs a goroutine. Time on the clock does not prove that the goroutine ran: the
 * operating system may not have run the thread. So before that it compares the processor time of the thread: used up the
 * quantum, it is a hog; asleep, it is in a blocking call that nobody declared; neither, it is left alone. A hog is found
 * after the quantum. So is one that blocks while nothing waits; while something does, it is found within a few rounds
 * ({@link SleepWatch}): 500 of them in line would else take 500 quanta.
 */
final class Sysmon implements Runnable {
    /** 20 us: first delay, Go's {@code sysmon}. */
    private static final long MIN_DELAY_NANOS = 20_000;

    /** 10 ms: Go's longest delay. */
    private static final long MAX_DELAY_NANOS = 10_000_000;

    /** 60 s: Go's {@code forcegcperiod / 2}. */
    private static final long DEEP_SLEEP_NANOS = 60_000_000_000L;

    /** Rounds without a find before the delay doubles: about 1 ms, Go's 50. */
    private static final int PATIENT_ROUNDS = 50;

    /** Go's 10 ms after which a P in a call is taken even if nothing waits for it. */
    private static final long SYSCALL_LIMIT_NANOS = 10_000_000;

    /** The network is polled at least every millisecond while a P runs. Go: 10 ms, but its Ps poll more often. */
    private static final long NETPOLL_NANOS = 1_000_000;

    /** A timer that is late by this much has a P that does not come round. A guess, as long as one netpoll. */
    private static final long LATE_TIMER_NANOS = 1_000_000;

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

    /** Slept longer than asked by this much: a pause of the whole process, or no processor for us. Nothing is taken. */
    private static final long OVERSLEPT_NANOS = 5_000_000;

    /**
     * Between two looks at a part of all goroutines, to take down who waits: each is seen twice a minute, and a part of a
     * million goroutines takes less than 1 ms. A guess.
     */
    private static final long NOTE_PERIOD_NANOS = 500_000_000;

    /** 1 ms: rest after a round that has failed. A guess. */
    private static final long FAILURE_PAUSE_NANOS = 1_000_000;

    private final Sched sched;
    private final Thread thread;
    private Watch[] watches = new Watch[0];
    private final ThreadMXBean cpu;
    private final ReadyList ready = new ReadyList();
    private final TraceWriter trace = new TraceWriter(-1);
    /** Whether whoever makes a P busy has to end the deep sleep, which may still be to come, and clears this. */
    private volatile boolean wakeable;

    private volatile boolean deep;
    private volatile boolean workUnseen;
    private volatile long preemptions;
    private volatile long preemptionsDenied;
    private volatile long netpolls;
    private volatile long roundBegan;
    private boolean deniedLogged;
    private int part;
    private long partNoted;
    /** False in the round after a pause of the whole process, or of this thread. */
    private boolean mayTake = true;
    /** When a P was last taken from a thread asleep in a call that nobody declared. */
    private long lastAsleep = Clock.nanotime() - STREAK_NANOS;

    /** A thread seems to sleep while work waits: the next look comes soon. */
    private boolean suspicious;

    /** Somebody waits for a P while hogs compute: slices are short. */
    private boolean pressed;

    /** Whether a goroutine waits on any queue, counted when first asked for in a round; null if not yet. */
    private Boolean queued;

    /** What a poll of sysmon finds. */
    private final class ReadyList implements Poller.Ready {
        private G list;

        @Override
        public void ready(Goroutine goroutine) {
            G g = (G) goroutine;
            if (g.sched != sched) {
                g.ready();
            } else if (g.unpark()) {
                sched.trace.queuedByForeign(sched.trace.queue(null, g, TraceEvent.Place.NETPOLL), g.id, 0);
                g.stampRunnable();
                g.schedlink = list;
                list = g;
            }
        }

        void inject() {
            if (list != null) {
                sched.injectGlobally(list);
                list = null;
                sched.idle.wakep();
            }
        }
    }

    Sysmon(Sched sched) {
        this.sched = sched;
        ThreadMXBean bean = ManagementFactory.getThreadMXBean();
        this.cpu = bean.isThreadCpuTimeSupported() && bean.isThreadCpuTimeEnabled() ? bean : null;
        this.thread = Thread.ofPlatform()
                .name(sched.config.name() + "-sysmon")
                .daemon(true)
                .unstarted(this);
    }

    void start() {
        thread.start();
    }

    /** Whether it sleeps until a P is busy. */
    boolean isDeep() {
        return deep;
    }

    long preemptions() {
        return preemptions;
    }

    long preemptionsDenied() {
        return preemptionsDenied;
    }

    long netpolls() {
        return netpolls;
    }

    /** How long ago the last round began; 0 in a deep sleep. */
    long roundAgeNanos() {
        long began = roundBegan;
        return deep || began == 0 ? 0 : Math.max(0, Clock.nanotime() - began);
    }

    void awaitEnd(long nanos) throws InterruptedException {
        thread.join(Math.max(1, nanos / 1_000_000));
    }

    /** Ends a deep sleep, or keeps it from beginning; costs a read when there is none. */
    void wakeIfDeep() {
        if (wakeable) {
            wakeable = false;
            LockSupport.unpark(thread);
        }
    }

    void wake() {
        LockSupport.unpark(thread);
    }

    /** Something was queued by somebody who could not wake an M. */
    void wakeWithWork() {
        workUnseen = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        while (!sched.stopping) {
            try {
                rounds();
            } catch (Throwable e) {
                sched.faults.survived(Faults.Where.SYSMON, e);
                Carrier.parkCarrier(FAILURE_PAUSE_NANOS);
            }
        }
    }

    /** Ends with the scheduler, or by an error. */
    private void rounds() {
        long delay = MIN_DELAY_NANOS;
        int idleRounds = 0;
        boolean overslept = false;
        while (!sched.stopping) {
            boolean allIdle = sched.idle.npidle() == sched.gomaxprocs;
            if (idleRounds == 0) {
                delay = MIN_DELAY_NANOS;
            } else if (idleRounds > PATIENT_ROUNDS) {
                delay = Math.min(delay * 2, allIdle ? MAX_DELAY_NANOS : NETPOLL_NANOS);
            }
            if (pressed) {
                delay = Math.clamp(shortSliceNanos() / LOOKS_IN_SLICE, MIN_DELAY_NANOS, delay);
            }
            if (allIdle && delay == MAX_DELAY_NANOS && !sched.faults.isUnsaid() && sched.hogs.count() == 0) {
                idleRounds = 0;
                sleepDeep();
                continue;
            }
            boolean oversleptBefore = overslept;
            overslept = sleep(delay);
            // once: on a machine that has no processor for us for long, nothing would ever be taken
            mayTake = !overslept || oversleptBefore;
            boolean found = round(Clock.nanotime()) > 0;
            idleRounds = found || suspicious || !mayTake ? 0 : idleRounds + 1;
        }
    }

    /** All Ps are idle and have been for a while: until one of them is not. */
    private void sleepDeep() {
        wakeable = true; // pairs with Idle.get and M.acquirep: npidle is lowered, then this is looked at
        sched.deadlock.check(); // after that, or what comes between this look and the sleep would not be looked at
        long begin = Clock.nanotime();
        noteBlocked(begin);
        deep = true;
        long nanos = isWorkLeft() ? sched.threads.refusingNanos() : DEEP_SLEEP_NANOS;
        if (wakeable && sched.idle.npidle() == sched.gomaxprocs && !sched.stopping && nanos > 0) {
            LockSupport.parkNanos(this, nanos);
            Thread.interrupted(); // by a stranger: else no park would wait any more
        }
        deep = false;
        wakeable = false;
        forget();
        long now = Clock.nanotime();
        if (now - begin >= DEEP_SLEEP_NANOS) { // and would be for ever the same few that are looked at
            sched.goroutines().forEach(g -> g.noteBlocked(now));
        }
    }

    /** A part of all goroutines at a time: nobody is to wait for us for long. */
    private void noteBlocked(long now) {
        if (now - partNoted > NOTE_PERIOD_NANOS) {
            partNoted = now;
            sched.allGs.forEachIn(part++, g -> g.noteBlocked(now));
        }
    }

    /** Sleeps; true if that took so much longer than asked that the whole process may have stood still. */
    private boolean sleep(long delay) {
        long begin = Clock.nanotime();
        LockSupport.parkNanos(this, delay);
        Thread.interrupted(); // as in sleepDeep
        return Clock.nanotime() - begin > delay + OVERSLEPT_NANOS;
    }

    private void forget() {
        for (Watch watch : watches) {
            watch.word = 0;
        }
    }

    /** One look at everything. Returns how many Ps were taken. */
    int round(long now) {
        roundBegan = now;
        netpoll(now);
        lateTimers(now);
        sched.reserve.look();
        sched.procsFollower.look(now);
        if (stranded()) {
            workUnseen = false; // before the wake-up: what comes now sets it again
            sched.idle.wakep();
        }
        int taken = 0;
        suspicious = false;
        pressed = false;
        queued = null;
        P[] procs = sched.procs;
        if (watches.length < procs.length) {
            int known = watches.length;
            watches = Arrays.copyOf(watches, procs.length);
            Arrays.setAll(watches, i -> i < known ? watches[i] : new Watch());
        }
        for (P p : procs) {
            taken += retake(p, watches[p.id], now) ? 1 : 0;
        }
        sched.hogs.look(this, now);
        sched.trace.flush(trace);
        noteBlocked(now);
        sched.faults.say(now);
        return taken;
    }

    /**
     * Whether there may be work beside an idle P that nobody was woken for: only where a thread could not be had, since
     * whoever queued it relied on that thread.
     */
    private boolean stranded() {
        if (!isWorkLeft()) {
            return false;
        }
        if (!sched.spares.canStart()) { // to ask would be in vain; who sleeps in the poll is free, though
            sched.netpoller.wakeup();
            return false;
        }
        return true;
    }

    private boolean isWorkLeft() {
        boolean suspected = workUnseen || sched.threads.failures() != 0;
        if (!suspected || sched.idle.npidle() == 0) {
            return false;
        }
        boolean work = sched.global.size() != 0
                || sched.idle.npidle() == sched.gomaxprocs && sched.netpoller.mustBePolled();
        for (P p : sched.procs) {
            work |= !p.isEmpty() || p.timers.minWhen() != Timers.NONE && sched.netpoller.lastpoll() != 0;
        }
        return work;
    }

    private void netpoll(long now) {
        long last = sched.netpoller.lastpoll();
        if (last != 0 && now - last > NETPOLL_NANOS && sched.netpoller.hasWaiters()
                && sched.netpoller.claim(last, now)) {
            netpolls++;
            sched.netpoller.pollNow(ready);
            ready.inject();
        }
    }

    private void lateTimers(long now) {
        for (P p : sched.procs) {
            if (p.timers.minWhen() < now - LATE_TIMER_NANOS) {
                sched.idle.wakep();
                return;
            }
        }
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
        long ran = now - watch.since;
        M m = watch.m;
        if (m == null) {
            watch.word = 0;
            return false;
        }
        if (ran >= STARVED_NANOS && sched.idle.npidle() != 0 && !p.isEmpty()) {
            sched.idle.wakep();
        }
        if (mayTake && somethingWaits(p, now) && sleeps(watch, now)) {
            return sched.spares.canStart() && takeAsleep(p, watch, word);
        }
        if (!watch.cpuKnown && (ran >= sched.quantumNanos / 4 || watch.sliceNanos < sched.quantumNanos)) {
            watch.cpu(cpuNanos(m), now);
        }
        if (ran < watch.sliceNanos) {
            return false;
        }
        if (watch.denied && now - watch.deniedAt < sched.quantumNanos) {
            return false; // asking costs a look at every thread
        }
        if (!mayTake || ran < watch.sliceNanos + MIN_DELAY_NANOS) {
            return false; // it may see the flag
        }
        long used = cpuNanos(m);
        if (!watch.isCalm(used, now, sched.quantumNanos) || !OsThreads.isAsleep(m.osThreadId)) {
            watch.seenAsleep = 0;
        } else if (++watch.seenAsleep == 1) {
            return false; // a pause of the whole process puts all threads to sleep, and wakes us before the last of them
        }
        boolean asleep = watch.seenAsleep > 1;
        boolean hog = !asleep && used - watch.cpuNanos >= watch.sliceNanos / 2;
        if (!hog && !asleep) {
            return false; // the system has not run it, or not for long: time goes on
        }
        if (!sched.spares.canStart() || hog && sched.hogs.count() >= sched.config.maxHogs()) {
            deny(watch);
            watch.deniedAt = now;
            return false;
        }
        return asleep ? takeAsleep(p, watch, word) : takeFromHog(p, watch, word);
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

    private boolean takeAsleep(P p, Watch watch, long word) {
        M m = watch.m;
        G g = m.curg; // before it may go on without its P
        m.hog.begins(Clock.nanotime());
        if (!takeFrom(m, p, word, false)) {
            m.hog.stays();
            return false;
        }
        try {
            lastAsleep = Clock.nanotime();
            p.handoffs++;
            sched.trace.procSteal(trace, p, m, g, true);
        } finally {
            sched.handoff.handoffp(p);
        }
        sched.hogs.add(m.hog, false, cpuNanos(m));
        return true;
    }

    private boolean takeFromHog(P p, Watch watch, long word) {
        M m = watch.m;
        G g = m.curg;
        m.hog.begins(Clock.nanotime());
        if (!takeFrom(m, p, word, false)) {
            m.hog.stays();
            return false;
        }
        try {
            preemptions++; // this thread only
            sched.trace.procPreempt(trace, p, m, g);
        } finally {
            sched.handoff.handoffp(p);
        }
        sched.hogs.add(m.hog, true, cpuNanos(m)); // only now: it makes system calls, and somebody may wait for the P
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

    long cpuNanos(M m) {
        return cpu == null ? Clock.nanotime() : cpu.getThreadCpuTime(m.threadId());
    }

    private void deny(Watch watch) {
        if (!watch.denied) {
            watch.denied = true;
            preemptionsDenied++; // this thread only
            if (!deniedLogged) {
                // not here: a logger may wait for a goroutine that is queued behind this one
                deniedLogged = sched.logElsewhere(this::logDenied);
            }
        }
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
