package dev.heddle.sched;

import java.time.Duration;

/**
 * A goroutine: a virtual thread that a {@link Scheduler} of ours runs. Everything that holds for virtual threads (thread
 * locals, locks, interruption, debuggers) holds for it.
 *
 * <p>All methods may be called from any thread.
 */
public sealed interface Goroutine permits G {
    /** Where a goroutine is in its life (Go's {@code _Grunnable} and so on). */
    enum State {
        /** Not started. */
        IDLE,
        /** On a run queue. */
        RUNNABLE,
        /** On a thread, with or without a P. */
        RUNNING,
        /** On a thread inside a declared blocking call. */
        SYSCALL,
        /** Waiting; {@link #waitReason} says for what. */
        WAITING,
        /** Ended. */
        DEAD
    }

    /** Returns the goroutine that calls this, or null when the caller is not a goroutine. */
    static Goroutine current() {
        return G.current();
    }

    /**
     * Go's {@code runtime.Gosched}: puts the caller at the tail of the global queue and lets others run. Outside a
     * goroutine it is {@link Thread#yield}.
     */
    static void gosched() {
        G.gosched();
    }

    /**
     * Go's {@code goyield}: like {@link #gosched}, but the caller goes to the tail of its P's own queue, so it comes back
     * sooner. Outside a goroutine it is {@link Thread#yield}.
     */
    static void goyield() {
        G.goyield();
    }

    /**
     * Waits by a timer of the current P (Go's {@code time.Sleep}). Unlike {@link Thread#sleep} it wakes on the P's own
     * timer heap, without a hand-over from the JDK's timer thread. Outside a goroutine it is {@link Thread#sleep}.
     *
     * @param duration how long; zero or negative returns at once
     * @throws InterruptedException if the caller was interrupted before or during the wait; its interrupt status is then
     *     cleared
     */
    static void sleep(Duration duration) throws InterruptedException {
        G.sleep(Clock.nanos(duration));
    }

    /** Returns the number of this goroutine: positive, unique in its scheduler, never used again. */
    long id();

    /** Returns the name given at creation, or an empty string. */
    String name();

    /** Returns the virtual thread that carries this goroutine. */
    Thread thread();

    /** Returns the scheduler that runs this goroutine. */
    Scheduler scheduler();

    /** Returns where this goroutine is at this moment. */
    State state();

    /** Returns why this goroutine waits, or null when it does not. */
    WaitReason waitReason();

    /**
     * Waits until this goroutine has ended.
     *
     * @throws InterruptedException if the caller is interrupted while it waits
     */
    void join() throws InterruptedException;

    /**
     * Waits until this goroutine has ended, for at most the time given.
     *
     * @param timeout the longest wait; zero or negative only asks
     * @return whether it has ended
     * @throws InterruptedException if the caller is interrupted while it waits
     */
    boolean join(Duration timeout) throws InterruptedException;
}
