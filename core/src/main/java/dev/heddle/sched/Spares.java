package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;

/**
 * The parked Ms, and how an M gets going (Go's {@code mput}, {@code mget}, {@code startm}, {@code stopm}).
 *
 * <p>How a P is handed to an M: the M is taken off the list of spares under the scheduler lock, and only by that the right
 * to write its {@link M#nextp} is won; then it is written, then the thread is woken. The M sleeps until nextp is there, so
 * a wake-up that comes before the sleep is not lost. An M that only looks idle is never handed anything.
 *
 * <p>If there is no spare, the P goes on the list of {@link Threads}, which makes a new M for it.
 */
final class Spares {
    private final Sched sched;
    private M first;
    private volatile int count;
    private volatile long parks;
    private volatile long wakeups;

    Spares(Sched sched) {
        this.sched = sched;
    }

    int count() {
        return count;
    }

    long parks() {
        return parks;
    }

    long wakeups() {
        return wakeups;
    }

    /** Whether a P that is taken from somebody would find a thread. */
    boolean canStart() {
        return count > 0 || sched.threads.mayMake();
    }

    /** Takes a spare for this P, or asks for a new thread and returns null. Under the lock. */
    M mgetOrRequest(P p) {
        M m = first;
        if (m != null) {
            unlink(m);
            wakeups++; // under the lock
        } else {
            sched.threads.request(p);
        }
        return m;
    }

    /** The second half, after the lock: wakes what {@link #mgetOrRequest} returned. */
    void start(M m, P p) {
        if (m == null) {
            sched.threads.wake();
        } else {
            m.nextp = p;
            Carrier.unparkCarrier(m);
        }
    }

    /** Go's {@code startm}: has an M run this P, which is in transit with status SCHED or SPINNING. */
    void startm(P p) {
        sched.lock.lock();
        M m = mgetOrRequest(p);
        sched.lock.unlock();
        start(m, p);
    }

    /**
     * Go's {@code stopm}: parks this M, which has no P, until it is handed one.
     *
     * @return false if the thread is to end: the scheduler stops, or there are spares enough, or it is of no use any more
     */
    boolean stopm(M m) {
        assert m.p == null : m + " has " + m.p;
        m.call.findsBack();
        sched.trace.threadPark(m, false);
        sched.lock.lock();
        if (sched.stopping || m.hog.isStuck()) {
            sched.lock.unlock();
            return false;
        }
        P waiting = sched.threads.takeWaiting();
        if (waiting != null) { // here is a thread, without one being made
            sched.lock.unlock();
            sched.trace.threadUnpark(m, false);
            m.acquirep(waiting);
            return true;
        }
        m.where = M.Where.SPARE;
        link(m);
        parks++; // under the lock
        sched.lock.unlock();

        long keepAlive = sched.spareKeepAliveNanos;
        long end = Clock.after(keepAlive);
        P next;
        while ((next = m.nextp) == null) {
            long left = end - Clock.nanotime();
            if (left <= 0 || sched.stopping) {
                if (retire(m)) {
                    return false;
                }
                left = keepAlive;
                end = Clock.after(left);
            }
            if (m.nextp == null) {
                Carrier.parkCarrier(left);
            }
        }
        m.nextp = null;
        m.where = M.Where.RUNNING;
        sched.trace.threadUnpark(m, false);
        m.acquirep(next);
        return true;
    }

    private void link(M m) {
        m.spareLink = first;
        if (first != null) {
            first.spareBefore = m;
        }
        first = m;
        m.isSpare = true;
        count++; // under the lock
    }

    /** Those that have been spares for longest end first, and stand last: thousands may, so nobody walks there. */
    private void unlink(M m) {
        if (m.spareBefore == null) {
            first = m.spareLink;
        } else {
            m.spareBefore.spareLink = m.spareLink;
        }
        if (m.spareLink != null) {
            m.spareLink.spareBefore = m.spareBefore;
        }
        m.spareLink = null;
        m.spareBefore = null;
        m.isSpare = false;
        count--; // under the lock
    }

    /** Takes this M off the list for good if it may go. Not if somebody is handing it a P just now. */
    private boolean retire(M m) {
        sched.lock.lock();
        try {
            if (!m.isSpare || !sched.stopping && count <= 2 * sched.gomaxprocs) {
                return false;
            }
            unlink(m);
            return true;
        } finally {
            sched.lock.unlock();
        }
    }

    /** Wakes all spares, so that they see that the scheduler stops. */
    void wakeAll() {
        sched.lock.lock();
        for (M m = first; m != null; m = m.spareLink) {
            Carrier.unparkCarrier(m);
        }
        sched.lock.unlock();
    }
}
