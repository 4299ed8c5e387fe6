package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * An M:P:G scheduler after Go's: runs goroutines on a bounded number of processors (Ps), with threads (Ms) made as
 * needed. Goroutines are virtual threads, so they are cheap to make and may block; unlike on the JDK's own scheduler, one
 * that computes or does file I/O does not hold up the others.
 *
 * <p>Several schedulers may live in one JVM; they share nothing. All methods may be called from any thread. The threads
 * are daemons: they do not keep the JVM alive.
 *
 * <p>The JVM must have been started with the flags that the exception of {@link #start()} names.
 */
public final class Scheduler implements AutoCloseable {
    private final Sched sched;
    private final Shutdown shutdown;
    private final FlightRecorder flightRecorder;
    private final long begin = Clock.nanotime();
    private final Object printing = new Object();
    /** Guarded by {@link #printing}. */
    private SchedTrace.Printer printer;

    /** Wired, but without threads. */
    Scheduler(SchedulerConfig config) {
        this(config, null);
    }

    /** With another source of the number of processors, for tests. */
    Scheduler(SchedulerConfig config, ProcsFollower.Source processors) {
        this.sched = new Sched(this, config, processors);
        this.shutdown = new Shutdown(sched);
        this.flightRecorder = new FlightRecorder(sched);
    }

    /**
     * Starts a scheduler with {@link SchedulerConfig#defaults}.
     *
     * @return the scheduler
     * @throws IllegalStateException if the JVM lacks a flag; the message names it
     */
    public static Scheduler start() {
        return start(SchedulerConfig.defaults());
    }

    /**
     * Starts a scheduler.
     *
     * @param config its settings
     * @return the scheduler
     * @throws IllegalStateException if the JVM lacks a flag; the message names it
     */
    public static Scheduler start(SchedulerConfig config) {
        Objects.requireNonNull(config, "config");
        VirtualThreads.ensureAvailable();
        Preload.once();
        Scheduler scheduler = new Scheduler(config);
        scheduler.sched.start();
        scheduler.printWith(SchedTrace.Printer.fromSystemProperties(scheduler.sched));
        return scheduler;
    }

    /** Returns the scheduler of the goroutine that calls this, or null when the caller is not a goroutine. */
    public static Scheduler current() {
        VirtualThreads.open();
        G g = G.current();
        return g == null ? null : g.scheduler();
    }

    /** Returns the settings that it was started with. */
    public SchedulerConfig config() {
        return sched.config;
    }

    /** Returns how many goroutines may run at once: the number of Ps. */
    public int gomaxprocs() {
        return sched.gomaxprocs;
    }

    /**
     * Changes how many goroutines may run at once (Go's {@code runtime.GOMAXPROCS}). Nothing is stopped for it: with more
     * Ps, work that waits is taken up at once; with fewer, the goroutines of those that go run on without a P until their
     * next scheduling point, and what was queued there goes to the global queue. Takes microseconds. {@code maxHogs} stays
     * as it was set. From now on the number does not follow the processors. Does nothing once the threads of this scheduler
     * end.
     *
     * @param n the number of Ps from now on; 1 to {@link SchedulerConfig#MAX_PROCS}, and less than {@code maxThreads}
     * @return the number before
     * @throws IllegalArgumentException if {@code n} is out of range
     */
    public int gomaxprocs(int n) {
        int most = sched.procresize.most();
        if (n < 1 || n > most) {
            throw new IllegalArgumentException("gomaxprocs: got " + n + ", need 1 to " + most);
        }
        StackProbe.check();
        return sched.procresize.set(n);
    }

    /**
     * Forgets the number that was set at the start or by {@link #gomaxprocs(int)} (Go's {@code runtime.SetDefaultGOMAXPROCS}):
     * the number of Ps is that of the processors that this process may use, now and, looked at once a second while
     * goroutines run, as the affinity mask or the CPU limit of its container changes. Each such change is logged and counted.
     * At least 1; 1.5 processors are 2.
     */
    public void setDefaultGomaxprocs() {
        StackProbe.check();
        sched.procsFollower.again();
    }

    /**
     * Starts a goroutine: Go's {@code go} statement. When the caller is a goroutine of this scheduler the new one runs
     * next on its P, else it goes to the global queue.
     *
     * @param body what it runs. What it throws is logged, and ends nothing else
     * @return the goroutine
     * @throws java.util.concurrent.RejectedExecutionException if {@link #shutdown} refuses it
     */
    public Goroutine go(Runnable body) {
        return go("", body);
    }

    /**
     * Starts a goroutine with a name. It inherits the context class loader of the caller and its
     * {@link dev.heddle.context.Context}; of thread locals only {@linkplain ThreadLocals what is handed down}, and no
     * {@link ScopedValue}.
     *
     * @param name its name and that of its thread; empty for none
     * @param body what it runs. What it throws is logged, and ends nothing else
     * @return the goroutine
     * @throws java.util.concurrent.RejectedExecutionException if {@link #shutdown} refuses it
     */
    public Goroutine go(String name, Runnable body) {
        return start(name, ThreadLocals.handDown(Objects.requireNonNull(body, "body")), false);
    }

    /**
     * Starts a goroutine whose work is not the caller's: as {@link #go(String, Runnable)}, but without any
     * {@linkplain ThreadLocals thread local}. A server that starts the next request from the goroutine of the last one would
     * else hand its user on to the next.
     *
     * @param name its name and that of its thread; empty for none
     * @param body what it runs. What it throws is logged, and ends nothing else
     * @return the goroutine
     * @throws java.util.concurrent.RejectedExecutionException if {@link #shutdown} refuses it
     */
    public Goroutine goDetached(String name, Runnable body) {
        return start(name, body, false);
    }

    /**
     * Starts a goroutine that serves the others, such as the one that drives a netpoller: {@link #shutdown} does not wait
     * for it and does not interrupt it.
     *
     * @param name its name and that of its thread; empty for none
     * @param body what it runs. What it throws is logged, and ends nothing else
     * @return the goroutine
     * @throws java.util.concurrent.RejectedExecutionException if {@link #shutdown} refuses it
     */
    public Goroutine goSystem(String name, Runnable body) {
        return start(name, body, true);
    }

    private G start(String name, Runnable body, boolean system) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(body, "body");
        StackProbe.check(); // else the JDK might take a thread for started that nobody runs
        G g = new G(sched, name, false, body);
        g.system = system;
        VirtualThreads.start(g.thread, sched.container);
        return g;
    }

    /**
     * Sets who learns of what the bodies of goroutines throw, instead of the log. It never ends anything but that goroutine.
     * A handler that the goroutine's thread has of its own ({@link Thread#setUncaughtExceptionHandler}) comes first; the
     * default handler of all threads is not asked.
     *
     * @param handler is called by the goroutine that ends; null, as at the start: it is logged once, as an error, with the
     *     goroutine's number and its creator's
     */
    public void uncaughtExceptionHandler(Goroutine.UncaughtExceptionHandler handler) {
        sched.uncaughtHandler = handler;
    }

    /**
     * Returns a factory of threads that are goroutines of this scheduler, for libraries that want one. They inherit what
     * threads of the JDK inherit from who makes them: inheritable thread locals and the context class loader.
     *
     * @param name the name of each goroutine and thread; empty for none
     * @return the factory; what it makes is not started
     */
    public ThreadFactory threadFactory(String name) {
        Objects.requireNonNull(name, "name");
        return body -> new G(sched, name, true, Objects.requireNonNull(body, "body")).thread;
    }

    /**
     * Returns an executor that runs each task in a goroutine of its own. Closing it waits for its tasks and leaves this
     * scheduler as it is. To be closed before the scheduler is shut down, where a task might not end within the grace: the
     * executor would wait for it for ever.
     */
    public ExecutorService executor() {
        return Executors.newThreadPerTaskExecutor(threadFactory(""));
    }

    /**
     * Installs the netpoller: Go's {@code netpollinit}.
     *
     * @param poller is polled from now on
     * @throws IllegalStateException if there is one already
     */
    public void netpollinit(Poller poller) {
        sched.netpoller.install(Objects.requireNonNull(poller, "poller"));
    }

    /** Returns what this scheduler has done and is doing. Stops nothing; costs a walk over threads and Ps. */
    public SchedulerStats stats() {
        return sched.stats();
    }

    /**
     * Returns the stacks of all goroutines in the shape of Go's {@code debug=2} goroutine profile: {@code goroutine 7 [chan
     * receive, 2 minutes]:}, two lines for each frame, {@code created by} and where. Of more than 10,000 goroutines the rest
     * is counted. Minutes count from when it was first seen to wait, at most a minute late. The creator is a class; it
     * is a method and a line in a JVM started with {@code -Dheddle.createdby=true}, which costs 1 us for each goroutine.
     * Stops nothing.
     */
    public String goroutineDump() {
        return GoroutineDump.blocks(sched);
    }

    /**
     * Returns the stacks of all goroutines in the shape of Go's {@code debug=1} goroutine profile: equal ones together,
     * with their number, the most frequent first. Stops nothing; costs some 10 us for each goroutine.
     */
    public String goroutineProfile() {
        return GoroutineDump.profile(sched, 0);
    }

    /**
     * Returns the same of those goroutines alone that have waited for so long: what leaks is mostly there, many times and for ever
     * (Go has a leak profile). Time counts from when one was first seen to wait, at most a minute late, or when it was last
     * asked for.
     *
     * @param waited for at least so long; zero or less: all
     */
    public String goroutineProfile(Duration waited) {
        return GoroutineDump.profile(sched, Clock.nanos(waited));
    }

    /**
     * Writes {@link #goroutineProfile(Duration)} for {@code go tool pprof}.
     *
     * @param waited for at least so long; zero or less: all
     * @param out is not closed
     */
    public void writeGoroutineProfile(Duration waited, OutputStream out) throws IOException {
        GoroutineDump.pprof(sched, Clock.nanos(waited)).writeTo(out);
    }

    /** Returns the profile of what goroutines wait for, which is off until it is given a rate. */
    public WaitProfile blockProfile() {
        return sched.blockProfile;
    }

    /** Returns the profile of those who make others wait for a mutex, which is off until it is given a rate. */
    public WaitProfile mutexProfile() {
        return sched.mutexProfile;
    }

    /** Returns all Ps, Ms and goroutines as text, with the stacks of the goroutines. Stops nothing. */
    public String dump() {
        return Dump.of(sched);
    }

    /**
     * Prints the lines of Go's {@code GODEBUG=schedtrace} from now on, the first at once: how many Ps are idle, how many
     * threads look for work, how long the queues are. Replaces what was printed before. The system properties
     * {@code heddle.schedtrace} (milliseconds) and {@code heddle.scheddetail} ({@code 1}) do this at the start of every
     * scheduler, to standard error.
     *
     * @param period the time between two lines; zero or negative stops
     * @param detailed {@code scheddetail=1}: each P, M and goroutine as well
     * @param out is handed each line, or block of lines, with its newline, on a thread of this scheduler; it may block. If
     *     it throws, printing stops
     */
    public void schedtrace(Duration period, boolean detailed, Consumer<String> out) {
        Objects.requireNonNull(out, "out");
        long nanos = Clock.nanos(period);
        printWith(nanos <= 0 ? null : new SchedTrace.Printer(sched, nanos, detailed, out));
    }

    /**
     * Returns what {@link #schedtrace(Duration, boolean, Consumer)} prints, for this moment; the time is since the start of
     * the scheduler.
     *
     * @param detailed {@code scheddetail=1}
     */
    public String schedtrace(boolean detailed) {
        return new SchedTrace(sched, detailed, begin).text(Clock.nanotime());
    }

    private void printWith(SchedTrace.Printer next) {
        synchronized (printing) {
            if (printer != null) {
                printer.stop();
            }
            printer = next;
            if (next != null) {
                next.start();
            }
        }
    }

    /** Returns the flight recorder of this scheduler, which is off until it is started. */
    public FlightRecorder flightRecorder() {
        return flightRecorder;
    }

    /**
     * Ends this scheduler. From now on it takes goroutines only from those that it has: what they start, also as virtual
     * threads, and the functions of timers. Waits until all have ended, interrupts those that
     * have not by the end of the grace, waits as long again for what they do about it, but 20 ms at least and 200 ms at most,
     * and up to 1 s more as long as any of them runs and does not wait; and ends all threads, for which it waits up to 1 s. From then
     * on every start is refused.
     *
     * <p>With the interrupt also the wait ends, now or later, in which each of them is: for a channel, a semaphore, a
     * connection, whatever a context can end as well. It throws a {@link java.util.concurrent.CancellationException}. Not a
     * lock: whoever holds it gives it back when his own wait has ended. One wait of each: what it does about it may wait again.
     *
     * <p>A goroutine that has not ended after that stays where it is, parked or queued: its {@code finally} blocks are
     * not run, what it has locked stays locked, and {@link Goroutine#join} does not wait for it any more; one that computes
     * goes on until it has to wait. While the JVM ends (in a shutdown hook) the threads are left to it.
     *
     * <p>Called again, also at the same time, it waits for the first call, and shortens the grace of that one if its own is
     * over earlier. An interrupt of a caller ends the grace for all, and is kept.
     *
     * @param grace how long to wait for goroutines; zero or negative interrupts at once
     * @return whether all goroutines had ended within the grace
     * @throws IllegalStateException if called by a goroutine of this scheduler, which would wait for itself
     */
    public boolean shutdown(Duration grace) {
        long nanos = Math.max(0, Clock.nanos(grace));
        if (current() == this) {
            throw new IllegalStateException("a goroutine cannot shut its own scheduler down: it would wait for itself");
        }
        return shutdown.within(nanos);
    }

    /** {@link #shutdown} without grace; ends the grace of one that is under way. */
    @Override
    public void close() {
        shutdown(Duration.ZERO);
    }

    void stopPrinting() {
        printWith(null);
    }

    Sched sched() {
        return sched;
    }
}
