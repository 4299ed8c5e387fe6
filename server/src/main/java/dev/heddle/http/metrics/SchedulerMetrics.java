package dev.heddle.http.metrics;

import dev.heddle.http.metrics.Family.Point;
import dev.heddle.netpoll.NetpollStats;
import dev.heddle.sched.SchedulerStats;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** The figures of a scheduler and its netpoller, asked for once in each scrape: between scrapes this costs nothing. */
final class SchedulerMetrics implements MultiCollector {
    /** What both have counted, as of one scrape. */
    record Figures(SchedulerStats sched, NetpollStats netpoll) {}

    private static final double NANOS = 1e9;

    private static final List<Family<Figures>> FAMILIES = List.of(
            Family.gauge(
                    "heddle_sched_procs", "Number of Ps: how many goroutines may run at once", f -> f.sched.procs()),
            Family.counter(
                    "heddle_sched_procs_changes",
                    "Times that the number of Ps has followed a change of the processors",
                    f -> f.sched.procsChanges()),
            Family.gauges(
                    "heddle_sched_goroutines",
                    "Goroutines that live, by state",
                    f -> goroutines(f.sched.goroutines()),
                    "state"),
            Family.counter("heddle_sched_goroutines_created", "Goroutines ever created", f -> f.sched.created()),
            Family.gauges(
                    "heddle_sched_threads",
                    "Threads (Ms) that live, by what they do",
                    f -> threads(f.sched.threads()),
                    "state"),
            Family.gauges(
                    "heddle_sched_run_queue_depth",
                    "Goroutines on the queues of a P",
                    f -> perProc(f, SchedulerStats.Proc::runQueueDepth),
                    "p"),
            Family.gauge(
                    "heddle_sched_global_queue_depth",
                    "Goroutines on the global queue",
                    f -> f.sched.globalQueueDepth()),
            Family.counters(
                    "heddle_sched_steals", "Times that a P stole", f -> perProc(f, SchedulerStats.Proc::steals), "p"),
            Family.counters(
                    "heddle_sched_steal_failures",
                    "Rounds of stealing that found nothing",
                    f -> perProc(f, SchedulerStats.Proc::stealFailures),
                    "p"),
            Family.counters(
                    "heddle_sched_stolen_goroutines",
                    "Goroutines that a P stole",
                    f -> perProc(f, SchedulerStats.Proc::stolenGoroutines),
                    "p"),
            Family.counter(
                    "heddle_sched_spins", "Times that a thread began to look for work in vain", f -> f.sched.spins()),
            Family.counter(
                    "heddle_sched_spin_seconds",
                    "Time that threads spent looking for work",
                    f -> f.sched.spinNanos() / NANOS),
            Family.counter(
                    "heddle_sched_handoffs", "Times that a P left a thread that blocked", f -> f.sched.handoffs()),
            Family.counter(
                    "heddle_sched_preemptions",
                    "Ps taken from a goroutine that ran longer than the quantum",
                    f -> f.sched.preemptions()),
            Family.counter(
                    "heddle_sched_preemptions_denied",
                    "Times that such a goroutine kept its P: max-hogs, or no thread to be had",
                    f -> f.sched.preemptionsDenied()),
            Family.gauge("heddle_sched_hogs", "Goroutines that compute without a P", f -> f.sched.hogs().computing()),
            Family.counter(
                    "heddle_sched_hog_seconds",
                    "Time that goroutines have run without a P, all together",
                    f -> f.sched.hogs().nanos() / NANOS),
            Family.gauge(
                    "heddle_sched_sysmon_round_age_seconds",
                    "Time since sysmon has begun its last round; 0 while every P is idle",
                    f -> f.sched.hogs().sysmonNanos() / NANOS),
            Family.counter("heddle_sched_syscalls", "Declared blocking calls entered", f -> f.sched.syscalls()),
            Family.counter(
                    "heddle_sched_overflows",
                    "Times that half a run queue moved to the global queue",
                    f -> f.sched.overflows()),
            Family.counter(
                    "heddle_sched_parks",
                    "Times that a thread went to sleep because there was no work",
                    f -> f.sched.parks()),
            Family.counter(
                    "heddle_sched_internal_errors",
                    "Errors inside the scheduler that a thread has survived, mostly for want of memory",
                    f -> f.sched.internalErrors()),
            Family.gauge(
                    "heddle_sched_degraded",
                    "1 for a minute after such an error, else 0",
                    f -> f.sched.degraded() ? 1 : 0),
            Family.histograms(
                    "heddle_sched_latency_seconds",
                    "Time of goroutines from runnable to running; one of 8 is measured",
                    f -> List.of(latency(f.sched.latency()))),
            Family.gauge(
                    "heddle_sched_latency_max_seconds",
                    "The longest of these times since the scheduler began",
                    f -> f.sched.latency().maxNanos() / NANOS),
            Family.counters(
                    "heddle_netpoll_polls",
                    "Polls for readiness: by threads that look for work (nonblocking), by the thread that waits"
                            + " (blocking), by sysmon, and of single loops by their pollers (loop)",
                    f -> polls(f.sched.netpolls(), f.netpoll),
                    "kind"),
            Family.counter("heddle_netpoll_events", "I/O events dispatched", f -> f.netpoll.events()),
            Family.counter("heddle_netpoll_wakeups", "Times that a parked poller was woken", f -> f.netpoll.wakeups()),
            Family.counter(
                    "heddle_netpoll_failures",
                    "Errors that got out of channel code into a loop, mostly for want of memory",
                    f -> f.netpoll.failures()));

