package dev.heddle.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;

/**
 * The body of an answer as a stream. Small writes are gathered; what fits into the buffer goes out as a complete answer with
 * its length. Writing waits while the client is slow. For HEAD everything is counted and nothing sent.
 */
final class ResponseStream extends OutputStream {
    /** What is gathered before it is sent. A guess: a page of text, and small beside what a socket takes. */
    static final int BUFFER_BYTES = 8 << 10;

    /** The largest piece that is sent at once: bounds what one write keeps in memory twice. */
    private static final int PIECE_BYTES = 64 << 10;

    private final Response response;
    /** Bytes that there must be, or -1. */
    private final long length;

    private byte[] buffer;
    private int count;
    private long written;
    private long sent;
    private boolean closed;
    private boolean failed;

    ResponseStream(Response response, long length) {
        this.response = response;
        this.length = length;
    }

    @Override
    public void write(int b) throws IOException {
        add(1);
        if (buffer != null && count == buffer.length) {
            send(takeBuffer());
        }
        room();
        buffer[count++] = (byte) b;
    }

    @Override
    public void write(byte[] from, int offset, int len) throws IOException {
        Objects.checkFromIndexSize(offset, len, from.length);
        add(len);
        int at = offset;
        int left = len;
        if (count + left > BUFFER_BYTES) {
            if (count > 0) {
                send(takeBuffer());
            }
            while (left > BUFFER_BYTES) {
                int n = Math.min(left, PIECE_BYTES);
                begin();
                response.awaitRoom(); // whoever has to wait has made no copy yet
                send(Unpooled.copiedBuffer(from, at, n));
                at += n;
                left -= n;
            }
        }
        if (left > 0) {
            room();
            System.arraycopy(from, at, buffer, count, left);
            count += left;
        }
    }

    private void add(int n) throws IOException {
        if (length >= 0 && written + n > length) {
            throw new IOException("write: got " + (written + n) + " bytes, need " + length + " as declared");
        }
        if (closed && n > 0) {
            throw new IOException("write: the stream is closed");
        }
        written += n;
    }

    private void room() {
        if (buffer == null) {
            buffer = new byte[BUFFER_BYTES];
        }
    }

    private void begin() throws IOException {
        if (!response.isCommitted()) {
            response.beginStream(length);
        }
    }

    private void send(ByteBuf piece) throws IOException {
        begin();
        sent += piece.readableBytes();
        if (sent == length) {
            closed = true;
            response.lastChunk(piece);
        } else {
            response.chunk(piece);
        }
    }

    /**
     * Hands over what has been gathered: the buffer itself, so that nothing is copied, unless little of it is used: then a
     * copy, since what waits to be sent must not take much more than is counted.
     */
    private ByteBuf takeBuffer() {
        int n = count;
        count = 0;
        if (n == 0) {
            return Unpooled.EMPTY_BUFFER;
        }
        if (n < BUFFER_BYTES / 2) {
            return Unpooled.wrappedBuffer(Arrays.copyOf(buffer, n));
        }
        byte[] full = buffer;
        buffer = null;
        return Unpooled.wrappedBuffer(full, 0, n);
    }

    /** Sends what has been gathered, and the head before it. */
    @Override
    public void flush() throws IOException {
        if (closed) {
            return;
        }
        begin();
        if (count > 0) {
            send(takeBuffer());
        }
    }

    /** Ends the stream; closing again does nothing. */
    @Override
    public void close() throws IOException {
        finish();
    }

    private void checkLength() throws IOException {
        if (length >= 0 && written < length && !response.isWithoutBody()) {
            throw new IOException("close: got " + written + " bytes, need " + length + " as declared");
        }
    }

    /** Throws if the body cannot come to a good end. */
    void checkWhole() throws IOException {
        if (failed) {
            throw new IOException("close: the body has not been written to its end");
        }
        if (!closed) {
            checkLength();
        }
    }

    void finish() throws IOException {
        if (failed) {
            throw new IOException("close: the body has not been written to its end");
        }
        if (closed) {
            return;
        }
        checkLength();
        closed = true;
        if (length >= 0 || response.isCommitted()) {
            begin();
            response.lastChunk(takeBuffer());
        } else {
            response.full(takeBuffer());
        }
    }

    /** Refuses further writes, and to be taken for complete: its writer has failed. */
    void fail() {
        failed = true;
        kill();
    }

    /** Refuses further writes: what was gathered is not wanted any more. */
    void kill() {
        closed = true;
        buffer = null;
    }
}
