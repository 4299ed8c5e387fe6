package dev.heddle.context;

/**
 * Why a scope has ended.
 *
 * @param deadline whether its time was over
 * @param cause what it was cancelled with, or null
 */
record Ended(boolean deadline, Throwable cause) {
    static final Ended CANCELLED = new Ended(false, null);
    static final Ended DEADLINE = new Ended(true, null);

    /** A new one each time: whoever throws it may add to it. */
    CancelledException exception() {
        if (deadline) {
            return new DeadlineExceededException("context deadline exceeded");
        }
        return new CancelledException("context cancelled" + (cause == null ? "" : ": " + cause), cause);
    }
}
