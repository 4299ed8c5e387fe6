package dev.heddle.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.context.CancellableContext;
import dev.heddle.context.CancelledException;
import dev.heddle.context.Context;
import dev.heddle.context.DeadlineExceededException;
import dev.heddle.context.TaskGroup;
import dev.heddle.netpoll.Leaks;
import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.netpoll.World;
import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Waits for connections that end with the current context, and what the connection is good for then. */
@Timeout(120)
@ExtendWith(Leaks.class)
class EndedWaitsTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final Duration SOON = Duration.ofMillis(20);

    private interface Body {
        void run() throws IOException;
    }

    private interface Play {
        void run(World world, Socket peer, Conn conn) throws Exception;
    }

    /** Plays with a connection whose peer has a small buffer that does not grow, so that it is full once and for all. */
    private static void connected(Kind kind, Play play) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket peer = new Socket()) {
            peer.setReceiveBufferSize(4096);
            peer.connect(listener.localAddress());
            try (Conn conn = listener.accept()) {
                play.run(world, peer, conn);
            }
        }
    }

    private static void endsSoon(Body body) {
        try (CancellableContext soon = Context.current().withTimeout(SOON)) {
            assertThrows(DeadlineExceededException.class, () -> soon.call(() -> {
                body.run();
                return null;
            }));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void acceptAndReadGoOnAfterwards(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            world.go(() -> {
                endsSoon(listener::accept);
                try (Socket peer = new Socket(ANY.getAddress(), listener.localAddress().getPort());
                        Conn conn = listener.accept()) {
                    ByteBuffer one = ByteBuffer.allocate(1);
                    endsSoon(() -> conn.read(one));
                    endsSoon(() -> conn.inputStream().read());
                    peer.getOutputStream().write(7);
                    assertEquals(1, conn.read(one));
                    assertEquals(7, one.get(0));
                    conn.write(new byte[] {8});
                    assertEquals(8, peer.getInputStream().read());
                }
            });
            world.join();
        }
    }

    /** What need not wait is done, in a context that has ended. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void whatIsThereIsRead(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            try (Socket peer = new Socket(ANY.getAddress(), listener.localAddress().getPort());
                    Conn conn = listener.accept();
                    CancellableContext ended = Context.background().withTimeout(Duration.ZERO)) {
                peer.getOutputStream().write(7);
                world.await("it has come", () -> conn.heldBytes() > 0);
                assertEquals(7, ended.call(() -> conn.inputStream().read()));
                ended.call(() -> {
                    conn.write(new byte[1]);
                    return null;
                });
                assertThrows(DeadlineExceededException.class, () -> ended.call(() -> conn.inputStream().read()));
            }
        }
    }

    /** Fills all buffers, so that nothing more is taken. */
    private static long fill(Conn conn) throws IOException {
        long written = 0;
        conn.setWriteDeadline(Duration.ofMillis(300));
        try {
            while (true) {
                conn.write(new byte[1_000]);
                written += 1_000;
            }
        } catch (SocketTimeoutException e) {
            assertEquals(0, e.bytesTransferred);
        }
        conn.setWriteDeadline(Duration.ZERO);
        return written;
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aWriteThatHasWrittenNothingLeavesTheConnection(Kind kind) throws Exception {
        connected(kind, (world, peer, conn) -> {
            AtomicLong written = new AtomicLong();
            world.go(() -> {
                written.set(fill(conn));
                endsSoon(() -> conn.write(new byte[1]));
                endsSoon(() -> conn.write(new byte[1], new byte[1]));
                endsSoon(conn::shutdownOutput); // it is under way all the same
            });
            world.join();
            assertEquals(written.get(), peer.getInputStream().transferTo(OutputStream.nullOutputStream()));
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aWriteThatHasWrittenAPartCloses(Kind kind) throws Exception {
        connected(kind, (world, peer, conn) -> {
            ByteBuffer large = ByteBuffer.allocate(100_000_000);
            world.go(() -> {
                endsSoon(() -> conn.write(large));
                assertTrue(large.position() > 0 && large.hasRemaining(), large.toString());
                assertThrows(SocketException.class, () -> conn.write(new byte[1]));
                assertThrows(SocketException.class, () -> conn.read(ByteBuffer.allocate(1)));
            });
            world.join();
            assertEquals(large.position(), peer.getInputStream().transferTo(OutputStream.nullOutputStream()));
        });
    }

    /** Into a backlog that is full nobody gets. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aConnectThatIsEndedLeavesNoConnection(Kind kind) throws Exception {
        List<Socket> queued = new ArrayList<>();
        try (World world = World.open(kind);
                ServerSocket full = new ServerSocket(0, 1, ANY.getAddress())) {
            InetSocketAddress address = new InetSocketAddress(ANY.getAddress(), full.getLocalPort());
            for (int i = 0; i < 2; i++) {
                queued.add(new Socket(address.getAddress(), address.getPort()));
            }
            world.go(() -> endsSoon(() -> Conn.connect(world.netpoll(), address, Duration.ZERO).close()));
            world.join();
        } finally {
            for (Socket each : queued) {
                each.close();
            }
        }
    }

    /** Ends at any moment of a connect: it is there and works, or nothing is there. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aConnectAndItsEndMeet(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            world.go(() -> {
                try {
                    while (true) {
                        Conn conn = listener.accept();
                        world.go(() -> {
                            try (conn) {
                                conn.inputStream().transferTo(conn.outputStream());
                            } catch (SocketException reset) {
                                // a client that went away
                            }
                        });
                    }
                } catch (SocketException closed) {
                    // the end of the test
                }
            });
            AtomicReference<Goroutine> client = new AtomicReference<>();
            client.set(world.go(() -> {
                for (int i = 0; i < 200; i++) {
                    try (CancellableContext soon = Context.current().withTimeout(Duration.ofNanos(i * 5_000L));
                            Conn conn = soon.call(
                                    () -> Conn.connect(world.netpoll(), listener.localAddress(), Duration.ZERO))) {
                        conn.write(new byte[] {7});
                        assertEquals(7, conn.inputStream().read());
                    } catch (CancelledException e) {
                        // not connected
                    }
                }
            }));
            world.await("all have been tried", () -> client.get().state() == Goroutine.State.DEAD);
            listener.close();
            world.join();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aGroupEndsInTime(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY)) {
            world.go(() -> {
                try (Conn client = Conn.connect(world.netpoll(), listener.localAddress(), Duration.ZERO);
                        Conn conn = listener.accept();
                        TaskGroup group = TaskGroup.open(SOON).withoutInterrupts()) {
                    group.fork(() -> conn.read(ByteBuffer.allocate(1)));
                    group.fork(() -> listener.accept());
                    group.fork(() -> client.write(new byte[100_000_000]));
                    assertThrows(DeadlineExceededException.class, group::join);
                }
            });
            world.join();
        }
    }
}
