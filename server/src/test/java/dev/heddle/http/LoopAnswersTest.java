package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a loop answers by itself on a connection that takes nothing: it must not wait for the client, since only it can find
 * out that the client takes something again. The server has one loop, so a loop that waits stops everybody.
 */
@HttpTest
class LoopAnswersTest {
    private static final int BIG = 20_000_000; // more than the kernel takes
    private static final int PIECE = 60_000;
    private static final Duration SHORT = Duration.ofMillis(300);

    private Server server;

    private void start(long writeSeconds) throws IOException {
        start(Servers.config().withWriteTimeout(Duration.ofSeconds(writeSeconds)));
    }

    private void start(ServerConfig config) throws IOException {
        server = App.create()
                .get("/", c -> c.text("hello"))
                .get("/big", c -> c.bytes("text/plain", new byte[BIG]))
                .get("/piece", c -> c.bytes("text/plain", new byte[PIECE]))
                .post("/read", c -> c.text(c.bodyText()))
                .post("/unread", c -> c.text("no"))
                .with(config.withNetpoll(NetpollConfig.defaults().withLoops(1))
                        .with("poller", System.getProperty("heddle.test.poller", "auto")))
                .start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** Returns a client that has been sent more than the kernel takes, and has read nothing. */
    private RawClient full() throws IOException {
        RawClient client = RawClient.to(server, 4096);
        client.get("/big");
        Await.until("the answer is made", () -> server.stats().requests() >= 1 && server.stats().requestsActive() == 0);
        othersAreServed();
        return client;
    }

    private void othersAreServed() throws IOException {
        try (RawClient other = RawClient.to(server)) {
            for (int i = 0; i < 20; i++) {
                assertEquals("hello", other.get("/").read().text());
            }
        }
    }

    private static void readBig(RawClient client) throws IOException {
        assertEquals(BIG, client.read().body().length);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void aMalformedHead(long writeSeconds) throws IOException {
        start(writeSeconds);
        try (RawClient client = full()) {
            client.send("nonsense\r\n\r\n");
            Await.until("the rejection", () -> server.stats().malformed() == 1);
            othersAreServed();
            readBig(client);
            assertEquals(400, client.read().status());
            assertTrue(client.endsCleanly());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "GET /" + "GET / HTTP/1.1\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: nothing\r\n\r\n",
        "HEAD / HTTP/1.1\r\n\r\n"
    })
    void everyOtherRejection(String request) throws IOException {
        start(0);
        try (RawClient client = full()) {
            client.send(request);
            Await.until("the rejection", () -> server.stats().malformed() == 1);
            othersAreServed();
            readBig(client);
            assertTrue(client.readHead().status() >= 400);
            client.rest();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void aRejectionBehindUnreadAnswers(long writeSeconds) throws IOException {
        start(writeSeconds);
        int answers = 60;
        try (RawClient client = RawClient.to(server, 4096)) {
            client.send("GET /piece HTTP/1.1\r\nHost: test\r\n\r\n".repeat(answers));
            client.send("BAD\r\n\r\n");
            othersAreServed();
            for (int i = 0; i < answers; i++) {
                assertEquals(PIECE, client.read().body().length);
            }
            assertEquals(400, client.read().status());
            assertTrue(client.endsCleanly());
        }
        assertEquals(1, server.stats().malformed());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void aSlowHead(long writeSeconds) throws IOException {
        start(Servers.config().withWriteTimeout(Duration.ofSeconds(writeSeconds)).withHeaderTimeout(SHORT));
        try (RawClient client = full()) {
            client.send("GET / HT");
            Await.until("the time is over", () -> server.stats().headerTimeouts() == 1);
            othersAreServed();
            readBig(client);
            assertEquals(408, client.read().status());
            assertTrue(client.endsCleanly());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void aContinue(long writeSeconds) throws IOException {
        start(writeSeconds);
        try (RawClient client = full()) {
            client.send("POST /read HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            Await.until("the request", () -> server.stats().requestsActive() == 1);
            othersAreServed();
            readBig(client);
            assertEquals(100, client.read().status());
            assertEquals("hello", client.send("hello").read().text());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void malformedChunks(long writeSeconds) throws IOException {
        start(writeSeconds);
        try (RawClient client = full()) {
            client.send("POST /unread HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
            Await.until("the chunks", () -> server.stats().malformed() == 1);
            othersAreServed();
            readBig(client);
            assertEquals("no", client.read().text());
            assertTrue(client.endsCleanly());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void theLingeringAfterAnUnwantedBody(long writeSeconds) throws IOException {
        start(writeSeconds);
        try (RawClient client = full()) {
            client.send("POST /unread HTTP/1.1\r\nHost: test\r\nContent-Length: 10000000\r\n\r\nabc");
            othersAreServed();
            readBig(client);
            assertEquals("no", client.read().text());
            assertTrue(client.endsCleanly());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void theIdleTimeout(long writeSeconds) throws IOException {
        start(Servers.config().withWriteTimeout(Duration.ofSeconds(writeSeconds)).withIdleTimeout(SHORT));
        try (RawClient client = full()) {
            try (RawClient idle = RawClient.to(server)) {
                assertTrue(idle.isAtEnd()); // the time has passed on the same loop
            }
            othersAreServed();
            readBig(client);
            assertTrue(client.endsCleanly());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 30})
    void theDrain(long writeSeconds) throws Exception {
        start(writeSeconds);
        try (RawClient client = full();
                RawClient other = RawClient.to(server)) {
            assertEquals("hello", other.get("/").read().text());
            CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(() -> server.stop(Duration.ofSeconds(20)));
            assertTrue(other.isAtEnd(), "the drain has come to that loop");
            readBig(client);
            assertTrue(client.endsCleanly());
            assertTrue(stopped.get());
        }
    }
}
