package dev.heddle.sched;

import java.lang.invoke.VarHandle;

/**
 * Finds the next goroutine for an M: Go's {@code findRunnable}, one short method for each source, in Go's order.
 *
 * <p>Enters with a P in SCHED. Returns a goroutine with the P in SCHED, or null when the M has lost its P to the idle list
 * and is to park, or has to end.
 *
 * <p>Submit side: publish, full fence, look at nmspinning ({@link Idle#wakep}). Park side, in
 * {@link #releaseOrContinue} and {@link #recheck}: last look at the global queue and needspinning under the lock together
 * with the release of the P; lower nmspinning (full fence); look at every queue of every P again.
 *
 * <p>Differs from Go: no garbage collector work, no trace reader; each P has an inbox for what foreign threads ready; a
 * thief waits a few pauses, not a system call of 3 us, before it takes a {@code runnext}.
 */
final class FindRunnable {
    /** Go's fairness rule: every 61st slice looks at the global queue first; a prime, so that it hits no pattern. */
    static final int FAIRNESS = 61;

    /** Go's {@code stealTries}. */
    private static final int STEAL_PASSES = 4;

    /** About 3 us: Go's {@code usleep(3)} in runqgrab, which on Linux takes 60 us. A pause is some 40 ns here. */
    private static final int PATIENCE_PAUSES = 75;

    private final Sched sched;
    /** Written after the Ps that it enumerates, read before them: never longer than they are. */
    private volatile StealOrder order = new StealOrder(1);

    FindRunnable(Sched sched) {
        this.sched = sched;
    }

    /** Sets how to go through all Ps. After {@link Sched#procs} has been written. */
    void order(StealOrder all) {
        order = all;
    }

    G find(M m) {
        while (true) {
            m.findInherits = false;
            if (sched.stopping) {
                stop(m);
                return null;
            }
            if (m.p.id >= sched.gomaxprocs) {
                giveUp(m);
                return null;
            }
            long pollUntil = checkTimers(m.p);
            G g = local(m);
            if (g == null) {
                g = global(m);
            }
            if (g == null) {
                g = netpollNow(m);
            }
            if (g == null && (m.isSpinning() || sched.idle.maySpin())) {
                if (!m.isSpinning()) {
                    sched.idle.becomeSpinning(m);
                }
                g = stealWork(m);
                pollUntil = Math.min(pollUntil, stolenPollUntil(g));
            }
            if (g == null) {
                g = releaseOrContinue(m, pollUntil);
            }
            if (g != null) {
                if (m.isSpinning()) {
                    sched.idle.resetspinning(m);
                }
                return g;
            }
            if (m.p == null) {
                return null;
            }
        }
    }

    /** Fires what is due on this P. Returns when the next timer is due. */
    private static long checkTimers(P p) {
        Timers timers = p.timers;
        if (timers.minWhen() != Timers.NONE) {
            timers.runDue(Clock.nanotime());
        }
        return timers.minWhen();
    }

    /** The P's own goroutines; first of all, once in {@link #FAIRNESS} slices, one of the global queue. */
    private G local(M m) {
        P p = m.p;
        emptyInbox(p);
        if (p.schedtick % FAIRNESS == 0) {
            if (sched.netpoller.mustBePolled()) {
                pollInto(m);
            }
            G g = sched.globrunqget(p, 1);
            if (g != null) {
                return g;
            }
        }
        if (p.preempt) {
            demoteNext(p);
        }
        G next = p.runq.getNext();
        if (next != null) {
            m.findInherits = true; // producer and consumer share a slice, or they would starve the others
            return next;
        }
        return p.runq.get();
    }

    private void emptyInbox(P p) {
        G list = p.inboxTake();
        if (list != null) {
            boolean several = list.schedlink != null;
            p.runqputAll(list);
            if (several) { // an M that gave up meanwhile may have seen them neither here nor there
                VarHandle.fullFence();
                sched.idle.wakep();
            }
        }
    }

    /** The slice is over: a chain of goroutines that ready each other must not go on for ever. */
    private static void demoteNext(P p) {
        G next = p.runq.getNext();
        if (next != null) {
            p.runqput(next, false);
        }
    }

    private G global(M m) {
        return sched.global.size() == 0 ? null : sched.globrunqget(m.p, 0);
    }

    private G netpollNow(M m) {
        if (!sched.netpoller.mustBePolled()) {
            return null;
        }
        m.p.netpolls++;
        sched.netpoller.pollNow(m);
        G list = m.takeReady();
        if (list == null) {
            return null;
        }
        G first = list;
        sched.injectglist(m, list.schedlink);
        first.schedlink = null;
        return first;
    }

    private void pollInto(M m) {
        m.p.netpolls++;
        sched.netpoller.pollNow(m);
        sched.injectglist(m, m.takeReady());
    }

    /** Go's {@code stealWork}. M spinning. */
    private G stealWork(M m) {
        P p = m.p;
        p.spins++;
        long begin = Clock.nanotime();
        G g = null;
        StealOrder all = order;
        P[] procs = sched.procs;
        for (int pass = 0; pass < STEAL_PASSES && g == null && !sched.stopping; pass++) {
            boolean last = pass == STEAL_PASSES - 1;
            all.begin(p.stealCursor, p.stealCursor.random());
            for (int at = all.next(p.stealCursor); at >= 0 && g == null; at = all.next(p.stealCursor)) {
                P victim = procs[at];
                if (victim != p) {
                    g = stealFrom(p, victim, last);
                }
            }
        }
        p.spinNanos += Clock.nanotime() - begin;
        if (g == null) {
            p.stealFailures++;
        }
        return g;
    }

