package dev.heddle.os;

import dev.heddle.sched.Syscall;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;

/**
 * Counts who uses a handle, and closes it when it was closed and nobody uses it any more. What Go's {@code fdMutex}
 * does ({@code internal/poll/fd_mutex.go}): without it the number of a descriptor could be given to another file
 * between the look at it and the system call.
 *
 * <p>One word: the number of uses, and {@link #CLOSED}.
 *
 * <table>
 * <caption>Who moves</caption>
 * <tr><th>from</th><th>to</th><th>by</th></tr>
 * <tr><td>n</td><td>n + 1</td><td>{@link #use}; refused once CLOSED is set</td></tr>
 * <tr><td>n</td><td>n + CLOSED</td><td>{@link #close}, the first one; closes the handle if n is 0</td></tr>
 * <tr><td>n (+ CLOSED)</td><td>n - 1 (+ CLOSED)</td><td>the end of a use; closes the handle if that leaves CLOSED
 * alone</td></tr>
 * </table>
 *
 * <p>The handle is closed exactly once: the word becomes CLOSED with no uses only once, since nobody can come in after
 * that, and whoever makes it so closes.
 *
 * <p>Differs from Go: an end that closes the handle reports its error to whoever ended the last use.
 */
final class Descriptor {
    /** The end of a use, for try-with-resources. */
    interface Use extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    /** Set by the first close; the bits below count the uses. */
    static final int CLOSED = 1 << 30;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Descriptor.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Handle handle;
    private final Use use = this::end;
    private volatile int state;

    Descriptor(Handle handle) {
        this.handle = handle;
    }

    /** Begins a use: until its end the handle stays open. */
    Use use() throws ClosedChannelException {
        while (true) {
            int s = state;
            if (s >= CLOSED) {
                throw new ClosedChannelException();
            }
            if (STATE.compareAndSet(this, s, s + 1)) {
                return use;
            }
        }
    }

    /** Lets nobody in any more. The handle is closed now, or by the last who is in. */
    void close() throws IOException {
        if ((int) STATE.getAndBitwiseOr(this, CLOSED) == 0) {
            closeHandle();
        }
    }

    boolean isOpen() {
        return state < CLOSED;
    }

    private void end() throws IOException {
        int before = (int) STATE.getAndAdd(this, -1);
        assert before > 0 && before != CLOSED : "a use ended twice: " + before;
        if (before == CLOSED + 1) {
            closeHandle();
        }
    }

    private void closeHandle() throws IOException {
        Syscall.call(() -> {
            handle.close();
            return null;
        });
    }
}
