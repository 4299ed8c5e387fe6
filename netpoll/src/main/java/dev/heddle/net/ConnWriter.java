package dev.heddle.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The write side of a connection: copies bytes into buffers, hands them to the loop, and waits while the channel has as
 * much as it may have. Netty counts what is handed over at once, on the caller's thread, so one writer cannot overrun
 * the mark by more than one chunk.
 */
final class ConnWriter {
    /** The most that is handed over at once: Netty's mark at which a channel stops being writable. */
    private static final int CHUNK_BYTES = 64 * 1024;

    /** How long a closed connection goes on sending to a peer that does not take it. A guess. */
    private static final Duration LINGER = Duration.ofSeconds(30);

    private static final String WRITE = "write to";

    private final Channel channel;
    private final ConnHandler handler;
    private final InetSocketAddress remote;
    private final Deadline deadline;
    private final AtomicBoolean writing = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile Future<?> outputShutdown;

    ConnWriter(Channel channel, ConnHandler handler, InetSocketAddress remote) {
        this.channel = channel;
        this.handler = handler;
        this.remote = remote;
        this.deadline = new Deadline(channel, handler.canWrite);
    }

    void setDeadline(Duration fromNow) {
        deadline.set(fromNow);
    }

    void write(ByteBuffer source) throws IOException {
        begin();
        try {
            writeAll(source, 0);
        } finally {
            writing.set(false);
        }
    }

    void write(byte[][] sources) throws IOException {
        long total = 0;
        for (byte[] source : sources) {
            total += source.length;
        }
        begin();
        try {
            if (total <= CHUNK_BYTES) {
                awaitWritable(0);
                ByteBuf chunk = channel.alloc().directBuffer((int) total);
                for (byte[] source : sources) {
                    chunk.writeBytes(source);
                }
                send(chunk);
            } else {
                long done = 0;
                for (byte[] source : sources) {
                    writeAll(ByteBuffer.wrap(source), done);
                    done += source.length;
                }
            }
        } finally {
            writing.set(false);
        }
    }

    private void begin() {
        if (!writing.compareAndSet(false, true)) {
            throw new IllegalStateException(WRITE + " " + remote + ": somebody else is writing, one may at a time");
        }
    }

    private void writeAll(ByteBuffer source, long doneBefore) throws IOException {
        int start = source.position();
        int end = source.limit();
        try {
            do {
                awaitWritable(doneBefore + source.position() - start);
                int n = Math.min(CHUNK_BYTES, end - source.position());
                source.limit(source.position() + n);
                send(channel.alloc().directBuffer(n).writeBytes(source));
            } while (source.position() < end);
        } finally {
            source.limit(end);
        }
    }

    /** The loop owns the buffer from now on, and frees it whatever happens. Errors reach {@link ConnHandler}. */
    private void send(ByteBuf chunk) {
        if (chunk.isReadable()) {
            channel.writeAndFlush(chunk, channel.voidPromise());
        } else {
            chunk.release();
        }
    }

    private void awaitWritable(long done) throws IOException {
        if (outputShutdown != null) {
            throw new SocketException(WRITE + " " + remote + ": output is shut down");
        }
        long start = 0;
        while (true) {
            check(start, done);
            if (channel.isWritable()) {
                return;
            }
            if (start == 0) {
                start = System.nanoTime();
            }
            awaitChange(done);
        }
    }

    private void awaitChange(long done) {
        try {
            deadline.await();
        } catch (CancellationException e) {
            if (done > 0) { // who comes next must not go on in the middle of what this one wanted to write
                handler.close();
                close();
            }
            throw e;
        }
    }

    private void check(long start, long done) throws IOException {
        if (handler.isClosed()) {
            throw Failures.closed(WRITE, remote);
        }
        Throwable failure = handler.failure();
        if (failure != null) {
            throw Failures.failed(WRITE, remote, failure);
        }
        if (handler.isInactive()) {
            throw Failures.gone(WRITE, remote);
        }
        if (deadline.hasPassed()) {
            SocketTimeoutException e = Failures.timedOut(WRITE, remote, start == 0 ? 0 : System.nanoTime() - start);
            e.bytesTransferred = (int) Math.min(done, Integer.MAX_VALUE);
            throw e;
        }
    }

    void shutdownOutput() throws IOException {
        begin();
        try {
            check(0, 0);
            if (outputShutdown == null) {
                outputShutdown = submitShutdown();
            }
            long start = System.nanoTime();
            while (!outputShutdown.isDone()) {
                check(start, 0);
                deadline.await();
            }
            if (!outputShutdown.isSuccess()) {
                throw Failures.failed("shut down output to", remote, outputShutdown.cause());
            }
        } finally {
            writing.set(false);
        }
    }

    /** Netty drops what is not sent yet when it shuts output down, so that waits for an empty write to get through. */
    private Future<?> submitShutdown() {
        var shutdown = channel.newPromise();
        shutdown.addListener(ignored -> handler.canWrite.release());
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            if (written.isSuccess()) {
                ((DuplexChannel) channel).shutdownOutput(shutdown);
            } else {
                shutdown.setFailure(written.cause());
            }
        });
        return shutdown;
    }

    long unsentBytes() {
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        return unsent == null ? 0 : unsent.totalPendingWriteBytes();
    }

    /** After {@link ConnHandler#close}. */
    void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            channel.eventLoop().execute(this::closeOnLoop);
        } catch (RejectedExecutionException e) {
            handler.stopInput(); // the loop has ended and has closed the channel before
        }
    }

    private void closeOnLoop() {
        handler.stopInput();
        ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
        if (unsent == null || unsent.isEmpty()) {
            channel.close();
            return;
        }
        Future<?> giveUp =
                channel.eventLoop().schedule(() -> channel.close(), LINGER.toMillis(), TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(ignored -> giveUp.cancel(false));
        handler.dropInput(channel);
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ignored -> channel.close());
    }
}
