package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.heddle.context.CancellableContext;
import dev.heddle.context.Context;
import dev.heddle.context.TaskGroup;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What clients cause is counted, and nothing in the log speaks of it: they could cause it as often as they like. */
@HttpTest
class ClientFaultTest {
    private static final String CHUNKED = " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";

    private final CountDownLatch gone = new CountDownLatch(1);
    private final CountDownLatch held = new CountDownLatch(3);
    private final CountDownLatch never = new CountDownLatch(1);
    private Logs logs;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        logs = new Logs();
        App app = App.create()
                .post("/read", c -> c.text("" + c.bodyBytes().length))
                .post("/echo", c -> c.stream("text/plain", out -> {
                    out.write('>');
                    out.flush();
                    c.bodyStream().transferTo(out);
                }))
                .post("/wrapped", c -> {
                    try {
                        c.bodyStream().readAllBytes();
                    } catch (IOException | RuntimeException e) {
                        throw new CompletionException(new UncheckedIOException(new IOException("import failed", e)));
                    }
                })
                .post("/lines", c -> c.text("" + new BufferedReader(new InputStreamReader(c.bodyStream())).lines().count()))
                .post("/task", c -> {
                    try (TaskGroup group = TaskGroup.open()) {
                        group.fork(() -> c.bodyBytes().length);
                        group.join();
                    }
                })
                .get("/hold", c -> {
                    held.countDown();
                    never.await();
                })
                .get("/in-time", c -> c.stream("text/plain", out -> {
                    try (CancellableContext context = Context.current().withTimeout(Duration.ofMillis(50))) {
                        context.call(() -> {
                            while (true) {
                                out.write(new byte[10_000]);
                            }
                        });
                    }
                }))
                .get("/endless", c -> c.stream("text/plain", out -> {
                    try {
                        while (true) {
                            out.write(new byte[10_000]);
                        }
                    } catch (IOException e) {
                        gone.countDown();
                        throw new UncheckedIOException(e);
                    }
                }));
        server = app.with(Servers.config().withMaxBodyBytes(10).with("body-grace", "200ms").with("body-min-rate", "1MiB"))
                .start();
    }

    @AfterEach
    void stop() {
        server.close();
        logs.close();
    }

    private void nothingIsLogged() {
        server.close(); // everything that goes on has ended
        List<String> lines = logs.with("").stream()
                .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .map(ILoggingEvent::getFormattedMessage)
                .filter(line -> !line.endsWith("are cut off after the grace"))
                .toList();
        assertEquals(List.of(), lines);
    }

    private int status(String path, String body) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            return client.send("POST " + path + CHUNKED + body).read().status();
        }
    }

    @Test
    void answersThatAreNotTakenForAsLongAsTheHandlerHasTime() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/in-time");
            Await.until("the time is over", () -> server.stats().writeTimeouts() == 1);
            assertEquals(0, server.stats().responsesAborted());
        }
        nothingIsLogged();
    }

    @Test
    void bodiesThatAreTooLarge() throws IOException {
        String large = "b\r\n01234567890\r\n0\r\n\r\n";
        for (String path : List.of("/read", "/wrapped", "/lines", "/task")) {
            assertEquals(413, status(path, large), path);
        }
        Await.until("the counter", () -> server.stats().malformed() == 4);
        assertEquals(0, server.stats().responsesAborted());
        nothingIsLogged();
    }

    @Test
    void bodiesThatAreTooSlowOrMalformed() throws IOException {
        for (String path : List.of("/read", "/wrapped", "/lines", "/task")) {
            assertEquals(408, status(path, "3\r\nabc\r\n"), path);
            assertEquals(400, status(path, "3\r\nabc\r\nzz\r\n"), path);
        }
        assertEquals(4, server.stats().bodyTimeouts());
        assertEquals(4, server.stats().malformed());
        nothingIsLogged();
    }

    @Test
    void afterTheHeadTheAnswerIsBrokenOff() throws IOException {
        for (String body : List.of("b\r\n01234567890\r\n0\r\n\r\n", "3\r\nabc\r\n", "3\r\nabc\r\nzz\r\n")) {
            assertThrows(EOFException.class, () -> status("/echo", body));
        }
        Await.until("the counter", () -> server.stats().responsesAborted() == 3);
        nothingIsLogged();
    }

    @Test
    void clientsThatLeave() throws Exception {
        for (String path : List.of("/read", "/wrapped", "/lines", "/task")) {
            try (RawClient client = RawClient.to(server)) {
                client.send("POST " + path + CHUNKED + "3\r\nabc\r\n").reset();
            }
        }
        try (RawClient client = RawClient.to(server)) {
            client.get("/endless").line();
            client.reset();
        }
        gone.await(20, TimeUnit.SECONDS);
        Await.until("the counter", () -> server.stats().clientsGone() == 5);
        nothingIsLogged();
    }

    @Test
    void requestsThatAreCutOff() throws Exception {
        List<RawClient> clients = List.of(RawClient.to(server), RawClient.to(server), RawClient.to(server));
        for (RawClient client : clients) {
            client.get("/hold");
        }
        assertTrue(held.await(20, TimeUnit.SECONDS));
        server.stop(Duration.ZERO);
        for (RawClient client : clients) {
            assertTrue(client.isAtEnd());
            client.close();
        }
        nothingIsLogged();
    }
}
