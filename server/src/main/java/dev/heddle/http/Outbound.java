package dev.heddle.http;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.WaitReason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpContent;
import io.netty.util.ReferenceCountUtil;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.RejectedExecutionException;

/*
 * From the handler to the loop
 *
 * Messages and signals go through a mailbox. Who finds it empty asks the loop to run the connection's flush task; the
 * task takes all that is there, writes it and flushes once. So answers to pipelined requests, and chunks of a stream,
 * go out together as far as they are there, and at most one task per connection is queued.
 *
 * Backpressure. A handler may send while `queued` (bytes of large messages in the mailbox) and the channel's own buffer
 * are below their marks; else it waits on `permits`. What can change that, always on the loop: the flush task lowers
 * `queued`, the channel becomes writable, the channel closes (`gone`). Each of these first changes the state and then
 * looks at `waiting`; the handler first sets `waiting` and then looks at the state. All are volatile, so one of them
 * sees the other; a permit given too early is kept by the semaphore, one given too often makes the handler look again.
 * One handler at a time sends (Turns), so there is one waiter.
 *
 * Bound per connection: HIGH_BYTES and one message in the mailbox, the channel's high water mark (64 KiB) and one
 * message there. Small messages (below COUNTED_BYTES) are not counted: there are at most as many as pipelined requests.
 *
 * A loop never waits. What it answers by itself (a head that is refused or too slow) is pushed without a look at the marks:
 * there is one such answer per connection, the last, and it is small. Signals are not counted either.
 *
 * Ownership. A message pushed belongs to the loop; one refused belongs to the caller, which releases it. After the
 * channel is inactive the mailbox is shut and what was left in it released.
 */

/** Takes what handlers send to the loop of their connection. */
final class Outbound {
    /** Bytes in the mailbox above which a handler waits; the same as Netty's standard high water mark. */
    private static final int HIGH_BYTES = 64 << 10;
    /** Messages smaller than this are not counted. A guess: 64 pipelined answers of this size make 64 KiB. */
    private static final int COUNTED_BYTES = 1 << 10;

    private static final VarHandle QUEUED;

    static {
        try {
            QUEUED = MethodHandles.lookup().findVarHandle(Outbound.class, "queued", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Channel channel;
    private final EventLoop loop;
    private final Runnable flush;
    private final long timeoutNanos;

    private final Mailbox<Object> mailbox = new Mailbox<>();
    private final BinarySemaphore permits = new BinarySemaphore();
    private volatile long queued;
    private volatile boolean waiting;
    private volatile boolean gone;

    /**
     * Makes the way out.
     *
     * @param flush the flush task, run on the loop
     * @param timeoutNanos how long a handler waits for the client; {@link Long#MAX_VALUE} without limit
     */
    Outbound(Channel channel, Runnable flush, long timeoutNanos) {
        this.channel = channel;
        this.loop = channel.eventLoop();
        this.flush = flush;
        this.timeoutNanos = timeoutNanos;
    }

    /** Tells the loop something. Any thread. Does not wait. */
    void signal(Signal signal) {
        push(signal, 0);
    }

    /**
     * Hands a message over. Any thread. Does not wait.
     *
     * @param message a message of Netty's codec, or a {@link Signal}
     * @param bytes the readable bytes of its content
     * @return false if the connection is closed; the message is released then
     */
    boolean push(Object message, int bytes) {
        if (bytes >= COUNTED_BYTES) {
            QUEUED.getAndAdd(this, (long) bytes);
        }
        switch (mailbox.push(message)) {
            case Mailbox.FIRST -> {
                try {
                    loop.execute(flush);
                } catch (RejectedExecutionException e) {
                    // The loop has ended and closed its channels before: shut() has released or will release the message
                    return false;
                }
            }
            case Mailbox.SHUT -> {
                ReferenceCountUtil.release(message);
                return false;
            }
            default -> {}
        }
        return true;
    }

    /**
     * Waits until more may be sent. The handler only, never a loop: what it would wait for is the loop's to do.
     *
     * @return false if the client did not take anything for too long
     * @throws ClientGoneException if the connection is closed
     */
    boolean awaitWritable() throws ClientGoneException {
        assert !loop.inEventLoop() : "a loop must not wait for itself";
        return isWritable() || awaitSlowly();
    }

    private boolean isWritable() {
        return channel.isWritable() && queued < HIGH_BYTES;
    }

    private boolean awaitSlowly() throws ClientGoneException {
        waiting = true;
        try {
            while (true) {
                if (gone) {
                    throw new ClientGoneException("write: the connection is closed");
                }
                if (isWritable()) {
                    return true;
                }
                if (!permits.acquire(WaitReason.IO_WAIT, timeoutNanos)) {
                    return isWritable();
                }
            }
        } finally {
            waiting = false;
        }
    }

    /** Takes what is there; null if there is nothing. Loop only; followed by {@link #drained}. */
    Mailbox.Cell<Object> takeAll() {
        return mailbox.takeAll();
    }

    /** Returns the bytes of what is counted, in the mailbox and in the channel. Loop only. */
    long held() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return queued + (buffer == null ? 0 : buffer.totalPendingWriteBytes());
    }

    /** Returns whether nothing is there. Loop only. */
    boolean isEmpty() {
        return mailbox.isEmpty();
    }

    /** Returns what a message counts, before it is written. Loop only. */
    long weigh(Object message) {
        if (queued == 0 || !(message instanceof HttpContent content)) {
            return 0;
        }
        int bytes = content.content().readableBytes();
        return bytes >= COUNTED_BYTES ? bytes : 0;
    }

    /** Says that so many counted bytes have left the mailbox, or that the channel may be writable again. Loop only. */
    void drained(long bytes) {
        if (bytes > 0) {
            QUEUED.getAndAdd(this, -bytes);
        }
        if (waiting && isWritable()) {
            permits.release();
        }
    }

    /** The channel is inactive: refuses messages from now on, and releases what is there. Loop only. */
    void shut() {
        gone = true;
        release(mailbox.shut());
        if (waiting) {
            permits.release();
        }
    }

    static void release(Mailbox.Cell<Object> messages) {
        for (Mailbox.Cell<Object> cell = messages; cell != null; cell = cell.next) {
            ReferenceCountUtil.release(cell.item);
        }
    }

    boolean isGone() {
        return gone;
    }
}
