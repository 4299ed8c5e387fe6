package dev.heddle.http;

import dev.heddle.sched.jdk.JvmEnd;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/*
 * The life of a server
 *
 *   phase     who leaves it, and to where
 *   STARTING  the thread that starts it: to RUNNING, or to STOPPED if the start fails or a stop is wanted meanwhile
 *   RUNNING   the server's own thread, to STOPPING, when a stop is wanted
 *   STOPPING  that thread, to STOPPED
 *   STOPPED   nobody
 *
 * The thread that starts or stops the server is its `worker`; all others wait for STOPPED. `deadline` is when the grace is
 * over: each who wants the server stopped may only bring it forward.
 *
 * Who wants it stopped may be a goroutine of a scheduler that ends before the server is through. So none of them stops the
 * server itself, and none holds a lock or queues for one, where it would keep everybody else for ever: the state is one object
 * that is replaced by CAS. Whoever waits goes on the list of waiters and then looks at the state; who changes the state looks
 * at the list afterwards. So one of them sees the other.
 *
 * Who must not wait: the worker itself (an action at the stop that stops the server again), and a shutdown hook whose worker
 * has called System.exit, which waits for that hook.
 */

/** The phases of a server, and the waits of those who start and stop it. */
final class Lifecycle {
    private enum Phase {
        STARTING,
        RUNNING,
        STOPPING,
        STOPPED
    }

    /**
     * Everything about it at one moment.
     *
     * @param worker who starts or stops it, or is going to; null when it has stopped
     * @param deadline when the grace is over, as {@link #now} counts
     * @param clean whether all requests could finish
     */
    private record State(Phase phase, Thread worker, long deadline, boolean stopWanted, boolean clean) {
        State in(Phase next, Thread by) {
            return new State(next, by, deadline, stopWanted, clean);
        }

        State endingBy(long time) {
            return new State(phase, worker, Math.min(deadline, time), stopWanted, clean);
        }

        State wanted() {
            return new State(phase, worker, deadline, true, clean);
        }

        State stopped(boolean allFinished) {
            return new State(Phase.STOPPED, null, deadline, stopWanted, allFinished);
        }

        boolean isMine() {
            return worker == Thread.currentThread();
        }
    }

    /** How often it is looked after what nobody tells: whether the JVM ends, and who has called exit. A guess. */
    private static final long LOOK_AGAIN_NANOS = 50_000_000;

    private static final long BEGIN = System.nanoTime();

    private final AtomicReference<State> state =
            new AtomicReference<>(new State(Phase.STARTING, Thread.currentThread(), Long.MAX_VALUE, false, false));
    private final ConcurrentLinkedQueue<Thread> waiting = new ConcurrentLinkedQueue<>();

    /** Since this class was loaded, so that sums do not overflow. */
    private static long now() {
        return System.nanoTime() - BEGIN;
    }

    private static long after(Duration time) {
        long now = now();
        long nanos = Math.max(0, TimeUnit.NANOSECONDS.convert(time)); // which saturates
        return nanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanos;
    }

    private void change(UnaryOperator<State> change) {
        state.updateAndGet(change);
        wake();
    }

    /** What somebody may wait for has changed. */
    void wake() {
        waiting.forEach(LockSupport::unpark);
    }

    /** The server was stopped before its start was through. */
    static final class StoppedException extends IllegalStateException {
        private static final long serialVersionUID = 1L;

        StoppedException() {
            super("start: the server was stopped meanwhile");
        }
    }

    // ---- by the thread that starts the server

    /** Ends the start if the server is to stop. */
    void checkWanted() {
        if (state.get().stopWanted) {
            throw new StoppedException();
        }
    }

    /** The start is through; from now on the thread given is the worker. */
    void running(Thread stopper) {
        change(before -> {
            if (before.stopWanted) {
                throw new StoppedException();
            }
            return before.in(Phase.RUNNING, stopper);
        });
    }

    // ---- by those who stop it

    /** Refuses to stop a server by the thread that starts it. */
    void checkMayStop() {
        State now = state.get();
        if (now.phase == Phase.STARTING && now.isMine()) {
            throw new IllegalStateException(
                    "stop: got the thread that starts the server, which would wait for itself; need another one");
        }
    }

    /** Wants the server stopped. */
    void stopWithin(Duration grace) {
        long end = after(grace);
        change(before -> before.endingBy(end).wanted());
    }

    /** Ends the grace, if there is one. */
    void hurry() {
        long end = now();
        change(before -> before.endingBy(end));
    }

    /**
     * Waits until the server has been stopped, unless the caller does that. Returns whether all requests could finish, as far
     * as is known.
     */
    boolean awaitResult() {
        boolean ofHook = JvmEnd.isEnding();
        boolean interrupted = false;
        Thread self = Thread.currentThread();
        waiting.add(self);
        while (mustWait(state.get(), ofHook)) {
            LockSupport.parkNanos(this, LOOK_AGAIN_NANOS);
            if (Thread.interrupted()) {
                interrupted = true;
                hurry();
            }
        }
        waiting.remove(self);
        if (interrupted) {
            self.interrupt();
        }
        return state.get().clean;
    }

    private static boolean mustWait(State now, boolean ofHook) {
        if (now.phase == Phase.STOPPED || now.isMine()) {
            return false;
        }
        if (ofHook && JvmEnd.isInExit(now.worker)) { // which waits for the hooks, for the caller too
            return false;
        }
        return now.phase != Phase.STARTING || now() < now.deadline; // code of the application may keep the start from its end
    }

    /** Waits until the server has stopped. */
    void awaitStopped() throws InterruptedException {
        Thread self = Thread.currentThread();
        waiting.add(self);
        try {
            for (State now = state.get(); now.phase != Phase.STOPPED; now = state.get()) {
                if (now.isMine()) {
                    throw new IllegalStateException(
                            "awaitStop: got the thread that starts or stops the server; need another one");
                }
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.park(this);
            }
        } finally {
            waiting.remove(self);
        }
    }

    // ---- by the worker

    /** Waits until a stop is wanted, and begins it. False if the start has failed. */
    boolean awaitWanted() {
        Thread self = Thread.currentThread();
        waiting.add(self);
        State now = state.get();
        while (now.phase == Phase.STARTING || now.phase == Phase.RUNNING && !now.stopWanted) {
            LockSupport.park(this);
            Thread.interrupted(); // else the next park would not wait; only a stop is an order to end
            now = state.get();
        }
        waiting.remove(self);
        if (now.phase != Phase.RUNNING) {
            return false;
        }
        change(before -> before.in(Phase.STOPPING, self));
        return true;
    }

    /**
     * Waits until something holds, or the grace is over, within bounds of its own. An interrupt ends the grace.
     *
     * @param condition is asked at each {@link #wake} and now and then
     * @param least the least time to wait, whatever the grace
     * @param most the most
     * @return whether it holds
     */
    boolean await(BooleanSupplier condition, Duration least, Duration most) {
        long earliest = after(least);
        long latest = after(most);
        Thread self = Thread.currentThread();
        waiting.add(self);
        try {
            while (!condition.getAsBoolean()) {
                long left = Math.clamp(state.get().deadline, earliest, latest) - now();
                if (left <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, Math.min(left, LOOK_AGAIN_NANOS));
                if (Thread.interrupted()) {
                    hurry();
                }
            }
            return true;
        } finally {
            waiting.remove(self);
        }
    }

    /** Everything is over. */
    void stopped(boolean allFinished) {
        change(before -> before.stopped(allFinished));
    }
}
