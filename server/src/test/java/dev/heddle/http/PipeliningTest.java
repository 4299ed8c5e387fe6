package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that come before the answers to those before them. */
@HttpTest
class PipeliningTest {
    private static final int LIMIT = 8;

    private final AtomicInteger atOnce = new AtomicInteger();
    private final AtomicInteger mostAtOnce = new AtomicInteger();
    private final CountDownLatch gate = new CountDownLatch(1);
    private Server server;

    @BeforeEach
    void start() throws IOException {
        server = App.create()
                .use((c, next) -> {
                    mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    next.proceed(c);
                    atOnce.decrementAndGet();
                })
                .get("/n/{n}", c -> {
                    int n = c.path("n").asInt();
                    if (n % 3 == 0) { // those that sleep must not be overtaken
                        Goroutine.sleep(Duration.ofMillis(2));
                    }
                    c.text(n + " in " + Goroutine.current().id());
                })
                .get("/gate", c -> {
                    gate.await();
                    c.text("open");
                })
                .post("/echo", c -> c.text(c.bodyText()))
                .with(Servers.config().withMaxPipelined(LIMIT))
                .start();
    }

    @AfterEach
    void stop() {
        gate.countDown();
        server.close();
    }

    @Test
    void answersComeInOrderEachFromItsOwnGoroutine() throws IOException {
        int requests = 500;
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < requests; i++) {
            all.append("GET /n/").append(i).append(" HTTP/1.1\r\nHost: test\r\n\r\n");
        }
        Set<String> goroutines = new HashSet<>();
        try (RawClient client = RawClient.to(server)) {
            client.send(all.toString());
            for (int i = 0; i < requests; i++) {
                String[] parts = client.read().text().split(" in ");
                assertEquals(Integer.toString(i), parts[0]);
                goroutines.add(parts[1]);
            }
        }
        assertEquals(requests, goroutines.size());
        assertEquals(1, mostAtOnce.get(), "requests of one connection at once");
    }

    @Test
    void bodiesStayWithTheirRequests() throws IOException {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            String body = "body " + i;
            if (i % 2 == 0) {
                all.append("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: ")
                        .append(body.length())
                        .append("\r\n\r\n")
                        .append(body);
            } else {
                all.append("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
                        .append(Integer.toHexString(body.length()))
                        .append("\r\n")
                        .append(body)
                        .append("\r\n0\r\n\r\n");
            }
        }
        try (RawClient client = RawClient.to(server)) {
            client.send(all.toString());
            for (int i = 0; i < 100; i++) {
                assertEquals("body " + i, client.read().text());
            }
        }
    }

    @Test
    void requestsSplitAnywhereAreTheSame() throws IOException {
        String all = "GET /n/1 HTTP/1.1\r\nHost: test\r\n\r\n"
                + "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello"
                + "GET /n/2 HTTP/1.1\r\nHost: test\r\n\r\n";
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < all.length(); i++) {
                client.send(all.substring(i, i + 1));
            }
            assertTrue(client.read().text().startsWith("1 in"));
            assertEquals("hello", client.read().text());
            assertTrue(client.read().text().startsWith("2 in"));
        }
    }

    @Test
    void readingStopsWhileRequestsWait() throws IOException {
        ByteBuffer requests = ByteBuffer.wrap(
                "GET /n/1 HTTP/1.1\r\nHost: test\r\n\r\n".repeat(2000).getBytes(StandardCharsets.ISO_8859_1));
        try (SocketChannel client = SocketChannel.open(new InetSocketAddress("127.0.0.1", server.port()))) {
            client.write(ByteBuffer.wrap("GET /gate HTTP/1.1\r\nHost: test\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1)));
            Await.until("the first request", () -> atOnce.get() == 1);
            client.configureBlocking(false);
            long sent = 0;
            int refused = 0;
            while (refused < 50) { // until the socket has taken nothing for a while
                requests.clear();
                int n = client.write(requests);
                sent += n;
                refused = n == 0 ? refused + 1 : 0;
                if (n == 0) {
                    AtomicInteger turns = new AtomicInteger();
                    Await.until("a moment", () -> turns.incrementAndGet() > 3);
                }
                assertTrue(sent < 64 << 20, "the server reads on: " + sent + " bytes");
            }
            assertEquals(1, mostAtOnce.get());
            assertEquals(1, server.stats().requests());
            gate.countDown();
            client.configureBlocking(true);
            ByteBuffer some = ByteBuffer.allocate(1 << 20);
            while (some.position() < 500_000) { // all are answered once the gate is open
                assertTrue(client.read(some) > 0);
            }
        }
    }
}
