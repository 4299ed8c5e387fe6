package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import dev.heddle.sched.jdk.VirtualThreads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;

/**
 * A goroutine, and the executor of its own virtual thread: the JDK calls {@link #execute} each time that the thread
 * becomes runnable, which makes that call Go's {@code ready}.
 *
 * <p>The state of a goroutine as far as queues are concerned ({@code atomicstatus}): who owns it.
 *
 * <table>
 * <caption>States</caption>
 * <tr><th>state</th><th>meaning</th><th>who leaves it, and to where</th></tr>
 * <tr><td>FREE</td><td>parked by the JDK, or not started; nobody owns it</td><td>{@link #wake} to QUEUED by CAS</td></tr>
 * <tr><td>QUEUED</td><td>on one queue, or in the hands of one thread that is about to put it there</td><td>the M that
 * takes it from the queue, to TAKEN</td></tr>
 * <tr><td>TAKEN</td><td>an M has it: from the dequeue until its continuation has returned</td><td>that M: to WAITING or
 * QUEUED when it leaves its stack by a yield, to FREE by CAS when it was parked by the JDK, to PINNED, to DEAD</td></tr>
 * <tr><td>AGAIN</td><td>as TAKEN, and a wake-up has come meanwhile</td><td>that M: as TAKEN, but to QUEUED instead of
 * FREE</td></tr>
 * <tr><td>WAITING</td><td>parked by {@link #gopark}; somebody who can find it will call {@link #ready}</td><td>the
 * caller of {@code ready} to QUEUED; there is one</td></tr>
 * <tr><td>PINNED</td><td>as WAITING, but it could not leave its thread and holds it</td><td>{@code ready} to TAKEN by
 * CAS, then wakes the thread</td></tr>
 * <tr><td>DEAD</td><td>ended</td><td>nobody</td></tr>
 * </table>
 *
 * <p>Why nothing runs twice or is lost: a goroutine is put on a queue only by whoever moved it to QUEUED, and it has one
 * owner from there until its M gives it away, so it is on one queue and on one M at most. A wake-up that finds it QUEUED may
 * be dropped, because the run that follows comes later and sees what the waker did; one that finds it TAKEN leaves word for
 * the M. The JDK hands the same wake-up over a second time when it takes the stack trace of a runnable thread: then a run
 * may do nothing, and the second wake-up brings another one. A WAITING goroutine looks YIELDED to the JDK, which may hand it
 * over after a stack trace; that is ignored, and so is a wake-up of that kind that came before it waited.
 *
 * <p>Once it has been given away (queued, committed to a wait, or FREE) its M does not touch the goroutine: it may run
 * elsewhere already. What a goroutine leaves for its M it leaves in the M.
 *
 * <p>Differs from Go: a goroutine that JDK code parks is FREE, not WAITING; where it really is, its thread knows.
 */
final class G implements Goroutine, Executor, Runnable {
    private static final int FREE = 0;
    private static final int QUEUED = 1;
    private static final int TAKEN = 2;
    private static final int AGAIN = 3;
    private static final int WAITING = 4;
    private static final int PINNED = 5;
    private static final int DEAD = 6;

