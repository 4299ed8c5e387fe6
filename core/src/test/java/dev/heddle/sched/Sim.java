package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import jdk.internal.vm.Continuation;
import jdk.internal.vm.ContinuationScope;
import org.slf4j.Logger;

/**
 * A deterministic machine for the shipped scheduler: its threads are coroutines on one real thread, its clock is a number,
 * and who goes on at each {@link #point} is decided by {@link SimOrder} from a seed. So one seed is one interleaving, which
 * can be run again, and thousands of them run in a second.
 *
 * <p>What is real: every class of the scheduler, from queues to sysmon, byte for byte but for what {@link SimRewriter}
 * puts in. What is a model: the JDK's virtual thread ({@link SimGoroutine}), the kernel's thread and clock
 * ({@link SimThread}), the netpoller's device ({@link SimPoller}).
 *
 * <p>Each access to shared memory is one step and is seen by all at once. What a weaker memory may show is for jcstress.
 */
final class Sim {
    static final ContinuationScope SCOPE = new ContinuationScope("simulation");
    /** The site of steps inside the JDK's part. */
    static final int JDK = -1;
    /** The site of steps of the scenario. */
    static final int SCENARIO = -2;

    /** Of a step: about that of a contended access. */
    private static final long STEP_NANOS = 20;

    /** Steps after which a run counts as endless; the longest that ends takes a tenth. */
    private static final long STEPS_LIMIT = 2_000_000;

    /** How often in a row time may pass for sysmon alone before the rest counts as stuck: some 0.5 s. */
    private static final int LONELY_LIMIT = 600;

    private static final int TRACE = 1 << 12;

    private static Sim active;

    final SimSetting setting;
    final List<SimThread> threads = new ArrayList<>();
    final List<SimGoroutine> goroutines = new ArrayList<>();
    final Sched sched;
    /** The installed netpoller, or null. */
    SimPoller poller;
    private final SimOrder order;
    private final SplittableRandom refusals;
    private final SimChecks checks;
    private final SimTwin twin;
    private final List<String> sites;
    private final long[] trace = new long[TRACE];
    private SimThread current;
    private long now = 1_000_000;
    private int atomic;
    private long steps;
    private long switches;
    private int lonely;
    private String failure;
    private Throwable cause;

    private Sim(SimSetting setting, SplittableRandom random, SimTwin twin, List<String> sites) {
        this.twin = twin;
        this.sites = sites;
        this.setting = setting;
        this.order = new SimOrder(random);
        this.refusals = random.split();
        active = this;
        this.sched = new Scheduler(setting.config()).sched();
        this.checks = new SimChecks(this);
    }

    /** A run: everything in it follows from the seed. */
    static Sim of(long seed, SimTwin twin, List<String> sites) {
        SplittableRandom random = new SplittableRandom(seed);
        Sim sim = new Sim(new SimSetting(random.split(), twin), random.split(), twin, sites);
        new SimScenario(sim, random.split());
        return sim;
    }

    /** A machine on which the caller is the only thread, and stays it: for {@link SimCost}. To be closed. */
    static Sim alone(SimSetting setting, List<String> sites) {
        Sim sim = new Sim(setting, new SplittableRandom(1), null, sites);
        sim.sched.threads.start(); // so that they can be woken
        sim.sched.sysmon.start();
        sim.current = sim.thread("caller", new Thread("caller"), true, () -> {});
        sim.atomic = 1;
        return sim;
    }

    void close() {
        active = null;
    }

    /** Lets every M use its processor until sysmon looks at all of them again; counts that round. */
    long costOfHogs(List<M> all) {
        for (M m : all) {
            threads.add(new SimThread(threads.size(), m.getName(), m, false, () -> {}));
            m.osThreadId = threads.size();
        }
        long cost = 0;
        for (int round = 0; round < 10; round++) { // the slices are seen, become due, and in the end all are judged
            now += 400_000;
            threads.forEach(thread -> thread.cpuNanos += 400_000);
            long before = steps;
            sched.sysmon.round(now);
            cost = Math.max(cost, steps - before);
        }
        if (sched.sysmon.retake.preemptionsDenied() != all.size()) {
            throw new IllegalStateException("denied: " + sched.sysmon.retake.preemptionsDenied());
        }
        return cost;
    }

    // -- the machine --

    /** Runs until everything has ended. Null, or what went wrong. */
    String run() {
        sched.threads.start();
        if (setting.sysmon) {
            sched.sysmon.start();
        }
        try {
            while (failure == null) {
                SimThread next = order.next(threads, now);
                if (next != null) {
                    now = Math.max(now, next.canRun(now) ? now : next.deadline());
                    resume(next);
                    checks.always();
                } else if (isAtRest() && isOver() || !timePasses()) {
                    break;
                }
            }
            if (failure == null) {
                checks.atEnd();
            }
        } finally {
            active = null;
        }
        return failure;
    }

    private void resume(SimThread thread) {
        switches++;
        current = thread;
        thread.resume();
        current = null;
    }

