package dev.heddle.net;

import dev.heddle.sched.BinarySemaphore;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/*
 * The loop's side of a connection, and what it shares with the reader and the writer.
 *
 * Reading ahead. The loop reads without being asked while the inbox holds less than HIGH bytes; then it sets `paused`
 * and stops. The reader asks it to go on when the inbox has fallen to LOW. Both sides look at both numbers, each after
 * its own store: the reader counts down and then reads `paused`, the loop sets `paused` and then reads the count again.
 * All of it is volatile, so at least one sees the other, and the CAS of `paused` to false lets exactly one ask. After
 * the peer has ended its side nobody asks any more.
 *
 * After close. While output is still being sent the loop goes on reading and drops what it reads: a peer that writes
 * would otherwise not get to reading, and both would wait for each other.
 *
 * Who frees the inbox. Only the consumer may take buffers out, so the right to be the consumer is a word, `reader`:
 * FREE, BUSY (a read is under way) or ENDED. The inbox is emptied for good by whoever moves FREE to ENDED, which is
 * allowed when `closed` (the user has closed) and `noMoreInput` (the loop will put nothing in any more) are both set.
 * Three places try: close() after setting `closed`, the loop after setting `noMoreInput`, and a read after setting
 * FREE. Whichever of these three stores comes last, its owner finds the other two done.
 *
 * Waiting. `canRead` and `canWrite` are released after every change that a waiter could wait for; waiters look again in
 * a loop, so a permit too many costs a look.
 */

/** The handler of one connection; its methods are called on the loop. */
final class ConnHandler extends ChannelInboundHandlerAdapter {
    /** When to stop reading ahead: two of Netty's largest receive buffers (64 KiB). A guess. */
    private static final long HIGH_BYTES = 128 * 1024;

    /** When to go on. */
    private static final long LOW_BYTES = HIGH_BYTES / 2;

    private static final int FREE = 0;
    private static final int BUSY = 1;
    private static final int ENDED = 2;

    private static final VarHandle READER;
    private static final VarHandle PAUSED;
    private static final VarHandle FAILURE;

    static {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        try {
            READER = lookup.findVarHandle(ConnHandler.class, "reader", int.class);
            PAUSED = lookup.findVarHandle(ConnHandler.class, "paused", boolean.class);
            FAILURE = lookup.findVarHandle(ConnHandler.class, "failure", Throwable.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Inbox inbox = new Inbox();
    final BinarySemaphore canRead = new BinarySemaphore();
    final BinarySemaphore canWrite = new BinarySemaphore();

    @SuppressWarnings("unused") // through READER
    private volatile int reader;

    @SuppressWarnings("unused") // through PAUSED
    private volatile boolean paused;

    private volatile boolean closed;
    private volatile boolean noMoreInput;
    private volatile boolean endOfInput;
    private volatile boolean inactive;
    private volatile Throwable failure;

    // ---- the loop's side

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf buffer = (ByteBuf) message;
        if (noMoreInput) {
            buffer.release();
        } else {
            inbox.put(buffer);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        canRead.release();
        if (!noMoreInput && inbox.heldBytes() >= HIGH_BYTES) {
            paused = true;
            if (!mayResume()) {
                return;
            }
        }
        context.read();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE || event == ChannelInputShutdownReadComplete.INSTANCE) {
            endOfInput = true;
            canRead.release();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        canWrite.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(cause);
        if (!(cause instanceof IOException)) {
            context.close(); // Netty closes by itself after errors of the socket, not after others
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        inactive = true;
        stopInput();
        canRead.release();
        canWrite.release();
    }

    /** Puts nothing into the inbox any more. */
    void stopInput() {
        noMoreInput = true;
        freeInbox();
    }

    /** After {@link #stopInput}: reads on, for a peer that has to write before it reads. */
    void dropInput(Channel channel) {
        if (!endOfInput) {
            channel.read();
        }
    }

    // ---- the other side

    /** Becomes the consumer of the inbox. False if somebody else is. */
    boolean beginRead() {
        return READER.compareAndSet(this, FREE, BUSY);
    }

    void endRead() {
        reader = FREE;
        freeInbox();
    }

    /** Returns true to whoever has to ask the loop to go on reading: after taking from the inbox. */
    boolean mayResume() {
        return paused
                && !endOfInput
                && !inactive
                && inbox.heldBytes() <= LOW_BYTES
                && PAUSED.compareAndSet(this, true, false);
    }

    /** The user wants no more of it. */
    void close() {
        closed = true;
        canRead.release();
        canWrite.release();
        freeInbox();
    }

    void fail(Throwable cause) {
        FAILURE.compareAndSet(this, null, cause); // the first one tells most
        canRead.release();
        canWrite.release();
    }

    boolean isClosed() {
        return closed;
    }

    /** Whether the peer has ended its side. */
    boolean isEndOfInput() {
        return endOfInput;
    }

    /** Whether the channel is closed, whoever did it. */
    boolean isInactive() {
        return inactive;
    }

    /** Returns what went wrong first, or null. */
    Throwable failure() {
        return failure;
    }

    private void freeInbox() {
        if (closed && noMoreInput && READER.compareAndSet(this, FREE, ENDED)) {
            inbox.clear();
        }
    }
}
