package dev.heddle.http.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.netpoll.NetpollConfig;
import dev.heddle.netpoll.NetpollStats;
import dev.heddle.sched.SchedulerStats;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Each figure is under the right name: all are different here. */
class SchedulerMetricsTest {
    private static final SchedulerStats SCHEDULER = new SchedulerStats(
            2,
            58,
            new SchedulerStats.Goroutines(3, 4, 5, 6),
            7,
            new SchedulerStats.Threads(8, 9, 1, 11, 12, 13),
            List.of(
                    new SchedulerStats.Proc(0, "running", 13, 14, 15, 16, 17, 18, 19),
                    new SchedulerStats.Proc(1, "idle", 20, 21, 22, 23, 24, 25, 26)),
            27,
            28,
            2_900_000_000L,
            30,
            31,
            32,
            33,
            34,
            new SchedulerStats.Hogs(58, 59_500_000_000L, 60_000_000L),
            35,
            36,
            37,
            38,
            39,
            new SchedulerStats.Netpolls(40, 41, 42),
            new SchedulerStats.Histogram(
                    List.of(1_000L, 500_000L, 2_000_000_000L), List.of(1L, 0L, 5L, 2L), 43_500_000_000L, 21_000_000_000L),
            57,
            true);

    private static final NetpollStats NETPOLL = new NetpollStats(
            NetpollConfig.Kind.EPOLL,
            44,
            45,
            46,
            47,
            List.of(
                    new NetpollStats.Loop(0, 48, 49, 50, 51, 52, 53, 54, 55, 56),
                    new NetpollStats.Loop(1, 1000, 0, 2000, 3000, 4000, 5000, 0, 0, 0)));

    @Test
    void everyFigureIsUnderItsName() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        PrometheusRegistry registry = new PrometheusRegistry();
        registry.register(new SchedulerMetrics(() -> {
            asked.incrementAndGet();
            return new SchedulerMetrics.Figures(SCHEDULER, NETPOLL);
        }));
        assertEquals(0, asked.get(), "nobody has asked yet");
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        ExpositionFormats.init().getPrometheusTextFormatWriter().write(page, registry.scrape());
        assertEquals(1, asked.get(), "once for each scrape");
        String samples = page.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .sorted()
                .reduce("", (all, line) -> all + line + "\n");
        assertEquals("""
                heddle_netpoll_events_total 2050.0
                heddle_netpoll_failures_total 56.0
                heddle_netpoll_polls_total{kind="blocking"} 41.0
                heddle_netpoll_polls_total{kind="loop"} 1048.0
                heddle_netpoll_polls_total{kind="nonblocking"} 40.0
                heddle_netpoll_polls_total{kind="sysmon"} 42.0
                heddle_netpoll_wakeups_total 12156.0
                heddle_sched_degraded 1.0
                heddle_sched_global_queue_depth 27.0
                heddle_sched_goroutines_created_total 7.0
                heddle_sched_goroutines{state="runnable"} 4.0
                heddle_sched_goroutines{state="running"} 3.0
                heddle_sched_goroutines{state="syscall"} 6.0
                heddle_sched_goroutines{state="waiting"} 5.0
                heddle_sched_handoffs_total 32.0
                heddle_sched_hog_seconds_total 59.5
                heddle_sched_hogs 58.0
                heddle_sched_internal_errors_total 57.0
                heddle_sched_latency_max_seconds 21.0
                heddle_sched_latency_seconds_bucket{le="+Inf"} 8
                heddle_sched_latency_seconds_bucket{le="1.0E-6"} 1
                heddle_sched_latency_seconds_bucket{le="2.0"} 6
                heddle_sched_latency_seconds_bucket{le="5.0E-4"} 1
                heddle_sched_latency_seconds_count 8
                heddle_sched_latency_seconds_sum 43.5
                heddle_sched_overflows_total 36.0
                heddle_sched_parks_total 30.0
                heddle_sched_preemptions_denied_total 34.0
                heddle_sched_preemptions_total 33.0
                heddle_sched_procs 2.0
                heddle_sched_procs_changes_total 58.0
                heddle_sched_run_queue_depth{p="0"} 13.0
                heddle_sched_run_queue_depth{p="1"} 20.0
                heddle_sched_spin_seconds_total 2.9
                heddle_sched_spins_total 28.0
                heddle_sched_steal_failures_total{p="0"} 18.0
                heddle_sched_steal_failures_total{p="1"} 25.0
                heddle_sched_steals_total{p="0"} 17.0
                heddle_sched_steals_total{p="1"} 24.0
                heddle_sched_stolen_goroutines_total{p="0"} 19.0
                heddle_sched_stolen_goroutines_total{p="1"} 26.0
                heddle_sched_syscalls_total 35.0
                heddle_sched_sysmon_round_age_seconds 0.06
                heddle_sched_threads{state="locked"} 13.0
                heddle_sched_threads{state="netpoll"} 1.0
                heddle_sched_threads{state="running"} 8.0
                heddle_sched_threads{state="spare"} 11.0
                heddle_sched_threads{state="spinning"} 9.0
                heddle_sched_threads{state="syscall"} 12.0
                """, samples);
    }
}
