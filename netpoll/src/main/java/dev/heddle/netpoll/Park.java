package dev.heddle.netpoll;

/**
 * Where a poller goroutine waits while its loop has nothing to do, and how it is woken. The protocol is written down at
 * {@link LoopPoller}; the two kinds differ only in what "waiting" is.
 */
sealed interface Park permits SemaphorePark, SelectorPark {
    /** Why a wait ended. */
    enum Cause {
        /** The loop has, or may have, I/O. */
        IO,
        /** A task was queued, or a wake-up was asked for. */
        TASK,
        /** The time was over. */
        TIMER
    }

    /**
     * Forgets the wake-ups so far. The poller goroutine, at the beginning of a pass, which looks for what they meant.
     */
    void clear();

    /**
     * Returns whether I/O was reported since the last call. The poller goroutine, before it asks its epoll or selector:
     * what is reported later is seen by the next call.
     */
    boolean takeIoReady();

    /**
     * Waits until {@link #wakeup} is called, I/O is ready or a time has come. Returns at once if that happened since
     * the last {@link #clear} or wait. The poller goroutine.
     *
     * @param deadline by the loop's ticker, or {@link Alarm#NONE}
     */
    Cause await(long deadline);

    /** Ends the wait, or the next one. Any thread, the poller goroutine included. */
    void wakeup();
}
