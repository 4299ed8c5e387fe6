package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig.Kind;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the kernel says of a connection whose peer reads little. */
@Timeout(60)
@ExtendWith(Leaks.class)
class TcpInfoTest {
    private static final int BYTES = 1_000_000;

    @Test
    void whatThePeerHasTaken() throws Exception {
        try (World world = World.open(Kind.EPOLL);
                ServerSocket listener = new ServerSocket()) {
            listener.setReceiveBufferSize(4096);
            listener.bind(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            EpollSocketChannel channel = (EpollSocketChannel) new Bootstrap()
                    .group(world.netpoll().group())
                    .channel(world.netpoll().channelClass())
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(listener.getLocalSocketAddress())
                    .sync()
                    .channel();
            try (Socket peer = listener.accept()) {
                int fd = channel.fd().intValue();
                assertTrue(TcpInfo.of(fd).orElseThrow().isAllTaken());
                channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[BYTES])).get(20, TimeUnit.SECONDS);
                TcpInfo before = TcpInfo.of(fd).orElseThrow();
                assertFalse(before.isAllTaken());
                assertTrue(before.ackedBytes() < BYTES / 2, before.toString());

                peer.getInputStream().readNBytes(BYTES / 2);
                world.await("the kernel knows it", () -> TcpInfo.of(fd).orElseThrow().ackedBytes() >= BYTES / 2);
                peer.getInputStream().readNBytes(BYTES / 2);
                world.await("all is taken", () -> TcpInfo.of(fd).orElseThrow().isAllTaken());
                long acked = TcpInfo.of(fd).orElseThrow().ackedBytes();
                assertTrue(acked >= BYTES && acked <= BYTES + 1, "the SYN may count: " + acked);
            }
            channel.close().get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void ofWhatIsNoConnection() {
        assertEquals(Optional.empty(), TcpInfo.of(-1));
        assertEquals(Optional.empty(), TcpInfo.of(0));
    }
}
