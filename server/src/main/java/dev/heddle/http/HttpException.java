package dev.heddle.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The outcome of a request that is an error, thrown by a handler or by the server. Unless {@link App#onError} says
 * otherwise it becomes an answer of type {@code application/problem+json} (RFC 9457) with this status, its title and the
 * detail. Everything in it is shown to the client, except the cause.
 */
public class HttpException extends RuntimeException {
    private static final int MIN_STATUS = 400;
    private static final int MAX_STATUS = 599;

    private final int status;
    private final String detail;
    private final transient List<Map.Entry<String, String>> headers = new ArrayList<>(0);

    /**
     * Makes an error without detail.
     *
     * @param status the status, 400 to 599
     */
    public HttpException(int status) {
        this(status, null, null);
    }

    /**
     * Makes an error.
     *
     * @param status the status, 400 to 599
     * @param detail what went wrong, for the client; null for nothing beyond the title
     */
    public HttpException(int status, String detail) {
        this(status, detail, null);
    }

    /**
     * Makes an error with a cause.
     *
     * @param status the status, 400 to 599
     * @param detail what went wrong, for the client; null for nothing beyond the title
     * @param cause for the log, never shown to the client; null for none
     */
    public HttpException(int status, String detail, Throwable cause) {
        super(message(status, detail), cause);
        if (status < MIN_STATUS || status > MAX_STATUS) {
            throw new IllegalArgumentException("status: got " + status + ", need " + MIN_STATUS + " to " + MAX_STATUS);
        }
        this.status = status;
        this.detail = detail;
    }

    private static String message(int status, String detail) {
        return detail == null ? status + " " + title(status) : status + " " + title(status) + ": " + detail;
    }

    static String title(int status) {
        return HttpResponseStatus.valueOf(status).reasonPhrase();
    }

    /** Returns the status, 400 to 599. */
    public int status() {
        return status;
    }

    /** Returns the name of the status, such as {@code Not Found}. */
    public String title() {
        return title(status);
    }

    /** Returns what went wrong, or null if there is nothing to say beyond the title. */
    public String detail() {
        return detail;
    }

    /**
     * Adds a header to the answer, such as {@code Retry-After}.
     *
     * @param name the header's name; not {@code Transfer-Encoding} and {@code Content-Length}, which are the server's
     * @param value its value
     * @return this
     * @throws IllegalArgumentException if name or value have characters that a header cannot have, or the name is one of
     *     the server's
     */
    public HttpException withHeader(String name, String value) {
        HeaderText.name(Objects.requireNonNull(name, "name"));
        HeaderText.value(name, Objects.requireNonNull(value, "value"));
        if (Names.TRANSFER_ENCODING.contentEqualsIgnoreCase(name) || Names.CONTENT_LENGTH.contentEqualsIgnoreCase(name)) {
            throw new IllegalArgumentException("header " + name + ": it is the server's to choose");
        }
        headers.add(Map.entry(name, value));
        return this;
    }

    List<Map.Entry<String, String>> headers() {
        return headers == null ? List.of() : headers;
    }
}
