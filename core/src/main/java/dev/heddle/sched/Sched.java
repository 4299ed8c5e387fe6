package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of one scheduler (Go's {@code sched}): its parts, the lock that they share, and how a goroutine gets onto a
 * queue.
 *
 * <p>The {@link #lock} guards the global queue, the idle Ps, the spare Ms and the Ps that wait for a thread. No other lock
 * is taken while it is held.
 */
final class Sched {
    static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

    final Scheduler scheduler;
    final SchedulerConfig config;
    final Trace trace = new Trace(this);
    final long quantumNanos;
    final long spareKeepAliveNanos;

    final SchedLock lock = new SchedLock();
    final GlobalQueue global = new GlobalQueue();
    final AllGs allGs = new AllGs();
    /**
     * All Ps, also those that are DEAD because gomaxprocs was lowered (Go's {@code allp}): what lands on one of those at the
     * last moment can still be seen. Only grows, under the lock; replaced as a whole.
     */
    volatile P[] procs;

    /** How many Ps may run: those with lower numbers. Written under the lock. */
    volatile int gomaxprocs;

    final Idle idle;
    final Spares spares;
    final Threads threads;
    final Handoff handoff;
    final Netpoller netpoller;
    final FindRunnable findRunnable;
    final Procresize procresize;
    final ProcsFollower procsFollower;
    final LockedThreads lockedThreads;
    final Reserve reserve;
    final Deadlock deadlock;
    final Hogs hogs;
    final Sysmon sysmon;
    final Faults faults;
    final WaitProfile blockProfile = new WaitProfile(WaitProfile.Kind.BLOCK);
    final WaitProfile mutexProfile = new WaitProfile(WaitProfile.Kind.MUTEX);
    final VirtualThreads.Container container;

    final Life life;
    /** Null: it is logged. */
    volatile Goroutine.UncaughtExceptionHandler uncaughtHandler;

    /** All threads are to end. */
    volatile boolean stopping;
    /** The grace is over: waits of goroutines that can be ended are ended. Pairs with the commits of those waits. */
    volatile boolean endingWaits;

    /** Counted without a P. */
    private volatile long foreignSyscalls;

    private static final VarHandle FOREIGN_SYSCALLS;

    static {
        try {
            FOREIGN_SYSCALLS = MethodHandles.lookup().findVarHandle(Sched.class, "foreignSyscalls", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    Sched(Scheduler scheduler, SchedulerConfig config) {
        this(scheduler, config, null);
    }

    /** With another source of the number of processors. */
    Sched(Scheduler scheduler, SchedulerConfig config, ProcsFollower.Source processors) {
        this.scheduler = scheduler;
        this.config = config;
        this.quantumNanos = Math.min(Clock.nanos(config.quantum()), Long.MAX_VALUE / 2);
        this.spareKeepAliveNanos = Clock.nanos(config.spareKeepAlive());
        this.life = new Life(allGs, config.name());
        this.procs = new P[0];
        this.idle = new Idle(this);
        this.spares = new Spares(this);
        this.threads = new Threads(this);
        this.handoff = new Handoff(this);
        this.netpoller = new Netpoller(this);
        this.findRunnable = new FindRunnable(this);
        this.procresize = new Procresize(this);
        this.procsFollower = new ProcsFollower(this, processors);
        this.lockedThreads = new LockedThreads(this);
        this.reserve = new Reserve(this);
        this.deadlock = new Deadlock(this);
        this.hogs = new Hogs(this);
        this.sysmon = new Sysmon(this);
        this.faults = new Faults(this);
        this.container = VirtualThreads.container(
                config.name(), () -> allGs.snapshot().stream().map(g -> g.thread));
        procresize.begin(config.procs() == 0 ? procsFollower.atStart() : config.procs(), config.procs() == 0);
    }

    void start() {
        threads.start();
        if (procresize.isFollowing()) {
            procsFollower.start();
        }
        sysmon.start();
    }

    // -- queues --

    /**
     * Puts a goroutine that the caller has moved to QUEUED where it belongs: to the P of the M that the caller is on, or
     * to an inbox, or to the global queue; and sees to it that somebody runs it.
     *
     * @param m the M under the caller, or null; there the goroutine goes into {@code runnext}, as in Go's {@code ready}
     */
    void enqueue(M m, G g) {
        g.stampRunnable();
        if (m != null && m.sched == this) {
            int status = m.enterSched();
            if (status != M.NO_P) {
                boolean alone;
                try {
                    trace.queue(m, g, TraceEvent.Place.RUNNEXT);
                    m.p.runqput(g, true); // an exchange, so it is the fence before wakep, too
                    alone = m.p.runq.size() == 0;
                } finally {
                    m.leaveSched(status);
                }
                if (status == PState.RUNNING || status == PState.SYSCALL) {
                    trace.flush(m);
                }
                if (alone && concernsSystem(m, g)) {
                    return;
                }
                idle.wakep();
                return;
            }
        }
        enqueueForeign(m != null && m.sched == this ? m : null, g);
    }

    /**
     * Between a poller goroutine and the one goroutine that it has just started, or that has just given it an answer to
     * write, the P changes hands within microseconds. Waking another M for that costs more than the goroutine itself, and
     * Go's {@code wakep} would do it for every request of a server that is not saturated. If the one that runs does not
     * give way after all, sysmon wakes somebody ({@link Retake#STARVED_NANOS}).
     */
    private static boolean concernsSystem(M m, G g) {
        G running = m.curg;
        return g.system || running != null && running.system;
    }

    /** At the end of a goroutine's stack: a wake-up must not be lost, so it goes where nothing can fail. */
    void enqueueWithoutRoom(G g) {
        P p = g.lastP;
        inboxPut(p == null ? procs[0] : p, g);
        sysmon.wakeWithWork();
    }

    /** From a thread without a P. */
    private void enqueueForeign(M m, G g) {
        P p = g.lastP;
        long id = g.id;
        boolean global = p == null || p.preempt || p.status() == PState.SYSCALL;
        long event = trace.queue(m, g, global ? TraceEvent.Place.GLOBAL : TraceEvent.Place.INBOX);
        if (global) {
            enqueueGlobally(g); // new, or its P is held up
        } else {
            inboxPut(p, g);
        }
        idle.wakep();
        trace.queuedByForeign(event, id, g.creator);
        if (m != null && !m.onG0()) {
            trace.flush(m);
        }
    }

    /** A P that dies meanwhile would keep it: who looks last after the other's store takes it out again. */
    private void inboxPut(P p, G g) {
        p.inboxPut(g);
        if (p.status() == PState.DEAD) { // pairs with the store of DEAD in Idle.put, which looks at the inbox after it
            injectGlobally(p.inboxTake());
        }
    }

    /** The lock takes stack, which a goroutine that has lost its P may not have. */
    private void enqueueGlobally(G g) {
        if (!Thread.currentThread().isVirtual() || StackProbe.room()) {
            globrunqput(g, false);
        } else {
            enqueueWithoutRoom(g);
        }
    }

    /** Under no lock. The caller wakes somebody. The volatile size of the queue is the fence. */
    void globrunqput(G g, boolean behind) {
        lock.lock();
        try {
            if (behind) {
                global.putBehind(g);
            } else {
                global.put(g);
            }
        } finally {
            lock.unlock();
        }
    }

    void globrunqputbatch(G[] batch, int count) {
        lock.lock();
        try {
            for (int i = 0; i < count; i++) {
                global.put(batch[i]);
            }
        } finally {
            lock.unlock();
        }
    }

    G globrunqget(P p, int max) {
        if (global.size() == 0) {
            return null;
        }
        lock.lock();
        try {
            return globrunqgetLocked(p, max);
        } finally {
            lock.unlock();
        }
    }

    /** Go's {@code globrunqget}: takes the fair share, returns the first and puts the others on the ring. */
    G globrunqgetLocked(P p, int max) {
        int n = global.share(gomaxprocs);
        if (max > 0) {
            n = Math.min(n, max);
        }
        n = Math.min(n, 1 + RunQueue.CAPACITY - p.runq.size()); // an overflow would want the lock
        G first = global.get();
        trace.globalGet(p, n);
        for (int i = 1; i < n; i++) {
            p.runqput(global.get(), false);
        }
        return first;
    }

    /** Go's {@code injectglist}: queues what a poll found. {@code list} is linked through schedlink, or null. */
    void injectglist(M m, G list) {
        if (list == null) {
            return;
        }
        if (m.p != null) {
            m.p.runqputAll(list);
            VarHandle.fullFence();
        } else {
            injectGlobally(list);
        }
        idle.wakep();
    }

    void injectGlobally(G list) {
        lock.lock();
        try {
            for (G g = list; g != null; ) {
                G next = g.schedlink;
                global.put(g);
                g = next;
            }
        } finally {
            lock.unlock();
        }
    }

    // -- timers --

    /** Starts a timer on the caller's P, or on any if it has none. */
    void startTimer(Timer timer, long nanos) {
        long when = Clock.after(nanos);
        if (addTimer(timer, when)) {
            netpoller.wakeNetPoller(when);
        }
    }

    /** Puts a timer on the heap of the caller's P, or of the first. True if the netpoller has to be told. */
    boolean addTimer(Timer timer, long when) {
        M m = M.current();
        P p = m == null || m.sched != this ? null : m.p;
        if (p == null) {
            p = procs[0];
        }
        boolean first = p.timers.add(timer, when);
        if (p.status() == PState.DEAD) { // pairs with the store of DEAD in Idle.put, after which the timers are moved
            procresize.moveTimers(p);
            return false;
        }
        return first;
    }

    /**
     * Go's {@code goFunc}: starts the function of a timer that has fired. On g0; never throws.
     *
     * @return false if there was no memory for a goroutine
     */
    boolean goFired(Runnable func, Object inherited, ClassLoader contextClassLoader) {
        try {
            G g = new G(this, "", false, func);
            g.inherited = inherited;
            g.thread.setContextClassLoader(contextClassLoader); // it has got that of the M
            g.accepted = true;
            VirtualThreads.start(g.thread, container);
            return true;
        } catch (RejectedExecutionException e) { // the end has come before the timer
            return true;
        } catch (Throwable e) {
            faults.survived(Faults.Where.TIMER, e);
            return !(e instanceof VirtualMachineError); // anything else would come again
        }
    }

    // -- goroutines --

    /** A goroutine has ended; called by its M. */
    void goexit(G g) {
        allGs.remove(g);
        life.goroutineEnded();
    }

    /** By the goroutine whose body has thrown. What tells of it may throw as well, which must not be the last word. */
    void uncaught(G g, Throwable e) {
        if (g.system) {
            Faults.fatal(Faults.Why.SYSTEM_THREW, e);
        }
        try {
            tell(g, e);
        } catch (Throwable again) {
            faults.survived(Faults.Where.UNCAUGHT, again);
        }
    }

    private void tell(G g, Throwable e) {
        try {
            if (tellHandler(g, e)) {
                return;
            }
        } catch (Throwable again) {
            if (again != e) {
                e.addSuppressed(again);
            }
        }
        if (g.wasEndedBy(e)) {
            LOG.debug("{}: {} has ended with the scheduler", config.name(), g, e);
            return;
        }
        LOG.error("{}: uncaught exception in {} created by goroutine {}", config.name(), g, g.creator, LogText.clean(e));
    }

    /** The thread's own handler, if a library or the body has set one, else that of the scheduler; false if there is none. */
    private boolean tellHandler(G g, Throwable e) {
        Thread.UncaughtExceptionHandler own = g.thread.getUncaughtExceptionHandler();
        if (own != g.thread.getThreadGroup()) { // which stands in for it
            own.uncaughtException(g.thread, e);
            return true;
        }
        Goroutine.UncaughtExceptionHandler handler = uncaughtHandler;
        if (handler == null) {
            return false;
        }
        handler.uncaughtException(g, e);
        return true;
    }

    /**
     * A thread that somebody started inside a goroutine arrives at that goroutine for its first run: it gets a goroutine
     * of its own, and from then on arrives there.
     */
    void adopt(G parent, Runnable continuation) {
        Thread thread = VirtualThreads.threadOf(continuation);
        if (VirtualThreads.scheduler(thread) instanceof G known && known.cont == continuation) {
            known.execute(continuation);
            return;
        }
        G g = new G(this, thread, continuation, parent.id);
        G starter = G.current();
        g.inherited = Inherited.ofCreator(starter == null ? parent : starter);
        VirtualThreads.scheduler(thread, g);
        g.wake(M.current());
    }

    boolean inSyscall(G g) {
        for (M m : threads.all()) {
            if (m.curg == g) {
                return m.inSyscall();
            }
        }
        return false;
    }

    // -- threads --

    /**
     * Logs from a thread of its own: a logger may wait for a goroutine that waits for the caller.
     *
     * @return false if no thread can be had; the counters tell it as well
     */
    boolean logElsewhere(Runnable log) {
        try {
            Thread.ofPlatform().name(config.name() + "-log").daemon(true).start(log);
            return true;
        } catch (Throwable e) {
            return false;
        }
    }

    /** The JDK has thrown where it unmounts a goroutine or hands it over again, see {@link Relapses#regained}. On g0. */
    void lostContinuation(G g, Throwable e) {
        faults.survived(Faults.Where.JDK, e);
        if (!Relapses.regained(g) && g.system) {
            Faults.fatal(Faults.Why.SYSTEM_LOST, e);
        }
    }

    /** Scheduler code has thrown on an M, which goes on. */
    void broken(M m, Throwable e) {
        if (e instanceof AssertionError) {
            Faults.fatal(Faults.Why.INVARIANT, e);
        }
        faults.survived(Faults.Where.M, e);
        m.relapses.goOn(m, e);
    }

    void exited(M m) {
        threads.remove(m); // first: else its place seems to be free for a moment
        m.call.findsBack();
        if (m.lockedg != null) {
            lockedThreads.unlock();
        }
        reserve.replace();
        life.threadEnded();
    }

    void countSyscall(P p) {
        if (p != null) {
            p.syscalltick++;
        } else {
            FOREIGN_SYSCALLS.getAndAdd(this, 1L);
        }
    }

    // -- figures --

    SchedulerStats stats() {
        return Snapshot.of(this, foreignSyscalls);
    }

    List<G> goroutines() {
        return allGs.snapshot();
    }
}
