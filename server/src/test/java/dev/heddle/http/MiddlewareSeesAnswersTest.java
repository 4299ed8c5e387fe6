package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Middleware sees what is really sent, also where something inside of it has failed. */
@HttpTest
class MiddlewareSeesAnswersTest {
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final List<RequestObserver.Finished> finished = new CopyOnWriteArrayList<>();
    private final AtomicInteger attempts = new AtomicInteger();
    private Logs logs;
    private Server server;

    /** Notes status and error after the rest of the chain. */
    private Middleware note(String name) {
        return (c, next) -> {
            next.proceed(c);
            seen.add(name + " " + c.status() + (c.error() == null ? "" : " " + c.error().getClass().getSimpleName()));
            if (!c.isCommitted()) {
                c.header("X-" + name, Integer.toString(c.status()));
            }
        };
    }

    @BeforeEach
    void start() throws IOException {
        logs = new Logs();
        server = Servers.start(App.create()
                .observe(finished::add)
                .use(note("outer"))
                .use((c, next) -> {
                    String fail = c.query("fail").orElse("");
                    if (fail.equals("before")) {
                        throw new HttpException(403, "before");
                    }
                    next.proceed(c);
                    if (fail.equals("after")) {
                        throw new IllegalStateException("after");
                    }
                })
                .use(note("inner"))
                .get("/ok", c -> c.text("ok"))
                .get("/http", _ -> {
                    throw new HttpException(429);
                })
                .get("/bug", _ -> {
                    throw new IllegalStateException("bug");
                })
                .get("/overflow", c -> c.text(Integer.toString(deep(1))))
                .get("/mapped", _ -> {
                    throw new NoSuchElementException("none");
                })
                .get("/short", c -> {
                    c.header("Content-Length", "100");
                    c.outputStream().write(new byte[5]);
                })
                .get("/halfway", c -> {
                    c.outputStream().write(new byte[20_000]);
                    c.outputStream().flush();
                    throw new IllegalStateException("half-way");
                })
                .get("/number/{n}", c -> c.text("" + c.path("n").asInt()))
                .group("/swallow", group -> group.use((c, next) -> {
                            try {
                                next.proceed(c);
                            } catch (IllegalStateException e) {
                                seen.add("swallowed " + e.getMessage());
                            }
                        })
                        .get("/halfway", c -> {
                            c.outputStream().write(new byte[20_000]);
                            c.outputStream().flush();
                            throw new IllegalStateException("half-way");
                        }))
                .group("/again", group -> group.use((c, next) -> {
                            next.proceed(c);
                            if (c.error() instanceof IllegalStateException) {
                                next.proceed(c);
                            }
                        })
                        .get("/", c -> {
                            if (attempts.incrementAndGet() == 1) {
                                c.status(202);
                                throw new IllegalStateException("the first time");
                            }
                            c.text("the second time");
                        }))
                .onError(NoSuchElementException.class, (c, e) -> c.status(404).text("mapped")));
    }

    @AfterEach
    void stop() {
        server.close();
        logs.close();
    }

    private static int deep(int n) {
        return deep(n + 1) + deep(n + 2);
    }

