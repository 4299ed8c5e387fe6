package dev.heddle.http;

/** Thrown inside the decoder for a head that it can read but that must not be served. Without a stack: clients cause it. */
final class Refusal extends RuntimeException {
    private final transient Rejection rejection;

    Refusal(Rejection rejection) {
        super(rejection.detail(), null, false, false);
        this.rejection = rejection;
    }

    Rejection rejection() {
        return rejection;
    }
}
