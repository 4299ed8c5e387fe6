package dev.heddle.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.Leaks;
import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.netpoll.World;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Channel code that would have to wait is told so, on every loop, and the loops go on. */
@Timeout(60)
@ExtendWith(Leaks.class)
class ChannelCodeTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private static void refused(World world, Executable wait) throws Exception {
        for (int i = 0; i < world.netpoll().stats().perLoop().size(); i++) {
            onLoop(world.netpoll().group().next(), () -> assertThrows(IllegalStateException.class, wait));
        }
    }

    private static void onLoop(EventLoop loop, Callable<?> action) throws Exception {
        loop.submit(action).get(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void everyWaitIsRefused(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket socket = new Socket(listener.localAddress().getAddress(), listener.localAddress().getPort());
                Conn conn = listener.accept()) {
            refused(world, listener::accept);
            refused(world, () -> conn.read(ByteBuffer.allocate(1)));
            refused(world, () -> Listener.bind(world.netpoll(), ANY));
            refused(world, () -> Conn.connect(world.netpoll(), listener.localAddress(), Duration.ofSeconds(10)));
            refused(world, () -> {
                while (true) {
                    conn.write(new byte[100_000]); // until the peer, which reads nothing, must be waited for
                }
            });
            refused(world, conn::shutdownOutput);
            assertTrue(socket.getInputStream().readAllBytes().length > 100_000, "and then the end");
            socket.getOutputStream().write(7);
            assertEquals(1, conn.read(ByteBuffer.allocate(1)), "the loops go on");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void whatNeedNotWaitIsDone(Kind kind) throws Exception {
        try (World world = World.open(kind);
                Listener listener = Listener.bind(world.netpoll(), ANY);
                Socket socket = new Socket(listener.localAddress().getAddress(), listener.localAddress().getPort());
                Conn conn = listener.accept()) {
            onLoop(world.netpoll().group().next(), () -> {
                conn.write(new byte[] {5});
                conn.close();
                listener.close();
                return null;
            });
            assertEquals(5, socket.getInputStream().read());
            assertEquals(-1, socket.getInputStream().read());
        }
    }
}
