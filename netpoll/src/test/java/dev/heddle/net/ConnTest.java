package dev.heddle.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.Leaks;
import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.netpoll.World;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections between goroutines, and with ordinary sockets. */
@Timeout(120)
@ExtendWith(Leaks.class)
class ConnTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** Accepts and echoes until the listener is closed. */
    private static void serveEcho(World world, Listener listener) {
        world.go(() -> {
            while (true) {
                Conn conn;
                try {
                    conn = listener.accept();
                } catch (SocketException closed) {
                    return;
                }
                world.go(() -> {
                    try (conn) {
                        conn.inputStream().transferTo(conn.outputStream());
                    }
                });
            }
        });
    }

    private static Conn dial(World world, Listener listener) throws IOException {
        return Conn.connect(world.netpoll(), listener.localAddress(), Duration.ofSeconds(10));
    }

    private static byte[] randomBytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void manyClientsOfAllSizes(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            serveEcho(world, listener);
            int[] sizes = {0, 1, 2, 511, 512, 4095, 65_535, 65_536, 65_537, 200_000, 1_000_000};
            for (int client = 0; client < 50; client++) {
                int id = client;
                world.go(() -> exchange(dial(world, listener), randomBytes(sizes[id % sizes.length], id), id));
            }
            world.await("all clients have got their echo", () -> clientsDone.get() == 50);
            listener.close();
            world.join();
        }
    }

    private final AtomicLong clientsDone = new AtomicLong();

    /** Writes in random pieces beside a reader that reads in random pieces. */
    private void exchange(Conn conn, byte[] sent, long seed) throws Exception {
        try (conn) {
            Goroutine writer = Scheduler.current().go(() -> writePieces(conn, sent, new Random(seed)));
            byte[] got = new byte[sent.length];
            Random random = new Random(~seed);
            int at = 0;
            while (at < got.length) {
                int n = conn.read(got, at, Math.min(got.length - at, 1 + random.nextInt(100_000)));
                assertTrue(n > 0, "end of stream after " + at);
                at += n;
            }
            assertEquals(-1, conn.read(ByteBuffer.allocate(1)));
            assertArrayEquals(sent, got);
            writer.join();
        }
        clientsDone.getAndIncrement();
    }

    private static void writePieces(Conn conn, byte[] bytes, Random random) {
        try {
            for (int at = 0; at < bytes.length; ) {
                int n = Math.min(bytes.length - at, 1 + random.nextInt(100_000));
                switch (random.nextInt(3)) {
                    case 0 -> conn.write(bytes, at, n);
                    case 1 -> conn.write(ByteBuffer.allocateDirect(n).put(bytes, at, n).flip());
                    default -> {
                        int half = n / 2;
                        conn.write(
                                Arrays.copyOfRange(bytes, at, at + half),
                                new byte[0],
                                Arrays.copyOfRange(bytes, at + half, at + n));
                    }
                }
                at += n;
            }
            conn.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void tenMegabytesThroughSmallSocketBuffers(Kind kind) throws Exception {
        byte[] sent = randomBytes(10_000_000, 1);
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket socket = new Socket()) {
            serveEcho(world, listener);
            socket.setReceiveBufferSize(4096);
            socket.setSendBufferSize(4096);
            socket.connect(listener.localAddress());
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    socket.getOutputStream().write(sent);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertArrayEquals(sent, socket.getInputStream().readAllBytes());
            writer.join();
            listener.close();
            world.join();
        }
    }

    /** One packet with many requests; every byte comes once and in order, whatever the reader's buffer. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void pipelinedBytesComeInOrder(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            world.go(() -> {
                try (Conn conn = listener.accept()) {
                    InputStream in = conn.inputStream();
                    StringBuilder line = new StringBuilder();
                    for (int c = in.read(); c >= 0; c = in.read()) {
                        line.append((char) c);
                        if (c == '\n') {
                            conn.write(("<" + line).getBytes(StandardCharsets.US_ASCII));
                            line.setLength(0);
                        }
                    }
                }
            });
            world.go(() -> {
                try (Conn conn = dial(world, listener)) {
                    StringBuilder all = new StringBuilder();
                    StringBuilder expected = new StringBuilder();
                    for (int i = 0; i < 2000; i++) {
                        all.append("request ").append(i).append('\n');
                        expected.append("<request ").append(i).append('\n');
                    }
                    OutputStream out = conn.outputStream();
                    out.write(all.toString().getBytes(StandardCharsets.US_ASCII));
                    conn.shutdownOutput();
                    String got = new String(conn.inputStream().readAllBytes(), StandardCharsets.US_ASCII);
                    assertEquals(expected.toString(), got);
                }
            });
            world.join();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void readDeadlineEndsTheReadAndLeavesTheConnectionUsable(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.connect(listener.localAddress());
            Conn conn = listener.accept();
            ByteBuffer one = ByteBuffer.allocate(1);
            conn.setReadDeadline(Duration.ofMillis(30));
            long start = System.nanoTime();
            SocketTimeoutException e = assertThrows(SocketTimeoutException.class, () -> conn.read(one));
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis >= 25, "took " + millis + " ms");
            assertTrue(
                    e.getMessage().matches("read from /127\\.0\\.0\\.1:\\d+: timed out after \\d\\d+ ms"),
                    e.getMessage());
            peer.getOutputStream().write(42);
            world.await("the byte has arrived", () -> available(conn) == 1);
            assertThrows(SocketTimeoutException.class, () -> conn.read(one)); // passed is passed
            conn.setReadDeadline(Duration.ZERO);
            assertEquals(1, conn.read(one));
            assertEquals(42, one.get(0));
            conn.setDeadline(Duration.ofSeconds(-1));
            assertThrows(SocketTimeoutException.class, () -> conn.read(one.clear()));
            assertThrows(SocketTimeoutException.class, () -> conn.write(new byte[1]));
            conn.setDeadline(Duration.ofDays(1_000_000)); // more than a long has nanoseconds
            conn.write(new byte[] {7});
            assertEquals(7, peer.getInputStream().read());
            conn.close();
        }
    }

    private static int available(Conn conn) {
        try {
            return conn.available();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void deadlineCanBeMovedWhileSomebodyWaits(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.connect(listener.localAddress());
            Conn conn = listener.accept();
            Goroutine reader = world.go(() ->
                    assertThrows(SocketTimeoutException.class, () -> conn.read(ByteBuffer.allocate(1))));
            world.await("the reader waits", () -> reader.state() == Goroutine.State.WAITING);
            conn.setReadDeadline(Duration.ofMillis(20));
            world.join();
            conn.setReadDeadline(Duration.ofHours(1));
            Goroutine second = world.go(() ->
                    assertThrows(SocketTimeoutException.class, () -> conn.read(ByteBuffer.allocate(1))));
            world.await("the reader waits", () -> second.state() == Goroutine.State.WAITING);
            conn.setReadDeadline(Duration.ofNanos(-1));
            world.join();
            conn.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void writerWaitsForASlowPeerAndMemoryIsBounded(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.setReceiveBufferSize(4096);
            peer.connect(listener.localAddress());
            Conn conn = listener.accept();
            ByteBuffer much = ByteBuffer.allocate(100_000_000);
            SocketTimeoutException e = writeUntilStuck(world, conn, much);
            assertEquals(much.position(), e.bytesTransferred);
            assertTrue(conn.unsentBytes() <= 200_000, "waiting to be sent: " + conn.unsentBytes());
            conn.setWriteDeadline(Duration.ZERO);
            AtomicLong got = new AtomicLong();
            Thread drain = Thread.ofPlatform().start(() -> {
                try {
                    got.set(peer.getInputStream().transferTo(OutputStream.nullOutputStream()));
                } catch (IOException x) {
                    throw new UncheckedIOException(x);
                }
            });
            world.go(() -> {
                conn.write(much);
                conn.close();
            });
            world.join();
            drain.join();
            assertEquals(100_000_000, got.get());
        }
    }

    /** Writes until the peer takes no more, then lets the deadline pass. */
    private static SocketTimeoutException writeUntilStuck(World world, Conn conn, ByteBuffer source) throws Exception {
        AtomicReference<SocketTimeoutException> thrown = new AtomicReference<>();
        Goroutine writer = world.go(
                () -> thrown.set(assertThrows(SocketTimeoutException.class, () -> conn.write(source))));
        world.await("the writer is stuck", isStuck(writer, conn::unsentBytes));
        conn.setWriteDeadline(Duration.ofNanos(-1));
        world.join();
        assertTrue(source.position() > 0 && source.hasRemaining(), "taken: " + source.position());
        return thrown.get();
    }

    /** True when a goroutine waits and a number of bytes stands still above 0 for as long as a hundred looks. */
    private static BooleanSupplier isStuck(Goroutine g, LongSupplier bytes) {
        AtomicLong last = new AtomicLong();
        AtomicLong same = new AtomicLong();
        return () -> {
            long now = bytes.getAsLong();
            boolean still = now > 0 && last.getAndSet(now) == now && g.state() == Goroutine.State.WAITING;
            return (still ? same.incrementAndGet() : same.getAndSet(0)) >= 100;
        };
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void slowReaderStopsTheSender(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            Goroutine sender = world.go(() -> {
                try (Conn conn = dial(world, listener)) {
                    conn.write(new byte[50_000_000]);
                }
            });
            Conn conn = listener.accept();
            world.await("the sender is stuck", isStuck(sender, conn::heldBytes));
            long held = conn.heldBytes();
            assertTrue(held <= 200_000, "received ahead: " + held);
            byte[] all = conn.inputStream().readAllBytes();
            assertEquals(50_000_000, all.length);
            conn.close();
            world.join();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closeWakesReaderAndWriter(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.connect(listener.localAddress());
            Conn conn = listener.accept();
            Goroutine reader = world.go(() -> {
                SocketException e =
                        assertThrows(SocketException.class, () -> conn.read(ByteBuffer.allocate(1)));
                assertTrue(e.getMessage().matches("read from /127.*: closed"), e.getMessage());
            });
            Goroutine writer = world.go(() -> {
                SocketException e = assertThrows(SocketException.class, () -> conn.write(new byte[100_000_000]));
                assertTrue(e.getMessage().matches("write to /127.*: closed"), e.getMessage());
            });
            world.await("both wait", () -> reader.state() == Goroutine.State.WAITING
                    && writer.state() == Goroutine.State.WAITING);
            conn.close();
            conn.close();
            world.join();
            assertThrows(SocketException.class, () -> conn.read(ByteBuffer.allocate(1)));
            assertThrows(SocketException.class, () -> conn.write(new byte[1]));
            assertThrows(SocketException.class, conn::shutdownOutput);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void oneReaderAndOneWriterAtATime(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.connect(listener.localAddress());
            Conn conn = listener.accept();
            Goroutine reader = world.go(() -> conn.read(ByteBuffer.allocate(1)));
            Goroutine writer =
                    world.go(() -> assertThrows(SocketException.class, () -> conn.write(new byte[100_000_000])));
            world.await("both wait", () -> reader.state() == Goroutine.State.WAITING
                    && writer.state() == Goroutine.State.WAITING);
            assertThrows(IllegalStateException.class, () -> conn.read(ByteBuffer.allocate(1)));
            assertThrows(IllegalStateException.class, () -> conn.write(new byte[1]));
            assertThrows(IllegalStateException.class, conn::shutdownOutput);
            peer.getOutputStream().write(1); // the first reader is not disturbed
            reader.join();
            conn.close();
            world.join();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void halfCloseBothWays(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            world.go(() -> {
                try (Conn conn = listener.accept()) {
                    byte[] question = conn.inputStream().readAllBytes();
                    assertEquals(1_000_000, question.length);
                    assertEquals(-1, conn.read(ByteBuffer.allocate(1)));
                    conn.write(new byte[2_000_000]);
                    conn.shutdownOutput();
                    conn.shutdownOutput();
                    assertThrows(SocketException.class, () -> conn.write(new byte[1]));
                }
            });
            world.go(() -> {
                try (Conn conn = dial(world, listener)) {
                    conn.write(new byte[1_000_000]);
                    conn.shutdownOutput();
                    assertEquals(2_000_000, conn.inputStream().readAllBytes().length);
                }
            });
            world.join();
        }
    }

    /** A write that has to wait after the peer's end: see EpollRegistration. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void longAnswerAfterTheEndOfTheQuestion(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.setReceiveBufferSize(4096);
            peer.connect(listener.localAddress());
            peer.shutdownOutput();
            Conn conn = listener.accept();
            assertEquals(-1, conn.read(ByteBuffer.allocate(1)));
            ByteBuffer answer = ByteBuffer.allocate(20_000_000);
            writeUntilStuck(world, conn, answer);
            conn.setWriteDeadline(Duration.ZERO);
            world.go(() -> {
                conn.write(answer);
                conn.close();
            });
            assertEquals(answer.capacity(), peer.getInputStream().transferTo(OutputStream.nullOutputStream()));
            world.join();
        }
    }

    /** What was written before close reaches a peer that reads late. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closeSendsWhatWasWritten(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.setReceiveBufferSize(4096);
            peer.connect(listener.localAddress());
            Conn conn = listener.accept();
            ByteBuffer much = ByteBuffer.allocate(100_000_000);
            writeUntilStuck(world, conn, much);
            conn.close();
            assertEquals(much.position(), peer.getInputStream().transferTo(OutputStream.nullOutputStream()));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void resetByThePeerIsAnErrorForReaderAndWriter(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            Socket peer = new Socket();
            peer.connect(listener.localAddress());
            Conn conn = listener.accept();
            AtomicReference<IOException> seen = new AtomicReference<>();
            Goroutine reader = world.go(
                    () -> seen.set(assertThrows(IOException.class, () -> conn.read(ByteBuffer.allocate(1)))));
            world.await("the reader waits", () -> reader.state() == Goroutine.State.WAITING);
            peer.setSoLinger(true, 0);
            peer.close();
            world.join();
            assertTrue(
                    seen.get().getMessage().matches("read from /127.*: .*[Cc]onnection reset.*"),
                    seen.get().getMessage());
            IOException e = assertThrows(IOException.class, () -> conn.write(new byte[1]));
            assertTrue(e.getMessage().startsWith("write to /127"), e.getMessage());
            conn.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void connectErrorsNameTheAddress(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Listener listener = Listener.bind(world.netpoll(), ANY);
            int port = listener.localAddress().getPort();
            InetSocketAddress byName = InetSocketAddress.createUnresolved("localhost", port);
            Conn.connect(world.netpoll(), byName, Duration.ZERO).close();
            listener.close();
            ConnectException e = assertThrows(
                    ConnectException.class,
                    () -> Conn.connect(world.netpoll(), new InetSocketAddress("127.0.0.1", port), Duration.ZERO));
            assertTrue(e.getMessage().startsWith("connect to /127.0.0.1:" + port + ": "), e.getMessage());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Conn.connect(world.netpoll(), byName, Duration.ofSeconds(-1)));
        }
    }

    /** Nobody calls the goroutine's buffers its own after a close in the middle of reads and writes. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closeUnderTrafficLosesNoBuffer(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            serveQuietly(world, listener);
            for (int i = 0; i < 100; i++) {
                int id = i;
                world.go(() -> {
                    Conn conn = dial(world, listener);
                    world.go(() -> quietly(() -> {
                        while (true) {
                            conn.write(new byte[10_000]);
                        }
                    }));
                    Goroutine.sleep(Duration.ofMillis(id % 10));
                    if (id % 2 == 0) {
                        quietly(() -> conn.read(ByteBuffer.allocate(100_000)));
                    }
                    conn.close();
                });
            }
            world.await("all connections were made", () -> served.get() == 100);
            listener.close();
            world.join();
        }
    }

    private final AtomicLong served = new AtomicLong();

    private void serveQuietly(World world, Listener listener) {
        world.go(() -> quietly(() -> {
            while (true) {
                Conn conn = listener.accept();
                served.getAndIncrement();
                world.go(() -> quietly(() -> {
                    try (conn) {
                        conn.inputStream().transferTo(conn.outputStream());
                    }
                }));
            }
        }));
    }

    /** Runs until the connection fails, as it is meant to. */
    private static void quietly(World.Body body) throws Exception {
        try {
            body.run();
        } catch (IOException expected) {
            assertTrue(expected.getMessage().contains("127.0.0.1"), expected.getMessage());
        }
    }
}
