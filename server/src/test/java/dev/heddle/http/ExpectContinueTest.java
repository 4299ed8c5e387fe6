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
                }))
                .post("/much-first", c -> c.stream("text/plain", out -> {
                    out.write(new byte[100_000]);
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

    /** Once the head of the answer has been sent there is no interim answer any more; the client may send its body yet. */
    @Test
    void notSentIntoTheAnswer() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /head-first" + HEAD);
            assertEquals("HTTP/1.1 200 OK", client.line());
            client.send("hello");
            for (String line = client.line(); !line.isEmpty(); line = client.line()) {
                assertFalse(line.contains("100"), line);
            }
            assertEquals("4", client.line());
            assertEquals("got ", new String(client.exactly(4)));
            assertEquals("", client.line());
            assertEquals("5", client.line());
            assertEquals("hello", new String(client.exactly(5)));
            assertEquals("", client.line());
            assertEquals("0", client.line());
            assertEquals("", client.line());
            assertTrue(client.endsCleanly(), "the body might not have come, which the head has said");
        }
    }

    @Test
    void notSentIntoALongAnswer() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /much-first" + HEAD);
            assertEquals("HTTP/1.1 200 OK", client.line());
            client.send("hello");
            String rest = new String(client.rest(), java.nio.charset.StandardCharsets.ISO_8859_1);
            assertTrue(rest.endsWith("5\r\nhello\r\n0\r\n\r\n"), rest.substring(rest.length() - 50));
            assertFalse(rest.contains("100 Continue"));
        }
    }

    @Test
    void withoutTheExpectationNothingChanges() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /head-first HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
            Answer answer = client.read();
            assertEquals("got hello", answer.text());
            assertFalse(answer.closes());
            client.send("POST /read" + HEAD);
            assertEquals(100, client.read().status());
            assertEquals("hello", client.send("hello").read().text());
        }
    }
}
