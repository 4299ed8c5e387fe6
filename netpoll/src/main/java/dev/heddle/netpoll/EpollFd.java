package dev.heddle.netpoll;

import io.netty.channel.IoHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.FileDescriptor;
import java.lang.reflect.Field;

/**
 * The epoll descriptor of a Netty handler. Netty keeps it in a private field and offers no way to ask for it; this is
 * the only place that reads it. Checked once, when a netpoll is opened: if Netty moves the field, epoll counts as not
 * available and NIO takes over.
 */
final class EpollFd {
    private EpollFd() {}

    /**
     * Returns the descriptor.
     *
     * @throws ReflectiveOperationException if this version of Netty keeps it elsewhere
     */
    static int of(IoHandler handler) throws ReflectiveOperationException {
        Field field = EpollIoHandler.class.getDeclaredField("epollFd");
        try {
            field.setAccessible(true);
        } catch (RuntimeException e) {
            throw new ReflectiveOperationException("EpollIoHandler.epollFd is not accessible", e);
        }
        Object value = field.get(handler);
        if (value instanceof FileDescriptor fd && fd.isOpen()) {
            return fd.intValue();
        }
        throw new ReflectiveOperationException("EpollIoHandler.epollFd: got " + value + ", need an open descriptor");
    }
}
