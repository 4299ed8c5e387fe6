package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig.Kind;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whoever listens is told when its loop has memory again, each time, whatever it throws then. */
@Timeout(60)
class RecoveredTest {
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void whoListensIsTold(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            AtomicInteger told = new AtomicInteger();
            Channel listener = new ServerBootstrap()
                    .group(world.netpoll().group())
                    .channelFactory(world.netpoll().serverChannels())
                    .handler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void userEventTriggered(ChannelHandlerContext context, Object event) {
                            if (event == Recovered.EVENT && told.incrementAndGet() == 1) {
                                throw new OutOfMemoryError("a test");
                            }
                        }

                        @Override
                        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                            Netpoll.makeRoom(context.channel().eventLoop());
                        }
                    })
                    .childHandler(new ChannelInboundHandlerAdapter())
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            assertTrue(listener.eventLoop()
                    .submit(() -> Netpoll.makeRoom(listener.eventLoop()))
                    .get(20, TimeUnit.SECONDS));
            world.await("it is told, and once more since it had no memory then", () -> told.get() == 2);
            listener.close().get(20, TimeUnit.SECONDS);
        }
    }
}
