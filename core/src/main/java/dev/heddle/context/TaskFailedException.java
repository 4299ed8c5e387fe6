package dev.heddle.context;

/**
 * A task of a {@link TaskGroup} has failed. The cause is what it threw; what other tasks of the group threw, later and not
 * because they were cancelled, is suppressed.
 */
public final class TaskFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TaskFailedException(Throwable cause) {
        super("a task of the group has failed: " + cause, cause);
    }
}
