package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that do not take their answers. */
@HttpTest
class WriteTimeoutTest {
    private static final Duration TIMEOUT = Duration.ofMillis(500);
    private static final int MIN_RATE = 50_000;
    private static final int PIECE = 10_000;

    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private Server server;

    @BeforeEach
    void start() throws IOException {
        server = App.create()
                .get("/endless", c -> {
                    try {
                        c.stream("text/plain", out -> {
                            while (true) {
                                out.write(new byte[10_000]);
                            }
                        });
                    } catch (Exception e) {
                        failure.complete(e);
                        throw e;
                    }
                })
                .get("/big", c -> c.bytes("text/plain", new byte[20_000_000]))
                .with(Servers.config().withWriteTimeout(TIMEOUT).withWriteMinRate(MIN_RATE))
                .start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void theHandlerIsTold() throws IOException, ExecutionException, InterruptedException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/endless");
            Throwable e = failure.get();
            assertEquals(ClientGoneException.class, e.getClass());
            assertTrue(e.getMessage().startsWith("write: the client has taken "), e.getMessage());
            Await.until("the connection is closed", () -> server.stats().connectionsOpen() == 0);
            assertEquals(1, server.stats().writeTimeouts());
        }
    }

    @Test
    void withoutAHandlerTheConnectionIsClosed() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/big");
            Await.until("the time is over", () -> server.stats().writeTimeouts() == 1);
            Await.until("the connection is closed", () -> server.stats().connectionsOpen() == 0);
        }
    }

    /** Reads a piece every so many milliseconds until a time is over or the server has had enough; returns the latter. */
    private boolean isCutOff(RawClient client, long millis, Duration time) throws IOException {
        long end = System.nanoTime() + time.toNanos();
        long next = System.nanoTime();
        while (System.nanoTime() - end < 0) {
            client.exactly(PIECE);
            next += TimeUnit.MILLISECONDS.toNanos(millis);
            long at = next;
            Await.until("the next piece", () -> System.nanoTime() - at >= 0 || server.stats().writeTimeouts() > 0);
            if (server.stats().writeTimeouts() > 0) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aClientThatReadsSlowlyIsServed() throws IOException, ExecutionException, InterruptedException {
        Assumptions.assumeFalse("nio".equals(System.getProperty("heddle.test.poller")), "only Linux's epoll tells it");
        try (RawClient client = RawClient.to(server, 4096)) {
            client.get("/endless"); // some MiB are in the kernel's buffer, which so few bytes make no room in
            assertFalse(isCutOff(client, 50, TIMEOUT.multipliedBy(5)), "it takes 200 kB/s");
            assertFalse(failure.isDone());
            Throwable e = failure.get(); // now it takes nothing
            assertTrue(e.getMessage().startsWith("write: the client has taken "), e.getMessage());
        }
    }

    @Test
    void aClientThatReadsTooSlowlyIsCutOff() throws IOException, ExecutionException, InterruptedException {
        Assumptions.assumeFalse("nio".equals(System.getProperty("heddle.test.poller")), "only Linux's epoll tells it");
        try (RawClient client = RawClient.to(server, 4096)) {
            client.get("/endless");
            assertTrue(isCutOff(client, 400, TIMEOUT.multipliedBy(20)), "it takes 25 kB/s, and something all the time");
            assertTrue(failure.get().getMessage().endsWith("need " + MIN_RATE + " per second"), failure.get().getMessage());
        }
    }
}
