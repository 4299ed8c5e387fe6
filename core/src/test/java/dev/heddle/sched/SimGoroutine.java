package dev.heddle.sched;

import java.util.concurrent.Executor;
import jdk.internal.vm.Continuation;

/**
 * A virtual thread of the simulation: the states and steps of {@code java.lang.VirtualThread} of JDK 25 as far as a
 * scheduler sees them. This part is a model; everything that it calls is shipped code.
 *
 * <p>{@link #run} is what the JDK calls {@code runContinuation}; {@link #afterYield} and {@link #unpark} have the order of
 * stores of the methods of those names there, with a point between each two.
 */
final class SimGoroutine extends Thread {
    /** The states of {@code VirtualThread} that matter here. */
    private enum Phase {
        NEW,
        STARTED,
        RUNNING,
        PARKING,
        PARKED,
        UNPARKED,
        YIELDING,
        YIELDED,
        SUSPENDED,
        TERMINATED
    }

    private final Executor scheduler;
    private final Continuation stack;
    /** What the scheduler is handed: one object for the thread's whole life. */
    final Runnable continuation = this::runContinuation;

    private Phase phase = Phase.NEW;
    private boolean permit;
    private boolean leaves;
    /** Cannot leave its thread, as inside a native frame. */
    boolean pinned;
    /** How often its stack trace was taken: each time one run may do nothing. */
    private int traces;

    SimGoroutine(Executor scheduler, Runnable task) {
        this.scheduler = scheduler;
        this.stack = new Continuation(Sim.SCOPE, task);
    }

    /** Runs this goroutine's stack until its thread gives way. True if the goroutine has left the thread. */
    boolean resume() {
        stack.run();
        boolean left = leaves || stack.isDone();
        leaves = false;
        return left;
    }

    void begin() {
        phase = Phase.STARTED;
        scheduler.execute(continuation);
    }

    private void runContinuation() {
        Sim.point(Sim.JDK);
        if (phase != Phase.STARTED && phase != Phase.UNPARKED && phase != Phase.YIELDED) {
            if (--traces < 0) {
                Sim.fail(this + " was run and is " + phase, null);
            }
            return;
        }
        if (phase == Phase.UNPARKED) {
            permit = false;
        }
        phase = Phase.RUNNING;
        Sim.mount(this);
        afterYield();
    }

    /** On the M's own stack. */
    private void afterYield() {
        M m = (M) Sim.currentCarrier();
        if (stack.isDone()) {
            phase = Phase.TERMINATED;
            return;
        }
        m.endBlocking();
        Sim.point(Sim.JDK);
        if (phase == Phase.PARKING) {
            phase = Phase.PARKED;
            Sim.point(Sim.JDK);
            if (permit && phase == Phase.PARKED) {
                phase = Phase.UNPARKED;
                scheduler.execute(continuation);
            }
        } else {
            phase = Phase.YIELDED;
            Sim.point(Sim.JDK);
            scheduler.execute(continuation);
        }
    }

    /** {@code LockSupport.park} in this goroutine. */
    void park() {
        if (permit) {
            permit = false;
            return;
        }
        phase = Phase.PARKING;
        leave();
    }

    /** {@code Thread.yield} in this goroutine; returns at once if it is pinned. */
    void yieldNow() {
        if (!pinned) {
            phase = Phase.YIELDING;
            leave();
        }
    }

    private void leave() {
        leaves = true;
        Continuation.yield(Sim.SCOPE);
    }

    /** {@code LockSupport.unpark} of this goroutine. */
    void unpark() {
        boolean had = permit;
        permit = true;
        Sim.point(Sim.JDK);
        if (!had && phase == Phase.PARKED) {
            phase = Phase.UNPARKED;
            scheduler.execute(continuation);
        }
    }

    /** {@code tryGetStackTrace}: meanwhile a run does nothing, so a runnable thread is handed over a second time. */
    void traced() {
        if (phase == Phase.YIELDED || phase == Phase.UNPARKED || phase == Phase.PARKED) {
            Phase before = phase;
            phase = Phase.SUSPENDED;
            traces++;
            Sim.point(Sim.JDK);
            Sim.point(Sim.JDK);
            phase = before == Phase.PARKED && permit ? Phase.UNPARKED : before;
            if (phase != Phase.PARKED) {
                scheduler.execute(continuation);
            }
        }
    }

    /** Has been handed to the scheduler and has not run since; not what it left by a yield to wait. */
    boolean isRunnable() {
        return phase == Phase.STARTED || phase == Phase.UNPARKED;
    }

    boolean hasEnded() {
        return phase == Phase.TERMINATED;
    }

    @Override
    public State getState() {
        return switch (phase) {
            case NEW -> State.NEW;
            case TERMINATED -> State.TERMINATED;
            case PARKED -> State.WAITING;
            default -> State.RUNNABLE;
        };
    }

    @Override
    public String toString() {
        return "G" + ((G) scheduler).id + " " + phase;
    }
}
