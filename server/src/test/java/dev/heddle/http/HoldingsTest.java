package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What all connections may hold together. */
@HttpTest
class HoldingsTest {
    private static final long MOST = 2 << 20;

    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<RawClient> clients = new ArrayList<>();
    private Server server;

    @BeforeEach
    void start() throws IOException {
        byte[] large = new byte[1 << 20];
        server = App.create()
                .get("/", c -> c.text("hello"))
                .get("/large", c -> c.bytes("application/octet-stream", large))
                .post("/gate", c -> {
                    gate.await();
                    c.text("read " + c.bodyStream().transferTo(OutputStream.nullOutputStream()));
                })
                .with(Servers.config().withMaxHeldBytes(MOST))
                .start();
    }

    @AfterEach
    void stop() throws IOException {
        for (RawClient client : clients) {
            client.close();
        }
        gate.countDown();
        server.close();
    }

    private RawClient open() throws IOException {
        RawClient client = RawClient.to(server, 4 << 10);
        clients.add(client);
        return client;
    }

    /** Sends to many connections; some of them may be cut off meanwhile. */
    private void attack(int connections, String text) throws IOException {
        for (int i = 0; i < connections; i++) {
            RawClient client = open();
            try {
                client.send(text);
            } catch (IOException e) {
                // cut off before it has sent everything
            }
        }
    }

    private void otherClientsAreServed() throws IOException {
        Await.until("connections to be cut off", () -> server.stats().connectionsCut() > 0);
        Await.until("less to be held", () -> server.stats().bytesHeld() <= 2 * MOST + (256 << 10));
        for (int i = 0; i < 10; i++) {
            try (RawClient client = RawClient.to(server)) {
                assertEquals("hello", client.get("/").read().text());
                assertEquals("hello", client.get("/").read().text());
            }
        }
        for (RawClient client : clients) {
            client.close();
        }
        gate.countDown();
        Await.until("no connection", () -> server.stats().connectionsOpen() == 0);
        assertEquals(0, server.stats().bytesHeld());
    }

    @Test
    void unfinishedHeads() throws IOException {
        attack(300, "GET / HTTP/1.1\r\nHost: test\r\n" + ("X-Y: " + "v".repeat(200) + "\r\n").repeat(70));
        otherClientsAreServed();
    }

    @Test
    void answersThatNobodyReads() throws IOException {
        attack(100, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n".repeat(8));
        otherClientsAreServed();
    }

    @Test
    void bodiesThatNobodyReads() throws IOException {
        String chunk = "1000\r\n" + "x".repeat(4096) + "\r\n";
        attack(300, "POST /gate HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk.repeat(30));
        otherClientsAreServed();
    }

    /** Their handlers still have what they sent. */
    @Test
    void bodiesOfClientsThatHaveGone() throws IOException {
        for (int i = 0; i < 40; i++) {
            try (RawClient client = RawClient.to(server)) {
                client.send("POST /gate HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n" + "x".repeat(100_000));
            }
        }
        Await.until("room", () -> server.stats().bytesHeld() <= 2 * MOST + (256 << 10));
        attack(300, "POST /gate HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n" + "x".repeat(100_000));
        otherClientsAreServed();
    }

    @Test
    void idleOnesGoFirst() throws IOException {
        for (int i = 0; i < 200; i++) {
            assertEquals("hello", open().get("/").read().text());
        }
        assertTrue(server.stats().bytesHeld() >= 200L * Holdings.CONNECTION_BYTES);
        assertEquals(0, server.stats().connectionsCut());
        for (int i = 0; i < 1100; i++) {
            assertEquals("hello", open().get("/").read().text(), "the one that has just come is served");
        }
        assertTrue(server.stats().connectionsCut() > 0);
        assertTrue(clients.get(0).isAtEnd());
        assertEquals("hello", clients.get(1299).get("/").read().text());
    }

    @Test
    void requestsThatAreServedAreCounted() throws IOException {
        assertEquals(0, server.stats().bytesHeld());
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /gate HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n" + "x".repeat(60_000));
            Await.until("its body", () -> server.stats().bytesHeld() > 60_000);
            gate.countDown();
            assertEquals("read 60000", client.read().text());
            Await.until("nothing", () -> server.stats().bytesHeld() < 2 * Holdings.STEP_BYTES);
        }
        Await.until("no connection", () -> server.stats().bytesHeld() == 0);
    }
}
