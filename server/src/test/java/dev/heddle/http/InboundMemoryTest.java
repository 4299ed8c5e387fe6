package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What one connection makes the server keep, of what it sends and no handler has read. */
@HttpTest
class InboundMemoryTest {
    private static final String POST = "POST /count HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";

    /** Far above the budget of a connection and far below what is sent. */
    private static final long MUCH = 1 << 20;

    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch gate = new CountDownLatch(1);
    private Server server;

    @BeforeEach
    void start() throws IOException {
        server = App.create()
                .get("/gate", c -> {
                    entered.countDown();
                    gate.await();
                    c.text("open");
                })
                .post("/gate", c -> {
                    entered.countDown();
                    gate.await();
                    c.text("read " + c.bodyStream().transferTo(OutputStream.nullOutputStream()));
                })
                .post("/count", c -> c.text("read " + c.bodyStream().transferTo(OutputStream.nullOutputStream())))
                .post("/unread", c -> c.text("not read"))
                .post("/bytes", c -> {
                    InputStream in = c.bodyStream();
                    int sum = 0;
                    for (int b = in.read(); b >= 0; b = in.read()) {
                        sum += b;
                    }
                    c.text("sum " + sum);
                })
                .get("/n/{n}", c -> c.text(c.path("n").get()))
                .with(Servers.config())
                .start();
    }

    @AfterEach
    void stop() {
        gate.countDown();
        server.close();
    }

    @Test
    void bodiesOfWaitingRequestsInOneByteChunks() throws Exception {
        try (Sender client = new Sender("GET /gate HTTP/1.1\r\nHost: test\r\n\r\n")) {
            entered.await();
            String body = "1\r\nx\r\n".repeat(1500) + "0\r\n\r\n";
            client.sendUntilFull((POST + body).repeat(63), MUCH);
            gate.countDown();
            client.sendRest();
            assertEquals("open", client.answers.read().text());
            for (int i = 0; i < 63; i++) {
                assertEquals("read 1500", client.answers.read().text());
            }
        }
    }

    @Test
    void aBodyInOneByteChunks() throws Exception {
        try (Sender client = new Sender(POST.replace("/count", "/gate"))) {
            entered.await();
            client.sendUntilFull("1\r\nx\r\n".repeat(170_000) + "0\r\n\r\n", MUCH);
            gate.countDown();
            client.sendRest();
            assertEquals("read 170000", client.answers.read().text());
        }
    }

    @Test
    void headsOfWaitingRequests() throws Exception {
        try (Sender client = new Sender("GET /gate HTTP/1.1\r\nHost: test\r\n\r\n")) {
            entered.await();
            StringBuilder heads = new StringBuilder();
            for (int i = 0; i < 2000; i++) {
                heads.append("GET /n/").append(i).append(" HTTP/1.1\r\nHost: test\r\n");
                for (int h = 0; h < 90; h++) {
                    heads.append("X-").append(h).append(": ").append("v".repeat(150)).append("\r\n");
                }
                heads.append("\r\n");
            }
            client.sendUntilFull(heads.toString(), MUCH);
            gate.countDown();
            client.sendRest();
            assertEquals("open", client.answers.read().text());
            for (int i = 0; i < 2000; i++) {
                assertEquals("" + i, client.answers.read().text());
            }
        }
    }

    @Test
    void whatWaitsIsLetGoOfWhenTheClientGoes() throws Exception {
        try (Sender client = new Sender("GET /gate HTTP/1.1\r\nHost: test\r\n\r\n")) {
            entered.await();
            client.send((POST + "5\r\nhello\r\n0\r\n\r\n").repeat(20) + POST + "5\r\nhel");
            Http1Connection connection = server.shared().connections().iterator().next();
            Await.until("21 bodies", () -> connection.inbound().held() > 21 * Inbound.REQUEST_BYTES);
            client.channel.setOption(StandardSocketOptions.SO_LINGER, 0); // a reset: after a FIN it could still read
            client.channel.close();
            Await.until("the end of the connection", connection::isGone);
            Await.until("nothing held", () -> connection.inbound().held() == 0);
            assertEquals(1, server.stats().connectionsOpen(), "a request is still served");
            gate.countDown();
            Await.until("no connection", () -> server.stats().connectionsOpen() == 0);
            assertEquals(0, connection.inbound().held());
            assertEquals(1, server.stats().requests());
        }
    }

