package dev.heddle.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/*
 * What a connection holds of what it has read
 *
 * `held` is what it costs to keep it, in bytes of memory and not of content: pieces of bodies that no handler has read,
 * and requests that wait for their turn. The loop adds to it; whoever lets go lowers it: the handler that has read a piece,
 * the goroutine that begins or drops a request.
 *
 * Full. Above HIGH_BYTES the loop stops decoding and reading and sets `full`; whoever brings `held` down to `low` and
 * finds `full` sends RESUME, and the loop looks again. The loop sets `full` before it looks at `held` again, the others lower
 * `held` before they look at `full`: one of them sees the other, so reading is always taken up again. `held` may be lowered for
 * a thing before the loop has added it, and be too low for a moment: then the loop's own look comes after the sum is right.
 *
 * Tight. While all connections together hold much (Holdings), that is so above TIGHT_BYTES already, and `low` is 0. It is set
 * before `full`, and the loop looks at `held` after both, so a change of the mark loses no signal. What is held is let
 * go of without anybody's help but the handler's (see below), so it comes to 0 whether the others hold less by then or not.
 *
 * Why nothing waits for itself. A request is held until its turn begins, its body until it is read or closed. A body that
 * is not complete is the last thing that has arrived. So when its request has the turn, all that is held are pieces that its
 * handler can read, and a handler that waits for more has let go of all of them: reading is taken up again, however large
 * the body is. A handler that does not read ends, which closes the body.
 *
 * Bound: HIGH_BYTES, the last thing that was added (a piece of up to 64 KiB, or a head), and the rest of one read from the
 * socket (64 KiB), which stays undecoded.
 */

/** The budget of a connection for what has arrived and is not used up. */
final class Inbound {
    /**
     * What one piece of a body costs besides its bytes: the cell of the mailbox (24), the piece (24), its buffer (56 to 72)
     * and the head of its array (16), the sizes of these objects on a 64-bit JVM with compressed references.
     */
    static final int PIECE_BYTES = 128;

    /**
     * What a waiting request costs besides its bytes: {@link Exchange}, Netty's message and headers, a body. The sum of the
     * sizes of these objects, rounded up.
     */
    static final int REQUEST_BYTES = 768;

    /**
     * What a header line costs besides its bytes: name, value, their arrays and the entry. Measured: 136, in heads of 90 lines.
     */
    static final int HEADER_BYTES = 144;

    /** Above this the connection is not read: two reads of the largest size. */
    static final int HIGH_BYTES = 128 << 10;

    /** At this it is read again; above one read of the largest size, so that a reader need not wait for the next one. */
    private static final int LOW_BYTES = 96 << 10;

    /** The high mark while all connections together hold much. */
    private static final int TIGHT_BYTES = 16 << 10;

    private static final VarHandle HELD;

    static {
        try {
            HELD = MethodHandles.lookup().findVarHandle(Inbound.class, "held", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Http1Connection connection;
    private volatile long held;
    /** Written by the loop. */
    private volatile boolean full;
    /** At what it is read again. Written by the loop. */
    private volatile int low = LOW_BYTES;

    Inbound(Http1Connection connection) {
        this.connection = connection;
    }

    /** Something that costs so many bytes is kept. Loop only. */
    void hold(long bytes) {
        long now = (long) HELD.getAndAdd(this, bytes) + bytes;
        if (now > TIGHT_BYTES && connection.shared.holdings.isTight()) {
            fill(0);
        } else if (now > HIGH_BYTES) {
            fill(full ? low : LOW_BYTES);
        }
    }

    private void fill(int lowMark) {
        low = lowMark;
        full = true;
        connection.pauseDecoding();
        if (held <= lowMark) { // let go of in between, by somebody who looked before `full` was set
            connection.signal(Signal.RESUME);
        }
    }

    /** Something that cost so many bytes is let go of. Any thread. */
    void letGo(long bytes) {
        long left = (long) HELD.getAndAdd(this, -bytes) - bytes;
        if (full) {
            int mark = low;
            if (left <= mark && left + bytes > mark) { // once for each time
                connection.signal(Signal.RESUME);
            }
        }
    }

    /** Lets things come again if enough has been let go of. Loop only. */
    void takeUpAgain() {
        if (full && held <= low) {
            full = false;
        }
    }

    /** Loop only. */
    boolean isFull() {
        return full;
    }

    /** Returns what is held, in bytes. */
    long held() {
        return held;
    }
}
