package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a request ends: by Content-Length and Transfer-Encoding, and by nothing else. */
@HttpTest
class FramingTest {
    private static final String POST = "POST /echo HTTP/1.1\r\nHost: test\r\n";

    private static Server server;
    private static volatile boolean smuggledSeen;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/length", c -> c.text(c.contentLength() + " " + c.bodyText()))
                .get("/next", c -> c.text("next"))
                .get("/smuggled", c -> smuggledSeen = true)
                .post("/early", c -> c.status(403).text("early"))
                .post("/redirect", c -> c.redirect(303, "/next"))
                .post("/fails", c -> {
                    throw new HttpException(503);
                })
                .post("/coding", c -> c.text(c.headerAll("Transfer-Encoding") + " " + c.bodyText()))
                .post("/echo", c -> c.text(c.contentLength() + " " + c.bodyText() + " " + c.header("X-A").orElse("-"))));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** The smallest: eight bytes of the next request were taken for a body. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Sec-WebSocket-Key1: a\r\nSec-WebSocket-Key2: b\r\n",
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 2\r\n",
                "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
                "Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n",
                "Sec-WebSocket-Origin: a\r\nSec-WebSocket-Location: b\r\n",
                "Expect: 100-continue\r\n",
                "Content-Type: multipart/byteranges; boundary=a\r\n",
                "Content_Length: 5\r\n",
                "Trailer: A\r\nTE: trailers\r\n",
                "X-Content-Length: 5\r\n"
            })
    void withoutLengthAndCodingThereIsNoBody(String headers) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < 2; i++) {
                client.send("GET /length HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n"
                        + "GET /next HTTP/1.1\r\nHost: test\r\n\r\n");
                assertEquals("0 ", client.read().text());
                assertEquals("next", client.read().text());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"5", "5 ", "\t5\t", "0005", "00000000000000000000000000000000005"})
    void lengthsAreDecimalDigits(String length) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send(POST + "Content-Length:" + length + "\r\n\r\nhello").get("/next");
            assertEquals("5 hello -", client.read().text());
            assertEquals("next", client.read().text());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5\r\nhello\r\n0\r\n\r\n",
                "005\r\nhello\r\n000\r\n\r\n",
                "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n",
                "5;a\r\nhello\r\n0;b=c\r\n\r\n",
                "5 ;a\r\nhello\r\n0\r\n\r\n",
                "5\t; a = b ;c=\"d;\\\"\\\\ \u00fc\t\"\r\nhello\r\n0\r\n\r\n",
                "1\r\nh\r\n4\r\nello\r\n0\r\n\r\n",
                "5\r\nhello\r\n0\r\nA: b\r\n\r\n",
                "5\r\nhello\r\n0\r\nX-A: evil\r\nHost: evil\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n"
                        + "Authorization: evil\r\n\r\n"
            })
    void chunks(String chunks) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < 2; i++) {
                client.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks).get("/next");
                assertEquals("-1 hello -", client.read().text());
                assertEquals("next", client.read().text());
            }
            client.send((POST + "Transfer-Encoding: Chunked\r\nX-A: b\r\n\r\n" + chunks)).get("/next");
            assertEquals("-1 hello b", client.read().text());
            assertEquals("next", client.read().text());
        }
    }

    @Test
    void largeChunksAreNotRefused() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send(POST + "Transfer-Encoding: chunked\r\n\r\n80000000\r\n" + "a".repeat(9 << 20));
            assertEquals(413, client.read().status());
        }
    }

    @Test
    void handlersSeeTheCoding() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /coding HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            assertEquals("[chunked] hello", client.read().text());
        }
    }

    /** Behind a proxy with shared connections each of these would be the next client's. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Connection: keep-alive, close\r\n",
                "Connection: keep-alive\r\nConnection: close\r\n",
                "Connection: Close\r\n",
                "Connection: foo,\tclose ,bar\r\n"
            })
    void closeIsSeenWhereverItStands(String headers) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET /next HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n").get("/next");
            assertTrue(client.read().closes());
            assertTrue(client.isAtEnd());
        }
    }

    /** A body that nobody reads is read past, or the connection closed: never a request. */
    @ParameterizedTest
    @ValueSource(strings = {"/early", "/none", "/next", "/redirect", "/fails"})
    void bodiesOfEarlyAnswersAreNoRequests(String target) throws IOException {
        String smuggled = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";
        for (String framing : new String[] {
            "Content-Length: " + smuggled.length() + "\r\n\r\n" + smuggled,
            "Expect: 100-continue\r\nContent-Length: " + smuggled.length() + "\r\n\r\n" + smuggled,
            "Transfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(smuggled.length()) + "\r\n" + smuggled
                    + "\r\n0\r\n\r\n"
        }) {
            try (RawClient client = RawClient.to(server)) {
                client.send("POST " + target + " HTTP/1.1\r\nHost: test\r\n" + framing).get("/next");
                Answer answer = client.read();
                assertTrue(answer.status() >= 300, answer::toString);
                if (answer.closes()) {
                    assertTrue(client.isAtEnd());
                } else {
                    assertEquals("next", client.read().text());
                }
            }
        }
        assertFalse(smuggledSeen);
    }

    @Test
    void traceDoesNotReflect() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("TRACE /next HTTP/1.1\r\nHost: test\r\nCookie: secret\r\n\r\n");
            Answer answer = client.read();
            assertEquals(405, answer.status());
            assertFalse(answer.text().contains("secret"));
        }
    }

    /** An empty line after a request, as some clients send it: no head that the server waits for, and none that keeps it up. */
    @Test
    void anEmptyLineBeginsNoRequest() throws IOException {
        ServerConfig config = Servers.config().with("header-timeout", "200ms").with("idle-timeout", "1s");
        try (Server own = App.create().post("/", c -> c.text(c.bodyText())).with(config).start()) {
            try (RawClient client = RawClient.to(own)) {
                assertEquals("a", client.post("/", "a").send("\r\n").read().text());
                assertTrue(client.endsCleanly(), "closed as idle, without an answer that nobody has asked for");
            }
        }
        try (Server own = Servers.start(App.create().post("/", c -> c.text(c.bodyText())));
                RawClient client = RawClient.to(own)) {
            assertEquals("a", client.post("/", "a").send("\r\n").read().text());
            assertEquals("b", client.post("/", "b").send("\r\n").read().text());
            assertTrue(own.stop(Duration.ofSeconds(5)), "a head would be waited for, for ten seconds");
            assertTrue(client.isAtEnd());
        }
    }
}
