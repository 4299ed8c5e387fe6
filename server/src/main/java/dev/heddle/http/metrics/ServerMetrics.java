package dev.heddle.http.metrics;

import dev.heddle.http.ServerStats;
import dev.heddle.http.metrics.Family.Point;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.function.Supplier;

/** The figures of a server's connections, and what is counted because it should be rare; asked for in each scrape. */
final class ServerMetrics implements MultiCollector {
    private static final List<Family<ServerStats>> FAMILIES = List.of(
            Family.gauge("heddle_http_connections", "Connections that are open", ServerStats::connectionsOpen),
            Family.gauge(
                    "heddle_http_held_bytes",
                    "Bytes that connections hold: requests and answers on their way, and a fixed sum for each",
                    ServerStats::bytesHeld),
            Family.counter(
                    "heddle_http_connections_accepted", "Connections ever accepted", ServerStats::connectionsAccepted),
            Family.counters(
                    "heddle_http_events",
                    "What should be rare: refused requests, time that ran out, answers and connections that broke",
                    ServerMetrics::events,
                    "event"));

    private final Supplier<ServerStats> stats;

    ServerMetrics(Supplier<ServerStats> stats) {
        this.stats = stats;
    }

    @Override
    public List<MetricFamilyDescriptor> getMetricFamilyDescriptors() {
        return FAMILIES.stream().map(Family::descriptor).toList();
    }

    @Override
    public MetricSnapshots collect() {
        ServerStats now = stats.get();
        return new MetricSnapshots(
                FAMILIES.stream().map(family -> family.snapshot().apply(now)).toList());
    }

    private static List<Point> events(ServerStats stats) {
        return List.of(
                Family.point("event", "malformed", stats.malformed()),
                Family.point("event", "header_timeout", stats.headerTimeouts()),
                Family.point("event", "body_timeout", stats.bodyTimeouts()),
                Family.point("event", "idle_timeout", stats.idleTimeouts()),
                Family.point("event", "write_timeout", stats.writeTimeouts()),
                Family.point("event", "client_gone", stats.clientsGone()),
                Family.point("event", "response_aborted", stats.responsesAborted()),
                Family.point("event", "connection_failed", stats.connectionsFailed()),
                Family.point("event", "connection_refused", stats.connectionsRefused()),
                Family.point("event", "connection_displaced", stats.connectionsDisplaced()),
                Family.point("event", "connection_cut", stats.connectionsCut()),
                Family.point("event", "accept_pause", stats.acceptPauses()),
                Family.point("event", "accept_error", stats.acceptErrors()));
    }
}
