package dev.heddle.netpoll;

import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoOps;

/**
 * A channel's registration with its epoll, which stays in the epoll even while the channel is interested in nothing.
 *
 * <p>Since Netty's pull request 16689 (in 4.2.18 at least) a registration without interest is removed from the epoll,
 * but the next interest is still submitted as a change, which fails with ENOENT: a connection whose peer has ended its
 * side fails, and loses what it has not sent, as soon as a write has to wait. Here such a registration asks for
 * edge-triggered errors and hang-ups only, which the kernel reports in any case; being edge-triggered they come once,
 * so they cannot wake the loop for ever, which is what the removal was for.
 */
final class EpollRegistration implements IoRegistration {
    private final IoRegistration netty;

    EpollRegistration(IoRegistration netty) {
        this.netty = netty;
    }

    @Override
    public <T> T attachment() {
        return netty.attachment();
    }

    @Override
    public long submit(IoOps ops) {
        return netty.submit(EpollIoOps.NONE.equals(ops) ? EpollIoOps.EPOLLET : ops);
    }

    @Override
    public boolean isValid() {
        return netty.isValid();
    }

    @Override
    public boolean cancel() {
        return netty.cancel();
    }
}