    /** Every thread sleeps: what must hold then is looked at, and the clock goes to the first that would wake by itself. */
    private boolean timePasses() {
        if (isAtRest()) {
            checks.atRest();
        }
        SimThread first = null;
        for (SimThread thread : threads) {
            if (!thread.ended && thread.deadline() != SimThread.NEVER
                    && (first == null || thread.deadline() < first.deadline())) {
                first = thread;
            }
        }
        // the system may be asked again after a pause, as often as it refuses: that is no standstill
        lonely = first != null && keepsHouse(first) && !sched.threads.isRefusing() ? lonely + 1 : 0;
        boolean stuck = first == null || lonely > LONELY_LIMIT || isAtRest() && !checks.somethingIsToCome();
        if (failure == null && stuck) {
            fail("everything sleeps, and not all has ended", null);
        }
        if (failure != null) {
            return false;
        }
        now = Math.max(now, first.deadline());
        return true;
    }

    /** Nobody is half-way through anything. */
    private boolean isAtRest() {
        for (SimThread thread : threads) {
            if (thread.waitsForLock) {
                return false;
            }
        }
        return true;
    }

    private boolean keepsHouse(SimThread thread) {
        return thread.name.endsWith("sysmon") || thread.thread instanceof M m && m.where == M.Where.SPARE;
    }

    /** Whether a thread that is not just keeping house will wake by itself. */
    boolean isSomebodyDue() {
        for (SimThread thread : threads) {
            if (!thread.ended && thread.deadline() != SimThread.NEVER && !keepsHouse(thread)) {
                return true;
            }
        }
        return false;
    }

    private boolean isOver() {
        for (SimThread thread : threads) {
            if (thread.foreign && !thread.ended) {
                return false;
            }
        }
        for (SimGoroutine goroutine : goroutines) {
            if (!goroutine.hasEnded()) {
                return false;
            }
        }
        return true;
    }

    void progress() {
        lonely = 0;
    }

    long steps() {
        return steps;
    }

    long switches() {
        return switches;
    }

    Throwable cause() {
        return cause;
    }

    /** The last steps, each with its thread and its place in the code; one line for what a thread does in a row. */
    String trace(int last) {
        StringBuilder text = new StringBuilder();
        for (long i = Math.max(0, steps - Math.min(last, TRACE)); i < steps; i++) {
            long entry = trace[(int) i & (TRACE - 1)];
            int site = (int) entry;
            text.append("  ").append(i).append(' ').append(threads.get((int) (entry >>> 32)).name).append("  ");
            text.append(site == JDK ? "JDK" : site == SCENARIO ? "scenario" : sites.get(site)).append('\n');
        }
        for (SimThread thread : threads) {
            text.append("  ").append(thread).append('\n');
        }
        return text.toString();
    }

    SimThread thread(String name, Thread thread, boolean foreign, Runnable body) {
        SimThread made = new SimThread(threads.size(), name, thread, foreign, () -> {
            try {
                body.run();
            } catch (Throwable e) {
                fail(name + " has thrown", e);
            }
        });
        threads.add(made);
        order.began(made);
        return made;
    }

    SimThread threadOf(Thread thread) {
        for (SimThread candidate : threads) {
            if (candidate.thread == thread) {
                return candidate;
            }
        }
        throw new IllegalStateException("no simulated thread: " + thread);
    }

    SimThread current() {
        return current;
    }

    long now() {
        return now;
    }

    private void step(int site) {
        SimThread thread = current;
        now += STEP_NANOS;
        thread.cpuNanos += STEP_NANOS;
        trace[(int) steps & (TRACE - 1)] = (long) thread.id << 32 | site & 0xFFFF_FFFFL;
        if (++steps == STEPS_LIMIT) {
            fail("does not come to an end", null);
        }
        if (atomic == 0 && order.givesWay(thread, site < 0 ? "" : sites.get(site))) {
            Continuation.yield(SCOPE);
        }
    }

    static void mount(SimGoroutine goroutine) {
        active.current.mounted = goroutine;
        Continuation.yield(SCOPE); // whoever resumes this thread goes on with the goroutine, until that has left
    }

    static Sim active() {
        return active;
    }

    static Sched scheduler() {
        return active.sched;
    }

    static void fail(String what, Throwable cause) {
        if (active.failure == null) {
            active.failure = what + (cause == null ? "" : ": " + cause);
            active.cause = cause;
        }
    }

