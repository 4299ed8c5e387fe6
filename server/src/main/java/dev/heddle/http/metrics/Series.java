package dev.heddle.http.metrics;

import dev.heddle.http.RequestObserver.Finished;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Objects;

/** The requests that have the same labels. */
final class Series {
    static final String METHOD = "http_request_method";
    static final String SCHEME = "url_scheme";

    private static final String ROUTE = "http_route";
    private static final String STATUS = "http_response_status_code";
    private static final String VERSION = "network_protocol_version";
    private static final String ERROR = "error_type";

    /** OpenTelemetry's attributes under Prometheus' names. */
    static final String[] LABELS = {METHOD, ROUTE, STATUS, SCHEME, VERSION, ERROR};

    final String method;
    final String scheme;
    final Labels labels;
    final StripedHistogram durations;

    private final String route;
    private final int status;
    private final String protocolVersion;
    private final String errorType;

    private Series(Finished request, int stripes) {
        this.method = request.method();
        this.route = request.route();
        this.status = request.status();
        this.protocolVersion = request.protocolVersion();
        this.scheme = request.scheme();
        this.errorType = request.errorType();
        this.durations = new StripedHistogram(stripes);
        this.labels = labels();
    }

    /** Returns a series for requests like one. */
    static Series of(Finished request, int stripes) {
        return new Series(request, stripes);
    }

    /** What does not apply is left out. */
    private Labels labels() {
        Labels.Builder builder = Labels.builder()
                .label(METHOD, method)
                .label(ROUTE, route)
                .label(SCHEME, scheme)
                .label(VERSION, protocolVersion);
        if (status != 0) {
            builder.label(STATUS, Integer.toString(status));
        }
        if (errorType != null) {
            builder.label(ERROR, errorType);
        }
        return builder.build();
    }

    /** The strings keep their hashes, so this reads a few fields. */
    static int hash(Finished request) {
        int hash = request.route().hashCode();
        hash = 31 * hash + request.method().hashCode();
        hash = 31 * hash + request.status();
        hash = 31 * hash + Objects.hashCode(request.errorType());
        hash = 31 * hash + request.protocolVersion().hashCode();
        return hash ^ hash >>> 16;
    }

    /** Most often the strings are the same objects: templates of routes and constants. */
    boolean isFor(Finished request) {
        return status == request.status()
                && same(route, request.route())
                && same(method, request.method())
                && same(errorType, request.errorType())
                && same(protocolVersion, request.protocolVersion())
                && same(scheme, request.scheme());
    }

    private static boolean same(String a, String b) {
        return a == b || a != null && a.equals(b);
    }

    /** Returns the hash of requests for which this is. */
    int hash() {
        return hash(new Finished(method, route, status, protocolVersion, scheme, errorType, 0));
    }
}
