package dev.heddle.context;

/**
 * A context that its owner can end. Hand it on as a {@link Context}: those that get it can see its end, not bring it about.
 *
 * <p>Closing it cancels it: work that is done needs no context any more, and what was derived from it or waits for it, and
 * has been forgotten, goes too.
 */
public final class CancellableContext extends Context implements AutoCloseable {
    CancellableContext(Values values, Scope scope) {
        super(values, scope);
    }

    /**
     * Cancels this context and all that are derived from it. When this returns true they all have ended, and what waits for
     * them has been woken; if a goroutine cancels and they are many, those after the first 64 follow at once, in a goroutine
     * of their own.
     *
     * @return whether this call ended it; false if it had ended before
     */
    public boolean cancel() {
        return scope.end(Ended.CANCELLED);
    }

    /**
     * Cancels this context and all that are derived from it, and says why (Go's {@code WithCancelCause}).
     *
     * @param cause what {@link #cause} returns from then on, here and in derived contexts; null for none
     * @return whether this call ended it; false if it had ended before, and then the cause is dropped
     */
    public boolean cancel(Throwable cause) {
        return scope.end(cause == null ? Ended.CANCELLED : new Ended(false, cause));
    }

    /** {@link #cancel()}, if it has not ended. */
    @Override
    public void close() {
        cancel();
    }
}