    static VarHandle field(Class<?> owner, String name, Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).findVarHandle(owner, name, type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Uses processor time. */
    static void compute(long nanos, int pieces) {
        for (int i = 0; i < pieces; i++) {
            active.now += nanos / pieces;
            active.current.cpuNanos += nanos / pieces;
            point(SCENARIO);
        }
    }

    // -- called by the rewritten classes --

    static void point(int site) {
        Sim sim = active;
        if (sim != null && sim.current != null) {
            sim.step(site);
        }
    }

    static void atomic(int change) {
        if (active != null) {
            active.atomic += change;
        }
    }

    static int size(int shipped) {
        // 256, its half, and one more, which javac has folded
        return active != null && active.setting.smallRings ? (shipped & ~1) / 64 + (shipped & 1) : shipped;
    }

    static boolean broken(int twin) {
        return active != null && active.twin != null && active.twin.ordinal() == twin;
    }

    static long nanoTime() {
        return active == null ? 0 : active.now;
    }

    static Thread currentThread() {
        if (active == null || active.current == null) {
            return Thread.currentThread();
        }
        SimGoroutine mounted = active.current.mounted;
        return mounted == null ? active.current.thread : mounted;
    }

    static Thread currentCarrier() {
        return active == null || active.current == null ? Thread.currentThread() : active.current.thread;
    }

    static boolean isVirtual(Thread thread) {
        return thread instanceof SimGoroutine;
    }

    static boolean interrupted() {
        return false;
    }

    static void threadYield() {
        active.current.mounted.yieldNow();
    }

    static void onSpinWait() {
        if (active != null && active.current != null) {
            active.order.spins(active.current);
            Continuation.yield(SCOPE);
        }
    }

    static Thread unstarted(Thread.Builder.OfPlatform builder, Runnable body) {
        return builder.unstarted(body);
    }

    static void start(Thread thread) {
        if (thread instanceof M && active.setting.refuses && active.refusals.nextBoolean()) {
            throw new OutOfMemoryError("unable to create native thread, as the seed wants it");
        }
        active.thread(thread.getName(), thread, false, thread::run);
    }

    static void park(Object blocker) {
        SimGoroutine mounted = active.current.mounted;
        if (mounted != null) {
            mounted.park();
        } else {
            active.current.park(active, SimThread.NEVER);
        }
    }

    static void parkNanos(Object blocker, long nanos) {
        if (nanos > 0) {
            active.current.park(active, nanos > Long.MAX_VALUE - active.now ? SimThread.NEVER : active.now + nanos);
        }
    }

    static void unpark(Thread thread) {
        point(JDK);
        if (thread instanceof SimGoroutine goroutine) {
            goroutine.unpark();
        } else {
            active.order.woken(active.threadOf(thread));
        }
    }

    static void parkCarrier(long nanos) {
        point(JDK);
        if (nanos == 0) {
            active.current.park(active, SimThread.NEVER);
        } else {
            parkNanos(null, nanos);
        }
    }

    static void sleepForLock(long nanos) {
        SimThread thread = active.current;
        thread.waitsForLock = true;
        parkCarrier(nanos);
        thread.waitsForLock = false;
    }

    static void unparkCarrier(Thread thread) {
        unpark(thread);
    }

    static long threadCpuTime(ThreadMXBean bean, long id) {
        for (SimThread thread : active.threads) {
            if (thread.thread != null && thread.thread.threadId() == id) {
                return thread.cpuNanos;
            }
        }
        return -1;
    }

    static long osThreadId() {
        return active.current.id + 1;
    }

    static boolean isAsleep(long id) {
        return active.threads.get((int) id - 1).isParked();
    }

    static void preparePriority() {}

    static HogGroup noGroup() {
        return null;
    }

    static boolean canLower() {
        return true;
    }

    static boolean canRaise() {
        return active.setting.raises;
    }

    /** The thread with this number is at that level from now on, unless the system refuses. */
    static boolean priority(long id, int from, int to) {
        point(JDK);
        if (to < from && !canRaise()) {
            return false;
        }
        active.threads.get((int) id - 1).level = to;
        return true;
    }

    static boolean room() {
        return true;
    }

    static void checkStack() {}

    static boolean log(Sched sched, Runnable log) {
        return true;
    }

    static void log(Logger logger, String text, Object[] arguments) {}

    static void logError(Logger logger, String text, Object first, Object second) {
        fail(text, second instanceof Throwable e ? e : null);
    }

    static void logError(Logger logger, String text, Object[] arguments) {
        fail(text, arguments[arguments.length - 1] instanceof Throwable e ? e : null);
    }

    static void uncaught(Sched sched, G g, Throwable e) {
        fail(g + " has thrown", e);
    }

    static void broken(Sched sched, M m, Throwable e) {
        fail(m + " has thrown", e);
    }

    static Thread newThread(Executor scheduler, String name, boolean inherit, Runnable body) {
        SimGoroutine goroutine = new SimGoroutine(scheduler, body);
        active.goroutines.add(goroutine);
        return goroutine;
    }

    static Runnable continuation(Thread thread) {
        return ((SimGoroutine) thread).continuation;
    }

    static VirtualThreads.Container container(String name, VirtualThreads.Members members) {
        return null; // only thread dumps use it
    }

    static void startVirtual(Thread thread, VirtualThreads.Container container) {
        ((SimGoroutine) thread).begin();
    }

    static void pin() {}

    static void unpin() {}
}
