package dev.heddle.netpoll;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The few Linux calls that the {@link Master} needs, through the Foreign Function API.
 *
 * <p>Linking a function costs about 10 ms for each distinct signature the first time, so all of them share one: five
 * arguments of 64 bits, result {@code int}. That is sound under the calling conventions of amd64 and aarch64, where the
 * first five integer arguments travel in registers, a function reads only those that it knows and of an {@code int}
 * only the low half, and no result used here exceeds an {@code int}. None of these functions is variadic.
 */
final class Epoll {
    /** {@code EPOLLIN}, {@code EPOLLET} and {@code EPOLL_CTL_ADD} of {@code sys/epoll.h}. */
    static final int EPOLLIN = 0x1;

    static final int EPOLLET = 1 << 31;
    private static final int EPOLL_CTL_ADD = 1;

    /** {@code EPOLL_CLOEXEC}, {@code EFD_CLOEXEC} and {@code EFD_NONBLOCK}: the same bits as those of open(2). */
    private static final int CLOEXEC = 0x80000;

    private static final int NONBLOCK = 0x800;

    /** {@code errno} values, the same on amd64 and aarch64. */
    private static final int EINTR = 4;

    private static final int EAGAIN = 11;
    private static final int ENOSYS = 38;

    private static final int IPPROTO_TCP = 6;
    private static final int TCP_INFO = 11;
    /** Offsets in {@code struct tcp_info} of {@code linux/tcp.h}, and its size up to the last of them (Linux 4.6). */
    private static final int TCPI_UNACKED = 24;

    private static final int TCPI_BYTES_ACKED = 120;
    private static final int TCPI_NOTSENT_BYTES = 144;
    private static final int TCP_INFO_BYTES = 148;

    /** Go's cap on a wait in milliseconds (11.5 days), {@code netpoll_epoll.go}. */
    private static final long MAX_WAIT_MILLIS = 1_000_000_000L;

    private static final long NANOS_PER_MILLI = 1_000_000L;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private static final MethodHandle CALL;
    private static final VarHandle ERRNO;
    private static final MemoryLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final MemorySegment EPOLL_CREATE1;
    private static final MemorySegment EPOLL_CTL;
    private static final MemorySegment EPOLL_WAIT;
    /** Null where the C library has none (before glibc 2.35). */
    private static final MemorySegment EPOLL_PWAIT2;

    private static final MemorySegment EVENTFD;
    private static final MemorySegment READ;
    private static final MemorySegment WRITE;
    private static final MemorySegment CLOSE;
    private static final MemorySegment GETSOCKOPT;

    static {
        Linker linker = Linker.nativeLinker();
        SymbolLookup libc = linker.defaultLookup();
        CALL = linker.downcallHandle(
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                Linker.Option.captureCallState("errno"));
        ERRNO = CAPTURED.varHandle(MemoryLayout.PathElement.groupElement("errno"));
        EPOLL_CREATE1 = libc.findOrThrow("epoll_create1");
        EPOLL_CTL = libc.findOrThrow("epoll_ctl");
        EPOLL_WAIT = libc.findOrThrow("epoll_wait");
        EPOLL_PWAIT2 = libc.find("epoll_pwait2").orElse(null);
        EVENTFD = libc.findOrThrow("eventfd");
        READ = libc.findOrThrow("read");
        WRITE = libc.findOrThrow("write");
        CLOSE = libc.findOrThrow("close");
        GETSOCKOPT = libc.findOrThrow("getsockopt");
    }

    /** Cleared when the kernel turns out not to know the call (before Linux 5.11). A race only costs a second try. */
    private static volatile boolean hasPwait2 = EPOLL_PWAIT2 != null;

    private Epoll() {}

    /**
     * Memory for the calls of one thread at a time: events, {@code errno}, a time, a counter. Made once and used again,
     * so that a poll allocates nothing.
     */
    static final class Buffer {
        /** Size of {@code struct epoll_event}: packed on amd64 only. */
        private static final int EVENT_BYTES = isPacked() ? 12 : 16;

        private static final int DATA_OFFSET = isPacked() ? 4 : 8;

        private final int capacity;
        private final MemorySegment events;
        private final MemorySegment captured;
        private final MemorySegment scratch;

        /** Makes room for that many events. */
        Buffer(int capacity) {
            Arena arena = Arena.ofAuto();
            this.capacity = capacity;
            this.events = arena.allocate((long) EVENT_BYTES * capacity, 8);
            this.captured = arena.allocate(CAPTURED);
            this.scratch = arena.allocate(16, 8);
        }

        /** Returns the data of an event that the last wait returned. */
        long data(int index) {
            return events.get(JAVA_LONG_UNALIGNED, (long) index * EVENT_BYTES + DATA_OFFSET);
        }

        private void putEvent(int flags, long data) {
            events.set(JAVA_INT_UNALIGNED, 0, flags);
            events.set(JAVA_LONG_UNALIGNED, DATA_OFFSET, data);
        }

        private int errno() {
            return (int) ERRNO.get(captured, 0L);
        }

        private static boolean isPacked() {
            String arch = System.getProperty("os.arch");
            return arch.equals("amd64") || arch.equals("x86_64");
        }
    }

    /** Opens an epoll instance and returns its descriptor. */
    static int create(Buffer buffer) throws IOException {
        return check("epoll_create1", buffer, call(EPOLL_CREATE1, buffer, CLOEXEC, 0, 0, 0, 0));
    }

