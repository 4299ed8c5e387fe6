package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Bodies that are larger than allowed. */
@HttpTest
class BodyLimitTest {
    private static final int LIMIT = 1000;

    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = App.create()
                .post("/", c -> c.text(Integer.toString(c.bodyBytes().length)))
                .post("/stream", c -> c.text(Integer.toString(c.bodyStream().readAllBytes().length)))
                .post("/more", c -> c.maxBody(2 * LIMIT).text(Integer.toString(c.bodyBytes().length)))
                .post("/any", c -> c.maxBody(0).text(Integer.toString(c.bodyBytes().length)))
                .with(Servers.config().withMaxBodyBytes(LIMIT))
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void theLimitIsInclusive() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("1000", client.post("/", "x".repeat(LIMIT)).read().text());
            assertEquals("1000", client.post("/stream", "x".repeat(LIMIT)).read().text());
            Answer answer = client.post("/", "x".repeat(LIMIT + 1)).read();
            assertEquals(413, answer.status(), answer::toString);
        }
    }

    @Test
    void theLengthAloneIsEnough() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            refused(client.send("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n"));
        }
    }

    @Test
    void chunksAreCounted() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int i = 0; i < 10; i++) {
                client.send("64\r\n" + "x".repeat(100) + "\r\n");
            }
            refused(client.send("1\r\nx\r\n"));
        }
    }

    private static void refused(RawClient client) throws IOException {
        Answer answer = client.read();
        assertEquals(413, answer.status(), answer::toString);
        assertEquals("application/problem+json", answer.header("content-type"));
        assertTrue(answer.text().contains("larger than 1000 bytes"), answer::text);
        assertTrue(answer.closes());
        assertTrue(client.isAtEnd());
    }

    @Test
    void aClientThatGoesOnSendingGetsTheAnswerAndNoReset() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5000000\r\n\r\n");
            for (int i = 0; i < 10; i++) {
                client.send(new byte[100_000]);
            }
            Answer answer = client.read();
            assertEquals(413, answer.status(), answer::toString);
            assertTrue(answer.closes());
            assertTrue(client.endsCleanly());
        }
    }

    @Test
    void handlersCanChangeIt() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("2000", client.post("/more", "x".repeat(2 * LIMIT)).read().text());
            assertEquals("100000", client.post("/any", "x".repeat(100 * LIMIT)).read().text());
            Answer answer = client.post("/more", "x".repeat(2 * LIMIT + 1)).read();
            assertEquals(413, answer.status());
        }
    }
}
