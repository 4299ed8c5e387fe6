package dev.heddle.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.Leaks;
import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.netpoll.World;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Accepting. */
@Timeout(120)
@ExtendWith(Leaks.class)
class ListenerTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** The server of the documentation, as it stands there. */
    private static void echoServer(World world, Listener bound) throws IOException {
        Scheduler scheduler = world.scheduler();
        try (Listener listener = bound) {
            while (true) {
                Conn conn = listener.accept();
                scheduler.go(() -> {
                    try (conn) {
                        conn.inputStream().transferTo(conn.outputStream());
                    } catch (IOException e) {
                        System.err.println(e.getMessage());
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aThousandConnectionsOneAfterTheOther(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Listener listener = Listener.bind(world.netpoll(), ANY);
            Goroutine server =
                    world.go(() -> assertThrows(SocketException.class, () -> echoServer(world, listener)));
            AtomicInteger left = new AtomicInteger(1000);
            for (int c = 0; c < 10; c++) {
                world.go(() -> {
                    ByteBuffer one = ByteBuffer.allocate(1);
                    while (left.getAndDecrement() > 0) {
                        try (Conn conn =
                                Conn.connect(world.netpoll(), listener.localAddress(), Duration.ofSeconds(10))) {
                            conn.write(new byte[] {3});
                            assertEquals(1, conn.read(one.clear()));
                            assertEquals(3, one.get(0));
                        }
                    }
                });
            }
            world.await("all connections were made", () -> left.get() <= -10);
            listener.close();
            world.join();
            assertTrue(server.join(Duration.ZERO));
            world.await("all served goroutines have ended", () -> world.scheduler()
                            .stats()
                            .goroutines()
                            .total()
                    <= 2L * world.netpoll().stats().perLoop().size());
        }
    }

    /** More connections than wait in the listener: the loop stops accepting and goes on when asked. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void acceptsWhatHasWaitedInTheBacklog(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                sockets.add(new Socket(listener.localAddress().getAddress(), listener.localAddress().getPort()));
            }
            for (int i = 0; i < 100; i++) {
                Conn conn = listener.accept();
                conn.write(new byte[] {1});
                conn.close();
            }
            for (Socket socket : sockets) {
                assertEquals(1, socket.getInputStream().read());
                assertEquals(-1, socket.getInputStream().read());
                socket.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closeWakesTheAcceptorAndFreesTheAddress(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Listener listener = Listener.bind(world.netpoll(), ANY);
            InetSocketAddress address = listener.localAddress();
            assertNotEquals(0, address.getPort());
            BindException used = assertThrows(BindException.class, () -> Listener.bind(world.netpoll(), address));
            assertTrue(used.getMessage().startsWith("listen on " + address + ": "), used.getMessage());
            Goroutine acceptor = world.go(() -> {
                SocketException e = assertThrows(SocketException.class, listener::accept);
                assertEquals("accept on " + address + ": closed", e.getMessage());
            });
            world.await("the acceptor waits", () -> acceptor.state() == Goroutine.State.WAITING);
            assertThrows(IllegalStateException.class, listener::accept);
            listener.close();
            listener.close();
            world.join();
            assertThrows(SocketException.class, listener::accept);
            Listener.bind(world.netpoll(), address).close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closeClosesWhatNobodyHasAccepted(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Listener listener = Listener.bind(world.netpoll(), ANY);
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                sockets.add(new Socket(listener.localAddress().getAddress(), listener.localAddress().getPort()));
            }
            listener.accept().close();
            listener.close();
            for (Socket socket : sockets) {
                assertEndOrReset(socket);
                socket.close();
            }
        }
    }

    private static void assertEndOrReset(Socket socket) {
        try {
            assertEquals(-1, socket.getInputStream().read());
        } catch (IOException reset) {
            assertTrue(reset instanceof SocketException, reset.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void acceptHasADeadline(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            listener.setDeadline(Duration.ofMillis(20));
            SocketTimeoutException e = assertThrows(SocketTimeoutException.class, listener::accept);
            assertTrue(
                    e.getMessage().matches("accept on /127\\.0\\.0\\.1:\\d+: timed out after \\d+ ms"), e.getMessage());
            listener.setDeadline(Duration.ZERO);
            Conn client = Conn.connect(world.netpoll(), listener.localAddress(), Duration.ZERO);
            Conn conn = listener.accept();
            assertEquals(client.localAddress(), conn.remoteAddress());
            assertEquals(client.remoteAddress(), conn.localAddress());
            assertEquals(conn.localAddress() + " -> " + conn.remoteAddress(), conn.toString());
            client.close();
            assertEquals(-1, conn.read(ByteBuffer.allocate(1)));
            conn.close();
        }
    }

    /** Whoever waits in a connection or listener learns that the netpoll is gone. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closingTheNetpollEndsAllWaits(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Listener listener = Listener.bind(world.netpoll(), ANY);
            Socket peer = new Socket(listener.localAddress().getAddress(), listener.localAddress().getPort());
            Conn conn = listener.accept();
            List<Goroutine> waiting = List.of(
                    world.go(() -> assertThrows(SocketException.class, listener::accept)),
                    world.go(() -> assertThrows(SocketException.class, () -> conn.read(ByteBuffer.allocate(1)))),
                    world.go(() -> assertThrows(IOException.class, () -> conn.write(new byte[100_000_000]))));
            world.await("all wait", () -> waiting.stream().allMatch(g -> g.state() == Goroutine.State.WAITING));
            world.netpoll().close();
            world.join();
            assertThrows(SocketException.class, listener::accept);
            assertThrows(IOException.class, () -> conn.write(new byte[1]));
            conn.close();
            listener.close();
            peer.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void blockingInChannelCodeIsRefused(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            var listens = world.netpoll().group().next().submit(() -> Listener.bind(world.netpoll(), ANY));
            assertSame(IllegalStateException.class, listens.await().cause().getClass());
            var connects = world.netpoll()
                    .group()
                    .next()
                    .submit(() -> Conn.connect(world.netpoll(), ANY, Duration.ZERO));
            assertSame(IllegalStateException.class, connects.await().cause().getClass());
        }
    }

    /** The pauses after errors: 5 ms, doubled up to 1 s, back to 5 ms after a success. */
    @Test
    void errorsBackOffAsGoDoes() {
        DefaultEventLoopGroup group = new DefaultEventLoopGroup(1);
        try {
            AcceptHandler handler = new AcceptHandler(group);
            EmbeddedChannel channel = new EmbeddedChannel();
            channel.freezeTime();
            channel.pipeline().addLast(handler);
            int[] pauses = {5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000};
            for (int pause : pauses) {
                channel.pipeline().fireExceptionCaught(new IOException("too many open files"));
                assertEquals(false, channel.config().isAutoRead());
                channel.advanceTimeBy(pause - 1, TimeUnit.MILLISECONDS);
                channel.runScheduledPendingTasks();
                assertEquals(false, channel.config().isAutoRead(), "before " + pause + " ms");
                channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
                channel.runScheduledPendingTasks();
                assertEquals(true, channel.config().isAutoRead(), "after " + pause + " ms");
            }
            channel.finishAndReleaseAll();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
