package dev.heddle.http;

/**
 * Sees every request, for metrics and access logs. Called by the goroutine or poller that serves the request, on the hot
 * path: implementations must be thread-safe and quick, and must neither block nor throw. An exception is logged and
 * otherwise ignored.
 *
 * <p>Each {@link #started} is followed by exactly one {@link #finished}, whatever happens to the request. Malformed requests
 * are seen too, with method {@code _OTHER} if it could not be read.
 */
public interface RequestObserver {
    /**
     * A request begins to be served: its head is read, and those before it on its connection have been answered.
     *
     * @param method a method of RFC 9110 or {@code PATCH}, or {@code _OTHER} (OpenTelemetry's rule)
     * @param scheme {@code http}
     */
    default void started(String method, String scheme) {}

    /**
     * The answer to a request has been handed over for sending, or there will be none.
     *
     * @param request the request and how it went; made for this call, may be kept
     */
    void finished(Finished request);

    /**
     * A request that is over. Everything in it is of low cardinality, so that it can be a label.
     *
     * @param method as in {@link #started}
     * @param route the template of the route that matched, or {@link Ctx#UNMATCHED}; never the path
     * @param status the status that was sent, or 0 if the client was gone before anything could be sent
     * @param protocolVersion {@code 1.1} or {@code 1.0}
     * @param scheme {@code http}
     * @param errorType null if all went well, else the class name of the exception that became a 5xx or ended the answer
     *     half-way, the status of another 5xx as a number, or {@code client_gone}
     * @param durationNanos time since the head of the request had been read
     */
    record Finished(
            String method,
            String route,
            int status,
            String protocolVersion,
            String scheme,
            String errorType,
            long durationNanos) {}
}
