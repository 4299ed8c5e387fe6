package dev.heddle.netpoll;

/**
 * Memory that a loop keeps for the time when there is none: to close a connection takes some hundred bytes, and frees
 * thousands. A heap that is full of what connections hold would stay so without them. Loop only.
 */
final class SpareMemory {
    /** 256 KiB: to close some hundred connections. A guess. In small pieces: a large one would need room in one place. */
    private static final int PIECES = 16;

    private static final int PIECE_BYTES = 16 << 10;

    /** Between two attempts to have it again. A guess. */
    private static final long REFILL_NANOS = 100_000_000;

    private final byte[][] pieces = new byte[PIECES][];
    private int filled;
    private long refillFrom = System.nanoTime();

    SpareMemory() {
        refill();
    }

    /** Gives the memory to whoever needs it now. Returns whether there was any. */
    boolean release() {
        if (filled == 0) {
            return false; // and the time of the next attempt stands: else there might never be one
        }
        refillFrom = System.nanoTime() + REFILL_NANOS;
        for (int i = 0; i < PIECES; i++) {
            pieces[i] = null;
        }
        filled = 0;
        return true;
    }

    /** Whether it has been given away, so that what there is should be used for closing alone. */
    boolean isOut() {
        return filled < PIECES;
    }

    /** Takes as much as there is, if some is missing and it is time to. */
    void refill() {
        if (filled == PIECES || System.nanoTime() - refillFrom < 0) {
            return;
        }
        try {
            while (filled < PIECES) {
                pieces[filled] = new byte[PIECE_BYTES];
                filled++;
            }
        } catch (OutOfMemoryError e) {
            refillFrom = System.nanoTime() + REFILL_NANOS; // it is needed elsewhere
        }
    }
}