    @Test
    void moreFramingThanContent() throws Exception {
        String extension = ";name=" + "v".repeat(1000);
        try (RawClient client = RawClient.to(server)) {
            client.send(POST + ("1" + extension + "\r\nx\r\n").repeat(15) + "0\r\n\r\n");
            assertEquals("read 15", client.read().text());
            client.send(POST + ("1" + extension + "\r\nx\r\n").repeat(30));
            Answer answer = client.read();
            assertEquals(400, answer.status());
            assertTrue(answer.closes());
        }
        try (RawClient client = RawClient.to(server)) { // as much of it with as much content is no fault
            client.send(POST + ("400" + extension + "\r\n" + "x".repeat(1024) + "\r\n").repeat(300) + "0\r\n\r\n");
            assertEquals("read 307200", client.read().text());
        }
        try (RawClient client = RawClient.to(server)) { // a handler that does not read has its answer sent
            client.send(POST.replace("/count", "/unread") + ("1" + extension + "\r\nx\r\n").repeat(30));
            assertEquals("not read", client.read().text());
            assertTrue(client.isAtEnd());
        }
    }

    @Test
    void trailersAreLimited() throws Exception {
        try (RawClient client = RawClient.to(server)) {
            client.send(POST + "1\r\nx\r\n0\r\n" + "a: b\r\n".repeat(100) + "\r\n");
            assertEquals("read 1", client.read().text());
            client.send(POST + "1\r\nx\r\n0\r\n" + "a: b\r\n".repeat(101) + "\r\n");
            assertEquals(400, client.read().status());
        }
        try (RawClient client = RawClient.to(server)) {
            client.send(POST + "1\r\nx\r\n0\r\na: " + "b".repeat(16 << 10) + "\r\n\r\n");
            assertEquals(400, client.read().status());
        }
    }

    @Test
    void everyByteIsThereOnce() throws Exception {
        StringBuilder body = new StringBuilder();
        long sum = 0;
        for (int size = 1, i = 0; i < 400; i++, size = size * 7 % 40_009) {
            char ch = (char) ('a' + i % 26);
            body.append(Integer.toHexString(size)).append("\r\n").append(("" + ch).repeat(size)).append("\r\n");
            sum += (long) ch * size;
        }
        try (RawClient client = RawClient.to(server)) {
            client.send(POST.replace("/count", "/bytes") + body + "0\r\n\r\n");
            assertEquals("sum " + (int) sum, client.read().text());
        }
    }

    /** The turn is passed on while the loop takes what waits from it. */
    @Test
    void clientsThatGoWhileTheTurnIsPassedOn() throws Exception {
        Random random = new Random(7);
        List<Http1Connection> seen = new ArrayList<>();
        String mixed = "GET /n/1 HTTP/1.1\r\nHost: test\r\n\r\n" + POST + "5\r\nhello\r\n0\r\n\r\n"
                + POST.replace("/count", "/unread") + "3\r\nabc\r\n0\r\n\r\n";
        byte[] all = mixed.repeat(20).getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < 400; i++) {
            try (RawClient client = RawClient.to(server)) {
                client.send(Arrays.copyOf(all, 1 + random.nextInt(all.length)));
                seen.addAll(server.shared().connections());
                if (random.nextBoolean()) {
                    client.reset();
                }
            }
        }
        Await.until("no connection", () -> server.stats().connectionsOpen() == 0);
        assertFalse(seen.isEmpty());
        for (Http1Connection connection : seen) {
            assertEquals(0, connection.inbound().held());
            assertTrue(connection.turns().isIdle());
        }
    }

    /** Returns the bytes of heap that are reachable, and those that buffers have outside of it. */
    private static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least + PlatformDependent.usedDirectMemory();
    }

    /** A client that notices when the server takes no more. */
    private final class Sender implements AutoCloseable {
        final SocketChannel channel;
        final RawClient answers;
        private ByteBuffer rest;

        Sender(String first) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", server.port()));
            answers = RawClient.of(channel.socket());
            send(first);
        }

        void send(String text) throws IOException {
            rest = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
            sendRest();
        }

        /** Sends until the server or the socket takes no more; fails if the server keeps more than so many bytes then. */
        void sendUntilFull(String text, long most) throws IOException {
            rest = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
            Inbound inbound = server.shared().connections().iterator().next().inbound();
            long before = used();
            channel.configureBlocking(false);
            Await.until("the budget is used up", () -> {
                try {
                    channel.write(rest);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                return inbound.isFull();
            });
            channel.configureBlocking(true);
            long more = used() - before;
            assertTrue(more < most, "the server keeps " + more + " bytes");
            assertTrue(inbound.held() <= Inbound.HIGH_BYTES + (64 << 10), "the budget says " + inbound.held());
        }

        void sendRest() throws IOException {
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
