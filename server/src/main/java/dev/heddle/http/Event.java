package dev.heddle.http;

/** What is counted in {@link ServerStats} because it should be rare. */
enum Event {
    /** A request was refused because it was malformed or too large. */
    MALFORMED,
    /** A head did not come in time. */
    HEADER_TIMEOUT,
    /** A body did not come in time. */
    BODY_TIMEOUT,
    /** A connection was idle for too long. */
    IDLE_TIMEOUT,
    /** A client did not take its answer in time, that of the setting or of the handler. */
    WRITE_TIMEOUT,
    /** A client left before it had its answer. */
    CLIENT_GONE,
    /** An answer was broken off because its handler failed half-way. */
    RESPONSE_ABORTED,
    /** A connection failed for another reason. */
    CONNECTION_FAILED,
    /** A connection was closed at once because its address had too many. */
    REFUSED,
    /** An idle connection was closed to make room. */
    DISPLACED,
    /** A connection was cut off because the server held too much. */
    CUT,
    /** Accepting stopped because there were as many connections as allowed. */
    ACCEPT_PAUSED,
    /** The system gave an error instead of a connection. */
    ACCEPT_FAILED
}