    private G stealFrom(P p, P victim, boolean last) {
        if (last && victim.timers.minWhen() != Timers.NONE && victim.timers.runDue(Clock.nanotime()) > 0) {
            G next = p.runq.getNext(); // the timers have readied goroutines on this P
            G g = next != null ? next : p.runq.get();
            if (g != null) {
                return g;
            }
        }
        if (!victim.inboxEmpty()) {
            p.runqputAll(victim.inboxTake());
            G g = p.runq.get();
            if (g != null) {
                booked(p, victim, 1 + p.runq.size());
                return g;
            }
        }
        int status = victim.status();
        if (status == PState.IDLE || status == PState.DEAD) {
            return null;
        }
        int before = p.runq.size();
        G g = p.runq.stealFrom(victim.runq, last, PATIENCE);
        if (g != null) {
            booked(p, victim, 1 + p.runq.size() - before);
        }
        return g;
    }

    private void booked(P p, P victim, int goroutines) {
        p.steals++;
        p.stolen += goroutines;
        sched.trace.steal(p, victim, goroutines);
    }

    private static final Runnable PATIENCE = () -> {
        for (int i = 0; i < PATIENCE_PAUSES; i++) {
            Thread.onSpinWait();
        }
    };

    /** The earliest timer of all Ps, for an M that found nothing to steal. */
    private long stolenPollUntil(G found) {
        long until = Timers.NONE;
        if (found == null) {
            for (P victim : sched.procs) {
                until = Math.min(until, victim.timers.minWhen());
            }
        }
        return until;
    }

    /**
     * The last look, under the lock, together with the release of the P; then the second look of an M that was spinning;
     * then the netpoller. Returns null with a P to begin anew, and null without a P to park.
     */
    private G releaseOrContinue(M m, long pollUntil) {
        boolean wasSpinning = m.isSpinning();
        sched.lock.lock();
        if (sched.global.size() != 0) {
            G g = sched.globrunqgetLocked(m.p, 0);
            sched.lock.unlock();
            return g;
        }
        if (!wasSpinning && sched.idle.needspinning()) {
            sched.idle.becomeSpinning(m);
            sched.lock.unlock();
            return null;
        }
        if (wasSpinning) {
            sched.trace.spinStop(m, false);
        }
        sched.idle.put(m.releasep());
        if (wasSpinning) {
            sched.idle.stopSpinning();
        }
        sched.lock.unlock();

        long until = pollUntil;
        if (wasSpinning) {
            if (recheck(m)) {
                return null;
            }
            for (P p : sched.procs) {
                until = Math.min(until, p.timers.minWhen());
            }
        }
        return netpollBlocking(m, until, wasSpinning);
    }

    /** Go's {@code checkRunqsNoP}: true if there is work after all, and this M spins again with a P. */
    private boolean recheck(M m) {
        return workIsQueued() && reacquire(m, true);
    }

    /** Whether any queue has something. After nmspinning was lowered, for an M that others may have relied on. */
    boolean workIsQueued() {
        sched.lock.lock(); // whoever takes from the global queue has it on his ring when he unlocks
        boolean work = sched.global.size() != 0;
        sched.lock.unlock();
        P[] procs = sched.procs;
        for (int i = 0; i < procs.length && !work; i++) {
            work = !procs[i].isEmpty();
        }
        return work;
    }

    private boolean reacquire(M m, boolean spinning) {
        sched.lock.lock();
        P p = spinning ? sched.idle.getSpinning() : sched.idle.get();
        sched.lock.unlock();
        if (p == null) {
            return false;
        }
        m.acquirep(p);
        if (spinning) {
            sched.idle.becomeSpinning(m);
        }
        return true;
    }

    private G netpollBlocking(M m, long until, boolean wasSpinning) {
        if (until == Timers.NONE && !sched.netpoller.hasWaiters()) {
            return null;
        }
        if (!sched.netpoller.block(m, until)) {
            if (until != Timers.NONE) {
                sched.netpoller.breakIfLater(until);
            }
            return null;
        }
        G list = m.takeReady();
        if (!reacquire(m, false)) {
            sched.injectglist(m, list);
            return null;
        }
        if (list != null) {
            G rest = list.schedlink;
            list.schedlink = null;
            sched.injectglist(m, rest);
            return list;
        }
        if (wasSpinning) {
            sched.idle.becomeSpinning(m);
        }
        return null;
    }

    /**
     * There are fewer Ps now, and this is one of those that are too many. As a spinning M, this one has kept others from
     * waking somebody, and does not look again itself: it wakes the next.
     */
    private void giveUp(M m) {
        boolean spinning = m.isSpinning();
        sched.lock.lock();
        sched.idle.put(m.releasep());
        if (spinning) {
            sched.idle.stopSpinning();
        }
        sched.lock.unlock();
        sched.idle.wakep();
    }

    private void stop(M m) {
        boolean spinning = m.isSpinning();
        sched.lock.lock();
        P p = m.releasep();
        if (spinning) {
            sched.idle.stopSpinning();
        }
        p.word(PState.nextEpoch(p.word(), PState.SCHED)); // in transit for ever
        sched.lock.unlock();
    }
}
