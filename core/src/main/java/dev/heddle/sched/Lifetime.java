package dev.heddle.sched;

import java.util.concurrent.CancellationException;

/**
 * How long something is wanted, and so what ends waits for it: {@code dev.heddle.context.Context} is one, and the only one.
 * This class is there because this package and {@code dev.heddle.sync} must not know of that one. What applications see of
 * it are methods that take one, such as {@code Mutex.lock(Context.current())}.
 *
 * <p>A goroutine's current lifetime is the reference that {@link Inherited} keeps, if that is one. Waits look at it when
 * they have to wait and not before, so what does not wait does not pay, and what can go on at once does.
 */
public abstract class Lifetime {
    /** Without an end. */
    private static final Lifetime FOR_EVER = new Lifetime(null) {};

    /** What waits register with. Null: it never ends. */
    final Ending ending;

    /**
     * Makes a lifetime.
     *
     * @param ending tells of the end; null if there will be none
     */
    protected Lifetime(Ending ending) {
        this.ending = ending;
    }

    /** The current lifetime of the calling goroutine or thread; one without an end if nobody has given it another. */
    static Lifetime current() {
        return Inherited.get() instanceof Lifetime lifetime ? lifetime : FOR_EVER;
    }

    /** What can end the waits of the calling goroutine or thread, or null. */
    static Ending currentEnding() {
        return Inherited.get() instanceof Lifetime lifetime ? lifetime.ending : null;
    }

    /** Wants to know of an end. Each is a different object: it is found by its identity. */
    @FunctionalInterface
    public interface Waiter {
        /** It has come. Called once, by whoever brought it about, whom this must not hold up. */
        void told();
    }

    /**
     * The end of a lifetime. A waiter that {@link #add} has taken in is either told, once, or let go by {@link #forget}, never
     * both.
     */
    public interface Ending {
        /**
         * Takes a waiter in, which is told of the end.
         *
         * @param waiter whom to tell
         * @return false if the end has come: the waiter is then not told
         */
        boolean add(Waiter waiter);

        /**
         * Lets a waiter go.
         *
         * @param waiter whom not to tell
         * @return false if it is not there: it has been told, or is just being told
         */
        boolean forget(Waiter waiter);

        /**
         * Returns what a wait that this has ended throws, a new one each time. Only after the end.
         */
        CancellationException exception();
    }
}
