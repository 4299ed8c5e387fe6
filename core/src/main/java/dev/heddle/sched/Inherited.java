package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;

/**
 * One reference that goroutines hand down: a new goroutine starts with that of its creator. It is what
 * {@code dev.heddle.context} stands on, and nobody else should use it. The scheduler looks at it only when somebody has to
 * wait: if it is a {@link Lifetime}, its end ends the wait.
 *
 * <p>The creator is whoever calls {@link Scheduler#go} or the thread factory. A virtual thread that library code starts
 * inside a goroutine gets the reference of the goroutine that starts it. An ordinary thread has one as well, of its own,
 * which the goroutines that it creates inherit; its child threads do not.
 *
 * <p>Costs a read and a write when a goroutine is created, and nothing when goroutines are switched.
 */
public final class Inherited {
    /** Of threads that are not goroutines. */
    private static final ThreadLocal<Object> OF_THREAD = new ThreadLocal<>();

    /** False until the first {@link #set} by an ordinary thread, so that those who never use this do not pay for it. */
    private static volatile boolean threadsUsed;

    static {
        VirtualThreads.open();
    }

    private Inherited() {}

    /** Returns the reference of the calling goroutine or thread, or null if there is none. */
    public static Object get() {
        G g = G.current();
        return g == null ? ofThread() : g.inherited;
    }

    /**
     * Sets the reference of the calling goroutine or thread. Those that it has created before keep theirs.
     *
     * @param value the reference, or null for none. What others can reach by it must be safe for use by several threads
     */
    public static void set(Object value) {
        G g = G.current();
        if (g != null) {
            g.inherited = value;
        } else if (value != null) {
            threadsUsed = true;
            OF_THREAD.set(value);
        } else if (threadsUsed) {
            OF_THREAD.remove();
        }
    }

    /** What a goroutine that is created now starts with. */
    static Object ofCreator(G creator) {
        return creator == null ? ofThread() : creator.inherited;
    }

    private static Object ofThread() {
        return !threadsUsed || Thread.currentThread() instanceof M ? null : OF_THREAD.get();
    }
}
