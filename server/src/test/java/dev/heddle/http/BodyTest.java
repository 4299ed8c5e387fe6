package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Reading bodies, wholly, partly and not at all. */
@HttpTest
class BodyTest {
    private static final CountDownLatch GATE = new CountDownLatch(1);
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = App.create()
                .post("/bytes", c -> c.text(c.contentLength() + " " + c.bodyBytes().length))
                .post("/text", c -> c.text(c.bodyText()))
                .post("/first/{n}", c -> {
                    byte[] first = c.bodyStream().readNBytes(c.path("n").asInt());
                    c.bytes("text/plain", first);
                })
                .post("/gate", c -> {
                    GATE.await();
                    c.text(Long.toString(c.bodyStream().transferTo(OutputStream.nullOutputStream())));
                })
                .post("/none", c -> c.text("not read"))
                .post("/closed", c -> {
                    InputStream in = c.bodyStream();
                    in.close();
                    try {
                        in.read();
                    } catch (IOException e) {
                        c.text(e.getMessage());
                    }
                })
                .post("/echo", c -> c.stream("application/octet-stream", out -> c.bodyStream().transferTo(out)))
                .post("/single", c -> {
                    InputStream in = c.bodyStream();
                    StringBuilder text = new StringBuilder();
                    for (int b = in.read(); b >= 0; b = in.read()) {
                        text.append((char) b);
                    }
                    c.text(text + " " + in.read());
                })
                .with(Servers.config().withMaxBodyBytes(64 << 20))
                .start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void lengthIsKnownOrNot() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("5 5", client.post("/bytes", "hello").read().text());
            assertEquals("0 0", client.post("/bytes", "").read().text());
            client.send("POST /bytes HTTP/1.1\r\nHost: test\r\n\r\n");
            assertEquals("0 0", client.read().text());
            client.send("POST /bytes HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3;name=\"value\"\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n");
            assertEquals("-1 7", client.read().text());
            client.post("/bytes", "x".repeat(1_000_000));
            assertEquals("1000000 1000000", client.read().text());
        }
    }

    @Test
    void textInItsCharset() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            byte[] utf8 = "grün".getBytes(StandardCharsets.UTF_8);
            client.send("POST /text HTTP/1.1\r\nHost: test\r\nContent-Length: " + utf8.length + "\r\n\r\n").send(utf8);
            assertEquals("grün", client.read().text());
            client.send("POST /text HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n"
                    + "Content-Type: text/plain; charset=iso-8859-1\r\n\r\ngrün");
            assertEquals("grün", client.read().text());
            client.send("POST /text HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n"
                    + "Content-Type: text/plain; charset=klingon\r\n\r\nabcd");
            assertEquals(415, client.read().status());
        }
    }

    @Test
    void byteByByte() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("hello -1", client.post("/single", "hello").read().text());
        }
    }

    @Test
    void whatIsNotReadDoesNotDisturbTheNextRequest() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < 20; i++) {
                assertEquals("ab", client.post("/first/2", "abcdefgh".repeat(10_000)).read().text());
                assertEquals("not read", client.post("/none", "GET / HTTP/1.1\r\n\r\n").read().text());
                assertEquals("read: the body is closed", client.post("/closed", "xyz").read().text());
            }
        }
    }

    @Test
    void theRestMayComeAfterTheAnswer() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /first/2 HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nab");
            Answer answer = client.read();
            assertEquals("ab", answer.text());
            assertFalse(answer.closes());
            client.send("cdefghij");
            assertEquals("hello", client.post("/text", "hello").read().text());
        }
    }

    @Test
    void tooMuchThatIsNotReadClosesTheConnection() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /none HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nabc");
            Answer answer = client.read();
            assertEquals("not read", answer.text());
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void endlessChunksThatAreNotReadCloseTheConnection() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /none HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
            assertEquals("not read", client.read().text());
            String chunk = "1000\r\n" + "x".repeat(4096) + "\r\n";
            int chunks = 0;
            try {
                while (chunks < 100_000) { // 400 MB, if nobody stopped it
                    client.send(chunk);
                    chunks++;
                }
            } catch (IOException e) {
                // the connection was closed, as it should be
            }
            assertTrue(chunks < 50_000, "chunks sent: " + chunks);
        }
    }

    @Test
    void theSocketIsReadOnlyAsFastAsTheHandlerReads() throws IOException {
        try (SocketChannel client = SocketChannel.open(new InetSocketAddress("127.0.0.1", server.port()))) {
            int length = 60_000_000;
            String head = "POST /gate HTTP/1.1\r\nHost: test\r\nContent-Length: " + length + "\r\n\r\n";
            client.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.ISO_8859_1)));
            client.configureBlocking(false);
            ByteBuffer piece = ByteBuffer.allocate(100_000);
            int[] sent = {0};
            int[] refused = {0};
            Await.until("the socket takes no more", () -> {
                piece.clear().limit(Math.min(piece.capacity(), length - sent[0]));
                try {
                    int n = client.write(piece);
                    sent[0] += n;
                    refused[0] = n == 0 ? refused[0] + 1 : 0;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return refused[0] > 100 || sent[0] == length;
            });
            assertTrue(sent[0] < 20_000_000, "the server took " + sent[0] + " bytes that no handler has read");
            GATE.countDown();
            client.configureBlocking(true);
            while (sent[0] < length) {
                piece.clear().limit(Math.min(piece.capacity(), length - sent[0]));
                sent[0] += client.write(piece);
            }
            ByteBuffer answer = ByteBuffer.allocate(1000);
            while (!new String(answer.array(), StandardCharsets.ISO_8859_1).contains("" + length)) {
                assertTrue(client.read(answer) > 0);
            }
        }
    }

    @Test
    void largeBodiesComeThroughUnchanged() throws IOException {
        byte[] body = new byte[8 << 20];
        new Random(1).nextBytes(body);
        try (RawClient client = RawClient.to(server)) {
            Thread sender = Thread.ofPlatform().start(() -> {
                try {
                    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + body.length + "\r\n\r\n");
                    client.send(body);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertArrayEquals(body, client.read().body());
            assertEquals("hello", client.post("/text", "hello").read().text());
            sender.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
