package dev.heddle.http.metrics;

import static java.net.http.HttpRequest.BodyPublishers.noBody;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.App;
import dev.heddle.http.HttpException;
import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Syscall;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The page as Prometheus gets it. */
@Timeout(60)
class MetricsTest {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(DEADLINE).build();
    private Server server;

    @AfterEach
    void stop() {
        client.close();
        if (server != null) {
            server.close();
        }
    }

    private void start(App app) throws Exception {
        ServerConfig config = ServerConfig.defaults();
        server = app.with(config.withHost("127.0.0.1")
                        .withPort(0)
                        .withShutdownHook(false)
                        .withScheduler(config.scheduler().withProcs(2)))
                .start();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(DEADLINE);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path) throws Exception {
        return send(request(path));
    }

    /** Scrapes when so many requests have ended: that is a moment after their clients have the answers. */
    private Exposition scrapeAfter(int requests) throws Exception {
        long end = System.nanoTime() + DEADLINE.toNanos();
        Exposition page;
        do {
            page = scrape();
        } while (ended(page) < requests && System.nanoTime() - end < 0);
        assertEquals(requests, ended(page));
        return page;
    }

    private static double ended(Exposition page) {
        return page.samples.entrySet().stream()
                .filter(e -> e.getKey().name().equals("http_server_request_duration_seconds_count"))
                .filter(e -> !"/metrics".equals(e.getKey().labels().get("http_route")))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    private Exposition scrape() throws Exception {
        HttpResponse<String> answer = get("/metrics");
        assertEquals(200, answer.statusCode());
        return Exposition.parse(answer.body());
    }

    /** Names, types, labels and meaning: dashboards and alerts depend on them. */
    @Test
    void exactlyWhatTheReadmeLists() throws Exception {
        start(App.create()
                .get("/broken", _ -> {
                    throw new IllegalStateException("for the label of errors");
                })
                .install(Metrics.at("/metrics")));
        get("/broken");
        Exposition page = scrapeAfter(1);
        Map<String, String> listed = new TreeMap<>();
        Matcher row = Pattern.compile("\\| `(\\w+)` \\| (counter|gauge|histogram) \\|(.*?)\\| (.*?) \\|")
                .matcher(Files.readString(Path.of(System.getProperty("basedir", "."), "README.md")));
        while (row.find()) {
            listed.put(row.group(1), row.group(2) + " [" + row.group(3).replace("`", "").strip() + "] " + row.group(4));
        }
        Map<String, String> found = new TreeMap<>();
        page.types.forEach((name, type) -> {
            TreeSet<String> labels = new TreeSet<>();
            page.samples.keySet().stream()
                    .filter(sample ->
                            sample.name().replaceAll("_(bucket|sum|count)$", "").equals(name))
                    .forEach(sample -> labels.addAll(sample.labels().keySet()));
            labels.remove("le");
            found.put(name, type + " " + labels + " " + page.helps.get(name));
        });
        assertEquals(String.join("\n", lines(found)), String.join("\n", lines(listed)));
    }

    private static List<String> lines(Map<String, String> map) {
        return map.entrySet().stream().map(Map.Entry::toString).toList();
    }

    @Test
    void countsRequestsByTemplateMethodAndStatus() throws Exception {
        start(App.create()
                .get("/users/{id}", c -> c.text("user " + c.path("id").get()))
                .post("/users/{id}", c -> c.status(201).text("made"))
                .get("/teapot", _ -> {
                    throw new HttpException(418);
                })
                .get("/broken", _ -> {
                    throw new IllegalStateException("on purpose");
                })
                .install(Metrics.at("/metrics")));
        for (int i = 0; i < 5; i++) {
            assertEquals(200, get("/users/" + i).statusCode());
        }
        assertEquals(201, send(request("/users/7").POST(noBody())).statusCode());
        assertEquals(404, get("/nothing/here").statusCode());
        assertEquals(404, get("/nothing/there").statusCode());
        assertEquals(418, get("/teapot").statusCode());
        assertEquals(500, get("/broken").statusCode());
        assertEquals(405, send(request("/users/7").method("BREW", noBody())).statusCode());

        Exposition page = scrapeAfter(11);
        assertEquals(5, count(page, "GET", "/users/{id}", "200"));
        assertEquals(1, count(page, "POST", "/users/{id}", "201"));
        assertEquals(2, count(page, "GET", "unmatched", "404"));
        assertEquals(1, count(page, "GET", "/teapot", "418"));
        assertEquals(
                1,
                page.value(
                        "http_server_request_duration_seconds_count",
                        with(labels("GET", "/broken", "500"), "error_type", "java.lang.IllegalStateException")));
        assertTrue(page.samples.keySet().stream()
                .filter(sample -> "_OTHER".equals(sample.labels().get("http_request_method")))
                .anyMatch(sample -> "405".equals(sample.labels().get("http_response_status_code"))));
        assertFalse(page.samples.keySet().toString().contains("BREW"));
        assertTrue(page.value("http_server_request_duration_seconds_sum", labels("GET", "/users/{id}", "200")) > 0);
    }

    private static double count(Exposition page, String method, String route, String status) {
        return page.value("http_server_request_duration_seconds_count", labels(method, route, status));
    }

    private static String[] labels(String method, String route, String status) {
        return new String[] {
            "http_request_method",
            method,
            "http_route",
            route,
            "http_response_status_code",
            status,
            "url_scheme",
            "http",
            "network_protocol_version",
            "1.1"
        };
    }

    private static String[] with(String[] labels, String name, String value) {
        String[] more = java.util.Arrays.copyOf(labels, labels.length + 2);
        more[labels.length] = name;
        more[labels.length + 1] = value;
        return more;
    }

    @Test
    void theBucketsAreThoseOfOpenTelemetry() throws Exception {
        start(App.create()
                .get("/slow", c -> {
                    Goroutine.sleep(Duration.ofMillis(30));
                    c.text("late");
                })
                .install(Metrics.at("/metrics")));
        get("/slow");
        Exposition page = scrapeAfter(1);
        StringBuilder bounds = new StringBuilder();
        page.samples.forEach((sample, value) -> {
            if (sample.name().equals("http_server_request_duration_seconds_bucket")
                    && sample.labels().get("http_route").equals("/slow")) {
                bounds.append(sample.labels().get("le")).append(' ');
                if (Double.parseDouble(sample.labels().get("le").replace("+Inf", "Infinity")) < 0.03) {
                    assertEquals(0, value, sample::toString);
                }
            }
        });
        assertEquals("0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 +Inf ", bounds.toString());
    }

    @Test
    void requestsInFlightAreActive() throws Exception {
        CountDownLatch entered = new CountDownLatch(2);
        CountDownLatch leave = new CountDownLatch(1);
        start(App.create()
                .get("/wait", c -> {
                    entered.countDown();
                    leave.await();
                    c.text("done");
                })
                .install(Metrics.at("/metrics")));
        CompletableFuture<?> first = client.sendAsync(request("/wait").build(), HttpResponse.BodyHandlers.discarding());
        CompletableFuture<?> second =
                client.sendAsync(request("/wait").build(), HttpResponse.BodyHandlers.discarding());
        try {
            assertTrue(entered.await(20, java.util.concurrent.TimeUnit.SECONDS));
            String[] labels = {"http_request_method", "GET", "url_scheme", "http"};
            assertEquals(3, scrape().value("http_server_active_requests", labels), "two, and the scrape itself");
            scrapeAfter(0);
            leave.countDown();
            first.join();
            second.join();
            awaitActive(labels, 1);
        } finally {
            leave.countDown();
        }
    }

    /** A request has ended a moment after its client has the answer. */
    private void awaitActive(String[] labels, double expected) throws Exception {
        long end = System.nanoTime() + DEADLINE.toNanos();
        double active;
        do {
            active = scrape().value("http_server_active_requests", labels);
        } while (active != expected && System.nanoTime() - end < 0);
        assertEquals(expected, active);
    }

    @Test
    void theSchedulersFiguresMove() throws Exception {
        start(App.create()
                .get("/work", c -> {
                    Syscall.call(() -> null);
                    c.text("done");
                })
                .install(Metrics.at("/metrics")));
        Exposition before = scrape();
        Exposition after;
        long end = System.nanoTime() + DEADLINE.toNanos();
        do { // many at once, so that a second thread is needed now and then, and parks again
            CompletableFuture<?>[] all = new CompletableFuture<?>[20];
            for (int i = 0; i < all.length; i++) {
                all[i] = client.sendAsync(request("/work").build(), HttpResponse.BodyHandlers.discarding());
            }
            CompletableFuture.allOf(all).join();
            after = scrape();
        } while (after.sum("heddle_sched_parks_total") == before.sum("heddle_sched_parks_total")
                && System.nanoTime() - end < 0);
        assertEquals(2, after.value("heddle_sched_procs"));
        assertTrue(after.value("heddle_sched_syscalls_total") >= before.value("heddle_sched_syscalls_total") + 20);
        for (String name : new String[] {
            "heddle_sched_goroutines_created_total", "heddle_netpoll_events_total", "heddle_netpoll_polls_total",
            "heddle_netpoll_wakeups_total", "heddle_sched_parks_total", "heddle_sched_latency_seconds_count"
        }) {
            assertTrue(after.sum(name) > before.sum(name), name + " moves");
        }
        assertTrue(after.value("heddle_sched_goroutines", "state", "running") >= 1, "this scrape's own");
        assertEquals(
                server.scheduler().stats().perProc().size(),
                after.samples.keySet().stream()
                        .filter(sample -> sample.name().equals("heddle_sched_run_queue_depth"))
                        .count());
    }

    @Test
    void openMetricsForThoseWhoAskForIt() throws Exception {
        start(App.create().install(Metrics.at("/metrics")));
        HttpResponse<String> plain = get("/metrics");
        assertTrue(type(plain).startsWith("text/plain; version=0.0.4"), () -> type(plain));
        HttpResponse<String> open = send(request("/metrics")
                .header(
                        "Accept",
                        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
        assertTrue(type(open).startsWith("application/openmetrics-text"), () -> type(open));
        assertTrue(open.body().endsWith("# EOF\n"));
        assertTrue(open.body().contains("heddle_sched_procs 2"), open::body);
    }

    @Test
    void whoPrefersProtobufGetsTheNextBest() throws Exception {
        start(App.create().install(Metrics.at("/metrics")));
        HttpResponse<String> answer = send(request("/metrics")
                .header(
                        "Accept",
                        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
                                + "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"));
        assertEquals(200, answer.statusCode());
        assertTrue(type(answer).startsWith("application/openmetrics-text"), () -> type(answer));
        assertEquals("Accept", answer.headers().firstValue("vary").orElse(""));
    }

    @Test
    void countsWhatClientsDo() throws Exception {
        start(App.create().install(Metrics.at("/metrics")));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write("nonsense\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().readAllBytes();
        }
        Exposition page = scrape();
        assertEquals(1, page.value("heddle_http_events_total", "event", "malformed"));
        assertEquals(0, page.value("heddle_http_events_total", "event", "response_aborted"));
        assertTrue(page.value("heddle_http_connections_accepted_total") >= 2);
        assertTrue(page.value("heddle_http_connections") >= 1);
    }

    private static String type(HttpResponse<?> answer) {
        return answer.headers().firstValue("content-type").orElse("");
    }

    @Test
    void headAndOtherMethods() throws Exception {
        start(App.create().install(Metrics.at("/metrics")));
        HttpResponse<String> head = send(request("/metrics").method("HEAD", noBody()));
        assertEquals(200, head.statusCode());
        assertEquals("", head.body());
        assertEquals(405, send(request("/metrics").POST(noBody())).statusCode());
    }

    @Test
    void anApplicationsOwnMetricsAreOnThePage() throws Exception {
        PrometheusRegistry registry = new PrometheusRegistry();
        Counter orders =
                Counter.builder().name("shop_orders").help("Orders taken").register(registry);
        Metrics metrics = Metrics.at("/metrics", registry);
        start(App.create().install(metrics));
        orders.inc(3);
        assertEquals(3, scrape().value("shop_orders_total"));
        server.close();
        assertEquals(
                1, metrics.registry().scrape().stream().count(), "a server that has stopped leaves a shared registry");
    }

    @Test
    void isInstalledOnceAndNotInAGroup() {
        Metrics metrics = Metrics.at("/metrics");
        App.create().install(metrics);
        assertThrows(IllegalStateException.class, () -> App.create().install(metrics));
        assertThrows(
                IllegalStateException.class,
                () -> App.create().group("/admin", admin -> admin.install(Metrics.at("/metrics"))));
    }

    @Test
    void twoServersInOneProcessHaveTheirOwnFigures() throws Exception {
        App other = App.create().get("/x", c -> c.text("x")).install(Metrics.at("/metrics"));
        start(App.create().get("/x", c -> c.text("x")).install(Metrics.at("/metrics")));
        try (Server second = other.with(server.config().withPort(0)).start()) {
            get("/x");
            HttpResponse<String> page = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + second.port() + "/metrics"))
                            .timeout(DEADLINE)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertEquals(0, Exposition.parse(page.body()).sum("http_server_request_duration_seconds_count"));
        }
        scrapeAfter(1);
    }
}
