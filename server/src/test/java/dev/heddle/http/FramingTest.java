package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/length", c -> c.text(c.contentLength() + " " + c.bodyText()))
                .get("/next", c -> c.text("next"))
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
}
