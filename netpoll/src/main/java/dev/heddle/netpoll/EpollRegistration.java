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
 *
 * <p>The end of the peer's side is asked for until it has come (see {@link GuardedHandle.OfEpoll}): it stays, and would wake the
 * loop for ever. Loop only.
 */
final class EpollRegistration implements IoRegistration {
    private final IoRegistration netty;
    /** What the channel has asked for last. */
    private EpollIoOps wanted = EpollIoOps.NONE;

    private boolean peerEnded;

    EpollRegistration(IoRegistration netty) {
        this.netty = netty;
    }

    @Override
    public <T> T attachment() {
        return netty.attachment();
    }

    @Override
    public long submit(IoOps ops) {
        wanted = (EpollIoOps) ops;
        EpollIoOps left = peerEnded ? wanted.without(EpollIoOps.EPOLLRDHUP) : wanted;
        return netty.submit(left.equals(EpollIoOps.NONE) ? EpollIoOps.EPOLLET : left);
    }

    /** The peer has ended its side. Returns whether that is new. */
    boolean peerEnded() {
        if (peerEnded) {
            return false;
        }
        peerEnded = true;
        submit(wanted);
        return true;
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
