package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;

/**
 * Keeps threads for the goroutines that run: who may go into a declared blocking call, and who waits until others are back.
 *
 * <p><b>What for.</b> A goroutine in a blocking call keeps its thread. When all threads that may be had are in calls, because
 * of {@code maxThreads} or because the system gives no more, nobody is left for the others until a call returns, which may
 * be never. (Go ends the process.)
 *
 * <p><b>Who counts.</b> An M is <i>away</i> from the moment that its P is about to be taken from it, or that it gives it away
 * for a call, until it has a P again, parks as a spare or ends. An M is <i>in a call</i> while {@link M#where} is SYSCALL;
 * those that still have their P are seen by a look at all Ps, the others are counted when their P leaves. A goroutine that
 * has been let in and has not gone in yet is <i>granted</i>. Locked Ms ({@link LockedThreads}) count by themselves, from the
 * lock to the unlock, in a call or not; to lock one needs a grant as well, since it takes a thread from the others.
 *
 * <p><b>The rule.</b> One more may go into a call if afterwards
 * <ol>
 * <li>away + locked + granted + in a call with a P is less than the number of Ms that live: one at least is left, and it lives
 * already, because the next one may be refused. An M that is away or locked counts already, and not once more;
 * <li>away in a call + granted + in a call with a P is at most {@code maxThreads - gomaxprocs}: so many are kept from calls.
 * </ol>
 * Else its goroutine parks in a queue, first come, first served, and if it is the first condition that does not hold a thread is
 * asked for ahead of its use.
 *
 * <p><b>The short way in</b> is two reads, before and again after: an M says that it is in a call, and stays in if
 * {@link #scarce} is false and a spare is parked. Why that is enough: scarce is true while anybody waits here or has a grant,
 * and while away in a call is more than {@code maxThreads - 2 * gomaxprocs}, so that one call more for each P cannot break
 * the second condition. And whoever sees a spare leaves behind it an M that is not in a call, and that will have to look for
 * itself. So the last one to go in finds no spare, or somebody with a grant, and counts; and who counts sees all that have
 * said so before.
 *
 * <p><b>Why nobody waits in vain.</b> Whoever makes room says so first (by the CAS on its P's word, or under the lock) and
 * then reads scarce; whoever waits has made scarce true under the lock before it counted. Room is made by an exit from a
 * call, an M that comes back, a P that was not taken after all, an M that is born, an unlock, and a change of gomaxprocs:
 * each ends in {@link #look}. What is counted twice for a moment (away, and by the look at all Ps) is counted again
 * afterwards by who made it so. An M that has no stack left for that leaves it to sysmon.
 *
 * <p><b>What is not covered.</b> Calls that nobody declares, goroutines that cannot leave their thread (a native frame
 * or a class initialiser below), and goroutines that compute without a P: they cannot be made to wait. They count as away, so
 * that declared calls leave a thread beside them; but they alone can still take all {@code maxThreads}.
 *
 * <p>The lock is not taken while the scheduler lock is held, nor the other way round.
 */
final class Reserve {
    private static final Unlockf WAIT = (g, reserve) -> ((Reserve) reserve).enqueue(g);

    private final Sched sched;
    private final SchedLock lock = new SchedLock();

    private volatile boolean scarce = true; // until it is computed

    // under the lock
    private int away;
    private int awayInCall;
    private int granted;
    private G first;
    private G last;
    private volatile int waiting;
    private volatile boolean logged;
    private volatile long waited;

    Reserve(Sched sched) {
        this.sched = sched;
    }

    /** How many goroutines wait to go into a call. */
    int waiting() {
        return waiting;
    }

    /** How often one has waited to go into a call. */
    long waited() {
        return waited;
    }

    /** All that is counted: 0 when no goroutine lives. For checks. */
    int counts() {
        lock.lock();
        int counts = away + awayInCall + granted + waiting;
        lock.unlock();
        return counts;
    }

    /** Whether somebody waits although there is room. For checks, when nobody does anything. */
    boolean makesWaitInVain() {
        lock.lock();
        boolean inVain = first != null && fits(first.lockedm != null);
        lock.unlock();
        return inVain;
    }

