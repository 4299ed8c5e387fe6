package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

/** A connection that was accepted and cannot become a channel, mostly for want of memory, is closed. */
class AcceptedTest {
    private static boolean isOpen(int fd) {
        return Files.exists(Path.of("/proc/self/fd", Integer.toString(fd)), LinkOption.NOFOLLOW_LINKS);
    }

    private static int descriptor() throws IOException {
        assumeTrue(io.netty.channel.epoll.Epoll.isAvailable());
        return Epoll.eventfd(new Epoll.Buffer(1));
    }

    @Test
    void aDescriptorWithoutChannelIsClosedByTheErrorThatFollows() throws IOException {
        int fd = descriptor();
        Accepted accepted = new Accepted(new ServerChannelRecvByteBufAllocator());
        EmbeddedChannel channel = new EmbeddedChannel(accepted);
        RecvByteBufAllocator.Handle handle = accepted.newHandle();
        handle.lastBytesRead(fd);
        assertEquals(fd, handle.lastBytesRead());
        channel.pipeline().fireExceptionCaught(new OutOfMemoryError("a test"));
        assertFalse(isOpen(fd));
        assertThrows(OutOfMemoryError.class, channel::checkException);
        channel.finish();
    }

    @Test
    void itIsClosedByTheNextOneAtTheLatest() throws IOException {
        int fd = descriptor();
        RecvByteBufAllocator.Handle handle = new Accepted(new ServerChannelRecvByteBufAllocator()).newHandle();
        handle.lastBytesRead(fd);
        handle.lastBytesRead(-1);
        assertFalse(isOpen(fd));
        handle.lastBytesRead(-1);
    }

    @Test
    void thatOfAChannelIsLeftToIt() throws IOException {
        int fd = descriptor();
        Accepted accepted = new Accepted(new ServerChannelRecvByteBufAllocator());
        EmbeddedChannel channel = new EmbeddedChannel(accepted);
        RecvByteBufAllocator.Handle handle = accepted.newHandle();
        handle.lastBytesRead(fd);
        channel.writeInbound("the channel");
        channel.pipeline().fireExceptionCaught(new OutOfMemoryError("a test"));
        handle.lastBytesRead(-1);
        assertTrue(isOpen(fd));
        Epoll.close(new Epoll.Buffer(1), fd);
        assertThrows(OutOfMemoryError.class, channel::checkException);
        channel.finish();
    }

    @Test
    void withNioItIsClosedAtOnce() throws Exception {
        class WithoutMemory extends NioListeningSocket {
            @Override
            NioSocketChannel channelOf(SocketChannel socket) {
                throw new OutOfMemoryError("a test");
            }

            int accept() throws IOException {
                return doReadMessages(new ArrayList<>());
            }

            InetSocketAddress bound() throws IOException {
                javaChannel().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                return (InetSocketAddress) javaChannel().getLocalAddress();
            }

            void end() throws Exception {
                doClose();
            }
        }
        WithoutMemory listening = new WithoutMemory();
        try (Socket client = new Socket()) {
            InetSocketAddress address = listening.bound();
            assertEquals(0, listening.accept());
            client.connect(address);
            client.setSoTimeout(20_000);
            assertThrows(OutOfMemoryError.class, () -> {
                while (listening.accept() == 0) { // the client may be through before the server's system is
                    Thread.onSpinWait();
                }
            });
            assertEquals(-1, client.getInputStream().read());
        } finally {
            listening.end();
        }
    }
}
