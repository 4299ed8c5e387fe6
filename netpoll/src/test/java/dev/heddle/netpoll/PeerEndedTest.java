package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig.Kind;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A peer that sends, and ends its side, while nobody reads. */
@Timeout(60)
@ExtendWith(Leaks.class)
class PeerEndedTest {
    private static final int BYTES = 1 << 20;
    /** Of the kernel, so that all of it can come. */
    private static final int BUFFER_BYTES = 4 << 20;

    /** Reads when it is told to. */
    private static final class Reader extends ChannelInboundHandlerAdapter {
        final CompletableFuture<Channel> channel = new CompletableFuture<>();
        volatile int bytes;
        volatile int reads;
        volatile boolean peerEnded;
        volatile boolean endRead;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            channel.complete(context.channel());
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            bytes += ((ByteBuf) message).readableBytes();
            ((ByteBuf) message).release();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            reads++;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            peerEnded |= event == PeerEnded.EVENT;
            endRead |= event == ChannelInputShutdownEvent.INSTANCE;
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void whatItSentIsReadWhenSomebodyWantsIt(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Reader reader = new Reader();
            Channel listener = new ServerBootstrap()
                    .group(world.netpoll().group())
                    .channel(world.netpoll().serverChannelClass())
                    .option(ChannelOption.SO_RCVBUF, BUFFER_BYTES)
                    .childOption(ChannelOption.AUTO_READ, false)
                    .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .childHandler(reader)
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            try (Socket peer = new Socket()) {
                peer.connect(listener.localAddress());
                peer.getOutputStream().write(new byte[BYTES]);
                peer.shutdownOutput();
                Channel channel = reader.channel.get(20, TimeUnit.SECONDS);
                if (kind == Kind.EPOLL) {
                    world.await("its end is known", () -> reader.peerEnded || reader.endRead);
                }
                assertEquals(0, reader.bytes, "read unasked");
                while (!reader.endRead) {
                    int before = reader.bytes;
                    int reads = reader.reads;
                    channel.read();
                    world.await("a read", () -> reader.reads > reads || reader.endRead);
                    assertTrue(reader.bytes - before <= 64 << 10, "at once: " + (reader.bytes - before));
                }
                assertEquals(BYTES, reader.bytes);
                assertEquals(0, peer.getInputStream().available());
                assertTrue(channel.isActive(), "the other side is open");
                channel.close().get(20, TimeUnit.SECONDS);
                assertEquals(-1, peer.getInputStream().read());
            }
            listener.close().get(20, TimeUnit.SECONDS);
        }
    }
}
