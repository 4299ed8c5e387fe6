package dev.heddle.http;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.WaitReason;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/*
 * From the loop to the handler
 *
 * The loop puts the pieces of a body into a mailbox as they are decoded, at last END or the failure that ended it, and
 * gives a permit each time that the box was empty before. The handler takes all that is there, reads it, and waits for
 * a permit when there is nothing. No wake-up is lost: the piece is in the box before the permit is given, and a permit
 * that comes before the handler waits is kept. The end of the current context ends that wait and takes nothing.
 *
 * Backpressure. Each piece is held on the connection's budget (Inbound) until it has been read.
 *
 * End. When the handler is done, its goroutine shuts the mailbox and releases what is in it; what the loop puts in
 * later is refused, and released by the loop, which goes on reading up to a bound so that the connection can be used
 * again.
 *
 * Cut off. When the server holds too much the loop shuts the mailbox instead, and releases what the handler has not taken.
 * It sets `abandoned` before that and gives a permit after it: a handler that finds nothing looks at `abandoned` before
 * it waits, and again when it wakes. Shutting twice is harmless: whoever comes second finds nothing.
 */

/** The body of one request, on its way from the loop to the handler. */
final class RequestBody {
    /** The most that is read of a body that no handler wants: Go's {@code maxPostHandlerReadBytes}. */
    static final long DISCARD_BYTES = 256 << 10;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private static final Object END = "end of body";

    /** Bytes of the body, and what it costs to keep them. */
    private record Piece(ByteBuf bytes, int cost) {}

    private final Http1Connection connection;
    /** Bytes, or {@link Framing#CHUNKED}: below zero. */
    private final long length;
    /** Whether the client waits for 100 Continue. */
    private final boolean expectsContinue;
    private final long graceNanos;
    private final long minRate;

    private final Mailbox<Object> arrived = new Mailbox<>();
    private final BinarySemaphore permits = new BinarySemaphore();
    /** Whether the loop has seen the end. Written by the loop. */
    private volatile boolean complete;
    /** Whether the end will never come. Written by the loop. */
    private volatile boolean broken;
    /** Whether what had come has been let go of. Written by the loop. */
    private volatile boolean abandoned;
    /** Bytes that have come. Written by the loop, read by the handler as a figure. */
    private volatile long received;
    /** Whether nobody reads any more. Written by the handler. */
    private volatile boolean closed;
    /** Bytes that had come by then. Written before {@link #closed}. */
    private long wanted;

    // the handler's
    private Mailbox.Cell<Object> ready;
    private ByteBuf current;
    private int currentCost;
    private IOException failure;
    private RuntimeException refusal;
    private boolean ended;
    private boolean continued;
    /** Whether the head of the answer is on its way, which ends the time of interim answers. */
    private boolean answered;
    private long read;
    private long limit;
    private long waitedNanos;

    RequestBody(Http1Connection connection, long length, boolean expectsContinue) {
        ServerConfig config = connection.shared.config;
        this.connection = connection;
        this.length = length;
        this.expectsContinue = expectsContinue;
        this.graceNanos = config.timeouts().bodyGrace().toNanos();
        this.minRate = config.timeouts().bodyMinRate();
        this.limit = config.limits().maxBodyBytes();
    }

    // ---- the loop's side

    /**
     * Takes a piece over; returns false, without having taken it, if nobody wants it any more.
     *
     * @param bufferBytes bytes of the buffer that the piece is a part of, unless it is a copy
     */
    boolean offer(ByteBuf bytes, int bufferBytes) {
        received += bytes.readableBytes(); // only the loop writes it
        int cost = Inbound.PIECE_BYTES + (bytes.hasArray() ? bytes.capacity() : bufferBytes);
        if (!put(new Piece(bytes, cost))) {
            return false;
        }
        connection.inbound().hold(cost);
        return true;
    }

    void end() {
        complete = true;
        put(END);
    }

    /** Ends the body with what the next read throws: an {@link IOException} or an {@link HttpException}. */
    void fail(Exception cause) {
        broken = true;
        put(cause);
    }

    /** Lets go of what has come and has not been taken by the handler, whose next read fails. */
    void abandon() {
        broken = true;
        abandoned = true; // before the permit, which a handler that waits looks at it for
        letGo(release(arrived.shut()));
        permits.release();
    }

    private boolean put(Object item) {
        int result = arrived.push(item);
        if (result == Mailbox.FIRST) {
            permits.release();
        }
        return result != Mailbox.SHUT;
    }

    long received() {
        return received;
    }

    /** Returns how many bytes had come when the handler was done. Only after {@link #offer} has refused a piece. */
    long wanted() {
        return wanted;
    }

    // ---- the handler's side

    long length() {
        return length;
    }

    void limit(long bytes) {
        if (read > 0 || continued) {
            throw new IllegalStateException("maxBody: to be set before the body is read");
        }
        limit = bytes;
    }

