package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The loop of a connection and a handler of it do, at the same moment, what their protocols say that they may: {@link Inbound},
 * {@link Turns}. Rounds for as long as {@code -Dheddle.stress.seconds} says.
 */
@HttpTest
class ConnectionStressTest {
    private static final long NANOS = TimeUnit.SECONDS.toNanos(Long.getLong("heddle.stress.seconds", 1));

    private static final int WAITING = 6;

    private final AtomicInteger entered = new AtomicInteger();
    /** The round in which whoever looks at it may go on. */
    private volatile int round;

    private Server server;

    @BeforeEach
    void start() throws IOException {
        server = Servers.start(App.create()
                .get("/first", c -> {
                    int mine = entered.incrementAndGet();
                    while (round < mine) {
                        Thread.onSpinWait();
                    }
                    pause(mine, 1_000);
                })
                .get("/next", c -> {}));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static boolean isOver(long begin) {
        return System.nanoTime() - begin >= NANOS;
    }

    /** For a moment that is another one in each round. */
    private static void pause(int round, int mostNanos) {
        long begin = System.nanoTime();
        long nanos = round * 7919L % mostNanos;
        while (System.nanoTime() - begin < nanos) {
            Thread.onSpinWait();
        }
    }

    /** As {@link Await#until}, for what takes microseconds. */
    private static void soon(BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(20), "waited in vain");
            Thread.yield();
        }
    }

    private Http1Connection connection() {
        Await.until("a connection", () -> !server.shared().connections().isEmpty());
        return server.shared().connections().iterator().next();
    }

    private static EventLoop loop(Http1Connection connection) {
        Await.until("its pipeline", () -> connection.context() != null);
        return connection.context().channel().eventLoop();
    }

    /** {@link Inbound#hold} above the mark and {@link Inbound#letGo}: the connection is read again. */
    @Test
    void whatIsLetGoOfWhileItIsHeld() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            Http1Connection connection = connection();
            Inbound inbound = connection.inbound();
            EventLoop loop = loop(connection);
            long begin = System.nanoTime();
            for (int i = 1; !isOver(begin); i++) {
                int number = i;
                loop.execute(() -> {
                    round = number;
                    pause(number, 1_000);
                    inbound.hold(Inbound.HIGH_BYTES + 1);
                });
                while (round != number) {
                    Thread.onSpinWait();
                }
                pause(number + 1, 1_000);
                inbound.letGo(Inbound.HIGH_BYTES + 1);
                loop.submit(() -> {}).get();
                if (inbound.isFull()) {
                    Await.until("reading is taken up again", () -> !inbound.isFull());
                }
                assertEquals(0, inbound.held());
            }
            assertEquals(200, client.get("/next").read().status());
        }
    }

    /** {@link Turns#abandon} and {@link Turns#finished}: what waits is dropped or served, once, and nothing of it is kept. */
    @Test
    void whatWaitsIsDroppedWhileTheTurnIsPassedOn() throws Exception {
        String first = "GET /first HTTP/1.1\r\nHost: test\r\n\r\n";
        String next = first.replace("first", "next");
        try (RawClient client = RawClient.to(server)) {
            Http1Connection connection = connection();
            Turns turns = connection.turns();
            EventLoop loop = loop(connection);
            long begin = System.nanoTime();
            for (int i = 1; !isOver(begin); i++) {
                int number = i;
                int before = turns.begun();
                client.send(first + next.repeat(WAITING));
                soon(() -> entered.get() == number && connection.inbound().held() > WAITING * Inbound.REQUEST_BYTES);
                loop.submit(() -> {
                    round = number;
                    pause(number, 300_000);
                    turns.abandon(false);
                }).get();
                soon(turns::isIdle);
                int begun = turns.begun() - before;
                assertTrue(begun >= 1 && begun <= 1 + WAITING, begun + " were begun");
                for (int n = 0; n < begun; n++) {
                    assertEquals(200, client.read().status());
                }
                assertEquals(0, connection.inbound().held());
            }
        }
    }

    /** A connection that ends takes its requests from one figure to another meanwhile. */
    @Test
    void theNumberOfRequestsNeverGoesBack() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger sent = new AtomicInteger();
        Thread clients = Thread.ofPlatform().start(() -> {
            try {
                while (!over.get()) {
                    try (RawClient client = RawClient.to(server)) {
                        client.get("/next").read();
                        sent.incrementAndGet();
                    }
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        long begin = System.nanoTime();
        long last = 0;
        while (!isOver(begin)) {
            long now = server.stats().requests();
            assertTrue(now >= last, now + " after " + last);
            last = now;
        }
        over.set(true);
        clients.join();
        Await.until("all are counted", () -> server.stats().requests() == sent.get());
    }
}
