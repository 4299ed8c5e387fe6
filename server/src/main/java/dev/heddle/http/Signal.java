package dev.heddle.http;

/** What a handler tells the loop besides messages to write, in the order of these. */
enum Signal {
    /** Send 100 Continue: the handler waits for the body. */
    CONTINUE,
    /** Look again whether to read, and whether to close. */
    RESUME,
    /** Close if there is no request: somebody waits for the place. */
    YIELD,
    /** What was written before was the last answer: send it, then close. */
    CLOSE,
    /** The answer is broken: close at once, so that it does not look complete. */
    ABORT,
    /** As {@link #ABORT}, for an answer whose end is the end of the connection: that must be a reset. */
    RESET
}
