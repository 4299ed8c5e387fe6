package dev.heddle.http;

import io.netty.channel.ChannelHandlerContext;
import java.util.concurrent.RejectedExecutionException;

/*
 * From the mailbox to the channel
 *
 * Two tasks of the loop. The flush task is queued by whoever finds the mailbox empty (Outbound); it takes all that is there
 * and writes the first BATCH_MESSAGES of it. If something is left the rest task is queued, behind the tasks of other
 * connections, and so on, so that no connection keeps the loop for longer than a batch takes. At most one task of each kind
 * is queued: what comes in while something is left is announced by one more flush task, which only notes it (`more`), since
 * what is left goes first.
 *
 * Each batch ends with one flush of the channel. So answers to pipelined requests, and chunks of a stream, go out together
 * as far as they are there.
 */

/** Writes what handlers have left for the loop, a bounded number of messages at a time. Loop only. */
final class AnswerWriter implements Runnable {
    /**
     * The most messages that are written before other connections get a turn. A guess: as many as may be pipelined, so that
     * those go out together; some 50 us.
     */
    private static final int BATCH_MESSAGES = 64;

    private final Http1Connection connection;
    private final Outbound outbound;
    private final Runnable rest = this::writeSome;

    /** What was taken from the mailbox and not written yet. */
    private Mailbox.Cell<Object> unwritten;
    /** Whether there is something in the mailbox that no queued task will take. */
    private boolean more;
    private boolean writing;

    AnswerWriter(Http1Connection connection, Outbound outbound) {
        this.connection = connection;
        this.outbound = outbound;
    }

    /** Returns whether messages were taken from the mailbox that are not written yet: the connection is not done then. */
    boolean isBusy() {
        return writing || unwritten != null;
    }

    /** Returns whether something is left to be written after the message that is being written, as far as is known. */
    boolean hasMore() {
        return unwritten != null || more;
    }

    /** The flush task. */
    @Override
    public void run() {
        if (outbound.isDoomed()) {
            connection.abort();
        }
        if (unwritten != null) {
            more = true;
            return;
        }
        unwritten = outbound.takeAll();
        writeSome();
    }

    /** By the connection's timer: does what could not be told, or done, for want of memory. */
    void lookAgain() {
        if (outbound.isOverlooked()) {
            run();
        }
    }

    private void writeSome() {
        writing = true;
        try {
            write();
        } catch (RuntimeException | Error e) {
            drop();
            connection.exceptionCaught(connection.context(), e);
        } finally {
            writing = false;
        }
        if (unwritten == null && more) {
            more = false;
            unwritten = outbound.takeAll();
        }
        if (unwritten != null) {
            goOnLater();
        } else {
            connection.written();
        }
    }

    private void goOnLater() {
        try {
            connection.context().executor().execute(rest);
        } catch (RejectedExecutionException e) {
            drop(); // the loop has ended, and its channels with it
        }
    }

    private void write() {
        ChannelHandlerContext ctx = connection.context();
        boolean written = false;
        long weight = 0;
        for (int n = 0; n < BATCH_MESSAGES && unwritten != null; n++) {
            Object message = unwritten.item;
            unwritten = unwritten.next;
            if (message instanceof Signal signal) {
                connection.handle(signal);
            } else {
                weight += Outbound.weight(message);
                ctx.write(message, ctx.voidPromise());
                written = true;
            }
        }
        if (written) {
            ctx.flush();
            connection.deadlines().written();
        }
        outbound.drained(weight);
    }

    /** Releases what is left: nothing can be written any more. */
    void drop() {
        Outbound.release(unwritten);
        unwritten = null;
    }
}
