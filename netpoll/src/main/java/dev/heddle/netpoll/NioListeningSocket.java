package dev.heddle.netpoll;

import io.netty.channel.socket.nio.NioServerSocketChannel;

/**
 * Netty's, but that it goes on listening after whatever was thrown while it accepted: Netty closes it, unless that was an
 * {@link java.io.IOException}.
 */
final class NioListeningSocket extends NioServerSocketChannel {
    @Override
    protected boolean closeOnReadError(Throwable cause) {
        return !isActive();
    }
}
