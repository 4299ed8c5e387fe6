package dev.heddle.net;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.RejectedExecutionException;

/** The errors of this package: operation, address and what happened, in this order. */
final class Failures {
    private static final long NANOS_PER_MILLI = 1_000_000L;

    private Failures() {}

    /** This side closed it. */
    static SocketException closed(String operation, SocketAddress address) {
        return new SocketException(operation + " " + address + ": closed");
    }

    /** It was closed, but not by its user: with its netpoll, say. */
    static SocketException gone(String operation, SocketAddress address) {
        return new SocketException(operation + " " + address + ": the connection is gone");
    }

    /**
     * A time-out.
     *
     * @param elapsedNanos how long the operation had waited
     */
    static SocketTimeoutException timedOut(String operation, SocketAddress address, long elapsedNanos) {
        return new SocketTimeoutException(
                operation + " " + address + ": timed out after " + elapsedNanos / NANOS_PER_MILLI + " ms");
    }

    /** Anything else: the same kind of error, with operation and address in front. */
    static IOException failed(String operation, SocketAddress address, Throwable cause) {
        if (cause instanceof ClosedChannelException || cause instanceof RejectedExecutionException) {
            return with(gone(operation, address), cause);
        }
        String message = operation + " " + address + ": " + cause.getMessage();
        return switch (cause) {
            case ConnectException e -> with(new ConnectException(message), e);
            case SocketException e -> with(new SocketException(message), e);
            default -> new IOException(message, cause);
        };
    }

    /** The address could not be taken. Netty has a class of its own for errors of its native calls. */
    static IOException notBound(SocketAddress address, Throwable cause) {
        if (cause instanceof IOException) {
            return with(new BindException("listen on " + address + ": " + cause.getMessage()), cause);
        }
        return failed("listen on", address, cause);
    }

    private static SocketException with(SocketException e, Throwable cause) {
        e.initCause(cause);
        return e;
    }
}
