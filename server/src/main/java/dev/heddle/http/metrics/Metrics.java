package dev.heddle.http.metrics;

import dev.heddle.http.App;
import dev.heddle.http.Ctx;
import dev.heddle.http.Server;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Serves metrics to Prometheus: {@code app.install(Metrics.at("/metrics"))}. Exposed are
 *
 * <ul>
 *   <li>{@code heddle_sched_...} and {@code heddle_netpoll_...}, the figures of the server's scheduler and netpoller;
 *   <li>{@code heddle_http_...}, its connections and what should be rare;
 *   <li>{@code http_server_request_duration_seconds} and {@code http_server_active_requests}, by the conventions of
 *       OpenTelemetry; a request's {@code http_route} is the template of its route or {@code unmatched};
 *   <li>whatever else is in the registry.
 * </ul>
 *
 * <p>The answer is in Prometheus' text format, or in OpenMetrics if the request's {@code Accept} prefers it; in protobuf
 * only if {@code io.prometheus:prometheus-metrics-exposition-formats} is on the class path. A client that accepts none
 * of these gets the text format. The module's README lists all names.
 */
public final class Metrics implements Consumer<App> {
    private final String path;

    private final PrometheusRegistry registry;
    private final Negotiation formats = new Negotiation(ExpositionFormats.init());
    private final AtomicBoolean installed = new AtomicBoolean();

    /** Set when the server starts. */
    private volatile SchedulerMetrics scheduler;

    /** Set when the server starts. */
    private volatile ServerMetrics connections;

    private Metrics(String path, PrometheusRegistry registry) {
        this.path = Objects.requireNonNull(path, "path");
        this.registry = Objects.requireNonNull(registry, "registry");
    }

    /**
     * Returns metrics with a registry of their own.
     *
     * @param path the template of the route that serves them, such as {@code /metrics}
     */
    public static Metrics at(String path) {
        return new Metrics(path, new PrometheusRegistry());
    }

    /**
     * Returns metrics that share a registry with an application's own.
     *
     * @param path the template of the route that serves them, such as {@code /metrics}
     * @param registry gets the server's metrics in addition to what it has; serves one server
     */
    public static Metrics at(String path, PrometheusRegistry registry) {
        return new Metrics(path, registry);
    }

    /** Returns the registry: metrics that are registered there are served too. */
    public PrometheusRegistry registry() {
        return registry;
    }

    /**
     * Adds the route and the observer of requests; the figures are there once the server has started.
     *
     * @param app the application itself, not a group
     * @throws IllegalStateException if this was installed before
     */
    @Override
    public void accept(App app) {
        if (installed.getAndSet(true)) {
            throw new IllegalStateException("metrics at " + path + ": got a second application, need one for each");
        }
        RequestMetrics requests = new RequestMetrics(Runtime.getRuntime().availableProcessors());
        app.observe(requests);
        app.get(path, this::serve);
        app.onStart(server -> start(server, requests));
        app.onStop(_ -> stop(requests));
    }

    private void start(Server server, RequestMetrics requests) {
        registry.register(requests);
        scheduler = new SchedulerMetrics(
                () -> new SchedulerMetrics.Figures(server.scheduler().stats(), server.netpollStats()));
        registry.register(scheduler);
        connections = new ServerMetrics(server::stats);
        registry.register(connections);
    }

    /** A registry that others use too must not go on asking a server that has ended. */
    private void stop(RequestMetrics requests) {
        registry.unregister(requests);
        registry.unregister(scheduler);
        registry.unregister(connections);
    }

    private void serve(Ctx c) throws Exception {
        ExpositionFormatWriter writer = formats.writer(String.join(",", c.headerAll("Accept")));
        MetricSnapshots snapshots = registry.scrape();
        c.addHeader("Vary", "Accept");
        c.stream(writer.getContentType(), out -> writer.write(out, snapshots));
    }
}
