package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How long a connection lives, in requests. */
@HttpTest
class KeepAliveTest {
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/", c -> c.text("hello"))
                .get("/last", c -> c.header("Connection", "close").text("last"))
                .get("/stream", c -> c.stream("text/plain", out -> {
                    out.write("a".getBytes());
                    out.flush();
                    out.write("b".getBytes());
                })));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void manyRequestsOnOneConnection() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < 100; i++) {
                Answer answer = client.get("/").read();
                assertEquals("HTTP/1.1 200 OK", answer.statusLine());
                assertEquals("hello", answer.text());
                assertFalse(answer.closes());
            }
        }
    }

    @Test
    void clientAsksToClose() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
            Answer answer = client.read();
            assertTrue(answer.closes());
            assertEquals("hello", answer.text());
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void requestsAfterCloseAreNotServed() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
            client.get("/");
            assertEquals("hello", client.read().text());
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void handlerAsksToClose() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            Answer answer = client.get("/last").read();
            assertTrue(answer.closes());
            assertEquals("last", answer.text());
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void http10ClosesUnlessAsked() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET / HTTP/1.0\r\n\r\n");
            Answer answer = client.read();
            assertEquals("HTTP/1.1 200 OK", answer.statusLine());
            assertEquals("hello", answer.text());
            assertTrue(client.isAtEnd());
        }
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < 3; i++) {
                client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
                Answer answer = client.read();
                assertEquals("keep-alive", answer.header("connection"));
                assertEquals("hello", answer.text());
            }
        }
    }

    @Test
    void http10StreamEndsWithTheConnection() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            Answer answer = client.read();
            assertNull(answer.header("transfer-encoding"));
            assertNull(answer.header("content-length"));
            assertEquals("ab", answer.text());
            assertTrue(client.isAtEnd());
        }
    }
}
