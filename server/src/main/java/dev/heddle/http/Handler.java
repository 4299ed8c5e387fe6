package dev.heddle.http;

/**
 * Answers requests. Runs in the goroutine of its request, so it may block as it likes: reading the body, waiting for a
 * database, sleeping. One handler object serves many requests at once.
 */
@FunctionalInterface
public interface Handler {
    /**
     * Answers one request. A handler that returns without having set anything answers with an empty 200.
     *
     * @param c the request and its answer; not to be used after this method has returned
     * @throws Exception becomes the answer that {@link App#onError} or the server gives for it; see {@link HttpException}
     */
    void handle(Ctx c) throws Exception;
}
