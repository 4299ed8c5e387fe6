package dev.heddle.sync;

import dev.heddle.sched.Primitives;
import java.util.Objects;

/**
 * Does something once, with the rules of Go's {@code sync.Once}: however many call {@link #run}, the first does it, and the
 * others return when it has been done. May be used by goroutines of any scheduler and by any other thread; what was done is
 * visible to all who return.
 */
public final class Once {
    private final Mutex mutex = new Mutex();
    /** Written with the mutex, after the end of the body: who sees it need not wait. */
    private volatile boolean done;

    /** Makes a once that is still to be done. */
    public Once() {}

    /**
     * Runs the body if this is the first call; else waits until the first call's body has ended.
     *
     * @param body is run at most once. What it throws comes out of the first call, and counts as done. If it calls this
     *     method it waits for itself, until its context ends
     * @throws java.util.concurrent.CancellationException if it had to wait for another call, and the caller's current context
     *     has ended
     */
    public void run(Runnable body) {
        Objects.requireNonNull(body, "body"); // else it would count as done
        if (!done) {
            runFirst(body);
        }
    }

    private void runFirst(Runnable body) {
        mutex.lock(Primitives.lifetime());
        try {
            if (!done) {
                try {
                    body.run();
                } finally {
                    done = true;
                }
            }
        } finally {
            mutex.unlock();
        }
    }

    /** Returns whether it has been done. */
    public boolean isDone() {
        return done;
    }
}
