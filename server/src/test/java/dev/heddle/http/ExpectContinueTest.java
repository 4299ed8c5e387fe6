package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** 100 Continue is sent when the handler begins to read, and only then. */
@HttpTest
class ExpectContinueTest {
    private static final String HEAD =
            " HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .post("/read", c -> c.text(c.bodyText()))
                .post("/refuse", c -> c.status(403).text("no"))
                .post("/head-first", c -> c.stream("text/plain", out -> {
                    out.write("got ".getBytes());
                    out.flush();
                    out.write(c.bodyBytes());
                })));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void sentOnTheFirstRead() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < 3; i++) {
                client.send("POST /read" + HEAD);
                assertEquals("HTTP/1.1 100 Continue", client.read().statusLine());
                client.send("hello");
                Answer answer = client.read();
                assertEquals("hello", answer.text());
                assertFalse(answer.closes());
            }
        }
    }

    @Test
    void notSentIfTheHandlerDoesNotRead() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /refuse" + HEAD);
            Answer answer = client.read();
            assertEquals(403, answer.status());
            assertTrue(answer.closes(), "the body may come or not, so the connection cannot be used again");
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void notNeededIfTheBodyIsThere() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /read" + HEAD + "hello");
            Answer answer = client.read();
            answer = answer.status() == 100 ? client.read() : answer; // allowed, if the handler was faster than the body
            assertEquals("hello", answer.text());
        }
    }

    @Test
    void notSentToHttp10() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /read HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            client.send("hello");
            assertEquals("hello", client.read().text());
        }
    }
}
