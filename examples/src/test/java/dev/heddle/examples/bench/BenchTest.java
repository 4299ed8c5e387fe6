package dev.heddle.examples.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class BenchTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path temporary;

    private Path directory;
    private Server server;
    private HttpClient client;

    @BeforeEach
    void start() throws Exception {
        directory = Files.createDirectory(temporary.resolve("served"));
        server = start(Optional.of(directory));
        client = HttpClient.newHttpClient();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private static Server start(Optional<Path> directory) throws IOException {
        return Bench.app(directory)
                .with(ServerConfig.defaults().withHost("127.0.0.1").withPort(0))
                .start();
    }

    @Test
    void shortAnswersHaveTheHeadersThatPeersSend() throws Exception {
        HttpResponse<String> plaintext = get("/plaintext");
        assertEquals(200, plaintext.statusCode());
        assertEquals("Hello, World!", plaintext.body());
        assertEquals("text/plain", header(plaintext, "Content-Type"));
        assertEquals("13", header(plaintext, "Content-Length"));
        assertEquals("heddle", header(plaintext, "Server"));
        assertTrue(header(plaintext, "Date").endsWith(" GMT"), header(plaintext, "Date"));
        HttpResponse<String> json = get("/json");
        assertEquals("{\"message\":\"Hello, World!\"}", json.body());
        assertEquals("application/json", header(json, "Content-Type"));
    }

    @Test
    void theIndexNamesEveryPath() throws Exception {
        String index = get("/").body();
        for (String path : List.of("/plaintext", "/json", "/sleep", "/cpu", "/file", "/static", "/echo", "/fanout")) {
            assertTrue(index.contains(" " + path), path);
        }
    }

    @Test
    void waitingAndComputingLastAsLongAsAsked() throws Exception {
        assertLasts(Duration.ofMillis(40), "/sleep?ms=40", "slept 40 ms\n");
        assertLasts(Duration.ofMillis(5), "/fanout?n=50", "joined 50\n");
        assertLasts(Duration.ofMillis(40), "/cpu?ms=40", null);
        assertEquals("slept 0 ms\n", get("/sleep?ms=0").body());
        assertEquals("joined 0\n", get("/fanout?n=0").body());
    }

    private void assertLasts(Duration least, String path, String body) throws Exception {
        long start = System.nanoTime();
        HttpResponse<String> answer = get(path);
        assertTrue(System.nanoTime() - start >= least.toNanos(), path);
        assertEquals(200, answer.statusCode());
        if (body != null) {
            assertEquals(body, answer.body());
        }
    }

    @Test
    void badNumbersAreRefusedByName() throws Exception {
        for (String query : List.of("", "?ms=", "?ms=x", "?ms=-1", "?ms=60001", "?ms=1e3")) {
            assertRefused("/sleep" + query, "ms");
            assertRefused("/cpu" + query, "ms");
        }
        assertRefused("/fanout?n=10001", "n");
        assertRefused("/fanout", "n");
    }

    private void assertRefused(String path, String parameter) throws Exception {
        HttpResponse<String> answer = get(path);
        assertEquals(400, answer.statusCode(), path);
        assertEquals("application/problem+json", header(answer, "Content-Type"));
        assertTrue(answer.body().matches("(?s).*\\b" + parameter + "\\b.*"), answer.body());
    }

    @Test
    void bodiesComeBackWithAndWithoutALength() throws Exception {
        byte[] body = new byte[3_000_000];
        new Random(7).nextBytes(body);
        HttpResponse<byte[]> sized = post("/echo", BodyPublishers.ofByteArray(body));
        assertArrayEquals(body, sized.body());
        assertEquals("3000000", header(sized, "Content-Length"));
        assertEquals("image/x-noise", header(sized, "Content-Type"));
        HttpResponse<byte[]> chunked =
                post("/echo", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)));
        assertArrayEquals(body, chunked.body());
        assertEquals(0, post("/echo", BodyPublishers.noBody()).body().length);
    }

    @Test
    void filesAreReadFromTheDirectory() throws Exception {
        byte[] content = new byte[100_000];
        new Random(9).nextBytes(content);
        Files.createDirectory(directory.resolve("sub"));
        Files.write(directory.resolve("sub/data.bin"), content);
        Files.createSymbolicLink(directory.resolve("link"), Path.of("sub/data.bin"));
        List<String> paths = List.of(
                "/file?name=sub/data.bin", "/file?name=link", "/file?name=sub/../link", "/static/sub/data.bin");
        for (String path : paths) {
            HttpResponse<byte[]> answer = client.send(request(path).build(), BodyHandlers.ofByteArray());
            assertEquals(200, answer.statusCode(), path);
            assertArrayEquals(content, answer.body(), path);
        }
    }

    @Test
    void nothingOutsideTheDirectoryIsReadable() throws Exception {
        Path secret = Files.writeString(temporary.resolve("secret"), "secret");
        Files.createSymbolicLink(directory.resolve("out"), secret);
        Files.createSymbolicLink(directory.resolve("up"), temporary);
        List<String> names =
                List.of("../secret", secret.toString(), "out", "up/secret", "..", ".", "sub/../../secret", "none");
        for (String name : names) {
            assertEquals(404, get("/file?name=" + name).statusCode(), name);
        }
        for (String path : List.of("/static/../secret", "/static/%2e%2e/secret", "/static/out", "/static/up/secret")) {
            HttpResponse<String> answer = get(path);
            assertTrue(answer.statusCode() == 404 || answer.statusCode() == 400, path + ": " + answer.statusCode());
            assertFalse(answer.body().contains("secret\n"), path);
        }
        assertEquals(400, get("/file?name=a%00b").statusCode());
        assertEquals(400, get("/file").statusCode());
    }

    @Test
    void whatCannotBeReadIsNotThere() throws Exception {
        Files.writeString(directory.resolve("plain"), "x");
        Files.createSymbolicLink(directory.resolve("loop"), Path.of("loop"));
        Files.createSymbolicLink(directory.resolve("dangling"), Path.of("nothing"));
        for (String name : List.of("plain/below", "loop", "dangling", "n".repeat(300), "")) {
            assertEquals(404, get("/file?name=" + name).statusCode(), name);
        }
    }

    @Test
    void aFileThatIsTooLargeIsRefused() throws Exception {
        try (var file = Files.newByteChannel(
                directory.resolve("large"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE)) {
            file.position((16 << 20) + 1).write(ByteBuffer.allocate(1)); // sparse
        }
        assertRefused("/file?name=large", "name");
    }

    @Test
    void aFifoBlocksItsOwnRequestsOnly() throws Exception {
        Path fifo = directory.resolve("pipe");
        Process mkfifo = new ProcessBuilder("mkfifo", fifo.toString()).inheritIO().start();
        assertTrue(mkfifo.waitFor(LIMIT) && mkfifo.exitValue() == 0, "mkfifo");
        int readers = 2 * server.scheduler().gomaxprocs() + 4;
        List<CompletableFuture<HttpResponse<String>>> blocked = new ArrayList<>();
        for (int i = 0; i < readers; i++) {
            blocked.add(client.sendAsync(request("/file?name=pipe").build(), BodyHandlers.ofString()));
        }
        await(() -> server.scheduler().stats().threads().syscall() >= readers);
        assertEquals("Hello, World!", get("/plaintext").body());
        assertTrue(blocked.stream().noneMatch(CompletableFuture::isDone));

        // opened for both ways, so that this does not wait for a reader; when it is closed all see the end
        try (var pipe = new RandomAccessFile(fifo.toFile(), "rw")) {
            pipe.write(new byte[0]);
        }
        for (CompletableFuture<HttpResponse<String>> reader : blocked) {
            assertEquals(200, reader.get(LIMIT.toSeconds(), TimeUnit.SECONDS).statusCode());
        }
    }

    @Test
    void tracesAreThere() throws Exception {
        HttpResponse<String> trace = get("/debug/trace?seconds=1");
        assertEquals(200, trace.statusCode());
        assertTrue(trace.body().contains("\"traceEvents\":["), trace.body());
    }

    @Test
    void metricsMove() throws Exception {
        get("/fanout?n=100");
        String before = get("/metrics").body();
        get("/fanout?n=100");
        String after = get("/metrics").body();
        String created = "heddle_sched_goroutines_created_total";
        assertTrue(metric(after, created) - metric(before, created) >= 100, after);
        for (String name : List.of(
                "heddle_sched_procs",
                "heddle_sched_threads{state=\"syscall\"}",
                "heddle_sched_handoffs_total",
                "heddle_sched_preemptions_total",
                "heddle_netpoll_events_total")) {
            metric(after, name);
        }
        assertTrue(after.contains("http_route=\"/fanout\""), after);
    }

    private static double metric(String text, String name) {
        return text.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findAny()
                .orElseThrow(() -> new AssertionError("no " + name + " in\n" + text));
    }

    @Test
    void withoutADirectoryThereAreNoFiles() throws Exception {
        try (Server bare = start(Optional.empty())) {
            for (String path : List.of("/file?name=x", "/static/x")) {
                URI uri = URI.create("http://127.0.0.1:" + bare.port() + path);
                HttpRequest request = HttpRequest.newBuilder(uri).timeout(LIMIT).build();
                assertEquals(404, client.send(request, BodyHandlers.ofString()).statusCode());
            }
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) throws InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.holds()) {
            assertTrue(System.nanoTime() - deadline < 0, "condition does not hold within " + LIMIT);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path)).timeout(LIMIT);
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    private HttpResponse<byte[]> post(String path, BodyPublisher body) throws IOException, InterruptedException {
        HttpRequest request = request(path).header("Content-Type", "image/x-noise").POST(body).build();
        return client.send(request, BodyHandlers.ofByteArray());
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElseThrow(() -> new AssertionError("no header " + name));
    }
}
