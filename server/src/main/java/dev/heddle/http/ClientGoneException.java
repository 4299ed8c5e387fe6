package dev.heddle.http;

import java.io.IOException;

/**
 * The client has closed the connection, or the server has cut it off: nothing more can be read from it or sent to it. Thrown
 * by the next read or write of a handler after that; a handler usually lets it pass. It is not logged as an error.
 */
public final class ClientGoneException extends IOException {
    /**
     * Makes the exception.
     *
     * @param message what was tried and how it ended
     */
    public ClientGoneException(String message) {
        super(message);
    }
}