    /** For an M that has just said that it is in a call: whether it must leave the call and ask for a grant. */
    boolean mustAsk() {
        return scarce || sched.spares.count() == 0;
    }

    /** For whoever has made room: whether somebody may wait for it. After a full fence. */
    boolean isScarce() {
        return scarce;
    }

    // -- the way in --

    /**
     * Gets a grant for the goroutine that calls this, which may wait for it; it may be on another M afterwards.
     *
     * @return false if it cannot wait, and is to go in without one
     */
    boolean acquire(M m) {
        if (tryAcquire(m)) {
            return true;
        }
        if (G.parkUnlessPinned(WAIT, this, WaitReason.BLOCKING_CALL)) {
            return true;
        }
        lookFromGoroutine(); // others may have taken this one for one in a call
        return false;
    }

    /** Gets a grant if there is one now and nobody waits for it. */
    boolean tryAcquire(M m) {
        VirtualThreads.pin();
        try {
            lock.lock();
            scarce = true; // before the count: pairs with mustAsk, as whoever has a grant goes in without asking again
            boolean may = first == null && fits(m.p == null || m.lockedg != null);
            if (may) {
                granted++;
            }
            settle();
            boolean few = sched.threads.live() - away - sched.lockedThreads.count() - granted - inCallWithP() <= sched.gomaxprocs;
            lock.unlock();
            if (may && few && sched.spares.count() == 0) {
                sched.threads.wantSpare(); // so that the next one finds the short way in
            }
            return may;
        } finally {
            VirtualThreads.unpin();
        }
    }

    /** The commit of the wait. False if there is room after all: then the grant is the goroutine's. */
    boolean enqueue(G g) {
        lock.lock();
        g.schedlink = null;
        if (last == null) {
            first = g;
        } else {
            last.schedlink = g;
        }
        last = g;
        waiting++; // under the lock
        waited++; // as well
        scarce = true; // before the count: pairs with the look of an exit, see above
        boolean mine = false;
        G others = grants();
        settle();
        boolean some = first != null;
        boolean wanted = wantsThread();
        lock.unlock();
        stillWait(some, wanted);
        while (others != null) {
            G next = others.schedlink;
            others.schedlink = null;
            if (others == g) {
                mine = true;
            } else {
                others.ready();
            }
            others = next;
        }
        return !mine;
    }

    /** {@link #entered}, on a goroutine's stack. */
    void enteredFromGoroutine() {
        VirtualThreads.pin();
        try {
            entered();
        } finally {
            VirtualThreads.unpin();
        }
    }

    /** The goroutine with a grant is in the call, with its P, or has lost that: it is counted otherwise by now. */
    void entered() {
        lock.lock();
        granted--;
        lock.unlock();
        look();
    }

    // -- away and back --

    /** The M is about to be without a P, for a call or otherwise. Before the P can be seen with another. Any thread. */
    void leaves(M m, boolean inCall, boolean hadGrant) {
        lock.lock();
        if (hadGrant) {
            granted--;
        }
        if (m.lockedg == null) {
            m.away++;
            away++;
            if (inCall) {
                m.awayInCall++;
                awayInCall++;
            }
        }
        settle();
        lock.unlock();
    }

    /** The P of the M could not be taken. */
    void stays(M m, boolean inCall) {
        lock.lock();
        uncount(m, inCall);
        unaway(m);
        lock.unlock();
        look();
    }

    /** The call of an M that is away has ended. */
    void callEnded(M m) {
        lock.lock();
        uncount(m, true);
        lock.unlock();
        look();
    }

    /** The M is about to have a P again, to park, or to end. */
    void back(M m) {
        lock.lock();
        unaway(m);
        lock.unlock();
        look();
    }

    private void uncount(M m, boolean inCall) {
        if (inCall && m.awayInCall > 0) {
            m.awayInCall--;
            awayInCall--;
        }
    }

