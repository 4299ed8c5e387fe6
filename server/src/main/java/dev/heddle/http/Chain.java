package dev.heddle.http;

/** What is inside a {@link Middleware}: further middleware and at the end the handler. Immutable. */
@FunctionalInterface
public interface Chain {
    /**
     * Runs the rest of the chain. What it throws becomes the answer, and this returns; see {@link Ctx#error}.
     *
     * @param c the request and its answer
     * @throws Exception if there can be no answer to what was thrown, because the head of another one has been sent or the
     *     client is gone. It should pass on; an answer whose head was sent is broken off even if it does not
     */
    void proceed(Ctx c) throws Exception;
}
