package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.util.Arrays;

/**
 * Changes the number of Ps while goroutines run (Go's {@code GOMAXPROCS} and {@code procresize}).
 *
 * <p>More: the new Ps, or dead ones that come to life again, go on the idle list, and somebody is woken. Nobody else has to
 * do anything.
 *
 * <p>Fewer: {@link Sched#gomaxprocs} is lowered under the scheduler lock, and with it the surplus Ps on the idle list die.
 * From then on a surplus P can only get rarer: {@link Idle#put}, through which every P goes that is given up, kills it under
 * the same lock, and moves what is queued on it to the global queue. An M that comes round to findRunnable with such a P
 * gives it up. A P in RUNNING or SYSCALL is taken by CAS, as sysmon does it: its goroutine goes on without a P until its next
 * scheduling point. A P in SCHED or SPINNING is never taken: its owner comes to one of these places within microseconds.
 * So the caller, who goes round until all are dead, comes to an end.
 *
 * <p>Why nothing is lost: a dead P has no owner, so nobody puts anything on its ring. A foreign wake-up may still reach
 * its inbox, and a goroutine that has lost it may still put a timer on its heap. Both look at the status after they have
 * put; the store of DEAD comes before the look at the inbox and before the move of the timers. One of them sees the other.
 *
 * <p>Differs from Go: the world is not stopped. There the garbage collector's caches and the arrays of masks make that
 * necessary; here only the surplus Ps are concerned, and the others never wait. What was queued goes to the tail of the
 * global queue, not to its head. Loops of a netpoller belong to no P, so they have nothing to be moved.
 */
final class Procresize {
    /** 20 us: one tick of sysmon, between two looks at a P whose owner is in scheduler code. */
    private static final long LOOK_AGAIN_NANOS = 20_000;

    private final Sched sched;
    /** One change at a time. Taken before the scheduler lock. */
    private final SchedLock changing = new SchedLock();
    /** Written under that lock: a number that somebody has set is not overwritten by one that was read before. */
    private volatile boolean following;

    /** Why the number changes. */
    private enum Why {
        SET,
        FOLLOW,
        UNSET
    }

    Procresize(Sched sched) {
        this.sched = sched;
    }

    /** Returns the most Ps that there may be. */
    int most() {
        return Math.min(SchedulerConfig.MAX_PROCS, sched.config.maxThreads() - 1);
    }

    /** Whether the number follows the processors, as nobody has set it. */
    boolean isFollowing() {
        return following;
    }

    /** Somebody sets the number. Returns the one before. Any thread; returns when the change is complete. */
    int set(int n) {
        return change(n, Why.SET);
    }

    /** There are so many processors now. Returns the number of Ps before, or {@code n} if they do not follow. */
    int follow(int n) {
        return change(n, Why.FOLLOW);
    }

    /** Nobody has set the number any more. */
    void unset(int n) {
        change(n, Why.UNSET);
    }

    private int change(int n, Why why) {
        changing.lock();
        try {
            if (why == Why.FOLLOW && !following) {
                return n;
            }
            following = why != Why.SET;
            int before = sched.gomaxprocs;
            if (sched.stopping) { // a change may have been left half-way, so a P beyond gomaxprocs need not be dead
                return before;
            }
            if (n > before) {
                grow(n);
                sched.idle.wakep();
            } else if (n < before) {
                shrink(n);
            }
            return before;
        } finally {
            changing.unlock();
            sched.reserve.changed();
        }
    }

    /** Whether somebody waits for Ps to die; for checks. */
    boolean isChanging() {
        return changing.isHeld();
    }

    /** Makes the first Ps. */
    void begin(int n, boolean follows) {
        following = follows;
        grow(n);
    }

    /** Raises the number of Ps, first from 0. Wakes nobody. */
    private void grow(int n) {
        P[] made = makeUpTo(n); // allocates, so not under the lock
        StealOrder order = new StealOrder(made.length);
        sched.lock.lock();
        int before = sched.gomaxprocs;
        sched.procs = made;
        sched.findRunnable.order(order);
        sched.gomaxprocs = n;
        for (int i = n - 1; i >= before; i--) { // the lowest on top
            P p = made[i];
            p.word(PState.nextEpoch(p.word(), PState.SCHED));
            sched.idle.put(p);
        }
        sched.lock.unlock();
    }

    private P[] makeUpTo(int n) {
        P[] known = sched.procs;
        P[] all = Arrays.copyOf(known, Math.max(n, known.length));
        for (int i = known.length; i < all.length; i++) {
            all[i] = new P(i, sched);
        }
        return all;
    }

    private void shrink(int n) {
        sched.lock.lock();
        int before = sched.gomaxprocs;
        sched.gomaxprocs = n;
        sched.idle.removeSurplus();
        sched.lock.unlock();
        sched.reserve.changed(); // more may be in calls, from now on and not when the last P has died
        sched.idle.wakep(); // for what they may have had in their inboxes
        for (int i = n; i < before; i++) {
            P p = sched.procs[i];
            while (p.status() != PState.DEAD) {
                if (sched.stopping) {
                    return;
                }
                if (!retire(p)) {
                    Carrier.parkCarrier(LOOK_AGAIN_NANOS);
                }
            }
            moveTimers(p);
            sched.idle.wakep(); // for what it has left
        }
    }

    /** Takes a P from its M if that can be done now. */
    private boolean retire(P p) {
        long word = p.word();
        int status = PState.status(word);
        M m = p.m;
        G g = m == null ? null : m.curg;
        if (m == null || status != PState.RUNNING && status != PState.SYSCALL) {
            return false;
        }
        sched.reserve.leaves(m, status == PState.SYSCALL, false);
        if (!p.cas(word, PState.nextEpoch(word, PState.SCHED))) {
            sched.reserve.stays(m, status == PState.SYSCALL);
            return false;
        }
        p.m = null;
        sched.reserve.look();
        p.handoffs += status == PState.SYSCALL ? 1 : 0;
        sched.trace.procRetire(p, m, g);
        sched.lock.lock();
        sched.idle.put(p);
        sched.lock.unlock();
        return true;
    }

    /** Moves the timers of a dead P to P 0, which never dies. */
    void moveTimers(P dead) {
        Timers timers = sched.procs[0].timers;
        if (timers.takeAll(dead.timers)) {
            sched.netpoller.wakeNetPoller(timers.minWhen());
        }
    }
}
