package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Headers of requests and answers. */
@HttpTest
class HeaderTest {
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/request", c -> c.text(c.header("X-A").get() + " " + c.headerAll("x-a") + " "
                        + c.header("none").optional() + " " + c.headers().get("X-a") + " " + c.protocol() + " "
                        + c.scheme() + " " + c.uri() + " " + c.queryString()))
                .get("/missing", c -> c.text(c.header("X-Missing").get()))
                .get("/answer", c -> c.header("X-A", "1")
                        .addHeader("X-B", "1")
                        .addHeader("x-b", "2")
                        .header("X-C", "3")
                        .header("X-C", null)
                        .header("Server", "own")
                        .text(c.responseHeader("x-a") + c.responseHeader("none")))
                .get("/bytes", c -> {
                    c.header("Content-Type", "text/plain");
                    c.bytes("image/png", new byte[3]);
                })
                .get("/redirect", c -> c.redirect(303, "/answer"))
                .get("/beyond/{kind}", c -> {
                    switch (c.path("kind").get()) {
                        case "value" -> c.header("X-A", "\u20ac");
                        case "add" -> c.addHeader("X-A", "\u010aX-Evil: 1");
                        case "type" -> c.bytes("text/\u20ac", new byte[0]);
                        case "stream" -> c.stream("text/\u20ac", out -> {});
                        case "length" -> c.status(304).header("Content-Length", "+5");
                        case "text" -> c.header("Content-Length", "five");
                        case "none" -> c.header("Content-Length", "");
                        case "digits" -> c.header("Content-Length", "\u0665");
                        case "two" -> c.header("Content-Length", "5").addHeader("content-length", "6");
                        case "added" -> c.addHeader("Content-Length", "5, 6");
                        case "exception" -> throw new HttpException(404).withHeader("X-A", "\u20ac");
                        default -> c.text("unknown");
                    }
                })
                .get("/encoded", c -> {
                    c.header("Content-Disposition", "attachment; filename=\"\u20ac.txt\"");
                    c.header("X-A", "\u00fc");
                    c.redirect(302, "/\u20ac");
                })
                .get("/nothing", c -> {})
                .get("/no-content", c -> c.status(204).text("ignored"))
                .get("/not-modified", c -> c.status(304).header("ETag", "\"1\""))
                .get("/split/{kind}", c -> {
                    switch (c.path("kind").get()) {
                        case "value" -> c.header("X-A", "a\r\nX-Evil: 1");
                        case "name" -> c.header("X-A: b\r\nX-Evil", "1");
                        case "add" -> c.addHeader("X-A", "a\nb");
                        case "type" -> c.bytes("text/plain\r\nX-Evil: 1", new byte[0]);
                        case "location" -> c.redirect(302, "/\r\nX-Evil: 1");
                        case "framing" -> c.header("Transfer-Encoding", "chunked");
                        case "status" -> c.status(100);
                        default -> c.text("unknown");
                    }
                })
                .get("/addresses", c -> c.text(c.remoteAddress().getAddress().isLoopbackAddress() + " "
                        + (c.localAddress().getPort() == c.server().port()))));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Answer get(String target) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            return client.get(target).read();
        }
    }

    @Test
    void ofTheRequest() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET /request?q=%41 HTTP/1.1\r\nHost: test\r\nx-A: \t one \r\nX-a: two\r\n\r\n");
            assertEquals(
                    "one [one, two] Optional.empty [one, two] HTTP/1.1 http /request?q=%41 q=%41",
                    client.read().text());
        }
        Answer missing = get("/missing");
        assertEquals(400, missing.status());
        assertTrue(missing.text().contains("header X-Missing: missing"), missing::text);
        assertEquals("true true", get("/addresses").text());
    }

    @Test
    void ofTheAnswer() throws IOException {
        Answer answer = get("/answer");
        assertEquals("1", answer.header("X-A"));
        assertEquals(List.of("1", "2"), answer.headers().get("X-B"));
        assertNull(answer.header("X-C"));
        assertEquals("own", answer.header("Server"));
        assertEquals("1null", answer.text());
        assertEquals("image/png", get("/bytes").header("content-type"));
        Answer redirect = get("/redirect");
        assertEquals(303, redirect.status());
        assertEquals("/answer", redirect.header("location"));
        assertEquals("0", redirect.header("content-length"));
    }

    @Test
    void answersWithoutABody() throws IOException {
        Answer nothing = get("/nothing");
        assertEquals(200, nothing.status());
        assertEquals("0", nothing.header("content-length"));
        try (RawClient client = RawClient.to(server)) {
            Answer noContent = client.get("/no-content").read();
            assertEquals(204, noContent.status());
            assertNull(noContent.header("content-length"));
            Answer notModified = client.get("/not-modified").read();
            assertEquals(304, notModified.status());
            assertEquals("\"1\"", notModified.header("etag"));
            assertEquals("0", client.get("/nothing").read().header("content-length"));
        }
    }

    @Test
    void thoseOfTheServer() throws IOException {
        Answer answer = get("/nothing");
        assertEquals("heddle", answer.header("server"));
        ZonedDateTime date = ZonedDateTime.parse(answer.header("date"), DateTimeFormatter.RFC_1123_DATE_TIME);
        Duration off = Duration.between(date, ZonedDateTime.now()).abs();
        assertTrue(off.compareTo(Duration.ofSeconds(30)) < 0, answer::toString);
        App app = App.create().get("/", c -> {}).with(Servers.config().withServerName(""));
        try (Server anonymous = app.start();
                RawClient client = RawClient.to(anonymous)) {
            assertNull(client.get("/").read().header("server"));
        }
    }

    @Test
    void answersCannotBeSplit() throws IOException {
        try (Logs logs = new Logs()) {
            String[] kinds = {"value", "name", "add", "type", "location", "framing", "status"};
            for (String kind : kinds) {
                Answer answer = get("/split/" + kind);
                assertEquals(500, answer.status(), kind);
                assertNull(answer.header("x-evil"), kind);
            }
            assertEquals(kinds.length, logs.with("GET /split").size());
        }
    }

    @Test
    void whatCannotBeSentIsRefused() throws IOException {
        try (Logs logs = new Logs()) {
            String[] kinds = {
                "value", "add", "type", "stream", "exception", "length", "text", "none", "digits", "two", "added"
            };
            for (String kind : kinds) {
                Answer answer = get("/beyond/" + kind);
                assertEquals(500, answer.status(), kind);
                assertNull(answer.header("x-a"), kind);
                assertNull(answer.header("x-evil"), kind);
            }
            assertEquals(kinds.length, logs.with("GET /beyond").size());
        }
        Answer answer = get("/encoded");
        assertEquals("/%E2%82%AC", answer.header("location"));
        assertEquals("attachment; filename=\"_.txt\"; filename*=UTF-8''%E2%82%AC.txt", answer.header("content-disposition"));
        assertEquals("\u00fc", answer.header("x-a"));
    }
}
