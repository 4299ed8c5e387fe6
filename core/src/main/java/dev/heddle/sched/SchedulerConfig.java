package dev.heddle.sched;

import java.time.Duration;
import java.util.Objects;

/**
 * Settings of a {@link Scheduler}, fixed at its start.
 *
 * @param name prefix of thread names; not blank
 * @param procs number of Ps: how many goroutines may run at once; 1 to {@value #MAX_PROCS}. Default 0: as many as there are
 *     processors that this process may use, also while that changes ({@link Scheduler#setDefaultGomaxprocs}), but fewer
 *     than {@code maxThreads}
 * @param maxThreads the most threads (Ms) that may live; at least {@code procs + 1}, at most {@value #MAX_THREADS}.
 *     Default {@value #MAX_THREADS}, as Go's {@code sched.maxmcount}. Where Go ends the process, those who want to block wait
 *     here: at most {@code maxThreads - procs} threads are in declared blocking calls at once
 * @param maxHogs the most goroutines that may compute without a P after theirs was taken; 0 switches the preemption of
 *     CPU-bound goroutines off. Default {@value #MAX_THREADS}: bounded by {@code maxThreads} alone
 * @param hogShare the part of the processors' time that these goroutines get, all together, when others would use all of it;
 *     above 0, at most 1. What others do not use is theirs anyway. Exact on Linux where a cgroup can be made for their threads;
 *     elsewhere on Linux these have low priorities, and many get more. On other systems it has no effect. 1 leaves groups
 *     and priorities alone. Default 0.05
 * @param quantum how long a goroutine may run before its P is taken; at least 1 ms. Default 10 ms, Go's
 *     {@code forcePreemptNS}
 * @param spareKeepAlive how long a thread stays parked before it ends, when there are more than {@code 2 * procs}; at
 *     least 1 ms. Default 60 s
 * @param reportDeadlock whether to log it, with a dump, when all goroutines wait and nothing that the scheduler knows of
 *     can wake them. Default false: an ordinary thread may still wake them, which the scheduler cannot know
 */
@SuppressWarnings("checkstyle:ParameterNumber")
public record SchedulerConfig(
        String name,
        int procs,
        int maxThreads,
        int maxHogs,
        double hogShare,
        Duration quantum,
        Duration spareKeepAlive,
        boolean reportDeadlock) {
    /** Upper limit of {@code procs}. */
    public static final int MAX_PROCS = 1024;

    /** Upper limit and default of {@code maxThreads}. */
    public static final int MAX_THREADS = 10_000;

    /** Default of {@code hogShare}. A guess. */
    private static final double HOG_SHARE = 0.05;

    /** Checks every setting. */
    public SchedulerConfig {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(quantum, "quantum");
        Objects.requireNonNull(spareKeepAlive, "spareKeepAlive");
        check(!name.isBlank(), "name", name, "a name that is not blank");
        check(procs >= 0 && procs <= MAX_PROCS, "procs", procs, "0 to " + MAX_PROCS);
        int leastThreads = Math.max(1, procs) + 1;
        check(
                maxThreads >= leastThreads && maxThreads <= MAX_THREADS,
                "maxThreads",
                maxThreads,
                "procs + 1 = " + leastThreads + " to " + MAX_THREADS);
        check(maxHogs >= 0, "maxHogs", maxHogs, "0 or more");
        check(hogShare > 0 && hogShare <= 1, "hogShare", hogShare, "more than 0, at most 1");
        check(quantum.compareTo(Duration.ofMillis(1)) >= 0, "quantum", quantum, "1 ms or more");
        check(spareKeepAlive.compareTo(Duration.ofMillis(1)) >= 0, "spareKeepAlive", spareKeepAlive, "1 ms or more");
    }

    private static void check(boolean ok, String what, Object got, String need) {
        if (!ok) {
            throw new IllegalArgumentException(what + ": got " + got + ", need " + need);
        }
    }

    /** Returns the defaults for this machine. */
    public static SchedulerConfig defaults() {
        return new SchedulerConfig(
                "heddle", 0, MAX_THREADS, MAX_THREADS, HOG_SHARE, Duration.ofMillis(10), Duration.ofSeconds(60), false);
    }

    /** Returns these settings with another {@code name}. */
    public SchedulerConfig withName(String value) {
        return new SchedulerConfig(value, procs, maxThreads, maxHogs, hogShare, quantum, spareKeepAlive, reportDeadlock);
    }

    /** Returns these settings with other {@code procs}. */
    public SchedulerConfig withProcs(int value) {
        return new SchedulerConfig(name, value, maxThreads, maxHogs, hogShare, quantum, spareKeepAlive, reportDeadlock);
    }

    /** Returns these settings with other {@code maxThreads}. */
    public SchedulerConfig withMaxThreads(int value) {
        return new SchedulerConfig(name, procs, value, maxHogs, hogShare, quantum, spareKeepAlive, reportDeadlock);
    }

    /** Returns these settings with other {@code maxHogs}. */
    public SchedulerConfig withMaxHogs(int value) {
        return new SchedulerConfig(name, procs, maxThreads, value, hogShare, quantum, spareKeepAlive, reportDeadlock);
    }

    /** Returns these settings with another {@code hogShare}. */
    public SchedulerConfig withHogShare(double value) {
        return new SchedulerConfig(name, procs, maxThreads, maxHogs, value, quantum, spareKeepAlive, reportDeadlock);
    }

    /** Returns these settings with another {@code quantum}. */
    public SchedulerConfig withQuantum(Duration value) {
        return new SchedulerConfig(name, procs, maxThreads, maxHogs, hogShare, value, spareKeepAlive, reportDeadlock);
    }

    /** Returns these settings with another {@code spareKeepAlive}. */
    public SchedulerConfig withSpareKeepAlive(Duration value) {
        return new SchedulerConfig(name, procs, maxThreads, maxHogs, hogShare, quantum, value, reportDeadlock);
    }

    /** Returns these settings with another {@code reportDeadlock}. */
    public SchedulerConfig withReportDeadlock(boolean value) {
        return new SchedulerConfig(name, procs, maxThreads, maxHogs, hogShare, quantum, spareKeepAlive, value);
    }
}
