package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients that end their sending side and wait for the answers, where that is allowed. */
@HttpTest
class HalfCloseTest {
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = App.create()
                .get("/", c -> {
                    Goroutine.sleep(Duration.ofMillis(20));
                    c.text("hello");
                })
                .post("/", c -> c.text(c.bodyText()))
                .with(Servers.config().withHalfClose(true))
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void allAnswersComeThenTheEnd() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/").get("/").get("/").endOutput();
            for (int i = 0; i < 3; i++) {
                assertEquals("hello", client.read().text());
            }
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void insideABodyItIsTheEnd() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc").endOutput();
            assertTrue(client.isAtEnd());
        }
        Await.until("the connection is gone", () -> server.stats().connectionsOpen() == 0);
    }

    @Test
    void withoutARequestItIsTheEnd() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.endOutput();
            assertTrue(client.isAtEnd());
        }
        try (RawClient client = RawClient.to(server)) {
            client.send("GET / HT").endOutput();
            assertTrue(client.isAtEnd());
        }
    }
}
