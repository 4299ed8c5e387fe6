package dev.heddle.http.metrics;

/**
 * Which copy of a striped counter a thread uses. Goroutines have rising numbers, so those that run at the same time use
 * different copies with high probability; a copy's cache line still travels from core to core as the numbers go round.
 */
final class Stripes {
    /** A guess: more copies make scrapes longer, and hardly make it rarer that two goroutines meet. */
    private static final int MAX = 64;

    private Stripes() {}

    /** Returns how many copies there should be: a power of 2, at least one for each P. */
    static int forProcs(int procs) {
        int atLeast = Math.min(procs, MAX);
        return atLeast <= 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
    }

    /** Returns the copy for the current thread. */
    static int current(int mask) {
        return (int) Thread.currentThread().threadId() & mask;
    }
}
