package dev.heddle.context;

import java.util.concurrent.CancellationException;

/**
 * The work is no longer wanted (Go's {@code context.Canceled}): the context has ended that was asked, or whose end has ended a
 * wait. The cause is what was given to
 * {@link CancellableContext#cancel(Throwable)}, or null.
 */
public sealed class CancelledException extends CancellationException permits DeadlineExceededException {
    private static final long serialVersionUID = 1;

    CancelledException(String message, Throwable cause) {
        super(message);
        initCause(cause);
    }
}
