package dev.heddle.context;

/** Wants to know of the end of a {@link Scope}. Each is a different object: it is found by its identity. */
@FunctionalInterface
interface Child {
    /** The scope has ended. Called once, by whoever ended it, which this must not hold up. */
    void told(Ended why);
}
