package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How many connections there may be, in all and of one address. */
@HttpTest
class AdmissionTest {
    private final CountDownLatch gate = new CountDownLatch(1);
    private final AtomicInteger entered = new AtomicInteger();
    private Server server;

    private void start(ServerConfig config) throws IOException {
        server = App.create()
                .get("/", c -> c.text("hello"))
                .get("/gate", c -> {
                    entered.incrementAndGet();
                    gate.await();
                    c.text("open");
                })
                .with(config)
                .start();
    }

    @AfterEach
    void stop() {
        gate.countDown();
        server.close();
    }

    @Test
    void thoseThatAreIdleForLongestMakeRoom() throws IOException {
        start(Servers.config().withMaxConnections(3));
        try (RawClient a = RawClient.to(server);
                RawClient b = RawClient.to(server);
                RawClient c = RawClient.to(server)) {
            assertEquals("hello", b.get("/").read().text());
            assertEquals("hello", c.get("/").read().text());
            assertEquals("hello", a.get("/").read().text());
            assertEquals(0, server.stats().connectionsDisplaced());
            try (RawClient d = RawClient.to(server)) {
                assertEquals("hello", d.get("/").read().text());
                assertTrue(b.endsCleanly());
                assertEquals(1, server.stats().connectionsDisplaced());
                assertEquals("hello", a.get("/").read().text());
                assertEquals("hello", c.get("/").read().text());
                assertEquals("hello", d.get("/").read().text());
            }
        }
        assertEquals(1, server.stats().acceptPauses());
        assertEquals(4, server.stats().connectionsAccepted());
    }

    @Test
    void aConnectionIsNoPlaceForTheOnlyOneThereIs() throws IOException {
        start(Servers.config().withMaxConnections(1));
        try (RawClient a = RawClient.to(server)) {
            for (int i = 0; i < 100; i++) {
                assertEquals("hello", a.get("/").read().text());
            }
        }
        assertEquals(0, server.stats().acceptPauses());
    }

    @Test
    void othersWaitWhileAllAreServed() throws IOException {
        start(Servers.config().withMaxConnections(2));
        try (RawClient a = RawClient.to(server);
                RawClient b = RawClient.to(server)) {
            a.get("/gate");
            b.get("/gate");
            Await.until("two requests", () -> entered.get() == 2);
            List<RawClient> others = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                others.add(RawClient.to(server).send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
            }
            Await.until("a pause", () -> server.stats().acceptPauses() == 1);
            assertEquals(2, server.stats().connectionsAccepted());
            assertEquals(0, server.stats().connectionsDisplaced());
            gate.countDown();
            for (RawClient other : others) {
                assertEquals("hello", other.read().text());
                other.close();
            }
            assertEquals("open", a.read().text()); // idle by now, and closed for those who waited
            assertEquals("open", b.read().text());
        }
        assertTrue(server.stats().connectionsDisplaced() >= 1);
        assertEquals(22, server.stats().connectionsAccepted());
    }

    @Test
    void timesHoldWhileNobodyIsAccepted() throws IOException {
        start(Servers.config().withMaxConnections(1).withHeaderTimeout(Duration.ofMillis(300)));
        try (RawClient slow = RawClient.to(server);
                RawClient other = RawClient.to(server)) {
            slow.send("GET / HT");
            other.get("/");
            assertEquals(408, slow.read().status());
            slow.close();
            assertEquals("hello", other.read().text());
        }
    }

    @Test
    void acceptingIsAlwaysTakenUpAgain() throws Exception {
        start(Servers.config().withMaxConnections(3));
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> clients = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            int number = t;
            clients.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < 150; i++) {
                        try (RawClient client = RawClient.to(server)) {
                            if ((i + number) % 5 == 0) {
                                client.reset(); // also while it waits
                            } else {
                                client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
                                assertEquals("hello", client.read().text());
                            }
                        }
                    }
                } catch (Throwable e) {
                    failure.set(e);
                }
            }));
        }
        for (Thread client : clients) {
            client.join();
        }
        if (failure.get() != null) {
            throw new AssertionError("of a client", failure.get());
        }
        Await.until("no connection", () -> server.stats().connectionsOpen() == 0);
        assertTrue(server.stats().acceptPauses() > 0);
    }

    @Test
    void oneAddressHasSoMany() throws IOException {
        start(Servers.config().withMaxConnectionsPerAddress(2));
        try (RawClient a = RawClient.to(server);
                RawClient b = RawClient.to(server)) {
            assertEquals("hello", a.get("/").read().text());
            assertEquals("hello", b.get("/").read().text());
            try (RawClient c = RawClient.to(server)) {
                assertTrue(c.isAtEnd());
            }
            assertEquals(1, server.stats().connectionsRefused());
            assertEquals(2, server.stats().connectionsAccepted());
            a.close();
            Await.until("its end", () -> server.stats().connectionsOpen() == 1);
            Await.until("a place", () -> isServed());
            assertEquals("hello", b.get("/").read().text());
        }
    }

    private boolean isServed() {
        try (RawClient client = RawClient.to(server)) {
            return client.get("/").read().text().equals("hello");
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void whoWaitsIsLetGoAtTheEnd() throws IOException {
        start(Servers.config().withMaxConnections(1));
        try (RawClient a = RawClient.to(server);
                RawClient b = RawClient.to(server)) {
            a.get("/gate");
            Await.until("a request", () -> entered.get() == 1);
            b.get("/");
            Await.until("a pause", () -> server.stats().acceptPauses() == 1);
            gate.countDown();
            assertTrue(server.stop(Duration.ofSeconds(10)));
            assertEquals("open", a.read().text());
            assertTrue(b.isAtEnd());
        }
    }
}
