package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that end their sending side and wait for the answers, with both values of the setting. */
@HttpTest
class HalfCloseTest {
    private static final int LIMIT = 8;

    private final CountDownLatch gate = new CountDownLatch(1);
    private final CountDownLatch begun = new CountDownLatch(1);
    private Server server;

    private void start(boolean halfClose) throws IOException {
        server = App.create()
                .get("/", c -> {
                    Goroutine.sleep(Duration.ofMillis(20));
                    c.text("hello");
                })
                .get("/flag", c -> {
                    begun.countDown();
                    Await.until("the client has ended its side", () -> c.isClientGone() || gate.getCount() == 0);
                    c.text("gone: " + c.isClientGone());
                })
                .get("/gate", c -> {
                    begun.countDown();
                    gate.await();
                    c.text("open");
                })
                .get("/big", c -> c.stream("text/plain", out -> {
                    for (int i = 0; i < 1000; i++) {
                        out.write(new byte[10_000]);
                    }
                }))
                .post("/", c -> c.text(c.bodyText()))
                .post("/unread", c -> c.text("not read"))
                .with(Servers.config().withHalfClose(halfClose).withMaxPipelined(LIMIT))
                .start();
    }

    @AfterEach
    void stop() {
        gate.countDown();
        server.close();
    }

    private void noConnectionIsLeft() {
        Await.until("the connection is gone", () -> server.stats().connectionsOpen() == 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void allAnswersComeThenTheEnd(boolean halfClose) throws IOException {
        start(halfClose);
        try (RawClient client = RawClient.to(server)) {
            client.get("/").get("/").get("/big").post("/", "body").endOutput();
            assertEquals("hello", client.read().text());
            assertEquals("hello", client.read().text());
            assertEquals(10_000_000, client.read().body().length);
            assertEquals("body", client.read().text());
            assertTrue(client.endsCleanly());
        }
        noConnectionIsLeft();
        assertEquals(0, server.stats().clientsGone());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void alsoThoseThatWereHeldBack(boolean halfClose) throws Exception {
        start(halfClose);
        int requests = 10 * LIMIT;
        try (RawClient client = RawClient.to(server)) {
            client.get("/gate");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            client.send("GET /big HTTP/1.1\r\nHost: test\r\n\r\n" + "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx"
                    .repeat(requests));
            client.endOutput();
            gate.countDown();
            assertEquals("open", client.read().text());
            assertEquals(10_000_000, client.read().body().length);
            for (int i = 0; i < requests; i++) {
                assertEquals("x", client.read().text());
            }
            assertTrue(client.endsCleanly());
        }
        noConnectionIsLeft();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatHandlersAreTold(boolean halfClose) throws Exception {
        start(halfClose);
        try (RawClient client = RawClient.to(server)) {
            client.get("/flag");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            client.endOutput();
            if (halfClose) {
                Await.until("the loop has seen it", () -> server.shared().connections().stream()
                        .allMatch(Http1Connection::isEnding));
                gate.countDown();
            }
            assertEquals("gone: " + !halfClose, client.read().text());
            assertTrue(client.endsCleanly());
        }
    }

    /** After the last answer a client has 2 s to see it, and not longer than until it has left. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoHasSeenTheLastAnswerIsNotWaitedFor(boolean halfClose) throws IOException {
        start(halfClose);
        int rounds = 5;
        long begin = System.nanoTime();
        for (int i = 0; i < rounds; i++) {
            try (RawClient client = RawClient.to(server)) {
                assertEquals(400, client.send("nonsense\r\n\r\n").read().status());
                assertTrue(client.endsCleanly());
            }
            noConnectionIsLeft();
        }
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
        assertTrue(seconds < rounds, seconds + " s for " + rounds + " connections");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void insideABodyItIsTheEnd(boolean halfClose) throws IOException {
        start(halfClose);
        for (String length : new String[] {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
            try (RawClient client = RawClient.to(server)) {
                client.send("POST / HTTP/1.1\r\nHost: test\r\n" + length).endOutput();
                assertTrue(client.isAtEnd());
            }
            try (RawClient client = RawClient.to(server)) {
                client.send("POST /unread HTTP/1.1\r\nHost: test\r\n" + length).endOutput();
                assertEquals("not read", client.read().text());
                assertTrue(client.endsCleanly());
            }
        }
        noConnectionIsLeft();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withoutARequestItIsTheEnd(boolean halfClose) throws IOException {
        start(halfClose);
        for (String part : new String[] {"", "\r\n", "GET / HT", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: te"}) {
            try (RawClient client = RawClient.to(server)) {
                client.send(part).endOutput();
                assertTrue(client.endsCleanly(), part);
            }
            try (RawClient client = RawClient.to(server)) {
                client.get("/").send(part).endOutput();
                assertEquals("hello", client.read().text());
                assertTrue(client.endsCleanly(), part);
            }
        }
        noConnectionIsLeft();
        assertEquals(0, server.stats().malformed());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aResetIsTheEndInAnyCase(boolean halfClose) throws Exception {
        start(halfClose);
        try (RawClient client = RawClient.to(server)) {
            client.get("/flag");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            client.reset();
        }
        noConnectionIsLeft();
    }
}