    /** Opens a non-blocking eventfd with value 0 and returns its descriptor. */
    static int eventfd(Buffer buffer) throws IOException {
        return check("eventfd", buffer, call(EVENTFD, buffer, 0, CLOEXEC | NONBLOCK, 0, 0, 0));
    }

    /** Adds a descriptor to an epoll instance; the buffer's first event is overwritten. */
    static void add(Buffer buffer, int epollFd, int fd, int flags, long data) throws IOException {
        buffer.putEvent(flags, data);
        check("epoll_ctl", buffer, call(EPOLL_CTL, buffer, epollFd, EPOLL_CTL_ADD, fd, buffer.events.address(), 0));
    }

    /**
     * Waits for events.
     *
     * @param delayNanos negative: without limit; 0: not at all; positive: at most that long
     * @return how many events the buffer holds now; 0 also when a limited wait was interrupted by a signal
     */
    static int wait(Buffer buffer, int epollFd, long delayNanos) {
        while (true) {
            int n = delayNanos > 0 ? timedWait(buffer, epollFd, delayNanos) : untimedWait(buffer, epollFd, delayNanos);
            if (n >= 0) {
                return n;
            }
            int errno = buffer.errno();
            if (errno != EINTR) {
                throw new IllegalStateException("epoll_wait on descriptor " + epollFd + ": errno " + errno);
            }
            if (delayNanos >= 0) {
                return 0; // Go's rule: the caller computes its time-out anew
            }
        }
    }

    private static int untimedWait(Buffer buffer, int epollFd, long delayNanos) {
        return call(EPOLL_WAIT, buffer, epollFd, buffer.events.address(), buffer.capacity, delayNanos < 0 ? -1 : 0, 0);
    }

    private static int timedWait(Buffer buffer, int epollFd, long delayNanos) {
        long address = buffer.events.address();
        if (hasPwait2) {
            buffer.scratch.set(JAVA_LONG, 0, delayNanos / NANOS_PER_SECOND);
            buffer.scratch.set(JAVA_LONG, 8, delayNanos % NANOS_PER_SECOND);
            int n = call(EPOLL_PWAIT2, buffer, epollFd, address, buffer.capacity, buffer.scratch.address(), 0);
            if (n >= 0 || buffer.errno() != ENOSYS) {
                return n;
            }
            hasPwait2 = false;
        }
        // Rounded up: a wait that ends early would only be repeated
        long millis = Math.min(MAX_WAIT_MILLIS, (delayNanos - 1) / NANOS_PER_MILLI + 1);
        return call(EPOLL_WAIT, buffer, epollFd, address, buffer.capacity, millis, 0);
    }

    /** Adds one to an eventfd. */
    static void signal(Buffer buffer, int eventFd) {
        buffer.scratch.set(JAVA_LONG, 0, 1L);
        while (call(WRITE, buffer, eventFd, buffer.scratch.address(), Long.BYTES, 0, 0) != Long.BYTES) {
            int errno = buffer.errno();
            if (errno == EAGAIN) {
                return; // The counter is at its limit, so it is readable: that is all a signal wants
            }
            if (errno != EINTR) {
                throw new IllegalStateException("write to eventfd " + eventFd + ": errno " + errno);
            }
        }
    }

    /** Sets an eventfd back to 0. */
    static void drain(Buffer buffer, int eventFd) {
        while (call(READ, buffer, eventFd, buffer.scratch.address(), Long.BYTES, 0, 0) != Long.BYTES) {
            int errno = buffer.errno();
            if (errno == EAGAIN) {
                return;
            }
            if (errno != EINTR) {
                throw new IllegalStateException("read from eventfd " + eventFd + ": errno " + errno);
            }
        }
    }

    /** Closes a descriptor. Never repeated: after EINTR Linux has closed it all the same. */
    static void close(Buffer buffer, int fd) {
        call(CLOSE, buffer, fd, 0, 0, 0, 0);
    }

    /** Returns what the kernel says of a TCP socket, or null if it does not say enough. */
    static TcpInfo tcpInfo(int fd) {
        Buffer buffer = new Buffer(TCP_INFO_BYTES / Buffer.EVENT_BYTES + 1);
        buffer.scratch.set(JAVA_INT, 0, TCP_INFO_BYTES);
        long info = buffer.events.address();
        int result = call(GETSOCKOPT, buffer, fd, IPPROTO_TCP, TCP_INFO, info, buffer.scratch.address());
        if (result < 0 || buffer.scratch.get(JAVA_INT, 0) < TCP_INFO_BYTES) {
            return null;
        }
        return new TcpInfo(
                buffer.events.get(JAVA_LONG, TCPI_BYTES_ACKED),
                Integer.toUnsignedLong(buffer.events.get(JAVA_INT, TCPI_UNACKED)),
                Integer.toUnsignedLong(buffer.events.get(JAVA_INT, TCPI_NOTSENT_BYTES)));
    }

    private static int check(String function, Buffer buffer, int result) throws IOException {
        if (result < 0) {
            throw new IOException(function + ": errno " + buffer.errno());
        }
        return result;
    }

    private static int call(MemorySegment function, Buffer buffer, long a, long b, long c, long d, long e) {
        try {
            return (int) CALL.invokeExact(function, buffer.captured, a, b, c, d, e);
        } catch (Error error) { // no memory
            throw error;
        } catch (Throwable t) {
            throw new AssertionError("a linked function cannot throw", t);
        }
    }
}