    /** Reads as {@link InputStream#read(byte[], int, int)} does; {@code len} is positive. */
    int read(byte[] into, int offset, int len) throws IOException {
        if (!await()) {
            return -1;
        }
        int n = Math.min(len, current.readableBytes());
        current.readBytes(into, offset, n);
        if (!current.isReadable()) {
            letGoOfCurrent();
        }
        return n;
    }

    /** Returns how much can be read without waiting. */
    int available() {
        return current != null ? current.readableBytes() : 0;
    }

    private void letGoOfCurrent() {
        current.release();
        current = null;
        connection.inbound().letGo(currentCost);
    }

    /** Waits for bytes. Returns false at the end. */
    private boolean await() throws IOException {
        checkOpen();
        while (current == null) {
            if (ended) {
                return false;
            }
            if (ready == null) {
                ready = arrived.takeAll();
            }
            if (ready == null && abandoned) {
                failure = new ClientGoneException("read: the connection is cut off, the server holds too much");
                throw failure;
            } else if (ready == null) {
                awaitArrival();
            } else {
                Object item = ready.item;
                ready = ready.next;
                take(item);
            }
        }
        return true;
    }

    private void checkOpen() throws IOException {
        if (closed) {
            throw new IOException("read: the body is closed");
        }
        if (failure != null) {
            throw failure;
        }
        if (refusal != null) {
            throw refusal;
        }
        if (limit > 0 && length > limit) {
            tooLarge();
        }
    }

    private void take(Object item) throws IOException {
        switch (item) {
            case Piece piece -> {
                current = piece.bytes;
                currentCost = piece.cost;
                read += piece.bytes.readableBytes();
                if (limit > 0 && read > limit) {
                    tooLarge();
                }
            }
            case IOException e -> {
                failure = e;
                throw e;
            }
            case RuntimeException e -> {
                refusal = e;
                throw e;
            }
            default -> ended = true;
        }
    }

    private void tooLarge() {
        connection.count(Event.MALFORMED);
        refusal = new ClientFault.Refusal(413, "the body is larger than " + limit + " bytes");
        throw refusal;
    }

    private void awaitArrival() throws IOException {
        assert !connection.isOnLoop() : "a loop must not wait for itself";
        if (expectsContinue && !continued && !answered && received == 0) {
            continued = true;
            connection.signal(Signal.CONTINUE);
        }
        if (minRate == 0) {
            permits.await(WaitReason.IO_WAIT, Long.MAX_VALUE);
            return;
        }
        long allowed = graceNanos + nanosFor(read);
        long left = allowed - waitedNanos;
        if (left <= 0 || !awaitPermit(left)) {
            connection.count(Event.BODY_TIMEOUT);
            refusal = new ClientFault.Refusal(408, "the body came too slowly: " + read + " bytes in "
                    + Duration.ofNanos(waitedNanos).toMillis() + " ms");
            throw refusal;
        }
    }

    /** Also a wait that a context ends is time that the client has taken. */
    private boolean awaitPermit(long nanos) {
        long start = System.nanoTime();
        try {
            return permits.await(WaitReason.IO_WAIT, nanos);
        } finally {
            waitedNanos += System.nanoTime() - start;
        }
    }

    private long nanosFor(long bytes) {
        double nanos = (double) bytes / minRate * NANOS_PER_SECOND;
        return nanos < Long.MAX_VALUE / 2.0 ? (long) nanos : Long.MAX_VALUE / 2;
    }

    /** The head of the answer is sent: from now on a client that waits for 100 Continue sends its body, or not, by itself. */
    void answered() {
        answered = true;
    }

    /**
     * Returns whether the connection can be used for another request although this body may not have been read: what is
     * left will come by itself and is not too much.
     */
    boolean isDrainable() {
        if (complete) {
            return true;
        }
        if (broken || refusal != null || failure != null || isUnasked()) {
            return false;
        }
        return length < 0 || length - received <= DISCARD_BYTES;
    }

    /** Returns whether the client waits for a 100 Continue that it did not get, so that its body may come or not. */
    boolean isUnasked() {
        return expectsContinue && !continued && received == 0;
    }

    boolean isComplete() {
        return complete;
    }

    /** Nobody wants the rest. By the handler's goroutine, or whoever drops the request. */
    void close() {
        if (closed) {
            return;
        }
        wanted = received;
        closed = true;
        if (current != null) {
            letGoOfCurrent();
        }
        long cost = release(ready);
        ready = null;
        letGo(cost + release(arrived.shut()));
    }

    private void letGo(long cost) {
        if (cost > 0) {
            connection.inbound().letGo(cost);
        }
    }

    private static long release(Mailbox.Cell<Object> cells) {
        long cost = 0;
        for (Mailbox.Cell<Object> cell = cells; cell != null; cell = cell.next) {
            if (cell.item instanceof Piece piece) {
                cost += piece.cost;
                Outbound.release(piece.bytes);
            }
        }
        return cost;
    }
}
