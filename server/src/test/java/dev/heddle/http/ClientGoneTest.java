package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that leave before they have their answers. */
@HttpTest
class ClientGoneTest {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private Logs logs;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        logs = new Logs();
        server = Servers.start(App.create()
                .use((c, next) -> {
                    try {
                        next.proceed(c);
                        failure.complete(null);
                    } catch (Exception e) {
                        failure.complete(e);
                        throw e;
                    }
                })
                .get("/", c -> c.text("hello"))
                .get("/flag", c -> {
                    begun.countDown();
                    while (!c.isClientGone()) {
                        Goroutine.sleep(Duration.ofMillis(1));
                    }
                    c.text("too late");
                })
                .get("/write", c -> c.stream("text/plain", out -> {
                    begun.countDown();
                    while (true) {
                        out.write(new byte[100]);
                        out.flush();
                        Goroutine.sleep(Duration.ofMillis(1));
                    }
                }))
                .get("/full", c -> c.stream("text/plain", out -> {
                    begun.countDown();
                    while (true) {
                        out.write(new byte[10_000]); // waits, since nobody reads
                    }
                }))
                .post("/read", c -> {
                    InputStream in = c.bodyStream();
                    in.read();
                    begun.countDown();
                    in.readAllBytes();
                }));
    }

    @AfterEach
    void stop() {
        server.close();
        logs.close();
    }

    private Throwable leaveAfter(String request, boolean reset) throws Exception {
        return leaveAfter(request, reset, 1);
    }

    private Throwable leaveAfter(String request, boolean reset, int gone) throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.send(request);
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            if (reset) {
                client.reset();
            }
        }
        Throwable result = failure.get(20, TimeUnit.SECONDS);
        Await.until("the connection is gone", () -> server.stats().connectionsOpen() == 0);
        assertEquals(gone, server.stats().clientsGone());
        assertEquals(0, server.stats().responsesAborted());
        assertTrue(logs.with("failed").isEmpty(), "a client that leaves is no error");
        return result;
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
    }

    @Test
    void theFlagIsSet() throws Exception {
        assertEquals(null, leaveAfter(get("/flag"), false, 0)); // it might wait for the answer, so that is sent
    }

    @Test
    void theFlagIsSetByAReset() throws Exception {
        assertEquals(null, leaveAfter(get("/flag"), true));
    }

    @Test
    void theNextWriteFails() throws Exception {
        assertEquals(ClientGoneException.class, leaveAfter(get("/write"), false).getClass());
    }

    @Test
    void aWriteThatWaitsFails() throws Exception {
        assertEquals(ClientGoneException.class, leaveAfter(get("/full"), true).getClass());
    }

    @Test
    void aReadThatWaitsFails() throws Exception {
        String post = "POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc";
        assertEquals(ClientGoneException.class, leaveAfter(post, false).getClass());
    }

    @Test
    void aReadOfChunksThatWaitsFails() throws Exception {
        String post = "POST /read HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab";
        assertEquals(ClientGoneException.class, leaveAfter(post, true).getClass());
    }

    @Test
    void pipelinedRequestsOfAClientThatLeftAreNotServed() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.send(get("/flag") + get("/").repeat(20));
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            client.reset();
        }
        Await.until("the connection is gone", () -> server.stats().connectionsOpen() == 0);
        assertEquals(1, server.stats().requests());
    }
}
