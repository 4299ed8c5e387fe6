package dev.heddle.http.debug;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.App;
import dev.heddle.http.Chain;
import dev.heddle.http.Ctx;
import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import dev.heddle.sched.FlightRecorder;
import dev.heddle.sched.Goroutine;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Traces of a running server. */
@Timeout(60)
class TracesTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(DEADLINE).build();
    private Server server;
    private volatile Thread serving;

    @BeforeEach
    void start() throws Exception {
        ServerConfig config = ServerConfig.defaults();
        server = App.create()
                .get("/", c -> c.text("hello"))
                .get("/who/{x}", c -> c.text(Goroutine.current().name()))
                .group("/debug", group -> group.use(this::noteThread).install(Traces.at("/trace")))
                .with(config.withHost("127.0.0.1").withPort(0).withShutdownHook(false))
                .start();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private void noteThread(Ctx c, Chain next) throws Exception {
        serving = Thread.currentThread();
        next.proceed(c);
    }

    private HttpRequest request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(DEADLINE)
                .build();
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path), HttpResponse.BodyHandlers.ofString());
    }

    private CompletableFuture<HttpResponse<String>> getMeanwhile(String path) {
        CompletableFuture<HttpResponse<String>> answer =
                client.sendAsync(request(path), HttpResponse.BodyHandlers.ofString());
        await(() -> server.scheduler().flightRecorder().isEnabled() || answer.isDone());
        return answer;
    }

    private static boolean tellsOfRequests(HttpResponse<String> answer) {
        return runs(answer, "G[0-9]+ /") > 0;
    }

    /** How often goroutines of that name ran. */
    private static long runs(HttpResponse<String> answer, String name) {
        assertEquals(200, answer.statusCode(), answer.body());
        assertEquals("application/json", answer.headers().firstValue("Content-Type").orElseThrow());
        JsonNode events = JsonMapper.shared().readTree(answer.body()).get("traceEvents");
        return StreamSupport.stream(events.spliterator(), false)
                .filter(e -> e.get("ph").asString().equals("X")
                        && e.get("name").asString().matches(name))
                .count();
    }

    @Test
    void recordsForSomeTimeAndNoLonger() throws Exception {
        CompletableFuture<HttpResponse<String>> trace = getMeanwhile("/debug/trace?seconds=1");
        assertEquals("hello", get("/").body());
        boolean inTime = server.scheduler().flightRecorder().isEnabled(); // else nothing is known: the machine is slow
        assertTrue(tellsOfRequests(trace.get()) || !inTime);
        assertFalse(server.scheduler().flightRecorder().isEnabled());
    }

    /** However late it is when the time is over: the request itself ran when it began to wait and when it had waited. */
    @Test
    void theBeginningIsNotLost() throws Exception {
        assertTrue(runs(get("/debug/trace?seconds=1"), "G[0-9]+ /debug/trace") >= 2);
    }

    @Test
    void answersAtOnceWhenTheRecorderIsOnAndLeavesItOn() throws Exception {
        server.scheduler().flightRecorder().start();
        assertEquals("hello", get("/").body());
        assertTrue(tellsOfRequests(get("/debug/trace")));
        assertTrue(server.scheduler().flightRecorder().isEnabled());
    }

    @Test
    void oneAtATime() throws Exception {
        CompletableFuture<HttpResponse<String>> trace = getMeanwhile("/debug/trace?seconds=60");
        Thread first = serving;
        assertEquals(409, get("/debug/trace?seconds=1").statusCode());
        first.interrupt();
        assertEquals(500, trace.get().statusCode());
        assertEquals(200, get("/debug/trace?seconds=1").statusCode());
    }

    @Test
    void aRequestThatIsInterruptedEndsTheRecorder() throws Exception {
        CompletableFuture<HttpResponse<String>> trace = getMeanwhile("/debug/trace?seconds=60");
        serving.interrupt();
        assertEquals(500, trace.get().statusCode());
        assertFalse(server.scheduler().flightRecorder().isEnabled());
    }

    /** The trace is larger than what sockets hold, so the server is in the middle of it when the recorder is used again. */
    @Test
    void whileAClientReadsSlowlyTheRecorderIsFree() throws Exception {
        FlightRecorder recorder = server.scheduler().flightRecorder();
        try (Socket slow = new Socket()) {
            slow.setReceiveBufferSize(4_096);
            slow.connect(new InetSocketAddress("127.0.0.1", server.port()));
            slow.getOutputStream()
                    .write("GET /debug/trace HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
            await(recorder::isEnabled);
            server.scheduler().go(() -> {
                for (int i = 0; i < 60_000; i++) {
                    Goroutine.goyield();
                }
            });
            await(() -> !recorder.isEnabled());
            recorder.start();
            long bytes = slow.getInputStream().transferTo(OutputStream.nullOutputStream());
            assertTrue(bytes > 8 << 20, bytes + " bytes");
        }
        assertTrue(recorder.isEnabled());
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - end < 0, "it took too long");
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** What traces, dumps and logs call a request. */
    @Test
    void theGoroutineOfARequestHasTheNameOfItsPath() throws Exception {
        assertEquals("/who/me", get("/who/me").body());
        assertEquals("/who/me", get("/who/me?token=secret").body());
        String longPath = "/who/" + "x".repeat(1_000);
        assertEquals(longPath.substring(0, 128), get(longPath).body());
    }

    @Test
    void theTimeHasBounds() throws Exception {
        for (String seconds : new String[] {"0", "61", "-1", "soon"}) {
            HttpResponse<String> answer = get("/debug/trace?seconds=" + seconds);
            assertEquals(400, answer.statusCode(), answer.body());
        }
    }
}