    private void unaway(M m) {
        if (m.away > 0) {
            m.away--;
            away--;
        }
    }

    /** Room may have been made. Any thread, where a goroutine may be readied. */
    void look() {
        if (!scarce) {
            return;
        }
        lock.lock();
        G list = grants();
        settle();
        boolean some = first != null;
        boolean wanted = wantsThread();
        lock.unlock();
        stillWait(some, wanted);
        while (list != null) {
            G next = list.schedlink;
            list.schedlink = null;
            list.ready();
            list = next;
        }
    }

    /** {@link #look} after a change of gomaxprocs. */
    void changed() {
        lock.lock();
        settle();
        lock.unlock();
        look();
    }

    /** An M has ended: if none is left for the others, one is made. */
    void replace() {
        lock.lock();
        boolean none = !leavesOneAlive(true, granted + inCallWithP());
        lock.unlock();
        if (none) {
            sched.threads.wantSpare();
        }
        look();
    }

    /** {@link #look} at the end of a call, on a goroutine's stack. */
    void lookFromGoroutine() {
        if (!StackProbe.room()) {
            sched.sysmon.wakeWithWork();
            return;
        }
        VirtualThreads.pin();
        try {
            look();
        } finally {
            VirtualThreads.unpin();
        }
    }

    // -- under the lock --

    /** Takes those who may go in from the queue, first come first served, as a list through schedlink. */
    private G grants() {
        G list = null;
        G tail = null;
        while (first != null && fits(first.lockedm != null)) {
            G g = first;
            first = g.schedlink;
            g.schedlink = null;
            if (first == null) {
                last = null;
            }
            waiting--; // under the lock
            granted++;
            if (tail == null) {
                list = g;
            } else {
                tail.schedlink = g;
            }
            tail = g;
        }
        return list;
    }

    private int inCallWithP() {
        int n = 0;
        for (P p : sched.procs) {
            M m = p.m;
            n += m != null && m.where == M.Where.SYSCALL && m.lockedg == null ? 1 : 0;
        }
        return n;
    }

    /** Whether one may go into a call that is on an M that counts already or not: the rule. */
    private boolean fits(boolean counted) {
        int inCall = granted + inCallWithP();
        return leavesOneAlive(counted, inCall)
                && (counted || awayInCall + inCall + 1 <= sched.config.maxThreads() - sched.gomaxprocs);
    }

    private boolean leavesOneAlive(boolean counted, int inCall) {
        return away + sched.lockedThreads.count() + inCall + (counted ? 0 : 1) < sched.threads.live();
    }

    /** Computes scarce anew. */
    private void settle() {
        boolean now = first != null
                || granted != 0
                || awayInCall + granted > sched.config.maxThreads() - 2 * sched.gomaxprocs;
        if (now != scarce) { // every call reads it
            scarce = now;
        }
    }

    /** Whether somebody waits only because there are too few Ms, so that one more would help. */
    private boolean wantsThread() {
        return first != null && !leavesOneAlive(first.lockedm != null, granted + inCallWithP());
    }

    @Override
    public String toString() {
        return "away " + away + ", in a call " + awayInCall + ", granted " + granted + ", in a call with a P " + inCallWithP()
                + ", locked " + sched.lockedThreads.count() + ", live " + sched.threads.live() + ", waiting " + waiting;
    }

    /** Some, or none, go on waiting, and would not if there were one M more. Not under the lock. */
    private void stillWait(boolean some, boolean wanted) {
        if (wanted) {
            sched.threads.wantSpare();
        }
        if (some && !logged && (!wanted || !sched.threads.mayMake())) {
            logged = true;
            sched.logElsewhere(this::log);
        }
    }

    private void log() {
        Sched.LOG.warn(
                "{}: a goroutine waits to go into a blocking call: maxThreads = {}, of which {} are kept from calls, and {} live."
                        + " Logged once; such goroutines wait for \"{}\"",
                sched.config.name(),
                sched.config.maxThreads(),
                sched.gomaxprocs,
                sched.threads.live(),
                WaitReason.BLOCKING_CALL);
    }
}
