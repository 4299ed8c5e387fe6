package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers with files. */
@HttpTest
class FileTest {
    @TempDir
    static Path dir;

    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/part/{from}/{length}", c -> c.status(206)
                        .file(dir.resolve("large.bin"), c.path("from").asLong(), c.path("length").asLong()))
                .get("/typed", c -> c.header("Content-Type", "text/x-own").file(dir.resolve("small.html")))
                .get("/{name...}", c -> c.file(dir.resolve(c.path("name").get()))));
        Random random = new Random(1);
        for (String name : new String[] {"empty.txt", "small.html", "64k.css", "large.bin"}) {
            int size =
                    switch (name) {
                        case "empty.txt" -> 0;
                        case "small.html" -> 100;
                        case "64k.css" -> 64 << 10;
                        default -> 10_000_001;
                    };
            byte[] bytes = new byte[size];
            random.nextBytes(bytes);
            Files.write(dir.resolve(name), bytes);
        }
        Files.createDirectory(dir.resolve("sub"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void wholeFiles() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            String[][] cases = {
                {"empty.txt", "text/plain; charset=utf-8"},
                {"small.html", "text/html; charset=utf-8"},
                {"64k.css", "text/css; charset=utf-8"},
                {"large.bin", "application/octet-stream"}
            };
            for (String[] each : cases) {
                byte[] content = Files.readAllBytes(dir.resolve(each[0]));
                Answer answer = client.get("/" + each[0]).read();
                assertEquals(200, answer.status());
                assertEquals(Integer.toString(content.length), answer.header("content-length"));
                assertEquals(each[1], answer.header("content-type"));
                assertArrayEquals(content, answer.body());
            }
            assertEquals("text/x-own", client.get("/typed").read().header("content-type"));
        }
    }

    @Test
    void aSlowReaderWithASmallBuffer() throws IOException {
        byte[] content = Files.readAllBytes(dir.resolve("large.bin"));
        try (RawClient client = RawClient.to(server, 4 << 10)) {
            assertArrayEquals(content, client.get("/large.bin").read().body());
        }
    }

    @Test
    void parts() throws IOException {
        byte[] content = Files.readAllBytes(dir.resolve("large.bin"));
        try (RawClient client = RawClient.to(server)) {
            long[][] parts = {{0, 1}, {10_000_000, 1}, {1234, 500_000}, {10_000_001, 0}, {0, 10_000_001}};
            for (long[] part : parts) {
                Answer answer = client.get("/part/" + part[0] + "/" + part[1]).read();
                assertEquals(206, answer.status());
                assertArrayEquals(Arrays.copyOfRange(content, (int) part[0], (int) (part[0] + part[1])), answer.body());
            }
        }
        try (Logs logs = new Logs();
                RawClient client = RawClient.to(server)) {
            assertEquals(500, client.get("/part/10000000/2").read().status());
            assertEquals(500, client.get("/part/-1/2").read().status());
            assertEquals(2, logs.with("GET /part").size());
        }
    }

    @Test
    void whatIsNoFile() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (String name : new String[] {"none", "sub", "sub/none", "small.html/x", ""}) {
                Answer answer = client.get("/" + name).read();
                assertEquals(404, answer.status(), name);
                assertTrue(answer.text().endsWith("\"status\":404}"), "no paths of the machine: " + answer.text());
            }
        }
    }
}
