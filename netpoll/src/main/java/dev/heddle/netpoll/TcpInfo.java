package dev.heddle.netpoll;

import java.util.Optional;

/**
 * What the kernel says of a TCP connection (Linux, {@code TCP_INFO}). A program that has written an answer has mostly written
 * it into the kernel's buffer, several MiB of it if the peer is slow; what the peer has taken of that, only the kernel knows.
 *
 * @param ackedBytes bytes that the peer has acknowledged since the connection began: its kernel has taken them
 * @param waitingSegments segments that have been sent and not acknowledged
 * @param waitingBytes bytes that have been written and not been sent yet
 */
public record TcpInfo(long ackedBytes, long waitingSegments, long waitingBytes) {
    /**
     * Asks the kernel. One system call, without waiting.
     *
     * @param fd the descriptor of an open socket, for which the caller sees to it that it is not closed meanwhile
     * @return empty if this kernel does not say it (before Linux 4.6), or the descriptor is no TCP socket
     */
    public static Optional<TcpInfo> of(int fd) {
        return Optional.ofNullable(Epoll.tcpInfo(fd));
    }

    /** Returns whether the peer has taken all that was written. */
    public boolean isAllTaken() {
        return waitingSegments == 0 && waitingBytes == 0;
    }
}
