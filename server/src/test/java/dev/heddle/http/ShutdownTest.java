package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Semaphore;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a server ends. */
@HttpTest
class ShutdownTest {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final CompletableFuture<Throwable> interrupted = new CompletableFuture<>();
    private final List<String> order = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore taken = new Semaphore(1);
    private Logs logs;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        logs = new Logs();
        taken.acquire();
        server = Servers.start(App.create()
                .get("/", c -> c.text("hello"))
                .get("/wait", c -> {
                    begun.countDown();
                    go.await();
                    order.add("answered");
                    c.text("done");
                })
                .get("/stream", c -> c.stream("text/plain", out -> {
                    out.write("one".getBytes());
                    out.flush();
                    begun.countDown();
                    go.await();
                    out.write("two".getBytes());
                }))
                .get("/stubborn", c -> {
                    begun.countDown();
                    try {
                        Goroutine.sleep(Duration.ofMinutes(5));
                    } catch (InterruptedException e) {
                        interrupted.complete(e);
                        throw e;
                    }
                })
                .get("/channel", c -> {
                    begun.countDown();
                    try {
                        new Chan<String>().receive();
                    } finally {
                        order.add("cleaned up");
                    }
                })
                .get("/semaphore", c -> {
                    begun.countDown();
                    try {
                        taken.acquire();
                    } finally {
                        order.add("cleaned up");
                    }
                })
                .get("/stop", c -> c.server().stop(Duration.ZERO))
                .onStop(_ -> order.add("stopped")));
    }

    @AfterEach
    void stop() {
        go.countDown();
        server.close();
        logs.close();
    }

    private CompletableFuture<Boolean> stopWithin(Duration grace) {
        CompletableFuture<Boolean> result = CompletableFuture.supplyAsync(() -> server.stop(grace));
        Await.until("draining", server::isDraining);
        return result;
    }

    @Test
    void requestsInFlightFinish() throws Exception {
        try (RawClient client = RawClient.to(server);
                RawClient idle = RawClient.to(server)) {
            idle.get("/").read();
            Await.until("its turn is over", () -> server.stats().requestsActive() == 0);
            client.get("/wait");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            CompletableFuture<Boolean> result = stopWithin(Duration.ofMinutes(1));
            assertTrue(idle.isAtEnd(), "idle connections close at once");
            assertThrows(ConnectException.class, () -> RawClient.to(server));
            assertFalse(result.isDone());
            go.countDown();
            Answer answer = client.read();
            assertEquals("done", answer.text());
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
            assertTrue(result.get(20, TimeUnit.SECONDS), "nothing was cut off");
        }
        assertEquals(List.of("answered", "stopped"), order);
    }

    @Test
    void streamsInFlightFinish() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.get("/stream");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            CompletableFuture<Boolean> result = stopWithin(Duration.ofMinutes(1));
            go.countDown();
            assertEquals("onetwo", client.read().text());
            assertTrue(client.isAtEnd());
            assertTrue(result.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void loopsThatDoNotComeRoundDoNotKeepTheServerFromItsEnd() throws Exception {
        for (EventExecutor loop : server.netpoll().group()) {
            loop.execute(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
        }
        CompletableFuture<Boolean> result = stopWithin(Duration.ZERO);
        Await.until("actions at the stop are run", () -> order.contains("stopped"));
        go.countDown();
        result.get(20, TimeUnit.SECONDS);
    }

    @Test
    void requestsThatHaveBeenReadAreAnswered() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            String get = " HTTP/1.1\r\nHost: test\r\n\r\n";
            client.send("GET /wait" + get + "GET /" + get + "GET /" + get); // one segment, read at once
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            CompletableFuture<Boolean> result = stopWithin(Duration.ofMinutes(1));
            go.countDown();
            assertEquals("done", client.read().text());
            assertEquals("hello", client.read().text());
            Answer last = client.read();
            assertEquals("hello", last.text());
            assertTrue(last.closes());
            assertTrue(client.isAtEnd());
            assertTrue(result.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void aRequestThatIsComingInIsServed() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.get("/").read();
            client.send("GET / HTTP/1.1\r\n");
            Await.until("the beginning is read", () -> server.netpollStats().events() > 2);
            CompletableFuture<Boolean> result = stopWithin(Duration.ofMinutes(1));
            client.send("Host: test\r\n\r\n");
            Answer answer = client.read();
            assertEquals("hello", answer.text());
            assertTrue(answer.closes());
            assertTrue(result.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void afterTheGraceItIsCutOff() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.get("/stubborn");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            assertFalse(stopWithin(Duration.ofMillis(100)).get(20, TimeUnit.SECONDS));
            assertTrue(client.isAtEnd());
            assertEquals(InterruptedException.class, interrupted.get(20, TimeUnit.SECONDS).getClass());
        }
        assertEquals(1, logs.with("1 requests are cut off").size());
    }

    @Test
    void aShorterGraceCounts() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.get("/stubborn");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            CompletableFuture<Boolean> result = stopWithin(Duration.ofMinutes(5));
            assertFalse(server.stop(Duration.ofMillis(50)));
            assertFalse(result.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void withoutRequestsItIsQuick() {
        assertTrue(server.stop(Duration.ofMinutes(5)));
        assertTrue(server.stop(Duration.ofMinutes(5)), "stopping again");
        assertEquals(List.of("stopped"), order);
    }

    @Test
    void aHandlerCannotStopItsOwnServer() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            assertEquals(500, client.get("/stop").read().status());
        }
        assertEquals(1, logs.with("GET /stop").size());
    }

    @Test
    void allThreadsEnd() {
        String name = server.config().scheduler().name();
        server.stop();
        Await.until("the threads end", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals(name + "-http")));
    }

    /** Handlers that wait in something that no interrupt ends: they are not left behind. */
    @ParameterizedTest
    @ValueSource(strings = {"/channel", "/semaphore"})
    void handlersThatWaitCleanUp(String path) throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.get(path);
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            assertFalse(server.stop(Duration.ofMillis(50)));
            assertEquals(List.of("stopped", "cleaned up"), order);
        }
    }
}
