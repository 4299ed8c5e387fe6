package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Goroutines that are locked to their thread (Go's {@code LockOSThread}, {@code stoplockedm}, {@code startlockedm}).
 *
 * <p>{@link G#lockedm} and {@link M#lockedg} name each other from the lock to the unlock; the goroutine writes both while it
 * is mounted there. When it leaves the stack, by whatever means, its M gives its P away and parks: it serves nobody else. The
 * goroutine is queued like any other. An M that takes it from a queue does not run it, but hands it its P: it writes the
 * P into {@link M#nextp} of the locked M, wakes it, and parks as a spare.
 *
 * <p>Who may write nextp: a spare is handed a P by whoever took it off the list of spares, a locked M by whoever took its
 * goroutine from a queue. A goroutine is on one queue at most and a locked M is never a spare, so there is one writer. The
 * M sleeps until nextp is there, so a wake-up that comes before the sleep is not lost.
 *
 * <p>A goroutine that ends locked takes its thread with it, as in Go: what it has done to the thread must not surprise
 * another one.
 */
final class LockedThreads {
    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(LockedThreads.class, "count", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Sched sched;
    /** Locked Ms. */
    private volatile int count;

    LockedThreads(Sched sched) {
        this.sched = sched;
    }

    /** Books one more locked M. Go would end the process when threads run out, and here nobody would be left to run the others. */
    void lock() {
        int locked;
        do {
            locked = check();
        } while (!COUNT.compareAndSet(this, locked, locked + 1));
    }

    /** Throws if no more may be locked. Returns how many are. */
    int check() {
        int locked = count;
        if (locked + sched.gomaxprocs >= sched.config.maxThreads()) {
            throw new IllegalStateException("lockOSThread: " + locked + " threads are locked already, and maxThreads = "
                    + sched.config.maxThreads() + " must leave one for each of " + sched.gomaxprocs + " Ps");
        }
        return locked;
    }

    int count() {
        return count;
    }

    void unlock() {
        COUNT.getAndAdd(this, -1);
    }

    static void lock(G g) {
        if (g == null) {
            return;
        }
        if (g.lockedCount == 0) {
            StackProbe.check();
            g.sched.lockedThreads.check();
            boolean granted = g.sched.reserve.acquire(M.current()); // it takes a thread from the others, as a call does
            try {
                g.sched.lockedThreads.lock();
                M m = M.current();
                g.lockedm = m;
                m.lockedg = g;
            } finally {
                if (granted) {
                    g.sched.reserve.enteredFromGoroutine();
                }
            }
        }
        g.lockedCount++;
    }

    static void unlock(G g) {
        if (g != null && g.lockedCount > 0 && --g.lockedCount == 0) {
            g.lockedm.lockedg = null;
            g.lockedm = null;
            g.sched.lockedThreads.unlock();
            g.sched.reserve.lookFromGoroutine();
        }
    }

    /** Go's {@code startlockedm}: gives this M's P to the thread that the goroutine is locked to. */
    void startlockedm(M m, G g) {
        M locked = g.lockedm;
        P p = m.releasep();
        p.word(PState.nextEpoch(p.word(), PState.SCHED));
        locked.nextp = p;
        Carrier.unparkCarrier(locked);
    }

    /**
     * Runs the goroutine of a locked M until it unlocks. The M may have lost its P meanwhile.
     *
     * @return false if the thread is to end
     */
    boolean serve(M m) {
        for (G g = m.lockedg; g != null; g = m.lockedg) {
            if (m.p != null) {
                m.handoffp();
            }
            if (g.isDead()) {
                return false; // this thread ends, and unlocks
            }
            if (!stoplockedm(m)) {
                return false;
            }
            m.findInherits = false;
            m.execute(g);
        }
        return true;
    }

    /** Go's {@code stoplockedm}: parks until somebody brings a P for the goroutine. False if the scheduler stops. */
    private boolean stoplockedm(M m) {
        m.where = M.Where.LOCKED;
        sched.trace.threadPark(m, false);
        P next;
        while ((next = m.nextp) == null) {
            if (sched.stopping) {
                return false;
            }
            Carrier.parkCarrier(0);
        }
        m.nextp = null;
        m.where = M.Where.RUNNING;
        sched.trace.threadUnpark(m, false);
        m.acquirep(next);
        return true;
    }

    /** Wakes all locked Ms, so that they see that the scheduler stops. */
    void wakeAll() {
        for (M m : sched.threads.all()) {
            if (m.lockedg != null) {
                Carrier.unparkCarrier(m);
            }
        }
    }
}
