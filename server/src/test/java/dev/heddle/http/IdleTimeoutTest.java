package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
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
}
