package dev.heddle.netpoll;

import io.netty.channel.Channel;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoRegistration;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.unix.FileDescriptor;
import java.nio.channels.SelectableChannel;

/**
 * A channel as its loop sees it, of which nothing gets out: what channel code throws and its own handlers do not catch, since
 * they throw as well (there is no memory, say), costs that channel and not the pass. A channel that listens is not given up:
 * its socket is still ready, so the next pass tries again.
 *
 * <p>While the loop's {@link SpareMemory} is out, nothing is read and nobody accepted, which would take the memory that was
 * freed for closing: a connection that has an event then is given up. Loop only.
 */
abstract class GuardedHandle implements IoHandle {
    private final IoHandle netty;
    private final LoopCounters counters;
    private final SpareMemory spare;
    /** It has thrown, and could not be closed either. */
    private boolean doomed;

    GuardedHandle(IoHandle netty, LoopCounters counters, SpareMemory spare) {
        this.netty = netty;
        this.counters = counters;
        this.spare = spare;
    }

    abstract boolean isListening();

    boolean isClosed() {
        Channel channel = channel();
        return channel != null && !channel.isOpen();
    }

    /** Tells the channel that there is memory again. Throws nothing: if there is none after all, this comes again. */
    void recovered() {
        try {
            Channel channel = channel();
            if (channel != null && channel.isActive()) {
                channel.pipeline().fireUserEventTriggered(Recovered.EVENT);
            }
        } catch (Throwable t) {
            counters.failed();
            spare.release();
        }
    }

    /** The handle is a part of its channel; null if it is not. */
    private Channel channel() {
        return netty instanceof Channel.Unsafe unsafe ? unsafe.voidPromise().channel() : null;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
        try {
            if (spare.isOut()) {
                if (!isListening()) {
                    giveUp();
                }
                return;
            }
            if (doomed) {
                netty.close();
                doomed = false;
                return;
            }
            deliver(registration, event);
        } catch (Throwable t) {
            counters.failed();
            giveUp();
        }
    }

    void deliver(IoRegistration registration, IoEvent event) {
        netty.handle(registration, event);
    }

    private void giveUp() {
        spare.release();
        if (isListening()) {
            return;
        }
        doomed = true; // what is ready stays ready, so there will be another call
        try {
            netty.close();
            doomed = false;
        } catch (Throwable t) {
            counters.failed();
        }
    }

    @Override
    public void registered() {
        netty.registered();
    }

    @Override
    public void unregistered() {
        netty.unregistered();
    }

    @Override
    public void close() throws Exception {
        netty.close();
    }

    /**
     * With epoll. When the peer has ended its side (EPOLLRDHUP), Netty reads all that the kernel has, up to some MiB, although
     * the channel may not read at the moment. So Netty is not told. It finds the end where it is, when it has read all that
     * comes before it; those who want to know it at once are told by {@link PeerEnded}. A reset (EPOLLERR) is another matter:
     * nobody is to take it for an end behind which answers are still read, and no more comes, so Netty is told all of it.
     */
    static final class OfEpoll extends GuardedHandle implements EpollIoHandle {
        private record Left(EpollIoOps ops) implements EpollIoEvent {}

        private final EpollIoHandle epoll;
        private EpollRegistration registration;

        OfEpoll(EpollIoHandle netty, LoopCounters counters, SpareMemory spare) {
            super(netty, counters, spare);
            this.epoll = netty;
        }

        /** Before the first event. */
        EpollRegistration registeredAs(IoRegistration registered) {
            registration = new EpollRegistration(registered);
            return registration;
        }

        @Override
        void deliver(IoRegistration registered, IoEvent event) {
            EpollIoOps ops = ((EpollIoEvent) event).ops();
            boolean ended = ops.contains(EpollIoOps.EPOLLRDHUP) && !ops.contains(EpollIoOps.EPOLLERR);
            if (!ended || !(epoll instanceof Channel.Unsafe channel)) {
                super.deliver(registered, event);
                return;
            }
            if (registration.peerEnded()) {
                channel.voidPromise().channel().pipeline().fireUserEventTriggered(PeerEnded.EVENT);
            }
            EpollIoOps left = ops.without(EpollIoOps.EPOLLRDHUP);
            if (left.value() != 0) {
                super.deliver(registered, new Left(left));
            }
        }

        @Override
        public FileDescriptor fd() {
            return epoll.fd();
        }

        /** Netty's class for that is a part of the channel's. */
        @Override
        boolean isListening() {
            Class<?> channel = epoll.getClass().getEnclosingClass();
            return channel != null && ServerChannel.class.isAssignableFrom(channel);
        }
    }

    /** With a selector. */
    static final class OfNio extends GuardedHandle implements NioIoHandle {
        private final NioIoHandle nio;

        OfNio(NioIoHandle netty, LoopCounters counters, SpareMemory spare) {
            super(netty, counters, spare);
            this.nio = netty;
        }

        @Override
        public SelectableChannel selectableChannel() {
            return nio.selectableChannel();
        }

        @Override
        boolean isListening() {
            return nio.selectableChannel() instanceof java.nio.channels.ServerSocketChannel;
        }
    }
}
