package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.heddle.context.TaskGroup;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of exceptions. */
@HttpTest
class ErrorMappingTest {
    private Logs logs;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        logs = new Logs();
        server = Servers.start(App.create()
                .get("/ok", c -> c.text("ok"))
                .get("/http", c -> {
                    throw new HttpException(429, "slow \"down\" <b>").withHeader("Retry-After", "7");
                })
                .get("/503", c -> {
                    throw new HttpException(503, "later", new IOException("database secret"));
                })
                .get("/bug/{id}", c -> {
                    c.header("ETag", "\"1\"").header("X-Kept", "yes").status(201).bytes("image/png", new byte[10]);
                    throw new IllegalStateException("secret");
                })
                .get("/element", c -> {
                    throw new NoSuchElementException("user 9");
                })
                .get("/sub", c -> {
                    throw new UncheckedIOException(new IOException("sub"));
                })
                .get("/twice", c -> {
                    throw new IllegalArgumentException("first");
                })
                .get("/again", c -> {
                    throw new ArithmeticException("again");
                })
                .get("/task", c -> {
                    try (TaskGroup group = TaskGroup.open()) {
                        group.fork(() -> {
                            throw new HttpException(418, "from a task");
                        });
                        group.join();
                    }
                })
                .get("/task-element", c -> {
                    try (TaskGroup group = TaskGroup.open()) {
                        group.fork(() -> List.of().getFirst());
                        group.join();
                    }
                })
                .get("/overflow", c -> c.text(Integer.toString(deep(1))))
                .get("/memory", c -> {
                    throw new OutOfMemoryError("simulated");
                })
                .get("/checked", c -> {
                    throw new Exception("checked");
                })
                .get("/after-head", c -> c.stream("text/plain", out -> {
                    out.write(new byte[20_000]);
                    out.flush();
                    throw new IllegalStateException("half-way");
                }))
                .get("/before-head", c -> c.stream("text/plain", out -> {
                    out.write(new byte[100]);
                    throw new IllegalStateException("not sent yet");
                }))
                .get("/short", c -> c.stream("text/plain", 100_000, out -> out.write(new byte[50_000])))
                .get("/long", c -> c.stream("text/plain", 10, out -> out.write(new byte[11])))
                .get("/declared", c -> {
                    c.header("Content-Length", "100").header("X-Kept", "yes");
                    c.outputStream().write(new byte[5]);
                })
                .get("/declared-closed", c -> {
                    c.header("Content-Length", "100");
                    try (var out = c.outputStream()) {
                        out.write(new byte[5]);
                    } catch (IOException e) {
                        // what there is must not go out as if it were whole
                    }
                })
                .get("/stream-caught", c -> {
                    try {
                        c.stream("text/plain", out -> {
                            throw new IOException("source");
                        });
                    } catch (IOException e) {
                        // as above
                    }
                })
                .get("/late-length", c -> {
                    var out = c.outputStream();
                    c.header("Content-Length", "3");
                    out.write("whole".getBytes());
                    out.flush();
                })
                .get("/with/{name}", c -> {
                    String value = c.query("value").orElse("");
                    throw new HttpException(503).withHeader(c.path("name").get(), value);
                })
                .get("/odd", _ -> {
                    throw new HttpException(503) {
                        @Override
                        public int status() {
                            return 99;
                        }
                    };
                })
                .get("/finished", c -> {
                    c.stream("text/plain", 20_000, out -> out.write(new byte[20_000]));
                    throw new IllegalStateException("afterwards");
                })
                .get("/both", c -> {
                    c.text("kept");
                    c.outputStream();
                })
                .onError(NoSuchElementException.class, (c, e) -> c.status(404).text("none: " + e.getMessage()))
                .onError(RuntimeException.class, (c, e) -> {
                    if (e instanceof UncheckedIOException) {
                        c.status(502).text("general");
                    } else {
                        throw e;
                    }
                })
                .onError(IllegalArgumentException.class, (c, e) -> {
                    throw new IllegalStateException("second");
                })
                .onError(ArithmeticException.class, (c, e) -> {
                    throw new HttpException(422, "mapped");
                }));
    }

    @AfterEach
    void stop() {
        server.close();
        logs.close();
    }

    private static int deep(int n) {
        return deep(n + 1) + deep(n + 2);
    }

    private Answer get(String path) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            Answer answer = client.get(path).read();
            assertEquals("ok", client.get("/ok").read().text(), "the connection goes on");
            return answer;
        }
    }

    @Test
    void httpExceptionAnswersAsItself() throws IOException {
        Answer answer = get("/http");
        assertEquals(429, answer.status());
        assertEquals("7", answer.header("retry-after"));
        assertEquals("application/problem+json", answer.header("content-type"));
        assertEquals(
                "{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429,"
                        + "\"detail\":\"slow \\\"down\\\" \\u003cb\\u003e\"}",
                answer.text());
        assertTrue(logs.with("/http").isEmpty());
    }

    @Test
    void whatATaskThrewIsAnsweredAsIfTheHandlerHad() throws IOException {
        Answer answer = get("/task");
        assertEquals(418, answer.status());
        assertTrue(answer.text().contains("from a task"), answer::text);
        assertEquals(404, get("/task-element").status(), "by its handler");
        assertTrue(logs.with("/task").isEmpty());
    }

    @Test
    void causesStayInTheLog() throws IOException {
        Answer answer = get("/503");
        assertEquals(503, answer.status());
        assertFalse(answer.text().contains("secret"), answer::text);
        assertEquals(1, logs.with("GET /503").size());
    }

    @Test
    void anythingElseIs500AndLoggedOnce() throws IOException {
        Answer answer = get("/bug/12?token=hidden");
        assertEquals(500, answer.status());
        assertEquals("{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}", answer.text());
        assertNull(answer.header("etag"));
        assertEquals("yes", answer.header("x-kept"));
        List<ILoggingEvent> events = logs.with("/bug/12");
        assertEquals(1, events.size());
        String message = events.getFirst().getFormattedMessage();
        assertTrue(message.matches("GET /bug/12 \\(route /bug/\\{id}\\) failed in goroutine [1-9]\\d*"), message);
        assertEquals("secret", events.getFirst().getThrowableProxy().getMessage());
        assertEquals(500, get("/checked").status());
    }

    @Test
    void theNearestClassAnswers() throws IOException {
        Answer answer = get("/element");
        assertEquals(404, answer.status());
        assertEquals("none: user 9", answer.text());
        assertEquals("general", get("/sub").text());
    }

    @Test
    void errorsInErrorHandlers() throws IOException {
        assertEquals(500, get("/twice").status());
        List<ILoggingEvent> events = logs.with("/twice");
        assertEquals(1, events.size());
        assertEquals("second", events.getFirst().getThrowableProxy().getMessage());
        assertEquals("first", events.getFirst().getThrowableProxy().getSuppressed()[0].getMessage());
        assertEquals(422, get("/again").status());
    }

    @Test
    void errorsOfTheMachine() throws IOException {
        assertEquals(500, get("/overflow").status());
        assertEquals(500, get("/memory").status());
    }

    @Test
    void afterTheHeadTheConnectionBreaks() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/after-head");
            assertThrows(EOFException.class, client::read, "a clean end would hide the error");
        }
        Await.until("the log", () -> logs.with("/after-head").size() == 1);
        Await.until("the counter", () -> server.stats().responsesAborted() == 1);
    }

    @Test
    void beforeTheHeadItIsAnOrdinaryError() throws IOException {
        assertEquals(500, get("/before-head").status());
    }

    @Test
    void lengthsMustBeTrue() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/short");
            assertThrows(EOFException.class, client::read);
        }
        assertEquals(500, get("/long").status());
        assertEquals(500, get("/both").status());
    }

    @Test
    void nothingSentMeans500() throws IOException {
        Answer answer = get("/declared");
        assertEquals(500, answer.status());
        assertEquals("yes", answer.header("x-kept"));
        String message = logs.with("GET /declared").getFirst().getFormattedMessage();
        assertTrue(message.matches("GET /declared \\(route /declared\\) failed in goroutine \\d+"), message);
        assertEquals(500, get("/declared-closed").status());
        assertEquals(500, get("/stream-caught").status());
        assertEquals(500, get("/odd").status());
        assertEquals(0, server.stats().responsesAborted());
    }

    @Test
    void aLengthThatComesTooLateDoesNotCount() throws IOException {
        Answer answer = get("/late-length");
        assertEquals("whole", answer.text());
        assertEquals("chunked", answer.header("transfer-encoding"));
        assertNull(answer.header("content-length"));
    }

    @Test
    void headersOfErrorsAreChecked() throws IOException {
        assertEquals("7", get("/with/Retry-After?value=7").header("retry-after"));
        String[] bad = {
            "/with/X?value=a%0d%0aSet-Cookie:%20b", "/with/X%20Y?value=a", "/with/Transfer-Encoding?value=chunked",
            "/with/content-length?value=3", "/with/transfer-encoding?value=identity"
        };
        for (String path : bad) {
            Answer answer = get(path);
            assertEquals(500, answer.status(), path);
            assertNull(answer.header("set-cookie"));
            assertNull(answer.header("transfer-encoding"));
            assertEquals(answer.header("content-length"), Integer.toString(answer.body().length));
        }
        assertEquals(bad.length, logs.with("/with/").size() - logs.with("Retry").size());
        try (RawClient client = RawClient.to(server)) {
            Answer answer = client.get("/with/Connection?value=close").read();
            assertEquals(503, answer.status());
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void answersThatArriveWholeAreNotAborted() throws IOException {
        assertEquals(20_000, get("/finished").body().length);
        Await.until("the log", () -> logs.with("GET /finished").size() == 1);
        String message = logs.with("GET /finished").getFirst().getFormattedMessage();
        assertTrue(message.endsWith("it had been answered"), message);
        try (RawClient client = RawClient.to(server)) {
            client.send("HEAD /after-head HTTP/1.1\r\nHost: test\r\n\r\n");
            assertEquals(200, client.readHead().status());
            assertEquals("ok", client.get("/ok").read().text(), "the head is all there is of it");
        }
        assertEquals(1, logs.with("HEAD /after-head").size());
        assertEquals(0, server.stats().responsesAborted());
    }
}
