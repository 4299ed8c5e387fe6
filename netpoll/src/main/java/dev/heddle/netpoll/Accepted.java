package dev.heddle.netpoll;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * The descriptor that a listening socket has accepted with epoll, until it is a channel's. Netty keeps it in a variable while it
 * makes the channel, so without memory for that nobody would close it. It passes here as the number of bytes that were
 * read; then comes the channel, or an error. Loop only.
 */
final class Accepted extends ChannelInboundHandlerAdapter implements RecvByteBufAllocator {
    private static final int NONE = -1;

    private final RecvByteBufAllocator netty;
    private final Epoll.Buffer buffer = new Epoll.Buffer(1);
    private int fd = NONE;

    Accepted(RecvByteBufAllocator netty) {
        this.netty = netty;
    }

    /** Makes a channel that listens and loses no descriptor. */
    static ServerChannel newListeningSocket() {
        EpollServerSocketChannel channel = new EpollServerSocketChannel();
        Accepted accepted = new Accepted(channel.config().getRecvByteBufAllocator());
        channel.config().setRecvByteBufAllocator(accepted);
        channel.pipeline().addLast(accepted);
        return channel;
    }

    private final class Noting extends DelegatingHandle implements ExtendedHandle {
        Noting(Handle netty) {
            super(netty);
        }

        @Override
        public void lastBytesRead(int accepted) {
            closeLost();
            fd = accepted;
            super.lastBytesRead(accepted);
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
            return ((ExtendedHandle) delegate()).continueReading(maybeMore);
        }
    }

    @Override
    public Handle newHandle() {
        return new Noting(netty.newHandle());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object channel) {
        fd = NONE;
        context.fireChannelRead(channel);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        closeLost();
        context.fireExceptionCaught(cause);
    }

    private void closeLost() {
        if (fd >= 0) {
            Epoll.close(buffer, fd);
            fd = NONE;
        }
    }
}
