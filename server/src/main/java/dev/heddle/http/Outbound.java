package dev.heddle.http;

import dev.heddle.netpoll.Netpoll;
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
 * Messages and signals go through a mailbox. Who finds it empty asks the loop to run the connection's flush task, which takes
 * all that is there (AnswerWriter).
 *
 * Backpressure. A handler may send while what is in the mailbox and what is in the channel's own buffer are below their
 * marks; else it waits on `permits`. Every message counts, with MESSAGE_BYTES beside its content, so that many small ones
 * are held back as a few large ones are; Netty counts in the same way in the channel. The count is the difference of two
 * sums, each with one writer at a time: `pushed` is the holder's of the turn (Turns orders one holder before the next),
 * `drained` the loop's.
 *
 * What can end a wait, always on the loop: the writer raises `drained`, the channel becomes writable, the channel closes
 * (`gone`). Each of these first changes the state and then looks at `waiting`; the handler first sets `waiting` and then
 * looks at the state. All are volatile, so one of them sees the other; a permit given too early is kept by the semaphore,
 * one given too often makes the handler look again. The loop gives permits when half of the mark is reached, so that a
 * handler is not woken for each message: whoever waits has seen more than that in the mailbox, so the loop comes by there.
 * One handler at a time sends, so there is one waiter.
 *
 * While all connections together hold much (Holdings) the mark is lower. It may change at any time: a handler that
 * waits is given a permit whenever the mailbox is empty, at which both marks let it go on.
 *
 * Bound per connection: HIGH_BYTES and one message in the mailbox, the channel's high water mark (64 KiB) and one message
 * there.
 *
 * A loop never waits. What it answers by itself (a head that is refused or too slow) is pushed without a look at the marks:
 * there is one such answer per connection, the last, and it is small. Signals are not counted.
 *
 * Ownership. A message pushed belongs to the loop; one refused belongs to the caller, which releases it. After the
 * channel is inactive the mailbox is shut and what was left in it released.
 */

/** Takes what handlers send to the loop of their connection. */
final class Outbound {
    /** What the mailbox may hold before a handler waits; the same as Netty's standard high water mark. */
    private static final int HIGH_BYTES = 64 << 10;
    /** Where a handler that waits may go on; Netty's standard low water mark. */
    private static final int LOW_BYTES = HIGH_BYTES / 2;
    /** What a message takes beside its content: itself, its buffer, an array, its place in the box. Some 200 bytes of heap. */
    static final int MESSAGE_BYTES = 256;

    private static final VarHandle PUSHED;

