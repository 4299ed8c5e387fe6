package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import dev.heddle.sched.jdk.VirtualThreads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A machine: the thread that runs goroutines while it holds a P. Its own stack, below the mounted goroutine, is g0:
 * {@link #run} and all that it calls.
 *
 * <p>Fields without a word about it belong to this thread, whatever is mounted on it. A goroutine that is mounted may use
 * them, but must read the current M again after anything that may have unmounted it.
 */
final class M extends Carrier implements Poller.Ready {
    private static final VarHandle CURG;
    private static final VarHandle WHERE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            CURG = lookup.findVarHandle(M.class, "curg", G.class);
            WHERE = lookup.findVarHandle(M.class, "where", Where.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** What this thread does, for statistics and dumps. */
    enum Where {
        RUNNING,
        SPINNING,
        NETPOLL,
        SPARE,
        SYSCALL,
        /** Parked, because the goroutine that it is locked to waits. */
        LOCKED
    }

    /** Result of {@link #enterSched}: this M has no P. */
    static final int NO_P = -1;

    final Sched sched;
    final int id;

    /** The P that this M owns as far as it knows: the next CAS on its word tells. */
    P p;

    /** The word of {@link #p} as this M wrote it last. */
    private long word;

    /** The goroutine that is mounted, or that has just left. Read by anybody for dumps. */
    volatile G curg;

    /** Left by the goroutine as its last act before it leaves the stack. */
    Unlockf unlockf;

    private Object parkLock;
    private boolean yieldGlobal;

    /** Whether the goroutine that is leaving has been queued or committed to a wait, so that others may have it. */
    boolean givenAway;

    /** What findRunnable has found, until it has been given to others or has ended; and whether it has been mounted. */
    G hand;

    boolean ran;

    final Relapses relapses = new Relapses();

    /** The declared blocking call of the mounted goroutine, if it is in one. */
    final DeclaredCall call;

    final Hog hog = new Hog(this);

    /** How often {@link Reserve} counts it as away, and as away in a call. Under the lock there. */
    int away;

    int awayInCall;

    volatile Where where = Where.RUNNING;

    /** The P handed to this M while it was parked; see {@link Spares}. */
    volatile P nextp;

    /** Next spare and the one before, and whether this M is on that list; under the scheduler lock. */
    M spareLink;

    M spareBefore;

    boolean isSpare;

    /** The goroutine that alone may run here; see {@link LockedThreads}. Written by that goroutine. */
    volatile G lockedg;

    /** What the current poll has found. */
    private G readyHead;

    private G readyTail;

    long goidNext;
    long goidEnd;

    final TraceWriter trace;

    /** The thread's number in the operating system; 0 if that cannot be known, negative if it has still to be asked. */
    volatile long osThreadId = -1;

    M(Sched sched, int id, P nextp) {
        super(sched.config.name() + "-m" + id);
        this.sched = sched;
        this.id = id;
        this.nextp = nextp;
        this.trace = new TraceWriter(id);
        this.call = new DeclaredCall(this);
    }

    /** The M under the caller, of whatever scheduler, or null. */
    static M current() {
        return VirtualThreads.currentCarrier() instanceof M m ? m : null;
    }

    /** Whether the caller is on this M's own stack. */
    boolean onG0() {
        return Thread.currentThread() == this;
    }

    // -- the loop --

    @Override
    public void run() {
        sched.trace.threadStart(this);
        P first = nextp;
        nextp = null;
        if (first != null) {
            acquirep(first);
        }
        Throwable thrown = null;
        boolean over = false;
        while (!over) {
            try {
                if (thrown != null) { // here, so that what it throws in its turn is caught as well
                    Throwable e = thrown;
                    thrown = null;
                    sched.broken(this, e);
                }
                schedule();
                over = true;
            } catch (Throwable e) {
                thrown = e;
            }
        }
        sched.trace.threadEnd(this);
        sched.exited(this);
    }

    /** Go's {@code schedule} in a loop: returns when the thread is to end. */
    private void schedule() {
        if (osThreadId < 0) {
            osThreadId = OsThreads.currentId();
        }
        if (lockedg != null && !sched.lockedThreads.serve(this)) { // something has been thrown in there
            return;
        }
        while (p != null || sched.spares.stopm(this)) {
            G g = sched.findRunnable.find(this);
            if (g == null) {
                continue;
            }
            if (g.lockedm != null) {
                sched.lockedThreads.startlockedm(this, g);
                continue;
            }
            execute(g);
            if (lockedg != null && !sched.lockedThreads.serve(this)) {
                return;
            }
        }
    }

    /** Go's {@code execute}: runs a goroutine until it leaves the stack. Comes back with its P in SCHED, or without one. */
    void execute(G g) {
        P p = this.p;
        assert p.status() == PState.SCHED : p.status();
        hand = g;
        ran = false;
        if (!findInherits) {
            p.schedtick++;
            if (p.preempt) {
                p.preempt = false;
            }
        }
        if (g.runnableSince != 0) {
            p.latency.record(Clock.nanotime() - g.runnableSince);
            g.runnableSince = 0;
        }
        curg(g);
        givenAway = false;
        unlockf = null;
        where(Where.RUNNING);
        sched.trace.goStart(this, g);
        g.taken(p);
        word = findInherits ? PState.with(word, PState.RUNNING) : PState.nextSlice(word, PState.RUNNING);
        p.wordRelease(word);
        VarHandle.fullFence(); // a waker who still sees QUEUED relies on it that the goroutine sees what he did
        sched.trace.running(this, g);
        ran = true;
        try {
            g.cont.run();
        } catch (Throwable e) { // out of memory on unmount, say; the goroutine is in the hands of the JDK
            sched.lostContinuation(g, e);
        }
        sched.trace.left(this);
        curg(null);
        yieldGlobal = false;
        boolean hasP = enterSched() != NO_P;
        if (!givenAway) {
            settle(g);
        }
        hand = null;
        if (!hasP && lockedg == null) {
            regain();
        }
    }

    /** The goroutine is still this M's: it has ended, or was parked by the JDK. */
    void settle(G g) {
        if (g.hasEnded()) {
            sched.trace.goDestroy(this, g);
            sched.goexit(g);
            return;
        }
        sched.trace.goBlock(this, g, g.parkReason());
        if (!g.letGo()) {
            requeue(g, true);
        }
    }

    /** There may be work that nobody was there to run: Go, too, looks for an idle P on the way back. */
    private void regain() {
        if (!hog.ends()) {
            return;
        }
        P idle = sched.idle.pidleget();
        if (idle != null) {
            acquirep(idle);
        }
    }

    void curg(G g) {
        CURG.setRelease(this, g);
    }

    /** For dumps and statistics. */
    void where(Where now) {
        WHERE.setRelease(this, now);
    }

    /** Whether the goroutine that findRunnable returns goes on with the slice of the one before it. */
    boolean findInherits;

    // -- ownership of the P --

    /**
     * Makes SCHED of RUNNING or SYSCALL, so that the P cannot be taken; nothing to do on g0 inside the scheduler.
     *
     * @return the status before, for {@link #leaveSched}; or {@link #NO_P}
     */
    int enterSched() {
        P p = this.p;
        if (p == null) {
            return NO_P;
        }
        int status = PState.status(word);
        if (status == PState.RUNNING || status == PState.SYSCALL) {
            long to = PState.with(word, PState.SCHED);
            if (!p.cas(word, to)) {
                call.lost(status == PState.SYSCALL); // sysmon has it
                return NO_P;
            }
            word = to;
        }
        return status;
    }

    /** Makes another status of RUNNING or SYSCALL. False if the P has been taken. */
    boolean casStatus(P p, int status) {
        long to = PState.with(word, status);
        if (p.cas(word, to)) {
            word = to;
            return true;
        }
        return false;
    }

    /** After {@link #enterSched}; no fence. */
    void leaveSched(int status) {
        if (status == PState.RUNNING || status == PState.SYSCALL) {
            word = PState.with(word, status);
            p.wordRelease(word);
        }
    }

    /** Writes another status into the P's word; a fence as well. Owner in SCHED or SPINNING only. */
    void status(int status) {
        word = PState.with(word, status);
        p.word(word);
    }

    boolean isSpinning() {
        return p != null && PState.status(word) == PState.SPINNING;
    }

    /** Go's {@code acquirep}: takes over a P in transit, which keeps its status (SCHED or SPINNING). */
    void acquirep(P next) {
        assert p == null : "has " + p;
        call.findsBack();
        long w = next.word();
        assert PState.status(w) == PState.SCHED || PState.status(w) == PState.SPINNING : PState.name(w);
        p = next;
        word = PState.nextEpoch(w, PState.status(w));
        next.m = this;
        next.word(word);
        // here and not by whoever woke this M: two threads that are woken at once compete for the processor that is free
        sched.sysmon.wakeIfDeep();
        sched.trace.procStart(this);
        if (PState.status(w) == PState.SPINNING) {
            sched.trace.spinStart(this);
        }
    }

    /** Go's {@code releasep}: gives the P up. The caller puts it where it belongs. */
    P releasep() {
        P out = p;
        assert PState.status(word) == PState.SCHED || PState.status(word) == PState.SPINNING;
        sched.trace.procStop(this);
        p = null;
        out.m = null;
        return out;
    }

    /** Gives the P, in SCHED, to whoever can use it. */
    void handoffp() {
        word = PState.nextEpoch(word, PState.SCHED);
        p.word(word);
        sched.handoff.handoffp(releasep());
    }

    // -- what a mounted goroutine leaves --

    void leave(Unlockf f, Object lock) {
        unlockf = f;
        parkLock = lock;
    }

    void yieldGlobally(boolean globally) {
        yieldGlobal = globally;
    }

    /** Whether a park has not been committed: the goroutine could not leave. */
    boolean pendingPark() {
        return unlockf != null;
    }

    Object parkLock() {
        return parkLock;
    }

    Unlockf takePark() {
        Unlockf f = unlockf;
        unlockf = null;
        parkLock = null;
        return f;
    }

    /**
     * The goroutine has left its stack by a yield, or was unparked while it parked: on g0, from inside the
     * continuation's {@code run}. From the moment that it is queued or committed it may run elsewhere.
     */
    void unmounted(G g) {
        givenAway = true;
        Unlockf f = unlockf;
        if (f != null) {
            Object lock = parkLock;
            takePark();
            sched.trace.goBlock(this, g, g.parkReason());
            g.waiting();
            if (!f.unlock(g, lock) && g.unpark()) {
                requeue(g, true);
            }
        } else {
            g.yielded();
            requeue(g, false);
        }
    }

    /**
     * Leaves the P in SCHED, as {@link #execute} is about to need it. On this P nobody need be woken: as many goroutines
     * wait for this M as before, and an M that stops spinning finds them here. In the global queue it may have looked just
     * before, and look at this P when this M has taken the next goroutine from it: it would see neither of the two
     * (golang/go#55160; Go wakes somebody each time, we only if there are two).
     */
    private void requeue(G g, boolean next) {
        g.stampRunnable();
        int status = enterSched(); // only this tells whether there still is a P
        boolean global = status == NO_P || yieldGlobal;
        if (next) {
            sched.trace.queue(this, g, global ? TraceEvent.Place.GLOBAL : TraceEvent.Place.RUNNEXT);
        } else {
            sched.trace.goStop(this, g, global ? TraceEvent.Place.GLOBAL : TraceEvent.Place.RING);
        }
        boolean sliceOver = !next && (status == NO_P || p.preempt);
        if (status == NO_P) {
            sched.globrunqput(g, sliceOver);
            sched.idle.wakep(); // this M may park
            return;
        }
        if (global) {
            sched.globrunqput(g, sliceOver);
            if (!p.isEmpty() || sched.global.size() > 1) {
                sched.idle.wakep();
            }
        } else {
            p.runqput(g, next);
        }
    }

    // -- declared blocking calls --

    /** Go's {@code entersyscall}: the P stays, but can be taken. Returns null if the caller is not a goroutine. */
    static M entersyscall() {
        M m = current();
        if (m == null || m.onG0()) {
            return null;
        }
        StackProbe.check();
        return m.call.enter();
    }

    /** Go's {@code entersyscallblock}: hands the P on at once. */
    static M entersyscallblock() {
        M m = current();
        if (m == null || m.onG0()) {
            return null;
        }
        StackProbe.check();
        return m.call.enterBlock(true);
    }

    /**
     * Go's {@code exitsyscall}. The goroutine may have moved since it entered; then there is nothing left to do, because
     * leaving the thread ended the call for it.
     *
     * @param entered what entersyscall returned
     */
    static void exitsyscall(M entered) {
        if (entered == null) {
            return;
        }
        M m = current();
        if (m != null) {
            m.call.exit();
        }
    }

    /** The JDK is about to block in the mounted goroutine. */
    @Override
    public boolean beginBlocking() {
        return call.begin();
    }

    /** The JDK has blocked, or the goroutine has left the stack in the middle of a declared call. */
    @Override
    public void endBlocking() {
        call.end();
    }

    boolean inSyscall() {
        return where == Where.SYSCALL;
    }

    // -- results of a poll --

    @Override
    public void ready(Goroutine goroutine) {
        G g = (G) goroutine;
        if (g.sched != sched) {
            g.ready();
        } else if (g.unpark()) {
            sched.trace.queue(this, g, TraceEvent.Place.NETPOLL);
            g.stampRunnable();
            g.schedlink = null;
            if (readyTail == null) {
                readyHead = g;
            } else {
                readyTail.schedlink = g;
            }
            readyTail = g;
        }
    }

    /** Takes what {@link #ready} has collected: a list through schedlink, or null. */
    G takeReady() {
        G list = readyHead;
        readyHead = null;
        readyTail = null;
        return list;
    }

    @Override
    public String toString() {
        return "M" + id;
    }
}
