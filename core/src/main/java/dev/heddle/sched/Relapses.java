package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import dev.heddle.sched.jdk.VirtualThreads;

/** How an M goes on after scheduler code has thrown, and how often in a row it has. Its thread only. */
final class Relapses {
    /** 10 ms, without a P. A guess. */
    private static final long PAUSE_NANOS = 10_000_000;

    /** 1 s: failures that are further apart have nothing to do with each other. A guess. */
    private static final long APART_NANOS = 1_000_000_000;

    /** So many in a row are answered at once; then there is a pause after each. A guess. */
    private static final int PATIENCE = 3;

    /** So many in a row, some 10 s, will not end: a class that could not be initialised never can be. A guess. */
    private static final int LIMIT = 1_000;

    private int count;
    private long last;

    /**
     * What the M has in its hands goes where it belongs, so that its loop can begin anew with the P, or without one; after
     * too many errors in a row with a pause and without the P.
     */
    void goOn(M m, Throwable e) {
        m.sched.injectGlobally(m.takeReady());
        boolean hasP = m.enterSched() != M.NO_P;
        G g = m.hand;
        m.hand = null;
        m.curg(null);
        if (g != null && !m.ran) {
            g.queuedAgain();
            m.sched.globrunqput(g, false);
        } else if (g != null && !m.givenAway) {
            m.settle(g);
        }
        m.sched.idle.wakep();
        if (isTooMany(e)) {
            if (hasP) {
                giveUpP(m);
            }
            Carrier.parkCarrier(PAUSE_NANOS);
        }
    }

    private static void giveUpP(M m) {
        if (m.isSpinning()) {
            m.sched.idle.stopSpinning();
            m.status(PState.SCHED);
        }
        m.handoffp();
    }

    private boolean isTooMany(Throwable e) {
        long now = Clock.nanotime();
        count = now - last < APART_NANOS ? count + 1 : 1;
        last = now;
        if (count > LIMIT) {
            Faults.fatal(Faults.Why.AGAIN_AND_AGAIN, e);
        }
        return count > PATIENCE;
    }

    /**
     * By its M: the JDK has thrown when the thread left its stack. It may have come to its end all the same, before its body
     * has begun even; or it was to wait for a time, and there was no memory for the JDK's timer: then it has no more to wait
     * for, and goes on as after a wake-up without reason.
     *
     * @return false if it is in a state that nobody will bring it out of
     */
    static boolean regained(G g) {
        Thread.State now = g.thread.getState();
        if (now == Thread.State.TERMINATED) {
            g.ended();
            return true;
        }
        return !VirtualThreads.isBetweenStates(g.thread) || VirtualThreads.endTimedWait(g.thread);
    }
}
