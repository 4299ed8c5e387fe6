package dev.heddle.http;

import dev.heddle.sched.jdk.JvmEnd;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/*
 * The life of a server
 *
 *   phase     who leaves it, and to where
 *   STARTING  the thread that starts it: to RUNNING, or to STOPPED if the start fails or a stop is wanted meanwhile
 *   RUNNING   the server's own thread, to STOPPING, when a stop is wanted
 *   STOPPING  that thread, to STOPPED
 *   STOPPED   nobody
 *
 * Everything is under one lock, and every change wakes all that wait. `deadline` is when the grace is over: each who wants
 * the server stopped may only bring it forward. The thread that starts or stops the server is its `worker`; all others wait
 * for STOPPED. None of them stops the server itself: it may be a goroutine, whose scheduler ends before it is through.
 *
 * Who must not wait: the worker itself (an action at the stop that stops the server again), and a shutdown hook whose worker has
 * called System.exit, which waits for that hook.
 */

/** The phases of a server, and the waits of those who start and stop it. */
final class Lifecycle {
    private enum Phase {
        STARTING,
        RUNNING,
        STOPPING,
        STOPPED
    }

    /** How often it is looked after what nobody tells: whether the JVM ends, and who has called exit. A guess. */
    private static final long LOOK_AGAIN_NANOS = 50_000_000;

    private static final long BEGIN = System.nanoTime();

    private final Object lock = new Object();
    private Phase phase = Phase.STARTING;
    private Thread worker = Thread.currentThread();
    private long deadline = Long.MAX_VALUE;
    private boolean stopWanted;
    private boolean clean;
    /** Each {@link #wake}. */
    private long changes;

    /** Since this class was loaded, so that sums do not overflow. */
    private static long now() {
        return System.nanoTime() - BEGIN;
    }

    private static long after(long nanos) {
        long now = now();
        return nanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanos;
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
        synchronized (lock) {
            if (stopWanted) {
                throw new StoppedException();
            }
        }
    }

    /** The start is through; from now on the thread given is the worker. */
    void running(Thread stopper) {
        synchronized (lock) {
            checkWanted();
            phase = Phase.RUNNING;
            worker = stopper;
            wake();
        }
    }

    // ---- by those who stop it

    /** Refuses to stop a server by the thread that starts it. */
    void checkMayStop() {
        synchronized (lock) {
            if (phase == Phase.STARTING && worker == Thread.currentThread()) {
                throw new IllegalStateException(
                        "stop: got the thread that starts the server, which would wait for itself; need another one");
            }
        }
    }

    /** Wants the server stopped. */
    void stopWithin(Duration grace) {
        long nanos = Math.max(0, TimeUnit.NANOSECONDS.convert(grace)); // which saturates
        synchronized (lock) {
            stopWanted = true;
            endBy(after(nanos));
        }
    }

    /** Ends the grace, if there is one. */
    void hurry() {
        synchronized (lock) {
            endBy(now());
        }
    }

    /** Under the lock. */
    private void endBy(long time) {
        deadline = Math.min(deadline, time);
        wake();
    }

    /**
     * Waits until the server has been stopped, unless the caller does that. Returns whether all requests could finish, as far
     * as is known.
     */
    boolean awaitResult() {
        boolean ofHook = JvmEnd.isEnding();
        boolean again = false;
        boolean result;
        synchronized (lock) {
            while (phase != Phase.STOPPED && worker != Thread.currentThread() && !(ofHook && isStuck()) && !isLate()) {
                try {
                    TimeUnit.NANOSECONDS.timedWait(lock, LOOK_AGAIN_NANOS);
                } catch (InterruptedException e) {
                    again = true;
                    endBy(now());
                }
            }
            result = clean;
        }
        if (again) {
            Thread.currentThread().interrupt();
        }
        return result;
    }

    /** The worker has called exit, which waits for the hooks, for the caller too. Under the lock. */
    private boolean isStuck() {
        Thread working = worker;
        return working != null && JvmEnd.isInExit(working);
    }

    /** The code of an application keeps the start from its end. Under the lock. */
    private boolean isLate() {
        return phase == Phase.STARTING && now() >= deadline;
    }

    /** Waits until the server has stopped. */
    void awaitStopped() throws InterruptedException {
        synchronized (lock) {
            if (worker == Thread.currentThread()) {
                throw new IllegalStateException("awaitStop: got the thread that starts or stops the server; need another one");
            }
            while (phase != Phase.STOPPED) {
                lock.wait();
            }
        }
    }

    // ---- by the worker

    /** Waits until a stop is wanted, and begins it. False if the start has failed. */
    boolean awaitWanted() {
        synchronized (lock) {
            while (phase == Phase.STARTING || phase == Phase.RUNNING && !stopWanted) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    // no order to end: only a stop is one
                }
            }
            if (phase != Phase.RUNNING) {
                return false;
            }
            phase = Phase.STOPPING;
            return true;
        }
    }

    /**
     * Waits until something holds, or the grace is over, within bounds of its own. An interrupt ends the grace.
     *
     * @param condition is asked at each {@link #wake} and now and then, not under the lock
     * @param least the least time to wait, whatever the grace
     * @param most the most
     * @return whether it holds
     */
    boolean await(BooleanSupplier condition, Duration least, Duration most) {
        long earliest = after(TimeUnit.NANOSECONDS.convert(least));
        long latest = after(TimeUnit.NANOSECONDS.convert(most));
        while (true) {
            long seen;
            synchronized (lock) {
                seen = changes;
            }
            if (condition.getAsBoolean()) {
                return true;
            }
            synchronized (lock) {
                long left = Math.clamp(deadline, earliest, latest) - now();
                if (left <= 0) {
                    return false;
                }
                if (seen == changes) {
                    pause(Math.min(left, LOOK_AGAIN_NANOS));
                }
            }
        }
    }

    private void pause(long nanos) {
        try {
            TimeUnit.NANOSECONDS.timedWait(lock, nanos + 1_000_000); // rounds down to milliseconds
        } catch (InterruptedException e) {
            endBy(now());
        }
    }

    /** What somebody may wait for has changed. */
    void wake() {
        synchronized (lock) {
            changes++;
            lock.notifyAll();
        }
    }

    /** Everything is over. */
    void stopped(boolean allFinished) {
        synchronized (lock) {
            phase = Phase.STOPPED;
            worker = null;
            clean = allFinished;
            wake();
        }
    }
}