    private static final VarHandle STATE;
    private static final VarHandle LAST_P;
    private static final VarHandle WAIT_REASON;
    private static final VarHandle WAITS_AT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(G.class, "state", int.class);
            LAST_P = lookup.findVarHandle(G.class, "lastP", P.class);
            WAIT_REASON = lookup.findVarHandle(G.class, "waitReason", WaitReason.class);
            WAITS_AT = lookup.findVarHandle(G.class, "waitsAt", BinarySemaphore.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Sched sched;
    final long id;
    final long creator;
    final String name;
    final Thread thread;
    final Runnable cont;
    /** Whether somebody else's code made the thread, so that nothing of ours runs inside it. */
    final boolean stranger;
    /** A part of the scheduler or of the netpoller: not waited for at shutdown. */
    volatile boolean system;
    /** Started by something that was accepted before the shutdown: not refused while that waits. See {@link Life}. */
    boolean accepted;
    /** See {@link Inherited}. Belongs to this goroutine once it is started; null when it has ended. */
    Object inherited;

    private Runnable body;
    private boolean started;
    /** The M looks for the end of the thread from then on. */
    private boolean bodyEnded;
    private volatile int state;
    /** Next on the list that it is on; belongs to whoever holds that list. */
    G schedlink;
    /** Links of {@link AllGs}, and those that wait for the end: under the lock there. */
    G allPrev;
    G allNext;
    Joiner joiners;
    /** The P that it ran on last; a hint for where to queue it. */
    volatile P lastP;
    /** When it became runnable, if this time is sampled, else 0; belongs to whoever moved it to QUEUED. */
    long runnableSince;
    private int trackingSeq;
    private volatile WaitReason waitReason;
    /** The M that it alone runs on, and how often it has asked for that; written by itself. See {@link LockedThreads}. */
    volatile M lockedm;

    int lockedCount;
    /** When it was first seen to wait as it does now, or 0; and {@link #trackingSeq} at that time. By whoever looks. */
    private volatile long blockedSince;

    private int blockedSeq;
    /** The M that it holds while PINNED. */
    private volatile M pinnedOn;
    /** Where it waits, or is about to, if the end of the scheduler can end that: see {@link #endWait}. */
    private BinarySemaphore waitsAt;
    /** The end of the scheduler has ended a wait of it. Its own. */
    private boolean waitEnded;

    /** Makes a goroutine of our own, not yet started. */
    G(Sched sched, String name, boolean inherit, Runnable body) {
        this.sched = sched;
        this.name = name;
        this.body = CreatedBy.here(body);
        this.stranger = false;
        this.id = sched.allGs.nextId();
        G caller = current();
        this.creator = caller == null ? 0 : caller.id;
        this.inherited = Inherited.ofCreator(caller);
        this.trackingSeq = (int) id;
        this.thread = VirtualThreads.newThread(this, name, inherit, this);
        this.cont = VirtualThreads.continuation(thread);
    }

    /** Adopts a thread that was started inside a goroutine. */
    G(Sched sched, Thread stranger, Runnable cont, long creator) {
        this.sched = sched;
        this.name = "";
        this.stranger = true;
        this.id = sched.allGs.nextId();
        this.creator = creator;
        this.trackingSeq = (int) id;
        this.thread = stranger;
        this.cont = cont;
    }

    /** The goroutine that calls this, or null: also on g0. */
    static G current() {
        M m = M.current();
        return m == null || Thread.currentThread() == m ? null : m.curg;
    }

    /** The body of the virtual thread. */
    @Override
    public void run() {
        try {
            body.run();
        } catch (Throwable e) {
            sched.uncaught(this, e);
        } finally {
            body = null; // what it captured can go, however long this object is kept
            bodyEnded = true;
        }
    }

    /** Called by the JDK on whatever thread made this goroutine runnable. Never throws. */
    @Override
    public void execute(Runnable continuation) {
        if (continuation != cont) {
            sched.adopt(this, continuation);
            return;
        }
        M m = M.current();
        if (m != null && m.curg == this && Thread.currentThread() == m) {
            m.unmounted(this);
        } else {
            wake(m);
        }
    }

    /** A wake-up by the JDK: start, unpark, end of a timed park, monitor free. */
    void wake(M m) {
        boolean room = m == null || m.onG0() || StackProbe.room();
        if (!started) {
            start(m, room);
        }
        while (true) {
            int s = state;
            if (s == FREE) {
                if (STATE.compareAndSet(this, FREE, QUEUED)) {
                    if (room) {
                        sched.enqueue(m, this);
                    } else {
                        sched.enqueueWithoutRoom(this);
                    }
                    return;
                }
            } else if (s != TAKEN || STATE.compareAndSet(this, TAKEN, AGAIN)) {
                return;
            }
        }
    }

    /** The first wake-up is the thread's start, and comes once. The only one that may be refused. */
    private void start(M m, boolean room) {
        if (!room) {
            throw new StackOverflowError("no room to start a goroutine");
        }
        sched.life.admit(this, m == null || m.onG0() ? null : m.curg);
        started = true;
    }

    /** By the M that took it from a queue. The caller owes a full fence before the goroutine runs. */
    void taken(P p) {
        assert state == QUEUED : this + " has state " + state;
        STATE.setRelease(this, TAKEN);
        LAST_P.setRelease(this, p);
    }

    /** By its M: it has left its stack by a yield, and is the caller's to queue. */
    void yielded() {
        assert state == TAKEN || state == AGAIN : this + " has state " + state;
        STATE.setRelease(this, QUEUED);
    }

    /** By its M, before anybody can find it: what commits the wait publishes this as well. */
    void waiting() {
        assert state == TAKEN || state == AGAIN : this + " has state " + state;
        STATE.setRelease(this, WAITING);
    }

    /** By its M: parked by the JDK. False if it has been woken meanwhile, and is the caller's to queue. */
    boolean letGo() {
        if (STATE.compareAndSet(this, TAKEN, FREE)) {
            return true;
        }
        yielded();
        return false;
    }

    /** By its M, after the continuation has returned: true if that was its end. */
    boolean hasEnded() {
        if ((bodyEnded || stranger) && thread.getState() == Thread.State.TERMINATED) {
            state = DEAD;
            inherited = null; // can go, however long this object is kept
            return true;
        }
        return false;
    }

    /** By its M: its thread has come to its end, even if its body had not begun. */
    void ended() {
        bodyEnded = true;
    }

    /** By its M, which has taken it and cannot run it: to QUEUED. */
    void queuedAgain() {
        if (state != QUEUED) {
            yielded();
        }
    }

    /** Whether it waits by {@link #gopark}. */
    boolean isParked() {
        int s = state;
        return s == WAITING || s == PINNED;
    }

    boolean isDead() {
        return state == DEAD;
    }

    /** Whether an M has it, so that it may go on even if no M takes anything from a queue any more. */
    boolean isTaken() {
        int s = state;
        return s == TAKEN || s == AGAIN || s == PINNED;
    }

    /** WAITING to QUEUED; the caller then owns the goroutine. False if it was pinned, and has been woken. */
    boolean unpark() {
        while (true) {
            int s = state;
            if (s == PINNED) {
                M m = pinnedOn;
                if (STATE.compareAndSet(this, PINNED, TAKEN)) {
                    Carrier.unparkCarrier(m);
                    return false;
                }
            } else {
                assert s == WAITING : "ready of a goroutine that does not wait: " + this + " has state " + s;
                STATE.setRelease(this, QUEUED); // nobody else may, so there is no race to decide
                return true;
            }
        }
    }

    /** Go's {@code goready}: for whoever has taken this goroutine out of its wait. */
    void ready() {
        if (unpark()) {
            sched.enqueue(M.current(), this);
        }
    }

    /** Starts the clock of the scheduling latency for 1 of 8 times (Go's {@code gTrackingPeriod}). Owner of QUEUED. */
    void stampRunnable() {
        if ((++trackingSeq & 7) == 0) {
            runnableSince = Clock.nanotime();
        }
    }

    /**
     * Go's {@code gopark}: leaves the stack, then has {@code unlockf} commit the wait on g0. Must be called by a goroutine
     * that is not pinned by us. Returns when {@link #ready} was called, or when the commit said no.
     *
     * <p>Built on {@link Thread#yield}, since {@code LockSupport.park} returns at once when the thread is interrupted or
     * a permit is left over. Where the goroutine cannot leave its thread (native frame, class initialiser) the yield
     * returns without having done anything; then the thread waits with it, and its P goes to others. So it does where there is no
     * memory to leave it with: whoever waits may be on some queue already, and must not come back without having been called.
     */
    static void gopark(Unlockf unlockf, Object lock, WaitReason reason) {
        if (Trace.recordsWaits()) {
            Object event = Trace.parking(current(), reason);
            park(unlockf, lock, reason);
            Trace.unparked(event);
        } else {
            park(unlockf, lock, reason); // a frame that has nothing to keep is the smallest, and waits with the goroutine
        }
    }

    /** As {@link #gopark}. Returns false, and has not waited, if the goroutine cannot leave its thread. Does not throw. */
    static boolean parkUnlessPinned(Unlockf unlockf, Object lock, WaitReason reason) {
        Object event = Trace.recordsWaits() ? Trace.parking(current(), reason) : null;
        M m = M.current();
        m.curg.waitReason(reason);
        m.leave(unlockf, lock);
        try {
            Thread.yield();
        } catch (Throwable e) { // no memory or stack to leave with: as if pinned
            assert M.current().pendingPark();
        }
        m = M.current();
        boolean left = !m.pendingPark();
        m.takePark();
        m.curg.waitReason(null);
        if (event != null) {
            Trace.unparked(event);
        }
        return left;
    }

    private static void park(Unlockf unlockf, Object lock, WaitReason reason) {
        StackProbe.check();
        M m = M.current();
        m.curg.waitReason(reason);
        m.leave(unlockf, lock);
        try {
            Thread.yield();
        } catch (OutOfMemoryError e) { // no memory to leave with: waits like one that is pinned
            m.sched.faults.survived(Faults.Where.YIELD, e);
        } catch (Throwable e) { // no stack to leave with
            M.current().takePark(); // nobody else may take this for his own
            throw e;
        }
        resumed(M.current()); // another one, if it did leave
    }

    private static void resumed(M m) {
        G g = m.curg;
        if (m.pendingPark()) {
            g.parkPinned(m);
        }
        g.waitReason(null);
    }

    private void parkPinned(M m) {
        Object lock = m.parkLock();
        Unlockf unlockf = m.takePark();
        boolean interrupted = Thread.interrupted(); // else the thread would not sleep
        m.call.enterBlock(false);
        try {
            pinnedOn = m;
            state = PINNED;
            if (unlockf.unlock(this, lock)) {
                while (state == PINNED) {
                    Carrier.parkCarrier(0);
                    interrupted |= Thread.interrupted();
                }
            } else {
                state = TAKEN;
            }
        } finally {
            trackingSeq++; // another wait from now on
            M.exitsyscall(m);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    static void gosched() {
        StackProbe.check();
        M m = M.current();
        if (m == null || m.onG0()) {
            Thread.yield();
            return;
        }
        m.yieldGlobally(true);
        try {
            yieldIfPossible();
        } finally {
            M.current().yieldGlobally(false); // still set if the goroutine could not leave
        }
    }

    /** Without memory to leave its thread with a goroutine goes on: giving way is a courtesy. */
    private static void yieldIfPossible() {
        try {
            Thread.yield();
        } catch (OutOfMemoryError e) {
            Faults.survivedYield(current(), e);
        }
    }

    static void checkpoint() {
        M m = M.current();
        if (m == null || m.onG0()) {
            return;
        }
        P p = m.p;
        if (p == null || p.preempt || p.m != m) { // p.m: sysmon has taken it, which only the next CAS on its word would tell
            gosched();
        }
    }

    static void lockOSThread() {
        LockedThreads.lock(current());
    }

    static void unlockOSThread() {
        LockedThreads.unlock(current());
    }

    static void goyield() {
        StackProbe.check();
        yieldIfPossible(); // a yield without a word goes to the ring's tail
    }

    // -- the end of waits by the end of the scheduler --

    /** By itself, before it waits and after. Pairs with {@link #endWait}: the commit of the wait comes in between. */
    void waitsAt(BinarySemaphore semaphore) {
        WAITS_AT.setOpaque(this, semaphore);
    }

    /** On g0, after it can be found: whether its wait must not last. Once: what it does about it may wait again. */
    boolean endsNextWait() {
        return sched.endingWaits && !system && !waitEnded;
    }

    /** By itself: what a wait that has been ended throws. */
    CancellationException endedByScheduler() {
        waitEnded = true;
        return new CancellationException("scheduler " + sched.config.name() + " is shut down");
    }

    /** Whether that is how its scheduler has ended it. */
    boolean wasEndedBy(Throwable e) {
        return waitEnded && e instanceof CancellationException;
    }

    /**
     * Ends its wait, if it is one that can be ended; if it is about to wait, its commit sees {@code endingWaits}. By
     * {@link Scheduler#shutdown}, which has set that before.
     */
    void endWait() {
        BinarySemaphore at = (BinarySemaphore) WAITS_AT.getVolatile(this);
        if (at != null && at.takeOutIfEndable(this)) {
            ready();
        }
    }

    /**
     * Takes down that it waits, if it does: how long it has is counted from then, so that waiting costs nothing (Go counts
     * from the first garbage collection that sees it). It is the same wait as long as it has not become runnable.
     */
    void noteBlocked(long now) {
        int s = state;
        int seq = trackingSeq;
        if (s != FREE && s != WAITING && s != PINNED) {
            blockedSince = 0;
        } else if (blockedSince == 0 || blockedSeq != seq) {
            blockedSeq = seq;
            blockedSince = now == 0 ? 1 : now;
        }
    }

    /** For how long it has been seen to wait; 0 if it does not. */
    long blockedNanos(long now) {
        noteBlocked(now);
        long since = blockedSince;
        return since == 0 ? 0 : now - since;
    }

    /** Whether somebody has taken down that it waits. For checks. */
    boolean isNotedBlocked() {
        return blockedSince != 0;
    }

    /** What it runs; null for a stranger and after its end. */
    Runnable body() {
        return body;
    }

    /** By its M. For dumps. */
    void waitReason(WaitReason reason) {
        WAIT_REASON.setRelease(this, reason);
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Thread thread() {
        return thread;
    }

    @Override
    public Scheduler scheduler() {
        return sched.scheduler;
    }

    @Override
    public State state() {
        return switch (state) {
            case QUEUED -> State.RUNNABLE;
            case WAITING, PINNED -> State.WAITING;
            case DEAD -> State.DEAD;
            default -> jdkState();
        };
    }

    /**
     * Whether it runs, or will as soon as a P has time for it. One that is mounted may seem blocked only because its M wants the
     * lock with which the JDK looks at the state of its thread: that counts as running.
     */
    boolean mayRun() {
        int s = state;
        Thread.State now = s == TAKEN || s == AGAIN ? thread.getState() : null;
        return s == QUEUED
                || (now == Thread.State.RUNNABLE || now == Thread.State.BLOCKED) && !sched.inSyscall(this);
    }

    private State jdkState() {
        return switch (thread.getState()) {
            case NEW -> State.IDLE;
            case TERMINATED -> State.DEAD;
            case RUNNABLE -> sched.inSyscall(this) ? State.SYSCALL : State.RUNNING;
            // mounted, it has the state of its thread, which may be parked inside the call
            default -> (state == TAKEN || state == AGAIN) && sched.inSyscall(this) ? State.SYSCALL : State.WAITING;
        };
    }

    /** What it is about to wait for, as far as is known: by its M. */
    WaitReason parkReason() {
        return waitReason;
    }

    @Override
    public WaitReason waitReason() {
        if (state() != State.WAITING) {
            return null;
        }
        WaitReason reason = waitReason;
        return reason == null ? WaitReason.JDK : reason;
    }

    @Override
    public void join() throws InterruptedException {
        if (!Joiner.await(this, Long.MAX_VALUE)) {
            throw new CancellationException(this + " does not end: it is left from scheduler " + sched.config.name());
        }
    }

    @Override
    public boolean join(Duration timeout) throws InterruptedException {
        return Joiner.await(this, Clock.nanos(timeout));
    }

    @Override
    public String toString() {
        return "goroutine " + id + (name.isEmpty() ? "" : " \"" + name + "\"");
    }
}
