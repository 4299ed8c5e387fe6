package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Handlers that flush single bytes as fast as they can: they are held back as others are, and nobody else is. */
@HttpTest
class SmallPiecesTest {
    private final AtomicLong flushes = new AtomicLong();
    private volatile boolean enough;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        server = App.create()
                .get("/", c -> c.text("hello"))
                .get("/drip/{bytes}", c -> c.stream("text/plain", out -> {
                    byte[] piece = new byte[c.path("bytes").asInt()];
                    while (!enough) {
                        out.write(piece);
                        out.flush();
                        flushes.incrementAndGet();
                    }
                }))
                .with(Servers.config()
                        .withWriteTimeout(Duration.ZERO)
                        .withNetpoll(NetpollConfig.defaults().withLoops(1))
                        .with("poller", System.getProperty("heddle.test.poller", "auto")))
                .start();
    }

    @AfterEach
    void stop() {
        enough = true;
        server.close();
    }

    private Http1Connection onlyConnection() {
        assertEquals(1, server.shared().connections().size());
        return server.shared().connections().iterator().next();
    }

    @Test
    void theyAreCountedByTheirNumber() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            assertEquals("hello", client.get("/").read().text());
            Http1Connection connection = onlyConnection();
            client.get("/drip/1");
            Await.until("the handler has begun", () -> flushes.get() > 0);
            CountDownLatch gate = new CountDownLatch(1);
            CountDownLatch stopped = new CountDownLatch(1);
            connection.context().executor().execute(() -> {
                stopped.countDown();
                await(gate); // the loop does nothing meanwhile
            });
            assertTrue(stopped.await(20, TimeUnit.SECONDS));
            Await.until("the handler is held back", connection.outbound()::isWaiting);
            long inMailbox = connection.outbound().held();
            assertTrue(inMailbox <= (64 << 10) + (128 << 10) + 1024, "got " + inMailbox);

            CompletableFuture<Boolean> leftBehind = new CompletableFuture<>();
            connection.context().executor().execute(() -> leftBehind.complete(connection.writer.isBusy()));
            gate.countDown();
            assertTrue(leftBehind.get(20, TimeUnit.SECONDS), "the loop must serve others before it has written all of it");

            enough = true;
            Answer drip = client.read();
            assertEquals(flushes.get(), drip.body().length);
            assertEquals("hello", client.get("/").read().text());
            Await.until("nothing is held", () -> connection.outbound().held() == 0);
        }
    }

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aClientThatDoesNotReadThemHoldsLittle() throws IOException {
        try (RawClient client = RawClient.to(server, 4096)) {
            client.get("/drip/500"); // the kernel takes some MiB first
            Await.until("the handler has begun", () -> flushes.get() > 0);
            Outbound outbound = onlyConnection().outbound();
            long[] last = new long[2]; // the kernel may take some more while we look
            Await.until("the handler is held back for good", () -> {
                long now = flushes.get();
                last[1] = now == last[0] && outbound.isWaiting() ? last[1] + 1 : 0;
                last[0] = now;
                return last[1] > 50;
            });
            assertTrue(outbound.held() < 200 << 10, "got " + outbound.held());
        }
        Await.until("the connection is gone", () -> server.stats().connectionsOpen() == 0);
    }

    @Test
    void othersAreServed() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        List<Thread> readers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            RawClient client = RawClient.to(server);
            clients.add(client);
            readers.add(Thread.ofVirtual().start(() -> drop(client)));
            client.get("/drip/1");
        }
        try (RawClient other = RawClient.to(server)) {
            Await.until("the handlers are at work", () -> flushes.get() > 1000);
            for (int i = 0; i < 20; i++) {
                assertEquals("hello", other.get("/").read().text());
            }
        }
        enough = true;
        for (RawClient client : clients) {
            client.endOutput();
        }
        for (Thread reader : readers) {
            reader.join();
        }
        for (RawClient client : clients) {
            client.close();
        }
    }

    private static void drop(RawClient client) {
        try {
            client.rest();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
