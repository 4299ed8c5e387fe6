package dev.heddle.sched;

import java.util.Map;

/** Stands in the log for an exception whose text would not be safe there: the same in everything but that. Never thrown. */
final class Escaped extends Exception {
    /** How deep causes are copied. A guess: beyond that nobody reads. */
    private static final int MAX_DEPTH = 32;

    private Escaped(Throwable original) {
        super(LogText.clean(text(original)));
        setStackTrace(original.getStackTrace());
    }

    private static String text(Throwable original) {
        try {
            return original.toString();
        } catch (RuntimeException | StackOverflowError e) {
            return original.getClass().getName() + ", whose text cannot be had: " + e.getClass().getName();
        }
    }

    /** Copies an exception with all that it comes from. {@code copies} has those that were copied already. */
    static Escaped copy(Throwable original, Map<Throwable, Escaped> copies) {
        Escaped known = copies.get(original);
        if (known != null) {
            return known;
        }
        Escaped copy = new Escaped(original);
        copies.put(original, copy);
        if (copies.size() > MAX_DEPTH) {
            return copy;
        }
        Throwable cause = original.getCause();
        if (cause != null && !copies.containsKey(cause)) { // causes may form a circle
            copy.initCause(copy(cause, copies));
        }
        for (Throwable suppressed : original.getSuppressed()) {
            if (!copies.containsKey(suppressed)) {
                copy.addSuppressed(copy(suppressed, copies));
            }
        }
        return copy;
    }
}
