package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import dev.heddle.sched.jdk.VirtualThreads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * A goroutine, and the executor of its own virtual thread: the JDK calls {@link #execute} each time that the thread
 * becomes runnable, which makes that call Go's {@code ready}.
 *
 * <p>The queue state of a goroutine ({@code atomicstatus} as far as queues are concerned):
 *
 * <table>
 * <caption>States</caption>
 * <tr><th>state</th><th>meaning</th><th>who leaves it, and to where</th></tr>
 * <tr><td>FREE</td><td>not on a queue: on a thread, parked by the JDK, or not started</td><td>{@link #execute} to QUEUED
 * by CAS; the park of its own M to WAITING or QUEUED</td></tr>
 * <tr><td>QUEUED</td><td>on one queue, or in the hands of one thread that is about to put it there</td><td>the M that
 * takes it from the queue, to FREE, before it runs it</td></tr>
 * <tr><td>WAITING</td><td>parked by {@link #gopark}; somebody who can find it will call {@link #ready}</td><td>the
 * caller of {@code ready} to QUEUED by CAS</td></tr>
 * <tr><td>PINNED</td><td>as WAITING, but it could not leave its thread and holds it</td><td>{@code ready} to FREE by
 * CAS, then wakes the thread</td></tr>
 * <tr><td>DEAD</td><td>ended</td><td>nobody</td></tr>
 * </table>
 *
 * <p>Why nothing runs twice or is lost: a goroutine is put on a queue only by whoever moved it to QUEUED. It leaves
 * QUEUED <em>before</em> its continuation runs, so a wake-up that arrives from then on queues it again. A wake-up that
 * finds it QUEUED may be dropped, because the run that follows comes later and sees what the waker did. The JDK hands the
 * same wake-up over twice when it takes the stack trace of a runnable thread; the second run then does nothing. A
 * WAITING goroutine looks YIELDED to the JDK, which may hand it over after a stack trace; that is ignored.
 *
 * <p>After its continuation returns, its M does not touch the goroutine: it may run elsewhere already. What a goroutine
 * leaves for its M it leaves in the M.
 *
 * <p>Differs from Go: a goroutine that JDK code parks is FREE, not WAITING; where it really is, its thread knows.
 */
final class G implements Goroutine, Executor, Runnable {
    static final int FREE = 0;
    static final int QUEUED = 1;
    static final int WAITING = 2;
    static final int PINNED = 3;
    static final int DEAD = 4;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(G.class, "state", int.class);
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

    private Runnable body;
    private boolean started;
    private volatile int state;
    /** Next on the list that it is on; belongs to whoever holds that list. */
    G schedlink;
    /** Links of {@link AllGs}, under the lock there. */
    G allPrev;
    G allNext;
    /** The P that it ran on last; a hint for where to queue it. */
    volatile P lastP;
    /** When it became runnable, if this time is sampled, else 0; belongs to whoever moved it to QUEUED. */
    long runnableSince;
    private int trackingSeq;
    private volatile WaitReason waitReason;
    volatile long waitSince;
    /** The M that it holds while PINNED. */
    private volatile M pinnedOn;

    /** Makes a goroutine of our own, not yet started. */
    G(Sched sched, String name, boolean inherit, Runnable body) {
        this.sched = sched;
        this.name = name;
        this.body = body;
        this.stranger = false;
        this.id = sched.allGs.nextId();
        this.creator = callerId();
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

    private static long callerId() {
        G g = current();
        return g == null ? 0 : g.id;
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
            sched.goexit(this);
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
        if (!started) {
            start();
        }
        if (STATE.compareAndSet(this, FREE, QUEUED)) {
            sched.enqueue(m, this, true);
        }
    }

    /** The first wake-up is the thread's start, and comes once. The only one that may be refused. */
    private void start() {
        sched.checkOpen();
        started = true;
        sched.allGs.add(this);
    }

    /** FREE to QUEUED, by its own M after it yielded. False if somebody else queued it meanwhile. */
    boolean queue() {
        return STATE.compareAndSet(this, FREE, QUEUED);
    }

    /** QUEUED to FREE, by the M that is about to run it. */
    void dequeued() {
        assert state == QUEUED : this;
        state = FREE;
    }

    /** FREE to WAITING, by its own M, before anybody can find it. */
    void waiting() {
        state = WAITING;
    }

    /** WAITING to QUEUED; the caller then owns the goroutine. False if it was pinned, and has been woken. */
    boolean unpark() {
        while (true) {
            int s = state;
            if (s == PINNED) {
                M m = pinnedOn;
                if (STATE.compareAndSet(this, PINNED, FREE)) {
                    Carrier.unparkCarrier(m);
                    return false;
                }
            } else {
                boolean moved = STATE.compareAndSet(this, WAITING, QUEUED);
                assert moved : "ready of a goroutine that does not wait: " + this;
                return moved;
            }
        }
    }

    /** Go's {@code goready}: for whoever has taken this goroutine out of its wait. */
    void ready() {
        if (unpark()) {
            sched.enqueue(M.current(), this, true);
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
     * returns without having done anything; then the thread waits with it, and its P goes to others.
     */
    static void gopark(Unlockf unlockf, Object lock, WaitReason reason) {
        M m = M.current();
        G g = m.curg;
        g.waitSince = 0;
        g.waitReason = reason;
        m.leave(unlockf, lock);
        Thread.yield();
        m = M.current(); // another one, if it did leave
        if (m.pendingPark()) {
            g.parkPinned(m, lock);
        }
        g.waitReason = null;
    }

    private void parkPinned(M m, Object lock) {
        Unlockf unlockf = m.takePark();
        M.entersyscallblock();
        try {
            pinnedOn = m;
            state = PINNED;
            if (unlockf.unlock(this, lock)) {
                while (state == PINNED) {
                    Carrier.parkCarrier(0);
                }
            } else {
                state = FREE;
            }
        } finally {
            M.exitsyscall(m);
        }
    }

    static void gosched() {
        M m = M.current();
        if (m == null || m.onG0()) {
            Thread.yield();
            return;
        }
        m.yieldGlobally(true);
        Thread.yield();
        M.current().yieldGlobally(false); // still set if the goroutine could not leave
    }

    static void goyield() {
        Thread.yield(); // a yield without a word goes to the ring's tail
    }

    /** Parks by the JDK's means, so that an interrupt ends it, but wakes by a timer of ours. */
    static void sleep(long nanos) throws InterruptedException {
        G g = current();
        if (g == null) {
            Thread.sleep(Duration.ofNanos(Math.max(0, nanos)));
            return;
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (nanos > 0) {
            new Sleep(g).await(nanos);
        }
    }

    void waitReason(WaitReason reason) {
        waitReason = reason;
    }

    void dead() {
        state = DEAD;
    }

    boolean isDead() {
        return state == DEAD;
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

    private State jdkState() {
        return switch (thread.getState()) {
            case NEW -> State.IDLE;
            case TERMINATED -> State.DEAD;
            case RUNNABLE -> sched.inSyscall(this) ? State.SYSCALL : State.RUNNING;
            default -> State.WAITING;
        };
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
        thread.join();
    }

    @Override
    public boolean join(Duration timeout) throws InterruptedException {
        return thread.join(timeout);
    }

    @Override
    public String toString() {
        return "goroutine " + id + (name.isEmpty() ? "" : " \"" + name + "\"");
    }
}
