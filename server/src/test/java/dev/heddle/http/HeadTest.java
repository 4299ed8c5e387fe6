package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HEAD runs the handler of GET and sends everything but the body. */
@HttpTest
class HeadTest {
    @TempDir
    static Path dir;

    private static final AtomicInteger RUNS = new AtomicInteger();
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        Files.write(dir.resolve("file.txt"), new byte[200_000]);
        server = Servers.start(App.create()
                .get("/text", c -> {
                    RUNS.incrementAndGet();
                    c.header("X-Run", "yes").text("hello");
                })
                .get("/stream", c -> c.stream("text/plain", out -> {
                    for (int i = 0; i < 100; i++) {
                        out.write(new byte[1000]);
                    }
                }))
                .get("/length", c -> c.stream("text/plain", 100_000, out -> out.write(new byte[100_000])))
                .get("/file", c -> c.file(dir.resolve("file.txt")))
                .get("/fail", c -> {
                    throw new HttpException(409, "conflict");
                })
                .get("/own", c -> c.text("get"))
                .head("/own", c -> c.header("X-Own", "head")));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Answer head(RawClient client, String path) throws IOException {
        return client.send("HEAD " + path + " HTTP/1.1\r\nHost: test\r\n\r\n").readHead();
    }

    @Test
    void theHandlerOfGetRuns() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            int before = RUNS.get();
            Answer answer = head(client, "/text");
            assertEquals(200, answer.status());
            assertEquals("5", answer.header("content-length"));
            assertEquals("yes", answer.header("x-run"));
            assertEquals("text/plain; charset=utf-8", answer.header("content-type"));
            assertEquals(before + 1, RUNS.get());
            assertEquals("hello", client.get("/text").read().text());
        }
    }

    @Test
    void streamsAndFiles() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("chunked", head(client, "/stream").header("transfer-encoding"));
            assertEquals("100000", head(client, "/length").header("content-length"));
            Answer file = head(client, "/file");
            assertEquals("200000", file.header("content-length"));
            assertEquals("text/plain; charset=utf-8", file.header("content-type"));
            assertEquals(200_000, client.get("/file").read().body().length);
        }
    }

    @Test
    void errors() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            Answer answer = head(client, "/fail");
            assertEquals(409, answer.status());
            assertTrue(Integer.parseInt(answer.header("content-length")) > 0);
            assertEquals(404, head(client, "/none").status());
            assertEquals("hello", client.get("/text").read().text());
        }
    }

    @Test
    void aHandlerOfItsOwn() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("head", head(client, "/own").header("x-own"));
            assertNull(client.get("/own").read().header("x-own"));
        }
    }
}