    private static final List<MetricFamilyDescriptor> DESCRIPTORS =
            FAMILIES.stream().map(Family::descriptor).toList();

    private final Supplier<Figures> figures;

    SchedulerMetrics(Supplier<Figures> figures) {
        this.figures = figures;
    }

    @Override
    public List<MetricFamilyDescriptor> getMetricFamilyDescriptors() {
        return DESCRIPTORS;
    }

    @Override
    public MetricSnapshots collect() {
        Figures now = figures.get();
        MetricSnapshot[] all = new MetricSnapshot[FAMILIES.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = FAMILIES.get(i).snapshot().apply(now);
        }
        return new MetricSnapshots(all);
    }

    private static List<Point> goroutines(SchedulerStats.Goroutines goroutines) {
        return List.of(
                Family.point("state", "running", goroutines.running()),
                Family.point("state", "runnable", goroutines.runnable()),
                Family.point("state", "waiting", goroutines.waiting()),
                Family.point("state", "syscall", goroutines.syscall()));
    }

    private static List<Point> threads(SchedulerStats.Threads threads) {
        return List.of(
                Family.point("state", "running", threads.running()),
                Family.point("state", "spinning", threads.spinning()),
                Family.point("state", "netpoll", threads.netpoll()),
                Family.point("state", "spare", threads.spare()),
                Family.point("state", "syscall", threads.syscall()),
                Family.point("state", "locked", threads.locked()));
    }

    private static List<Point> perProc(Figures figures, ToLongFunction<SchedulerStats.Proc> value) {
        return figures.sched.perProc().stream()
                .map(proc -> Family.point("p", Integer.toString(proc.id()), value.applyAsLong(proc)))
                .toList();
    }

    private static List<Point> polls(SchedulerStats.Netpolls polls, NetpollStats netpoll) {
        return List.of(
                Family.point("kind", "nonblocking", polls.nonBlocking()),
                Family.point("kind", "blocking", polls.blocking()),
                Family.point("kind", "sysmon", polls.sysmon()),
                Family.point("kind", "loop", netpoll.passes()));
    }

    private static HistogramDataPointSnapshot latency(SchedulerStats.Histogram histogram) {
        List<Long> nanos = histogram.upperBoundsNanos();
        double[] seconds = new double[nanos.size() + 1];
        Arrays.setAll(seconds, i -> i < nanos.size() ? nanos.get(i) / NANOS : Double.POSITIVE_INFINITY);
        long[] counts = histogram.counts().stream().mapToLong(Long::longValue).toArray();
        return Family.histogramPoint(Labels.EMPTY, seconds, counts, histogram.sumNanos());
    }
}
