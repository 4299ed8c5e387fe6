package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.util.concurrent.locks.LockSupport;

/**
 * The system monitor: a thread without a P that looks after those that have one (Go's {@code sysmon}).
 * It polls the network for loops that are too busy to, takes Ps from threads in blocking calls and from goroutines that have
 * run longer than the quantum ({@link Retake}), and sees to timers of Ps that do not come round.
 *
 * <p>It looks every 20 us while it finds something to do, and backs off to 1 ms while a P is busy and to 10 ms while none
 * is; then, if no goroutine computes without a P either, it sleeps until one is.
 */
final class Sysmon implements Runnable {
    /** 20 us: first delay, Go's {@code sysmon}. */
    static final long MIN_DELAY_NANOS = 20_000;

    /** 10 ms: Go's longest delay. */
    private static final long MAX_DELAY_NANOS = 10_000_000;

    /** 60 s: Go's {@code forcegcperiod / 2}. */
    private static final long DEEP_SLEEP_NANOS = 60_000_000_000L;

    /** Rounds without a find before the delay doubles: about 1 ms, Go's 50. */
    private static final int PATIENT_ROUNDS = 50;

    /** The network is polled at least every millisecond while a P runs. Go: 10 ms, but its Ps poll more often. */
    private static final long NETPOLL_NANOS = 1_000_000;

    /** A timer that is late by this much has a P that does not come round. A guess, as long as one netpoll. */
    private static final long LATE_TIMER_NANOS = 1_000_000;

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
    final Retake retake;
    private final ReadyList ready = new ReadyList();
    /** Whether whoever makes a P busy has to end the deep sleep, which may still be to come, and clears this. */
    private volatile boolean wakeable;

    private volatile boolean deep;
    private volatile boolean workUnseen;
    private volatile long netpolls;
    private volatile long roundBegan;
    private int part;
    private long partNoted;
    /** False in the round after a pause of the whole process, or of this thread. */
    private boolean mayTake = true;
    /** Whether it has said that goroutines are to give way, see {@link Preempt}. */
    private boolean asks;

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
        this.retake = new Retake(sched);
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
        ask(false);
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
            delay = retake.delay(delay);
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
            idleRounds = found || retake.isSuspicious() || !mayTake ? 0 : idleRounds + 1;
        }
    }

    /** All Ps are idle and have been for a while: until one of them is not. */
    private void sleepDeep() {
        ask(false);
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
        retake.forget();
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
        int taken = retake.round(now, mayTake);
        ask(retake.asks());
        noteBlocked(now);
        sched.faults.say(now);
        return taken;
    }

    /** Has operations that need not wait look whether their goroutine is to give way. */
    private void ask(boolean now) {
        if (asks != now) {
            asks = now;
            Preempt.change(now);
        }
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
}
