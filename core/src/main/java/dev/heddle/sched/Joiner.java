package dev.heddle.sched;

import dev.heddle.sched.Lifetime.Ending;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that waits for the end of a goroutine, on the list of that goroutine, which the lock in {@link AllGs} guards.
 *
 * <p>It is not the JDK's join, which would wait for ever when the scheduler has ended before the goroutine.
 */
final class Joiner implements Lifetime.Waiter {
    final Thread thread = Thread.currentThread();
    private final G g;
    private Joiner next;
    private Joiner before;
    private boolean linked;
    private volatile boolean lifetimeOver;

    private Joiner(G g) {
        this.g = g;
    }

    /**
     * Waits for the end of a goroutine, for at most the time given; {@link Long#MAX_VALUE} is for ever.
     *
     * @return false if it has not ended, and if it never will
     * @throws java.util.concurrent.CancellationException if the caller's current lifetime has ended
     */
    static boolean await(G g, long nanos) throws InterruptedException {
        if (g.isDead() || nanos <= 0) {
            return g.isDead();
        }
        StackProbe.check(); // no overflow may come between lock and unlock
        Joiner joiner = new Joiner(g);
        if (!g.sched.allGs.addJoiner(g, joiner)) {
            return true;
        }
        G caller = G.current();
        if (caller != null) {
            caller.waitReason(WaitReason.JOIN); // for dumps: the JDK parks the caller, and does not say for what
        }
        Ending ending = Lifetime.currentEnding();
        try {
            if (ending != null && !ending.add(joiner)) {
                throw ending.exception();
            }
            return joiner.await(nanos, ending);
        } finally {
            if (ending != null) {
                ending.forget(joiner);
            }
            if (caller != null) {
                caller.waitReason(null);
            }
            g.sched.allGs.removeJoiner(g, joiner);
        }
    }

    @Override
    public void told() {
        lifetimeOver = true;
        LockSupport.unpark(thread);
    }

    private boolean await(long nanos, Ending ending) throws InterruptedException {
        long end = Clock.after(nanos);
        while (!g.isDead()) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (lifetimeOver) {
                throw ending.exception();
            }
            if (g.sched.life.isOver() && !g.isTaken()) { // pairs with Life.over, which then wakes us
                return g.isDead();
            }
            if (nanos == Long.MAX_VALUE) {
                LockSupport.park(this); // without a timer
                continue;
            }
            long left = end - Clock.nanotime();
            if (left <= 0) {
                return false;
            }
            LockSupport.parkNanos(this, left);
        }
        return true;
    }

    /** Under the lock, as {@link #unlink} and {@link #next}. */
    void link() {
        next = g.joiners;
        if (next != null) {
            next.before = this;
        }
        g.joiners = this;
        linked = true;
    }

    void unlink() {
        if (!linked || g.joiners == null) { // taken with all others, at the end
            return;
        }
        if (before == null) {
            g.joiners = next;
        } else {
            before.next = next;
        }
        if (next != null) {
            next.before = before;
        }
        linked = false;
    }

    Joiner next() {
        return next;
    }

    /** Wakes those on a list that nobody else has. */
    static void wake(Joiner first) {
        for (Joiner joiner = first; joiner != null; joiner = joiner.next) {
            LockSupport.unpark(joiner.thread);
        }
    }
}
