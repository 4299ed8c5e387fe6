package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;

/**
 * The declared blocking calls of the goroutine that is mounted on an M (Go's {@code reentersyscall}, {@code entersyscallblock},
 * {@code exitsyscall}). {@link PState} has the protocol of the P's word, {@link Reserve} who may go in.
 *
 * <p>One for each M, which keeps it here whether it has lost its P to somebody. All fields belong to the M.
 */
final class DeclaredCall {
    private final M m;
    private final Sched sched;
    /** Nested calls. */
    private int depth;

    /** The M has lost its P, and {@link Reserve} counts it as away; and whether that was in a call that it is still in. */
    private boolean astray;

    private boolean astrayInCall;

    DeclaredCall(M m) {
        this.m = m;
        this.sched = m.sched;
    }

    // -- the P --

    /** Somebody has taken the P, and has told {@link Reserve} before. */
    void lost(boolean inCall) {
        m.p = null;
        astray = true;
        astrayInCall = inCall;
    }

    /** The M is about to have a P again, to park, or to end. */
    void findsBack() {
        if (astray) {
            callEnded(); // where there was no stack left for it
            astray = false;
            m.hog.ends();
            sched.reserve.back(m);
        }
    }

    private void callEnded() {
        if (astrayInCall) {
            astrayInCall = false;
            sched.reserve.callEnded(m);
        }
    }

    // -- the way in --

    /** Returns the M that the goroutine is on in the call: another one if it had to wait. */
    M enter() {
        if (depth > 0) {
            depth++;
            return m;
        }
        return enterUnasked() ? m : askAndEnter();
    }

    /** The short way in. False if {@link Reserve} must be asked; then nothing has changed. */
    boolean enterUnasked() {
        if (sched.reserve.mustAsk()) {
            return false;
        }
        declare();
        if (sched.reserve.mustAsk()) { // only now is it certain, see there
            takeBack();
            return false;
        }
        return true;
    }

    private M askAndEnter() {
        boolean granted = sched.reserve.acquire(m);
        M now = M.current();
        now.call.declare();
        if (granted) {
            now.sched.reserve.enteredFromGoroutine();
        }
        return now;
    }

    /** Goes in, without asking {@link Reserve}. */
    void declare() {
        depth = 1;
        P p = m.p;
        sched.countSyscall(p);
        sched.trace.goSyscallBegin(m, false);
        m.where(M.Where.SYSCALL);
        if (p != null && !m.casStatus(p, PState.SYSCALL)) {
            lost(false);
        }
    }

    /** What {@link #declare} has done, before the call has begun. */
    private void takeBack() {
        P p = m.p;
        m.where(M.Where.RUNNING);
        if (p != null) {
            if (m.casStatus(p, PState.RUNNING)) {
                p.syscalltick--;
            } else {
                lost(true);
            }
        }
        depth = 0;
        sched.trace.goSyscallEnd(m, m.p == null);
        VirtualThreads.pin();
        try {
            callEnded();
        } finally {
            VirtualThreads.unpin();
        }
    }

    /**
     * Goes in for long: hands the P on at once.
     *
     * @param mayWait false for a goroutine that cannot leave its thread, and so can wait nowhere else
     * @return the M that the goroutine is on in the call: another one if it had to wait
     */
    M enterBlock(boolean mayWait) {
        if (depth > 0) {
            depth++;
            return m;
        }
        boolean granted = mayWait && sched.reserve.acquire(m);
        M now = M.current();
        now.call.leaveP(granted);
        return now;
    }

    private void leaveP(boolean granted) {
        depth = 1;
        sched.countSyscall(m.p);
        sched.trace.goSyscallBegin(m, true);
        VirtualThreads.pin();
        try {
            if (m.enterSched() != M.NO_P) {
                sched.reserve.leaves(m, true, granted);
                astray = true;
                astrayInCall = true;
                m.p.handoffs++;
                m.handoffp();
            } else if (granted) {
                sched.reserve.entered();
            }
            m.where = M.Where.SYSCALL; // from now on, or it would be counted twice
            if (granted && m.lockedg != null) {
                sched.reserve.look(); // it was counted twice until now
            }
            sched.trace.flush(m);
        } finally {
            VirtualThreads.unpin();
        }
    }

    /** The JDK is about to block. False if it is in a call already. Does not throw. */
    boolean begin() {
        if (depth > 0) {
            return false;
        }
        if (StackProbe.room()) {
            enter();
        } else {
            declare(); // to wait takes stack
        }
        return true;
    }

    // -- the way out --

    void exit() {
        if (depth > 0 && --depth == 0) {
            leave(true);
        }
    }

    /**
     * Fast: the P is still ours. Else any idle P. Else the goroutine goes to the global queue and this thread becomes a
     * spare; if it may not or cannot leave its stack now, it goes on without a P until it does.
     */
    private void leave(boolean mayYield) {
        m.where(M.Where.RUNNING);
        P p = m.p;
        if (p != null) {
            if (m.casStatus(p, PState.RUNNING)) { // the same slice: a call does not renew it
                sched.trace.goSyscallEnd(m, false);
                if (sched.reserve.isScarce()) {
                    sched.reserve.lookFromGoroutine();
                }
                if (p.preempt && mayYield) {
                    G.gosched();
                }
                return;
            }
            lost(true);
        }
        sched.trace.goSyscallEnd(m, true);
        VirtualThreads.pin();
        try {
            P idle = null;
            if (StackProbe.room()) {
                callEnded();
                if (m.hog.ends()) {
                    idle = sched.idle.pidleget();
                }
            }
            if (idle != null) {
                m.acquirep(idle);
                sched.trace.goStart(m, m.curg);
                m.status(PState.RUNNING);
                return;
            }
        } finally {
            VirtualThreads.unpin();
        }
        if (mayYield) {
            G.gosched();
        }
    }

    /** The JDK has blocked, or the goroutine has left the stack in the middle of a call, which ends it. */
    void end() {
        if (depth == 0) {
            return;
        }
        depth = 0;
        if (!m.onG0()) {
            // not by a yield: the JDK may hold its locks here, and a queue is a bad place to wait with them
            leave(false);
            return;
        }
        m.where = M.Where.RUNNING;
        P p = m.p;
        if (p != null) {
            if (m.casStatus(p, PState.RUNNING)) {
                sched.reserve.look();
            } else {
                lost(true);
            }
        }
        callEnded();
        sched.trace.goSyscallEnd(m, m.p == null);
    }
}
