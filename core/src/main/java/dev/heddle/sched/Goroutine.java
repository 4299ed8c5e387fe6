package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;
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

    /** Learns of what a goroutine's body has thrown; see {@link Scheduler#uncaughtExceptionHandler}. */
    @FunctionalInterface
    interface UncaughtExceptionHandler {
        /**
         * Called by the goroutine itself, at its end. What this throws is logged with the other exception.
         *
         * @param g the goroutine
         * @param e what its body has thrown
         */
        void uncaughtException(Goroutine g, Throwable e);
    }

    /** Returns the goroutine that calls this, or null when the caller is not a goroutine. */
    static Goroutine current() {
        VirtualThreads.open();
        return G.current();
    }

    /**
     * Go's {@code runtime.Gosched}: puts the caller at the tail of the global queue and lets others run. Outside a
     * goroutine it is {@link Thread#yield}.
     */
    static void gosched() {
        VirtualThreads.open();
        G.gosched();
    }

    /**
     * Go's {@code goyield}: like {@link #gosched}, but the caller goes to the tail of its P's own queue, so it comes back
     * sooner. Outside a goroutine it is {@link Thread#yield}.
     */
    static void goyield() {
        VirtualThreads.open();
        G.goyield();
    }

    /**
     * A scheduling point for code that computes for long: {@link #gosched} if the caller's time is over or its P was taken,
     * else nothing, within a few nanoseconds. A loop that calls this every few microseconds never runs without a P, and
     * gives way to others when it should. Outside a goroutine it does nothing.
     */
    static void checkpoint() {
        VirtualThreads.open();
        G.checkpoint();
    }

    /**
     * Go's {@code runtime.LockOSThread}: the caller runs on the thread that it is on now, and on no other, and no other
     * goroutine runs there, until {@link #unlockOSThread} has been called as often as this. For native code that keeps
     * something with its thread. If the goroutine ends before that, the thread ends with it. Each wait then costs two
     * switches between threads. Where threads are short it waits first, as a blocking call does, and may come back on
     * another thread. Outside a goroutine it does nothing.
     *
     * @throws IllegalStateException if so many threads are locked that {@code maxThreads} leaves none for the others
     */
    static void lockOSThread() {
        VirtualThreads.open();
        G.lockOSThread();
    }

    /** Go's {@code runtime.UnlockOSThread}: takes one {@link #lockOSThread} back; does nothing if there is none. */
    static void unlockOSThread() {
        VirtualThreads.open();
        G.unlockOSThread();
    }

    /**
     * Waits by a timer of the current P (Go's {@code time.Sleep}). Unlike {@link Thread#sleep} it wakes on the P's own
     * timer heap, without a hand-over from the JDK's timer thread. Outside a goroutine it is {@link Thread#sleep}.
     *
     * @param duration how long; zero or negative returns at once
     * @throws InterruptedException if the caller was interrupted before or during the wait; its interrupt status is then
     *     cleared
     * @throws java.util.concurrent.CancellationException if it had to wait, and the caller's current context has ended
     */
    static void sleep(Duration duration) throws InterruptedException {
        VirtualThreads.open();
        Sleep.sleep(Clock.nanos(duration));
    }

    /** Returns the number of this goroutine: positive, unique in its scheduler, never used again. */
    long id();

    /** Returns the name given at creation, or an empty string. */
    String name();

    /**
     * Returns the virtual thread that carries this goroutine. While it waits for something of ours (a channel, a lock, a
     * connection) the JDK takes that thread for runnable, also in its thread dumps; {@link #state} knows better.
     */
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
     * @throws InterruptedException if the caller is interrupted before or while it waits
     * @throws java.util.concurrent.CancellationException if this goroutine will never end, since its scheduler has ended
     *     before it: see {@link Scheduler#shutdown}, or if the caller had to wait
     *     and its current context has ended
     */
    void join() throws InterruptedException;

    /**
     * Waits until this goroutine has ended, for at most the time given.
     *
     * @param timeout the longest wait; zero or negative only asks
     * @return whether it has ended; false before the time is over if it never will, since its scheduler has ended
     * @throws InterruptedException if the caller is interrupted before or while it waits
     * @throws java.util.concurrent.CancellationException if it had to wait, and the caller's current context has ended
     */
    boolean join(Duration timeout) throws InterruptedException;
}
