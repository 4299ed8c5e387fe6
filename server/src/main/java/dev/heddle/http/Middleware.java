package dev.heddle.http;

/**
 * Runs around handlers. It sees the request with its matched route ({@link Ctx#route}) and decides whether the rest of the
 * chain runs. Since {@link Ctx#text}, {@link Ctx#json} and {@link Ctx#bytes} are sent only after the whole chain has
 * returned, it may still change status and headers after {@link Chain#proceed}; answers that are streamed have left by
 * then ({@link Ctx#isCommitted}).
 *
 * <p>Errors become answers where they arise: {@link Chain#proceed} returns as usual when something inside of it has failed,
 * {@link Ctx#status} is the status that will be sent, 404, 405 and 500 too, and {@link Ctx#error} what was thrown. So
 * what has to be undone after an error, such as a transaction, asks {@link Ctx#error}. What a middleware throws itself is
 * answered in the same way, for those around it to see.
 */
@FunctionalInterface
public interface Middleware {
    /**
     * Handles one request, usually by calling {@code next.proceed(c)} once. Calling it again after an error tries again: the
     * answer to the error is taken back.
     *
     * @param c the request and its answer
     * @param next the middleware and the handler inside this one
     * @throws Exception as {@link Handler#handle}
     */
    void handle(Ctx c, Chain next) throws Exception;
}
