package dev.heddle.sync;

/** A channel was used in a way that its being closed forbids: where Go panics, and where a receive finds nothing more. */
public final class ChanClosedException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    ChanClosedException(String message) {
        super(message);
    }
}
