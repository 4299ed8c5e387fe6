package dev.heddle.sched;

/**
 * One timer of a P's heap. Its fields belong to whoever holds the lock of {@link #owner}.
 */
final class Timer {
    /** What happens when a timer fires: runs on g0 or inside another scheduler section, with no lock held. */
    @FunctionalInterface
    interface Callback {
        /** Must be short, must not throw, block or allocate. */
        void fire(Object arg);
    }

    final Callback callback;
    final Object arg;
    /** When to fire, in {@link System#nanoTime} terms. */
    long when;
    /** Place in the heap, or -1. */
    int index = -1;
    /** The heap that it was last put on; null before. Volatile: stop reads it to know which lock to take. */
    volatile Timers owner;

    Timer(Callback callback, Object arg) {
        this.callback = callback;
        this.arg = arg;
    }

    /**
     * Whether it waits on a heap. For a timer that only the caller can put on one: true may be out of date by then, since
     * a P may just be taking it; false is not.
     */
    boolean isOnHeap() {
        return index >= 0;
    }

    /**
     * Takes the timer off its heap.
     *
     * @return true if it will not fire; false if it has fired, is just firing, or was never started
     */
    boolean stop() {
        Timers timers;
        do {
            timers = owner;
            if (timers == null) {
                return false;
            }
            if (timers.remove(this)) {
                return true;
            }
        } while (timers != owner); // moved to another heap just now
        return false;
    }
}
