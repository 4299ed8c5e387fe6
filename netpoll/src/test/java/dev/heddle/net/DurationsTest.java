package dev.heddle.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig;
import dev.heddle.netpoll.World;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Times of more than 292 years are as good as for ever; negative ones are over, where they are allowed. */
@Timeout(60)
class DurationsTest {
    private static final Duration LONGEST = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
    private static final Duration SHORTEST = Duration.ofSeconds(Long.MIN_VALUE);

    @Test
    void ofConnectionsAndListeners() throws Exception {
        try (World world = World.open(NetpollConfig.Kind.AUTO);
                Listener listener = Listener.bind(
                        world.netpoll(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            world.go(() -> {
                IllegalArgumentException e = assertThrows(
                        IllegalArgumentException.class,
                        () -> Conn.connect(world.netpoll(), listener.localAddress(), SHORTEST));
                assertEquals("timeout: got " + SHORTEST + ", need 0 or more", e.getMessage());
                listener.setDeadline(SHORTEST);
                assertThrows(SocketTimeoutException.class, listener::accept);
                listener.setDeadline(LONGEST);
                try (Conn client = Conn.connect(world.netpoll(), listener.localAddress(), LONGEST);
                        Conn server = listener.accept()) {
                    client.setDeadline(LONGEST);
                    server.setReadDeadline(LONGEST);
                    client.setWriteDeadline(LONGEST);
                    client.write(ByteBuffer.wrap(new byte[] {1}));
                    assertEquals(1, server.read(ByteBuffer.allocate(1)));
                    server.setReadDeadline(SHORTEST);
                    assertThrows(SocketTimeoutException.class, () -> server.read(ByteBuffer.allocate(1)));
                }
            });
            world.join();
            world.netpoll().close(SHORTEST);
            assertTrue(world.netpoll().close(LONGEST));
        }
    }
}
