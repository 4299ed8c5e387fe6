package dev.heddle.http;

/** What is inside a {@link Middleware}: further middleware and at the end the handler. Immutable. */
@FunctionalInterface
public interface Chain {
    /**
     * Runs the rest of the chain.
     *
     * @param c the request and its answer
     * @throws Exception what the inside threw
     */
    void proceed(Ctx c) throws Exception;
}
