package dev.heddle.sched;

/**
 * The second half of parking (the {@code unlockf} of Go's {@code gopark}): runs on g0 when the goroutine has left its
 * stack and has status WAITING, and makes it findable for whoever is to wake it.
 */
@FunctionalInterface
interface Unlockf {
    /**
     * Commits the wait. From the moment that the goroutine can be found it may already run elsewhere.
     *
     * @param g the goroutine
     * @param lock what was given to {@code gopark}
     * @return false if there is nothing to wait for: the goroutine then goes on at once
     */
    boolean unlock(G g, Object lock);
}