    private Answer send(String requestLine) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            return client.send(requestLine + " HTTP/1.1\r\nHost: test\r\n\r\n").read();
        }
    }

    private void expect(int status, String error, String requestLine) throws IOException {
        seen.clear();
        Answer answer = send(requestLine);
        assertEquals(status, answer.status(), answer::toString);
        String expected = status + (error.isEmpty() ? "" : " " + error);
        assertEquals(List.of("inner " + expected, "outer " + expected), seen);
        assertEquals(Integer.toString(status), answer.header("x-inner"));
        assertEquals(Integer.toString(status), answer.header("x-outer"));
    }

    @Test
    void everyStatus() throws IOException {
        expect(200, "", "GET /ok");
        expect(429, "HttpException", "GET /http");
        expect(500, "IllegalStateException", "GET /bug");
        expect(500, "StackOverflowError", "GET /overflow");
        expect(404, "NoSuchElementException", "GET /mapped");
        expect(404, "HttpException", "GET /none");
        expect(405, "HttpException", "POST /ok");
        expect(204, "", "OPTIONS /ok");
        expect(204, "", "OPTIONS *");
        expect(400, "HttpException", "GET /number/x");
        expect(500, "IOException", "GET /short");
    }

    @Test
    void malformedTargets() throws IOException {
        expect(400, "HttpException", "GET /%zz");
        assertTrue(send("GET /%zz").closes());
        expect(400, "HttpException", "GET /a/%2e%2e/b");
        expect(404, "HttpException", "GET //ok");
    }

    @Test
    void itsOwnErrorsAreSeenByThoseAround() throws IOException {
        Answer answer = send("GET /ok?fail=before");
        assertEquals(403, answer.status());
        assertEquals(List.of("outer 403 HttpException"), seen);
        seen.clear();
        answer = send("GET /ok?fail=after");
        assertEquals(500, answer.status());
        assertEquals(List.of("inner 200", "outer 500 IllegalStateException"), seen);
        assertEquals("500", answer.header("x-outer"));
        assertEquals("application/problem+json", answer.header("content-type"));
    }

    @Test
    void theErrorOfMiddlewareTakesThePlaceOfTheHandlers() throws IOException {
        Answer answer = send("GET /http?fail=after");
        assertEquals(500, answer.status());
        assertEquals(List.of("inner 429 HttpException", "outer 500 IllegalStateException"), seen);
    }

    @Test
    void whatCannotBeAnsweredPasses() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/halfway");
            assertThrows(EOFException.class, client::read);
        }
        Await.until("the log", () -> logs.with("/halfway").size() == 1);
        assertEquals(List.of(), seen, "there is no answer to be seen");
    }

    @Test
    void aBrokenAnswerStaysBrokenWhoeverCatchesTheError() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/swallow/halfway");
            assertThrows(EOFException.class, client::read, "a clean end would hide the error");
        }
        Await.until("the counter", () -> server.stats().responsesAborted() == 1);
        assertTrue(seen.contains("swallowed half-way"), seen::toString);
        Throwable logged = ((ch.qos.logback.classic.spi.ThrowableProxy)
                        logs.with("/swallow/halfway").getFirst().getThrowableProxy())
                .getThrowable();
        assertInstanceOf(IllegalStateException.class, logged.getCause());
    }

    @Test
    void anErrorCanBeTriedAgain() throws IOException {
        Answer answer = send("GET /again");
        assertEquals(200, answer.status());
        assertEquals("the second time", answer.text());
        assertEquals(List.of("inner 200", "outer 200"), seen);
        Await.until("the end", () -> finished.size() == 1);
        assertNull(finished.getFirst().errorType());
    }

    @Test
    void compressesWhatIsReallySent() throws IOException {
        Middleware gzip = (c, next) -> {
            next.proceed(c);
            if (!c.isCommitted() && c.responseBody() != null) {
                ByteArrayOutputStream packed = new ByteArrayOutputStream();
                try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
                    out.write(c.responseBody());
                }
                c.header("Content-Encoding", "gzip").bytes(c.responseHeader("Content-Type"), packed.toByteArray());
            }
        };
        App app = App.create().use(gzip).get("/text", c -> c.text("text")).get("/empty", c -> c.status(204));
        try (Server compressing = Servers.start(app);
                RawClient client = RawClient.to(compressing)) {
            Answer text = client.get("/text").read();
            assertEquals("text/plain; charset=utf-8", text.header("content-type"));
            assertEquals("text", unpacked(text));
            Answer none = client.get("/none").read();
            assertEquals(404, none.status());
            assertEquals("application/problem+json", none.header("content-type"));
            assertTrue(unpacked(none).contains("Not Found"));
            assertNull(client.get("/empty").read().header("content-encoding"));
        }
    }

    private static String unpacked(Answer answer) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(answer.body()))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
