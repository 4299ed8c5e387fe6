package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many requests of all kinds on many connections: each is answered once, in order, with its own answer. */
@HttpTest
class ConservationTest {
    private Server server;

    @BeforeEach
    void start() throws IOException {
        server = App.create()
                .get("/n/{n}", c -> c.text("n" + c.path("n").get()))
                .get("/yield/{n}", c -> {
                    Goroutine.gosched();
                    c.text("n" + c.path("n").get());
                })
                .get("/sleep/{n}", c -> {
                    Goroutine.sleep(Duration.ofNanos(100_000));
                    c.text("n" + c.path("n").get());
                })
                .get("/chunked/{n}", c -> c.stream("text/plain", out -> {
                    out.write('n');
                    out.flush();
                    out.write(c.path("n").get().getBytes());
                }))
                .post("/echo/{n}", c -> {
                    String body = c.bodyText();
                    c.text("n" + (body.equals("body " + c.path("n").get()) ? c.path("n").get() : body));
                })
                .post("/ignore/{n}", c -> c.text("n" + c.path("n").get()))
                .with(Servers.config().withMaxPipelined(4))
                .start();
    }

    @AfterEach
    void stop() {
        assertTrue(server.stop(Duration.ofSeconds(10)));
    }

    private static String request(Random random, int n) {
        String body = "body " + n;
        return switch (random.nextInt(7)) {
            case 0 -> "GET /yield/" + n + " HTTP/1.1\r\nHost: test\r\n\r\n";
            case 1 -> "GET /sleep/" + n + " HTTP/1.1\r\nHost: test\r\n\r\n";
            case 2 -> "GET /chunked/" + n + " HTTP/1.1\r\nHost: test\r\n\r\n";
            case 3 ->
                "POST /echo/" + n + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
            case 4 ->
                "POST /ignore/" + n + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n";
            default -> "GET /n/" + n + " HTTP/1.1\r\nHost: test\r\n\r\n";
        };
    }

    private static final int CLIENTS = 8;
    private static final int REQUESTS = 2_000;

    @Test
    void pipelinedInBurstsOfAnySize() throws Exception {
        clients().get(50, TimeUnit.SECONDS);
        allWereServed();
    }

    /** Connections stay with their loops, and loops belong to no P. */
    @Test
    void whileTheNumberOfPsChanges() throws Exception {
        CompletableFuture<Void> clients = clients();
        Random random = new Random(1);
        while (!clients.isDone()) {
            server.scheduler().gomaxprocs(1 + random.nextInt(8));
            LockSupport.parkNanos(random.nextInt(2_000_000));
        }
        clients.get();
        allWereServed();
    }

    private CompletableFuture<Void> clients() {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            int seed = i;
            all.add(CompletableFuture.runAsync(() -> burst(new Random(seed), REQUESTS), Thread::startVirtualThread));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    private void allWereServed() {
        Await.until("all turns are over", () -> server.stats().requestsActive() == 0);
        assertEquals((long) CLIENTS * REQUESTS, server.stats().requests());
    }

    private void burst(Random random, int requests) {
        try (RawClient client = RawClient.to(server)) {
            int sent = 0;
            while (sent < requests) {
                int first = sent;
                StringBuilder burst = new StringBuilder();
                int size = 1 + random.nextInt(12);
                for (int i = 0; i < size && sent < requests; i++) {
                    burst.append(request(random, sent++));
                }
                int cut = random.nextInt(burst.length());
                client.send(burst.substring(0, cut)).send(burst.substring(cut));
                for (int i = first; i < sent; i++) {
                    assertEquals("n" + i, client.read().text());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void withTheClientOfTheJdk() throws Exception {
        try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int n = 0; n < 300; n++) {
                HttpRequest.Builder builder = HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + server.port() + (n % 2 == 0 ? "/sleep/" : "/echo/") + n))
                        .timeout(Duration.ofSeconds(20));
                HttpRequest request = n % 2 == 0
                        ? builder.GET().build()
                        : builder.POST(HttpRequest.BodyPublishers.ofString("body " + n)).build();
                answers.add(client.sendAsync(request, BodyHandlers.ofString()));
            }
            for (int n = 0; n < answers.size(); n++) {
                HttpResponse<String> answer = answers.get(n).get(20, TimeUnit.SECONDS);
                assertEquals(200, answer.statusCode());
                assertEquals("n" + n, answer.body());
            }
        }
    }
}
