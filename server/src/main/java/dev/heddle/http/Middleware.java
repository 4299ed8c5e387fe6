package dev.heddle.http;

/**
 * Runs around handlers. It sees the request with its matched route ({@link Ctx#route}) and decides whether the rest of the
 * chain runs. Since {@link Ctx#text}, {@link Ctx#json} and {@link Ctx#bytes} are sent only after the whole chain has
 * returned, it may still change status and headers after {@link Chain#proceed}; answers that are streamed have left by
 * then ({@link Ctx#isCommitted}).
 */
@FunctionalInterface
public interface Middleware {
    /**
     * Handles one request, usually by calling {@code next.proceed(c)} once.
     *
     * @param c the request and its answer
     * @param next the middleware and the handler inside this one
     * @throws Exception as {@link Handler#handle}; what the inside throws passes through here first
     */
    void handle(Ctx c, Chain next) throws Exception;
}
