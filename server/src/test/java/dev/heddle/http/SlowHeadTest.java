package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Heads that do not come to an end: the time is that of the whole head, not of each byte. */
@HttpTest
class SlowHeadTest {
    private static final Duration TIMEOUT = Duration.ofMillis(300);

    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = App.create()
                .get("/", c -> c.text("hello"))
                .with(Servers.config().withHeaderTimeout(TIMEOUT))
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void aHeadThatStops() throws IOException {
        long before = server.stats().headerTimeouts();
        try (RawClient client = RawClient.to(server)) {
            long start = System.nanoTime();
            client.send("GET / HTTP/1.1\r\nHost: te");
            Answer answer = client.read();
            assertTrue(System.nanoTime() - start >= TIMEOUT.toNanos());
            assertEquals(408, answer.status());
            assertEquals("application/problem+json", answer.header("content-type"));
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
        }
        assertEquals(before + 1, server.stats().headerTimeouts());
    }

    @Test
    void aHeadThatTrickles() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/");
            assertEquals(200, client.read().status());
            client.send("GET / HTTP/1.1\r\n");
            long before = server.stats().headerTimeouts();
            long[] last = {System.nanoTime()};
            Await.until("the server gives up", () -> {
                long now = System.nanoTime();
                if (now - last[0] > 20_000_000) { // each byte comes well within the time
                    last[0] = now;
                    try {
                        client.send("a");
                    } catch (IOException e) {
                        return true;
                    }
                }
                return server.stats().headerTimeouts() > before;
            });
            assertEquals(408, client.read().status());
        }
    }

    @Test
    void afterTheAnswersToThoseBefore() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/").get("/").send("GET / HT");
            assertEquals(200, client.read().status());
            assertEquals(200, client.read().status());
            assertEquals(408, client.read().status());
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void manyQuickHeadsAreNotTakenForOneSlowOne() throws IOException {
        long end = System.nanoTime() + 3 * TIMEOUT.toNanos();
        while (System.nanoTime() - end < 0) {
            try (RawClient client = RawClient.to(server)) {
                quickHeads(client, end);
            }
        }
    }

    /** Returns before the end only if this thread itself was too slow once, which happens on a busy machine. */
    private static void quickHeads(RawClient client, long end) throws IOException {
        client.send("GET / HT");
        long begun = System.nanoTime();
        while (System.nanoTime() - end < 0) {
            long before = begun;
            begun = System.nanoTime();
            client.send("TP/1.1\r\nHost: test\r\n\r\nGET / HT"); // there is always a part of a head
            int status = client.read().status();
            if (status == 408) {
                long took = System.nanoTime() - before;
                assertTrue(took >= TIMEOUT.toNanos(), "408 for a head of " + took + " ns");
                return;
            }
            assertEquals(200, status);
        }
    }
}
