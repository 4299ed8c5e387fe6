package dev.heddle.net;

import dev.heddle.netpoll.Netpoll;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * A TCP connection for goroutines. Every method that has to wait parks the caller; ordinary threads may use it too.
 *
 * <p>One goroutine may read and another may write at the same time; a second reader or writer gets an
 * {@link IllegalStateException}. All other methods may be called by anybody at any time.
 *
 * <p>Memory is bounded both ways: at most about 192 KiB are received ahead of the reader (plus what the socket's buffer
 * held when the peer ended its side), at most about 128 KiB wait to be sent.
 *
 * <p>Channel code of the same netpoll, that is code on a poller goroutine, must not wait: what would have to wait throws
 * {@link IllegalStateException} there.
 *
 * <p>Waits end with the caller's current {@link dev.heddle.context.Context}, and throw a {@link CancellationException}. A read
 * that was ended has taken nothing, and a write that had handed over nothing has written nothing: the connection can be used on.
 * A write that had handed over a part closes the connection, since what is written next would not go on where it ended.
 *
 * <p>Waits are not ended by {@link Thread#interrupt}: use a context, a deadline or {@link #close}.
 */
public final class Conn implements Closeable {
    private static final String READ = "read from";

    private final Channel channel;
    private final ConnHandler handler;
    private final InetSocketAddress local;
    private final InetSocketAddress remote;
    private final Deadline readDeadline;
    private final ConnWriter writer;

    Conn(Channel channel, ConnHandler handler) {
        this.channel = channel;
        this.handler = handler;
        this.local = (InetSocketAddress) channel.localAddress();
        this.remote = (InetSocketAddress) channel.remoteAddress();
        this.readDeadline = new Deadline(channel, handler.canRead);
        this.writer = new ConnWriter(channel, handler, remote);
    }

    /**
     * Connects to a server.
     *
     * @param netpoll whose loops carry the connection
     * @param address where to; a name that is not resolved yet is looked up first
     * @param timeout the longest wait for the connection, not counting the look-up, rounded up to milliseconds, at most 24
     *     days; zero: as long as the system tries
     * @throws SocketTimeoutException if the time is over
     * @throws CancellationException if the current context has ended; there is no connection then
     * @throws IOException if the connection is refused or anything else fails; the message says whereto
     * @throws IllegalStateException if called from channel code of this netpoll
     */
    public static Conn connect(Netpoll netpoll, InetSocketAddress address, Duration timeout) throws IOException {
        Objects.requireNonNull(address, "address");
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("timeout: got " + timeout + ", need 0 or more");
        }
        Await.checkMayBlock(netpoll, "connect to " + address);
        InetSocketAddress target = address.isUnresolved()
                ? new InetSocketAddress(InetAddress.getByName(address.getHostString()), address.getPort())
                : address;
        ConnHandler handler = new ConnHandler();
        long start = System.nanoTime();
        ChannelFuture connected = new Bootstrap()
                .group(netpoll.group())
                .channel(netpoll.channelClass())
                .disableResolver()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis(timeout))
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .handler(handler)
                .connect(target);
        try {
            Await.doneOrEnded(connected.channel(), connected);
        } catch (CancellationException e) {
            connected.channel().close(); // also if it is connected by then
            throw e;
        }
        if (connected.isSuccess()) {
            return new Conn(connected.channel(), handler);
        }
        if (connected.cause() instanceof ConnectTimeoutException) {
            throw Failures.timedOut("connect to", target, System.nanoTime() - start);
        }
        throw Failures.failed("connect to", target, connected.cause());
    }

    /** Rounded up, and as many as Netty takes if it is more. */
    private static int millis(Duration timeout) {
        long nanos = TimeUnit.NANOSECONDS.convert(timeout); // which saturates
        return (int) Math.min(Integer.MAX_VALUE, Math.ceilDiv(nanos, 1_000_000L));
    }

    /** Prepares an accepted channel, before it is registered. */
    static ConnHandler prepare(Channel accepted) {
        ConnHandler handler = new ConnHandler();
        accepted.config().setAutoRead(false);
        accepted.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        accepted.pipeline().addLast(handler);
        return handler;
    }

    /** Returns the address of this side. */
    public InetSocketAddress localAddress() {
        return local;
    }

    /** Returns the address of the peer. */
    public InetSocketAddress remoteAddress() {
        return remote;
    }

    /**
     * Reads what has arrived, at least one byte; waits if there is none.
     *
     * @param target is filled from its position on
     * @return how many bytes were read, 0 only if {@code target} has no room; -1 at the end of the stream
     * @throws SocketTimeoutException if the read deadline has passed; the connection stays usable
     * @throws IOException if the connection failed, or was closed from this side
     * @throws IllegalStateException if somebody else reads from this connection
     */
    public int read(ByteBuffer target) throws IOException {
        if (!target.hasRemaining()) {
            return 0;
        }
        if (!handler.beginRead()) {
            checkOpen();
            throw new IllegalStateException(READ + " " + remote + ": somebody else is reading, one may at a time");
        }
        try {
            return readOrWait(target);
        } finally {
            handler.endRead();
        }
    }

    /** Reads into a part of an array, otherwise as {@link #read(ByteBuffer)}. */
    public int read(byte[] target, int offset, int length) throws IOException {
        return read(ByteBuffer.wrap(target, offset, length));
    }

    private int readOrWait(ByteBuffer target) throws IOException {
        long start = 0;
        while (true) {
            // both before the look at the inbox, which got everything before they were set
            boolean end = handler.isEndOfInput();
            boolean gone = handler.isInactive();
            checkOpen();
            if (readDeadline.hasPassed()) {
                throw Failures.timedOut(READ, remote, start == 0 ? 0 : System.nanoTime() - start);
            }
            int n = fill(target);
            if (n > 0) {
                return n;
            }
            Throwable failure = handler.failure();
            if (failure != null) {
                throw Failures.failed(READ, remote, failure);
            }
            if (end) {
                return -1;
            }
            if (gone) {
                throw Failures.gone(READ, remote);
            }
            if (start == 0) {
                start = System.nanoTime();
            }
            readDeadline.await();
        }
    }

    /** Moves what is there. Returns how much. */
    private int fill(ByteBuffer target) {
        Inbox inbox = handler.inbox;
        int start = target.position();
        int limit = target.limit();
        for (ByteBuf from = inbox.peek(); from != null && target.hasRemaining(); from = inbox.peek()) {
            target.limit(target.position() + Math.min(from.readableBytes(), target.remaining()));
            from.readBytes(target);
            target.limit(limit);
            if (!from.isReadable()) {
                inbox.remove();
            }
        }
        if (handler.mayResume()) {
            try {
                channel.read();
            } catch (RejectedExecutionException e) {
                handler.fail(e); // the netpoll is closed, and its channels with it
            }
        }
        return target.position() - start;
    }

    private void checkOpen() throws IOException {
        if (handler.isClosed()) {
            throw Failures.closed(READ, remote);
        }
    }

    /**
     * Writes all bytes between the position and the limit. Returns when they are on their way or wait in a bounded
     * buffer; waits while that is full because the peer does not read. An error of the connection that shows later is
     * thrown by the next write or read.
     *
     * @param source is empty afterwards; after an error its position says how much was taken
     * @throws SocketTimeoutException if the write deadline has passed; its {@code bytesTransferred} says how much was
     *     taken
     * @throws IOException if the connection failed, or was closed or shut down from this side
     * @throws IllegalStateException if somebody else writes to this connection
     */
    public void write(ByteBuffer source) throws IOException {
        writer.write(source);
    }

    /** Writes a part of an array, otherwise as {@link #write(ByteBuffer)}. */
    public void write(byte[] source, int offset, int length) throws IOException {
        writer.write(ByteBuffer.wrap(source, offset, length));
    }

    /** Writes arrays one after the other, together if they are small. Otherwise as {@link #write(ByteBuffer)}. */
    public void write(byte[]... sources) throws IOException {
        writer.write(sources);
    }

    /**
     * Ends this side of the stream after what was written before, and waits until that is sent: the peer reads it and
     * then the end. Reading goes on. The write deadline holds. Doing it again has no effect.
     *
     * @throws SocketTimeoutException if the write deadline has passed; the end is sent all the same when the peer takes
     *     it
     * @throws IOException if the connection failed, or was closed from this side
     * @throws IllegalStateException if somebody else writes to this connection
     */
    public void shutdownOutput() throws IOException {
        writer.shutdownOutput();
    }

    /**
     * Sets by when reads must have got something. Holds for the read that waits now, if any, and for all that follow,
     * until it is set anew: once it has passed, every read fails, also when there is something to read.
     *
     * @param fromNow the deadline, counted from this call on; zero: no deadline, as at the beginning; negative: passed
     *     already, which ends a waiting read
     */
    public void setReadDeadline(Duration fromNow) {
        readDeadline.set(fromNow);
    }

    /** Sets by when writes must be through, in the same way as {@link #setReadDeadline}. */
    public void setWriteDeadline(Duration fromNow) {
        writer.setDeadline(fromNow);
    }

    /** Sets both deadlines. */
    public void setDeadline(Duration fromNow) {
        setReadDeadline(fromNow);
        setWriteDeadline(fromNow);
    }

    /**
     * Returns the read side as a stream; closing the stream closes the connection. {@code available} says what can be
     * read without waiting, and counts as a reader.
     */
    public InputStream inputStream() {
        return new ConnInputStream(this);
    }

    /** Returns the write side as a stream, without a buffer of its own; closing the stream closes the connection. */
    public OutputStream outputStream() {
        return new ConnOutputStream(this);
    }

    /** Returns how many bytes a read would get without waiting. Counts as a read. */
    int available() throws IOException {
        if (!handler.beginRead()) {
            checkOpen();
            throw new IllegalStateException(READ + " " + remote + ": somebody else is reading, one may at a time");
        }
        try {
            checkOpen();
            return handler.inbox.readableBytes();
        } finally {
            handler.endRead();
        }
    }

    /** Returns the memory in bytes of what was received and not read. */
    long heldBytes() {
        return handler.inbox.heldBytes();
    }

    /** Returns how many bytes wait to be sent. */
    long unsentBytes() {
        return writer.unsentBytes();
    }

    /**
     * Closes the connection: waiting and later reads and writes of this side fail, what was received and not read is
     * dropped, what was written is still sent, for at most 30 s while the peer does not take it. Does not wait for
     * that. Closing again has no effect.
     */
    @Override
    public void close() {
        handler.close();
        writer.close();
    }

    /** Returns both addresses, local first. */
    @Override
    public String toString() {
        return local + " -> " + remote;
    }
}
