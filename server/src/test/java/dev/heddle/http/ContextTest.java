package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.context.CancellableContext;
import dev.heddle.context.Context;
import dev.heddle.context.DeadlineExceededException;
import dev.heddle.context.TaskGroup;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The end of the current context ends what a handler waits for of its client, and nothing is lost by it. */
@HttpTest
class ContextTest {
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final CountDownLatch LATE = new CountDownLatch(1);
    private static final CountDownLatch STUCK = new CountDownLatch(1);

    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = App.create()
                .post("/in-time", c -> {
                    try (CancellableContext context = Context.current().withTimeout(SHORT)) {
                        context.call(c::bodyText);
                    } catch (DeadlineExceededException e) {
                        LATE.countDown();
                        c.text("late, then " + c.bodyText());
                    }
                })
                .post("/group", c -> {
                    try (TaskGroup group = TaskGroup.open(SHORT)) {
                        group.fork(c::bodyText);
                        assertThrows(DeadlineExceededException.class, group::join);
                    }
                    c.text("late");
                })
                .get("/endless", c -> c.stream("text/plain", out -> {
                    try (CancellableContext context = Context.current().withTimeout(SHORT)) {
                        context.call(() -> writeForEver(out));
                    } catch (DeadlineExceededException e) {
                        STUCK.countDown();
                        throw e;
                    }
                }))
                .with(Servers.config().withBodyMinRate(0).withWriteTimeout(Duration.ZERO))
                .start();
    }

    private static Void writeForEver(OutputStream out) throws IOException {
        byte[] bytes = new byte[64 << 10];
        while (true) {
            out.write(bytes);
        }
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void aBodyThatDoesNotComeInTimeMayStillCome() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /in-time HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
            assertEquals(100, client.readHead().status());
            assertTrue(LATE.await(30, TimeUnit.SECONDS), () -> server.scheduler().goroutineDump());
            client.send("body");
            assertEquals("late, then body", client.read().text());
        }
    }

    @Test
    void aTaskThatWaitsForTheBodyEndsWithItsGroup() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("POST /group HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n");
            assertEquals("late", client.read().text());
        }
    }

    @Test
    void aClientThatDoesNotReadHoldsNobodyBeyondTheContext() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.get("/endless");
            assertTrue(STUCK.await(30, TimeUnit.SECONDS), () -> server.scheduler().goroutineDump());
        }
    }
}
