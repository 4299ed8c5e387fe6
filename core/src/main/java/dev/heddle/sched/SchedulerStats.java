package dev.heddle.sched;

import java.util.List;

/**
 * What a scheduler has done and is doing, read without stopping it: each figure is right by itself, sums may be off by
 * what happened while they were read. Counters start at zero with the scheduler and never fall; times are nanoseconds.
 *
 * @param procs the number of Ps
 * @param procsChanges times that the number of Ps has followed a change of the processors that the process may use
 * @param goroutines goroutines that live, by state
 * @param created goroutines ever created, adopted ones included
 * @param threads threads (Ms) that live, by what they do
 * @param perProc one entry for each P, by number
 * @param globalQueueDepth goroutines on the global queue
 * @param spins times that an M began to look for work in vain
 * @param spinNanos time that Ms spent looking
 * @param parks times that an M went to sleep because there was no work
 * @param wakeups times that a sleeping M was woken for work
 * @param handoffs times that a P left a thread that blocked with its goroutine, whoever moved it: the thread itself before a
 *     call that is known to block long ({@link Syscall#callBlocking}) or a wait in which the goroutine cannot leave it,
 *     sysmon out of another declared call or from a thread asleep in a call that nobody declared, or
 *     {@link Scheduler#gomaxprocs(int)} out of a declared call
 * @param preemptions Ps taken from a goroutine that ran longer than the quantum
 * @param preemptionsDenied times that such a goroutine kept its P, because of {@code maxHogs} or because no thread could be had
 *     for the P
 * @param hogs goroutines that run on without the P that was taken from them
 * @param syscalls declared blocking calls entered
 * @param overflows times that half a run queue moved to the global queue
 * @param threadsCreated threads ever created
 * @param threadFailures threads that could not be created: refused by the system or by {@code maxThreads}
 * @param timersFired timers that fired
 * @param netpolls polls of the netpoller, by who asked
 * @param latency time from runnable to running, one of 8 sampled
 * @param internalErrors errors inside the scheduler or the JDK's part of it that a thread has survived, mostly for want of
 *     memory; each may have cost something: an event of a trace, a delay, the goroutine that it came from
 * @param degraded whether the last such error is less than a minute old
 */
public record SchedulerStats(
        int procs,
        long procsChanges,
        Goroutines goroutines,
        long created,
        Threads threads,
        List<Proc> perProc,
        int globalQueueDepth,
        long spins,
        long spinNanos,
        long parks,
        long wakeups,
        long handoffs,
        long preemptions,
        long preemptionsDenied,
        Hogs hogs,
        long syscalls,
        long overflows,
        long threadsCreated,
        long threadFailures,
        long timersFired,
        Netpolls netpolls,
        Histogram latency,
        long internalErrors,
        boolean degraded) {

    /** Goroutines by state; {@code waiting} includes those parked by code of the JDK. */
    public record Goroutines(long running, long runnable, long waiting, long syscall) {
        /** Returns how many live. */
        public long total() {
            return running + runnable + waiting + syscall;
        }
    }

    /**
     * Threads by what they do.
     *
     * @param running run a goroutine, with or without a P, or scheduler code
     * @param spinning look for work
     * @param netpoll blocked in the netpoller: 0 or 1
     * @param spare parked
     * @param syscall inside a declared blocking call
     * @param locked parked with nothing to do but for the waiting goroutine that has locked them
     */
    public record Threads(int running, int spinning, int netpoll, int spare, int syscall, int locked) {
        /** Returns how many live. */
        public int total() {
            return running + spinning + netpoll + spare + syscall + locked;
        }
    }

    /**
     * One P.
     *
     * @param id its number, from 0
     * @param status its status word's name
     * @param runQueueDepth goroutines on its ring, its inbox and in {@code runnext}
     * @param schedTick time slices begun
     * @param syscallTick blocking calls entered
     * @param timers timers on its heap
     * @param steals times that it stole something
     * @param stealFailures rounds of stealing that found nothing
     * @param stolenGoroutines goroutines that it stole
     */
    public record Proc(
            int id,
            String status,
            int runQueueDepth,
            long schedTick,
            long syscallTick,
            int timers,
            long steals,
            long stealFailures,
            long stolenGoroutines) {}

    /**
     * Goroutines whose P was taken because they computed.
     *
     * @param computing how many compute without a P, as of sysmon's last look at them, which is a few milliseconds old
     * @param nanos time that goroutines have computed without a P, all together
     * @param sysmonNanos how long ago sysmon has begun its last round; 0 while it sleeps because every P is idle. More than some
     *     milliseconds means that the operating system does not run it
     */
    public record Hogs(int computing, long nanos, long sysmonNanos) {}

    /** Polls of the netpoller: by an M looking for work, by the one M that blocks in it, and by sysmon. */
    public record Netpolls(long nonBlocking, long blocking, long sysmon) {}

    /**
     * A histogram with fixed bounds.
     *
     * @param upperBoundsNanos upper bound of each bucket, inclusive, rising
     * @param counts observations in each bucket (not cumulative); one more entry than there are bounds, for the rest
     * @param sumNanos sum of all observations
     * @param maxNanos the longest of them; 0 if there are none
     */
    public record Histogram(List<Long> upperBoundsNanos, List<Long> counts, long sumNanos, long maxNanos) {
        /** Returns how many observations there are. */
        public long count() {
            return counts.stream().mapToLong(Long::longValue).sum();
        }
    }
}