    static {
        try {
            PUSHED = MethodHandles.lookup().findVarHandle(Outbound.class, "pushed", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The same while all connections together hold much. */
    private static final int TIGHT_BYTES = 8 << 10;

    private final Channel channel;
    private final EventLoop loop;
    private final Http1Connection connection;
    private Runnable flush;

    private final Mailbox<Object> mailbox = new Mailbox<>();
    private final BinarySemaphore permits = new BinarySemaphore();
    /** What has been put into the mailbox, counted. Written by the holder of the turn, read by others as a figure. */
    private long pushed;
    /** How much of that has left it. Written by the loop. */
    private volatile long drained;
    private volatile boolean waiting;
    /** What handlers are told that find the connection closed. Written by the loop before {@link #gone}. */
    private String end = "write: the connection is closed";

    private volatile boolean gone;
    /** There is something for the loop, and there was no memory to tell it. */
    private volatile boolean uncalled;
    /** The connection is to be closed, and could not be. */
    private volatile boolean doomed;

    Outbound(Http1Connection connection, Channel channel) {
        this.channel = channel;
        this.connection = connection;
        this.loop = channel.eventLoop();
    }

    /** Sets the flush task, which the loop runs. Before anything is pushed. */
    void flushBy(Runnable task) {
        flush = task;
    }

    /** Tells the loop something. Any thread. Does not wait. */
    void signal(Signal signal) {
        put(signal);
    }

    /**
     * Hands a message of Netty's codec over. The holder of the turn. Does not wait.
     *
     * @return false if the connection is closed; the message is released then
     */
    boolean push(Object message) {
        PUSHED.setOpaque(this, pushed + weight(message)); // before put: held() must not fall below zero for long
        return put(message);
    }

    private boolean put(Object message) {
        int result;
        try {
            result = mailbox.push(message);
        } catch (OutOfMemoryError e) { // an answer with a gap must not be taken for whole
            ReferenceCountUtil.release(message);
            doom();
            return false;
        }
        switch (result) {
            case Mailbox.FIRST -> {
                if (!callLoop()) {
                    return false;
                }
            }
            case Mailbox.SHUT -> {
                ReferenceCountUtil.release(message);
                return false;
            }
            default -> {
                if (uncalled) {
                    callLoop();
                }
            }
        }
        return true;
    }

    /** False if the loop has ended, and has closed its channels before: shut() has released or will release the message. */
    private boolean callLoop() {
        try {
            uncalled = false;
            loop.execute(flush);
        } catch (RejectedExecutionException e) {
            return false;
        } catch (OutOfMemoryError e) {
            uncalled = true; // whoever comes next tries again; the connection's timer looks as well
        }
        return true;
    }

    /** Closes the connection, or has the loop do it as soon as there is memory for that. Any thread; never throws. */
    void abort() {
        try {
            channel.close();
        } catch (Throwable t) {
            Netpoll.makeRoom(loop);
            doom();
        }
    }

    /** The connection is to be closed, for which there is no memory now: the loop does it later. Any thread; never throws. */
    void doom() {
        doomed = true;
        callLoop();
    }

    boolean isDoomed() {
        return doomed;
    }

    /** Returns whether the loop has to look although nobody could tell it so. Loop only. */
    boolean isOverlooked() {
        return uncalled || doomed;
    }

    /**
     * Waits until more may be sent. The handler only, never a loop: what it would wait for is the loop's to do. Without limit:
     * the loop closes the connection of a client that is too slow (Deadlines).
     *
     * @throws ClientGoneException if the connection is closed
     */
    void awaitWritable() throws ClientGoneException {
        assert !loop.inEventLoop() : "a loop must not wait for itself";
        if (!isWritable()) {
            awaitSlowly();
        }
    }

    private boolean isWritable() {
        return channel.isWritable() && pushed - drained < (connection.shared.holdings.isTight() ? TIGHT_BYTES : HIGH_BYTES);
    }

    /**
     * Returns how many bytes wait to be sent, in the mailbox and in the channel, with what messages take beside their
     * content. A figure, for any thread.
     */
    long held() {
        if (gone) {
            return 0; // what was left has been released, and is refused from then on
        }
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return Math.max(0, (long) PUSHED.getOpaque(this) - drained) + (buffer == null ? 0 : buffer.totalPendingWriteBytes());
    }

    private void awaitSlowly() throws ClientGoneException {
        connection.account(); // the loop may be too busy to do so for a while
        waiting = true;
        try {
            while (true) {
                if (gone) {
                    throw new ClientGoneException(end);
                }
                if (isWritable()) {
                    return;
                }
                permits.await(WaitReason.IO_WAIT, Long.MAX_VALUE);
            }
        } finally {
            waiting = false;
        }
    }

    /** Returns whether a handler waits, or is about to. */
    boolean isWaiting() {
        return waiting;
    }

    /** Takes what is there; null if there is nothing. Loop only; {@link #drained} is told what is written of it. */
    Mailbox.Cell<Object> takeAll() {
        return mailbox.takeAll();
    }

    /** Returns whether nothing is there. Loop only. */
    boolean isEmpty() {
        return mailbox.isEmpty();
    }

    /** Returns what a message counts, as long as its content has not been written. */
    static int weight(Object message) {
        return MESSAGE_BYTES + (message instanceof HttpContent content ? content.content().readableBytes() : 0);
    }

    /** Says that so much has left the mailbox, as counted, or that the channel may be writable again. Loop only. */
    void drained(long weight) {
        if (weight > 0) {
            drained += weight; // only the loop writes it
        }
        if (waiting && channel.isWritable() && (long) PUSHED.getOpaque(this) - drained <= LOW_BYTES) {
            permits.release();
        }
    }

    /** Says why the connection is going to be closed. Loop only, before {@link #shut}. */
    void endsBecause(String reason) {
        end = "write: " + reason;
    }

    /** Returns how much has left the mailbox, as counted. Loop only. */
    long drained() {
        return drained;
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
            release(cell.item);
        }
    }

    /** Releases it. If there is no memory for what the pool does then, nothing is thrown: others are to be released too. */
    static void release(Object message) {
        try {
            ReferenceCountUtil.release(message);
        } catch (VirtualMachineError | LinkageError e) {
            return;
        }
    }

    boolean isGone() {
        return gone;
    }
}
