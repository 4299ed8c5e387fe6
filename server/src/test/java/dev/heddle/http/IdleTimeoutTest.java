package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Connections without a request are closed after a while, those with one are not. */
@HttpTest
class IdleTimeoutTest {
    private static final Duration TIMEOUT = Duration.ofMillis(300);

    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = App.create()
                .get("/", c -> c.text("hello"))
                .get("/slow", c -> {
                    Goroutine.sleep(TIMEOUT.multipliedBy(3));
                    c.text("slow");
                })
                .get("/mb", c -> c.bytes("text/plain", new byte[1_000_000]))
                .with(Servers.config().withIdleTimeout(TIMEOUT))
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void fromTheBeginning() throws IOException {
        long before = server.stats().idleTimeouts();
        try (RawClient client = RawClient.to(server)) {
            long start = System.nanoTime();
            assertTrue(client.isAtEnd());
            assertTrue(System.nanoTime() - start >= TIMEOUT.toNanos() * 9 / 10);
        }
        assertTrue(server.stats().idleTimeouts() > before);
    }

    @Test
    void fromTheLastAnswer() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            long end = System.nanoTime() + 2 * TIMEOUT.toNanos();
            long last = 0;
            while (System.nanoTime() - end < 0) {
                assertEquals("hello", client.get("/").read().text());
                last = System.nanoTime();
            }
            assertTrue(client.isAtEnd());
            assertTrue(System.nanoTime() - last >= TIMEOUT.toNanos() * 9 / 10);
        }
    }

    @Test
    void notWhileAHandlerIsAtWork() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("slow", client.get("/slow").read().text());
            long last = System.nanoTime();
            assertTrue(client.isAtEnd());
            assertTrue(System.nanoTime() - last >= TIMEOUT.toNanos() * 8 / 10, "the time begins with the answer");
        }
    }

    @Test
    void notWhileTheClientTakesTheAnswer() throws IOException {
        Assumptions.assumeFalse("nio".equals(System.getProperty("heddle.test.poller")), "only Linux's epoll tells it");
        long before = server.stats().idleTimeouts();
        try (RawClient client = RawClient.to(server, 4096)) {
            client.get("/mb"); // all of it is in the kernel's buffer soon
            long end = System.nanoTime() + 4 * TIMEOUT.toNanos();
            while (System.nanoTime() - end < 0) {
                client.exactly(8_000);
                long next = System.nanoTime() + TIMEOUT.toNanos() / 8;
                Await.until("the next piece", () -> System.nanoTime() - next >= 0);
            }
            assertEquals(before, server.stats().idleTimeouts());
            client.rest();
        }
        Await.until("the time is over", () -> server.stats().idleTimeouts() == before + 1);
    }
}
