package dev.heddle.sched;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

/** Reads the figures of a scheduler. */
final class Snapshot {
    private Snapshot() {}

    static SchedulerStats of(Sched s, long foreignSyscalls) {
        SchedulerStats.Threads threads = threads(s);
        List<SchedulerStats.Proc> procs =
                Arrays.stream(s.procs).map(Snapshot::proc).toList();
        return new SchedulerStats(
                s.gomaxprocs,
                s.procsFollower.changes(),
                goroutines(s, procs),
                s.allGs.created(),
                threads,
                procs,
                s.global.size(),
                sum(s, p -> p.spins),
                sum(s, p -> p.spinNanos),
                s.spares.parks(),
                s.spares.wakeups(),
                sum(s, p -> p.handoffs),
                s.sysmon.retake.preemptions(),
                s.sysmon.retake.preemptionsDenied(),
                new SchedulerStats.Hogs(s.hogs.count(), s.hogs.nanos(), s.sysmon.roundAgeNanos()),
                sum(s, p -> p.syscalltick) + foreignSyscalls,
                sum(s, p -> p.overflows),
                s.threads.created(),
                s.threads.failures(),
                sum(s, p -> p.timers.fired()),
                new SchedulerStats.Netpolls(
                        sum(s, p -> p.netpolls), s.netpoller.blockingPolls(), s.sysmon.netpolls()),
                LatencyHistogram.sum(s.procs),
                s.faults.count(),
                s.faults.isDegraded());
    }

    private static long sum(Sched s, ToLongFunction<P> figure) {
        return Arrays.stream(s.procs).mapToLong(figure).sum();
    }

    private static SchedulerStats.Proc proc(P p) {
        return new SchedulerStats.Proc(
                p.id,
                PState.name(p.word()),
                p.depth(),
                p.schedtick,
                p.syscalltick,
                p.timers.size(),
                p.steals,
                p.stealFailures,
                p.stolen);
    }

    private static SchedulerStats.Threads threads(Sched s) {
        int[] count = new int[M.Where.values().length];
        for (M m : s.threads.all()) {
            count[m.where.ordinal()]++;
        }
        return new SchedulerStats.Threads(
                count[M.Where.RUNNING.ordinal()],
                count[M.Where.SPINNING.ordinal()],
                count[M.Where.NETPOLL.ordinal()],
                count[M.Where.SPARE.ordinal()],
                count[M.Where.SYSCALL.ordinal()],
                count[M.Where.LOCKED.ordinal()]);
    }

    /** Who neither runs nor is queued waits. The parts are read one after the other, so the sum is only nearly exact. */
    private static SchedulerStats.Goroutines goroutines(Sched s, List<SchedulerStats.Proc> procs) {
        long running = 0;
        long syscall = 0;
        for (M m : s.threads.all()) {
            if (m.curg != null) {
                if (m.inSyscall()) {
                    syscall++;
                } else {
                    running++;
                }
            }
        }
        long runnable = s.global.size();
        for (SchedulerStats.Proc p : procs) {
            runnable += p.runQueueDepth();
        }
        long waiting = Math.max(0, s.allGs.live() - running - syscall - runnable);
        return new SchedulerStats.Goroutines(running, runnable, waiting, syscall);
    }
}
