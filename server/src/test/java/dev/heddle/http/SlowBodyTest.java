package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Bodies that come too slowly. */
@HttpTest
class SlowBodyTest {
    private static final Duration GRACE = Duration.ofMillis(300);
    private static final int RATE = 100_000;

    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = App.create()
                .post("/read", c -> c.text(Integer.toString(c.bodyBytes().length)))
                .post("/late", c -> {
                    Goroutine.sleep(GRACE.multipliedBy(2));
                    c.text(Integer.toString(c.bodyBytes().length));
                })
                .post("/none", c -> c.text("not read"))
                .with(Servers.config().withBodyGrace(GRACE).withBodyMinRate(RATE))
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void aBodyThatStops() throws IOException {
        long before = server.stats().bodyTimeouts();
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc");
            Answer answer = client.read();
            assertEquals(408, answer.status(), answer::toString);
            assertTrue(answer.text().contains("3 bytes in"), answer::text);
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
        }
        assertEquals(before + 1, server.stats().bodyTimeouts());
    }

    @Test
    void aBodyThatTrickles() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
            long before = server.stats().bodyTimeouts();
            long[] last = {System.nanoTime()};
            Await.until("the server gives up", () -> {
                long now = System.nanoTime();
                if (now - last[0] > 20_000_000) {
                    last[0] = now;
                    try {
                        client.send("a");
                    } catch (IOException e) {
                        return true;
                    }
                }
                return server.stats().bodyTimeouts() > before;
            });
            assertEquals(408, client.read().status());
        }
    }

    @Test
    void onlyTheTimeThatAHandlerWaitsCounts() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /late HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
            assertEquals("5", client.send("hello").read().text());
        }
    }

    @Test
    void fastEnoughIsFastEnough() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
            long start = System.nanoTime();
            int[] sent = {0};
            Await.until("all is sent", () -> { // ten times the rate, for longer than the grace
                long due = (System.nanoTime() - start) * 10 * RATE / 1_000_000_000;
                int n = (int) Math.min(1_000_000 - sent[0], due - sent[0]);
                if (n > 0) {
                    try {
                        client.send(new byte[n]);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                    sent[0] += n;
                }
                return sent[0] == 1_000_000;
            });
            assertEquals("1000000", client.read().text());
        }
    }

    @Test
    void aBodyThatNobodyWantsMustEndToo() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /none HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc");
            assertEquals("not read", client.read().text());
            assertTrue(client.isAtEnd());
        }
    }

    /** No grace is no time, in both of its meanings. */
    @Test
    void withoutGrace() throws IOException {
        Server strict = App.create()
                .post("/read", c -> c.text(Integer.toString(c.bodyBytes().length)))
                .post("/none", c -> c.text("not read"))
                .with(Servers.config().withBodyGrace(Duration.ZERO))
                .start();
        try (strict;
                RawClient client = RawClient.to(strict);
                RawClient other = RawClient.to(strict)) {
            client.send("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n");
            assertEquals(408, client.read().status());
            other.send("POST /none HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc");
            assertEquals("not read", other.read().text());
            assertTrue(other.isAtEnd());
            assertEquals(2, strict.stats().bodyTimeouts());
        }
    }
}
