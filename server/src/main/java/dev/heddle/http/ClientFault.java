package dev.heddle.http;

import java.util.concurrent.CancellationException;

/**
 * Tells what clients cause, and can cause as often as they like, from what goes wrong in the server: it is counted, and no
 * line in the log beyond DEBUG. Libraries wrap what reading a body throws, in {@link java.io.UncheckedIOException} and
 * others, so causes count.
 */
final class ClientFault {
    /** How deep causes are looked at: they may form a circle. A guess. */
    private static final int MAX_DEPTH = 16;

    private ClientFault() {}

    /** A body that cannot be had: too large, too slow, malformed. Handlers see an {@link HttpException}. */
    static final class Refusal extends HttpException {
        Refusal(int status, String detail) {
            super(status, detail);
        }
    }

    /** Returns what the client has caused and {@code thrown} comes from: it, or one of its causes; null if there is none. */
    static Exception in(Throwable thrown) {
        Throwable cause = thrown;
        for (int depth = 0; cause != null && depth < MAX_DEPTH; depth++) {
            if (cause instanceof ClientGoneException gone) {
                return gone;
            }
            if (cause instanceof Refusal refusal) {
                return refusal;
            }
            cause = cause.getCause();
        }
        return null;
    }

    /** Returns whether an error comes from a client that is gone. */
    static boolean isGone(Throwable thrown) {
        return in(thrown) instanceof ClientGoneException;
    }

    /** Returns whether an error is this one, or comes from it. */
    static boolean isFrom(Throwable thrown, Throwable origin) {
        Throwable cause = thrown;
        for (int depth = 0; cause != null && depth < MAX_DEPTH; depth++) {
            if (cause == origin) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    /** Returns whether an error says that a wait was ended from outside: if the connection is gone, for that reason. */
    static boolean isEndOfWait(Throwable thrown) {
        Throwable cause = thrown;
        for (int depth = 0; cause != null && depth < MAX_DEPTH; depth++) {
            if (cause instanceof InterruptedException || cause instanceof CancellationException) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }
}
