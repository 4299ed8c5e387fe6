package dev.heddle.netpoll;

import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;

/**
 * A channel's registration with its selector that says when it is cancelled. The JDK closes the descriptor of a channel
 * only when the selector has looked again after that: until then a port is taken and the peer sees no end. So a pass
 * that has cancelled something selects, even if it was made for tasks only. Loop only.
 */
final class NioRegistration implements IoRegistration {
    private final IoRegistration netty;
    private final Runnable onCancel;

    NioRegistration(IoRegistration netty, Runnable onCancel) {
        this.netty = netty;
        this.onCancel = onCancel;
    }

    @Override
    public <T> T attachment() {
        return netty.attachment();
    }

    @Override
    public long submit(IoOps ops) {
        return netty.submit(ops);
    }

    @Override
    public boolean isValid() {
        return netty.isValid();
    }

    @Override
    public boolean cancel() {
        onCancel.run();
        return netty.cancel();
    }
}
