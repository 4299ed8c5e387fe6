package dev.heddle.netpoll;

import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.List;

/**
 * Netty's, but that it goes on listening after whatever was thrown while it accepted, and closes what cannot become a channel:
 * Netty closes the listening socket, unless that was an {@link IOException}, and writes to the log first, which may throw as well.
 */
class NioListeningSocket extends NioServerSocketChannel {
    @Override
    protected int doReadMessages(List<Object> accepted) throws IOException {
        SocketChannel socket = javaChannel().accept();
        if (socket == null) {
            return 0;
        }
        try {
            accepted.add(channelOf(socket));
            return 1;
        } catch (Throwable t) {
            socket.close();
            throw t;
        }
    }

    NioSocketChannel channelOf(SocketChannel socket) {
        return new NioSocketChannel(this, socket);
    }

    @Override
    protected boolean closeOnReadError(Throwable cause) {
        return !isActive();
    }
}
