package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Answers that are sent while they are made. */
@HttpTest
class StreamingTest {
    private static final int PIECE = 10_000;
    private static final int PIECES = 5_000;

    private static final AtomicLong WRITTEN = new AtomicLong();
    private static final CountDownLatch NEXT = new CountDownLatch(1);
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/small", c -> c.stream("text/plain", out -> out.write("small".getBytes())))
                .get("/empty", c -> c.stream("text/plain", out -> {}))
                .get("/large", c -> c.stream("application/octet-stream", StreamingTest::large))
                .get("/known", c -> c.stream("application/octet-stream", (long) PIECE * PIECES, StreamingTest::large))
                .get("/flush", c -> c.stream("text/plain", out -> {
                    out.write("one".getBytes());
                    out.flush();
                    NEXT.await();
                    out.write("two".getBytes());
                }))
                .get("/own", c -> {
                    OutputStream out = c.header("Content-Type", "text/x-own").outputStream();
                    for (int i = 0; i < 20_000; i++) {
                        out.write('a' + i % 26);
                    }
                    assertTrue(out == c.outputStream());
                })
                .get("/mixed", c -> {
                    try (OutputStream out = c.outputStream()) {
                        for (int n = 1; n < 100_000; n *= 3) {
                            out.write(new byte[n]);
                            out.write(1);
                        }
                    }
                })
                .get("/declared", c -> {
                    OutputStream out = c.header("Content-Length", "3").outputStream();
                    out.write("abc".getBytes());
                })
                .get("/big", c -> c.bytes("application/octet-stream", new byte[3_000_000])));
    }

    @AfterAll
    static void stop() {
        NEXT.countDown();
        server.close();
    }

    private static void large(OutputStream out) throws IOException {
        WRITTEN.set(0);
        byte[] piece = new byte[PIECE];
        for (int i = 0; i < PIECES; i++) {
            Arrays.fill(piece, (byte) i);
            out.write(piece);
            WRITTEN.addAndGet(PIECE);
        }
    }

    private static Answer get(String path) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            Answer answer = client.get(path).read();
            assertEquals("small", client.get("/small").read().text(), "the connection goes on");
            return answer;
        }
    }

    @Test
    void whatFitsHasALength() throws IOException {
        Answer answer = get("/small");
        assertEquals("5", answer.header("content-length"));
        assertNull(answer.header("transfer-encoding"));
        assertEquals("0", get("/empty").header("content-length"));
        assertEquals("3", get("/declared").header("content-length"));
    }

    @Test
    void whatDoesNotFitIsChunked() throws IOException {
        Answer answer = get("/own");
        assertEquals("chunked", answer.header("transfer-encoding"));
        assertNull(answer.header("content-length"));
        assertEquals("text/x-own", answer.header("content-type"));
        assertEquals(20_000, answer.body().length);
        for (int i = 0; i < 20_000; i++) {
            assertEquals('a' + i % 26, answer.body()[i]);
        }
    }

    @Test
    void piecesOfAllSizes() throws IOException {
        int expected = 0;
        for (int n = 1; n < 100_000; n *= 3) {
            expected += n + 1;
        }
        assertEquals(expected, get("/mixed").body().length);
    }

    @Test
    void flushSendsWhatIsThere() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/flush");
            assertEquals("HTTP/1.1 200 OK", client.line());
            while (!client.line().isEmpty()) {
                // the other headers
            }
            assertEquals("3", client.line());
            assertArrayEquals("one".getBytes(), client.exactly(3));
            NEXT.countDown();
            assertEquals("", client.line());
            assertEquals("3", client.line());
            assertArrayEquals("two".getBytes(), client.exactly(3));
        }
    }

    @Test
    void aSlowReaderHoldsTheWriterUp() throws IOException {
        for (String path : new String[] {"/large", "/known"}) {
            WRITTEN.set(0);
            try (RawClient client = RawClient.to(server, 32 << 10)) {
                client.get(path);
                long stuck = awaitStanding();
                // what the kernel takes on both sides, and what the server keeps by its own bounds
                assertTrue(stuck < 12_000_000, path + ": the handler wrote " + stuck + " bytes that nobody read");
                Answer answer = client.read();
                assertEquals((long) PIECE * PIECES, answer.body().length);
                for (int i = 0; i < PIECES; i++) {
                    assertEquals((byte) i, answer.body()[i * PIECE]);
                    assertEquals((byte) i, answer.body()[i * PIECE + PIECE - 1]);
                }
                assertEquals("small", client.get("/small").read().text());
            }
        }
    }

    /** Returns how far the writer has come once it does not come any further. */
    private static long awaitStanding() {
        long[] last = {-1, 0};
        Await.until("the writer stands still", () -> {
            long now = WRITTEN.get();
            last[1] = now == last[0] && now > 0 ? last[1] + 1 : 0;
            last[0] = now;
            return last[1] > 100;
        });
        return last[0];
    }

    @Test
    void largeAnswersInOnePiece() throws IOException {
        Answer answer = get("/big");
        assertEquals("3000000", answer.header("content-length"));
        assertEquals(3_000_000, answer.body().length);
    }
}
