package dev.heddle.context;

/** The work is no longer wanted because its time is over (Go's {@code context.DeadlineExceeded}). */
public final class DeadlineExceededException extends CancelledException {
    private static final long serialVersionUID = 1;

    DeadlineExceededException(String message) {
        super(message, null);
    }
}
