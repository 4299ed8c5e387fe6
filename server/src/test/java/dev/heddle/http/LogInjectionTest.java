package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import dev.heddle.sched.Scheduler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** No client forges a line in the log, whatever a handler puts into messages. */
@HttpTest
class LogInjectionTest {
    private static final String FORGED = "%0d%0a12:00:00%20ERROR%20forged%1b%5b31m%c2%85%e2%80%a8%e2%80%aeforged";

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Server.class);
    private Logs logs;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        logs = new Logs();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext((LoggerContext) LoggerFactory.getILoggerFactory());
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setPattern("%d{HH:mm:ss} %level [%thread] %msg%n");
        encoder.start();
        appender.setContext(encoder.getContext());
        appender.setEncoder(encoder);
        appender.setOutputStream(printed);
        appender.start();
        logger.addAppender(appender);
        server = Servers.start(App.create()
                .use((c, next) -> {
                    next.proceed(c);
                    c.header("X-Thread", Thread.currentThread().getName());
                })
                .get("/number", c -> c.text("" + Integer.parseInt(c.query("n").get())))
                .get("/cause", c -> {
                    IOException e = new IOException("harmless", new IllegalStateException(c.query("n").get()));
                    e.addSuppressed(new IllegalArgumentException(c.query("n").get()));
                    throw e;
                })
                .get("/detail", c -> {
                    throw new HttpException(503, c.query("n").get(), new IOException(c.query("n").get()));
                })
                .get("/aside", c -> {
                    String message = c.query("n").get();
                    c.scheduler().go(() -> {
                        throw new IllegalStateException(message);
                    });
                    c.text("begun");
                })
                .get("/half", c -> c.stream("text/plain", out -> {
                    out.write(new byte[20_000]);
                    out.flush();
                    throw new IllegalStateException(c.query("n").get());
                })));
    }

    @AfterEach
    void stop() {
        server.close();
        logger.detachAppender(appender);
        logs.close();
    }

    private void printedAfter(String path) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get(path + "?n=" + FORGED);
            client.line();
        }
        Await.until("the log", () -> logs.with(path).size() == 1);
    }

    private List<String> linesWith(String text) {
        return printed.toString(StandardCharsets.UTF_8).lines().filter(line -> line.contains(text)).toList();
    }

    @Test
    void messagesAreEscaped() throws IOException {
        for (String path : List.of("/number", "/cause", "/detail", "/half")) {
            printedAfter(path);
        }
        server.close(); // so that everything has been printed
        String all = printed.toString(StandardCharsets.UTF_8);
        assertTrue(linesWith("forged").size() >= 5, all);
        for (String line : linesWith("forged")) {
            assertTrue(line.contains("\\r\\n12:00:00 ERROR forged\\u001b[31m\\u0085\\u2028\\u202eforged"), line);
            assertFalse(line.startsWith("12:00:00"), line);
        }
        assertTrue(all.chars().noneMatch(ch -> ch == 0x1b || ch == 0x85 || ch == 0x2028 || ch == 0x202e), all);
        assertEquals(1, linesWith("java.lang.NumberFormatException: For input string: \"\\r\\n").size(), all);
        assertTrue(all.contains("\tat dev.heddle.http.LogInjectionTest."), "with the stack of the original");
        assertTrue(all.contains("Caused by: dev.heddle.sched.Escaped: java.lang.IllegalStateException: \\r\\n"), all);
        assertTrue(all.contains("Suppressed: dev.heddle.sched.Escaped: java.lang.IllegalArgumentException: \\r\\n"), all);
    }

    @Test
    void messagesOfGoroutinesBesideARequestToo() throws IOException {
        Logger scheduler = (Logger) LoggerFactory.getLogger(Scheduler.class);
        scheduler.addAppender(appender);
        scheduler.setAdditive(false);
        try (RawClient client = RawClient.to(server)) {
            assertEquals(200, client.get("/aside?n=" + FORGED).read().status());
            Await.until("the log", () -> !linesWith("forged").isEmpty());
        } finally {
            scheduler.setAdditive(true);
            scheduler.detachAppender(appender);
        }
        assertEquals(1, linesWith("forged").size());
        assertTrue(linesWith("forged").getFirst().startsWith("dev.heddle.sched.Escaped: "), () -> linesWith("forged").getFirst());
    }

    @Test
    void namesOfGoroutinesToo() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            Answer answer = client.send("GET /a\u001b[31m\u0085b?secret HTTP/1.1\r\nHost: test\r\n\r\n").read();
            assertEquals(400, answer.status());
            String thread = answer.header("x-thread");
            assertTrue(thread == null || thread.equals("/a?[31m?b"), thread);
        }
    }
}
