package dev.heddle.http.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.RequestObserver.Finished;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing is lost and nothing counted twice, whoever counts and whoever looks. */
@Timeout(60)
class RequestMetricsTest {
    private static Finished request(String method, String route, int status, long nanos) {
        return new Finished(method, route, status, "1.1", "http", null, nanos);
    }

    @Test
    void aDurationIsInTheBucketWhoseBoundItDoesNotExceed() {
        StripedHistogram histogram = new StripedHistogram(4);
        long[] durations = {0, 5_000_000, 5_000_001, 10_000_000, 9_999_999_999L, 10_000_000_000L, 10_000_000_001L};
        long sum = 0;
        for (long nanos : durations) {
            histogram.add(nanos);
            sum += nanos;
        }
        assertArrayEquals(new long[] {2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1}, histogram.counts());
        assertEquals(sum, histogram.sumNanos());
    }

    @Test
    void aStripeMayBeSharedByThreads() throws Exception {
        int threads = 4;
        int rounds = 300_000;
        StripedHistogram histogram = new StripedHistogram(1);
        StripedCounter counter = new StripedCounter(1);
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Callable<Void>> bodies = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                bodies.add(() -> {
                    for (int i = 0; i < rounds; i++) {
                        histogram.add(3);
                        counter.increment();
                    }
                    return null;
                });
            }
            for (Future<Void> each : executor.invokeAll(bodies, 40, TimeUnit.SECONDS)) {
                each.get();
            }
        }
        assertEquals((long) threads * rounds, histogram.counts()[0]);
        assertEquals(3L * threads * rounds, histogram.sumNanos());
        assertEquals((long) threads * rounds, counter.sum());
    }

    @Test
    void stripesAreAPowerOfTwo() {
        assertEquals(1, Stripes.forProcs(1));
        assertEquals(2, Stripes.forProcs(2));
        assertEquals(4, Stripes.forProcs(3));
        assertEquals(8, Stripes.forProcs(8));
        assertEquals(64, Stripes.forProcs(1000));
    }

    @Test
    void equalLabelsAreOneSeriesAndOthersAnother() {
        SeriesTable table = new SeriesTable(1);
        Series first = table.of(request("GET", "/a", 200, 1));
        assertSame(first, table.of(request(new String("GET"), new String("/a"), 200, 5)));
        List<Finished> others = List.of(
                request("PUT", "/a", 200, 1),
                request("GET", "/b", 200, 1),
                request("GET", "/a", 201, 1),
                new Finished("GET", "/a", 200, "1.0", "http", null, 1),
                new Finished("GET", "/a", 200, "1.1", "https", null, 1),
                new Finished("GET", "/a", 200, "1.1", "http", "client_gone", 1));
        for (Finished other : others) {
            assertNotSame(first, table.of(other), other::toString);
        }
        assertEquals(1 + others.size(), table.all().size());
        assertEquals(
                "{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/a\","
                        + "network_protocol_version=\"1.1\",url_scheme=\"http\"}",
                first.labels.toString());
    }

    @Test
    void theTableGrows() {
        SeriesTable table = new SeriesTable(1);
        List<Series> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            all.add(table.of(request("GET", "/route/" + i, 200 + i % 5, 1)));
        }
        for (int i = 0; i < 1000; i++) {
            assertSame(all.get(i), table.of(request("GET", "/route/" + i, 200 + i % 5, 1)));
        }
        assertEquals(1000, table.all().size());
    }

    @Test
    void theNumberOfSeriesIsBounded() {
        RequestMetrics metrics = new RequestMetrics(1);
        int requests = SeriesTable.MAX_SERIES + 500;
        for (int i = 0; i < requests; i++) {
            metrics.started("GET", "http");
            metrics.finished(request("GET", "/route/" + i, 200, 1));
        }
        HistogramSnapshot durations = durations(metrics.collect());
        assertEquals(SeriesTable.MAX_SERIES + 1, durations.getDataPoints().size());
        var rest = durations.getDataPoints().stream()
                .filter(point -> "_OTHER".equals(point.getLabels().get("http_route")))
                .toList();
        assertEquals(500, rest.getFirst().getCount());
        assertEquals(0, active(metrics.collect()), "they have all ended");
    }

    @Test
    void nothingIsLostWhenAllCountAtOnce() throws Exception {
        int threads = 8;
        int rounds = 50_000;
        RequestMetrics metrics = new RequestMetrics(2);
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads + 1)) {
            Future<?> scraper = executor.submit(() -> {
                while (!done.get()) {
                    assertTrue(active(metrics.collect()) >= 0, "a request never ends before it begins");
                }
            });
            List<Callable<Void>> bodies = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                bodies.add(() -> {
                    for (int i = 0; i < rounds; i++) {
                        metrics.started(i % 3 == 0 ? "POST" : "GET", "http");
                        metrics.finished(
                                request(i % 3 == 0 ? "POST" : "GET", "/" + i % 200, 200 + thread % 3, 1_000L * i));
                    }
                    return null;
                });
            }
            for (Future<Void> each : executor.invokeAll(bodies, 40, TimeUnit.SECONDS)) {
                each.get();
            }
            done.set(true);
            scraper.get();
        }
        HistogramSnapshot durations = durations(metrics.collect());
        long count =
                durations.getDataPoints().stream().mapToLong(p -> p.getCount()).sum();
        double sum =
                durations.getDataPoints().stream().mapToDouble(p -> p.getSum()).sum();
        assertEquals((long) threads * rounds, count);
        assertEquals(threads * 1e-6 * (rounds - 1L) * rounds / 2, sum, 1e-3);
        assertEquals(0, active(metrics.collect()));
    }

    private static HistogramSnapshot durations(MetricSnapshots snapshots) {
        return (HistogramSnapshot) find(snapshots, "http_server_request_duration_seconds");
    }

    private static double active(MetricSnapshots snapshots) {
        double min = 0;
        for (var point : ((GaugeSnapshot) find(snapshots, "http_server_active_requests")).getDataPoints()) {
            min = Math.min(min, point.getValue());
            if (point.getValue() > 0) {
                return point.getValue();
            }
        }
        return min;
    }

    private static MetricSnapshot find(MetricSnapshots snapshots, String name) {
        return snapshots.stream()
                .filter(each -> each.getMetadata().getPrometheusName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
