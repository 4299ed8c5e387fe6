package dev.heddle.sched;

/**
 * What the scheduler needs of a netpoller: Go's contract of {@code runtime/netpoll.go}, reduced to what findRunnable,
 * sysmon and the idle protocol call. The scheduler owns the decision when to poll and who blocks; the poller knows what
 * is ready.
 *
 * <p>All methods run on the scheduler's own stack (g0) or on foreign threads. They must not throw, must not park a
 * goroutine and should not allocate.
 */
public interface Poller {
    /** Takes the goroutines that a poll found ready. */
    @FunctionalInterface
    interface Ready {
        /**
         * Takes one goroutine out of its wait.
         *
         * @param g a goroutine that the poller has removed from its wait ({@link BinarySemaphore#unblock}); the scheduler
         *     queues it
         */
        void ready(Goroutine g);
    }

    /**
     * Go's {@code netpoll(delay)}: hands over every goroutine whose I/O is ready.
     *
     * <p>At most one thread calls this with a delay other than 0 at any time; calls with 0 may run beside it and beside
     * each other.
     *
     * @param delayNanos negative: block until something is ready or {@link #wakeup} is called; 0: do not block; positive:
     *     block for at most that many nanoseconds
     * @param ready receives the goroutines
     * @return how many goroutines were handed over
     */
    int poll(long delayNanos, Ready ready);

    /**
     * Go's {@code netpollBreak}: makes the blocked {@link #poll} return, or the next blocking one if none is blocked.
     * Callable from any thread, any number of times.
     */
    void wakeup();

    /**
     * Go's {@code netpollAnyWaiters}: whether anything could become ready at all. While this is false the scheduler does
     * not poll without need.
     */
    boolean hasWaiters();
}
