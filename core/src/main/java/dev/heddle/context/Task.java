package dev.heddle.context;

import dev.heddle.sched.Lifetime.Waiter;
import java.io.InterruptedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;

/**
 * One task of a {@link TaskGroup}, which made it, and what came of it. {@link #get}, {@link #failure} and {@link #within} are
 * for the group's owner; {@link #state} may be asked by anybody.
 *
 * <p>The outcome is decided once, by a CAS from null: by the task when it ends, by its time when {@link #within} was asked
 * for, or by the group when the task was never started. What comes later is dropped. The group counts the decision only
 * after everything that belongs to it (the end of the task's context, the first failure, the cancellation of the others) has
 * been done, so whoever has seen the count go to zero sees that too.
 */
public final class Task<T> {
    private static final VarHandle OUTCOME;

    static {
        try {
            OUTCOME = MethodHandles.lookup().findVarHandle(Task.class, "outcome", Outcome.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Where a task is. */
    public enum State {
        /** It has not ended, or not been started. */
        RUNNING,
        /** It has returned a result, or its time was over and it has the fallback. */
        SUCCEEDED,
        /** It has thrown. */
        FAILED,
        /** It ended because the group was cancelled, or was not started because of that. */
        CANCELLED
    }

    private record Outcome(State state, Object value, Throwable error) {}

    private final TaskGroup group;
    private final CancellableContext context;
    private final Callable<? extends T> body;
    private volatile Outcome outcome;
    /** Pairs with {@link #decide}: written before a look at outcome, read after outcome was set. */
    private volatile Alarm alarm;

    Task(TaskGroup group, CancellableContext context, Callable<? extends T> body) {
        this.group = group;
        this.context = context;
        this.body = body;
    }

    CancellableContext context() {
        return context;
    }

    // -- in the goroutine of the task --

    void run() {
        Thread me = Thread.currentThread();
        Waiter interrupter = me::interrupt;
        Outcome result;
        try {
            boolean wanted = group.interrupts() ? context.scope.add(interrupter) : !context.isDone();
            result = wanted ? new Outcome(State.SUCCEEDED, body.call(), null) : cancelled(context.err());
        } catch (Throwable e) {
            result = context.isDone() && isConsequence(e) ? cancelled(e) : new Outcome(State.FAILED, null, e);
        }
        try {
            context.scope.forget(interrupter); // whoever has found it already interrupts a thread that only ends
            decide(result, Ended.CANCELLED);
        } finally {
            group.ended();
        }
    }

    private static boolean isConsequence(Throwable e) {
        return e instanceof InterruptedException
                || e instanceof CancellationException
                || e instanceof ClosedByInterruptException
                || e instanceof InterruptedIOException;
    }

    private static Outcome cancelled(Throwable e) {
        return new Outcome(State.CANCELLED, null, e);
    }

    // -- the outcome --

    /** By the owner, for a task that the group's end kept from being started. */
    void notStarted() {
        decide(cancelled(context.err()), Ended.CANCELLED);
    }

    private void decide(Outcome decided, Ended why) {
        if (!OUTCOME.compareAndSet(this, null, decided)) {
            return;
        }
        Alarm set = alarm;
        if (set != null) {
            set.stop();
        }
        try {
            context.scope.end(why); // before the count: join leaves nothing behind, and close comes later
            switch (decided.state) {
                case FAILED -> group.failed(decided.error);
                case CANCELLED -> group.cancelled();
                default -> {}
            }
        } finally {
            group.decided();
        }
    }

    /**
     * Gives this task a time of its own: if it has not ended by then, it counts as having succeeded with the fallback, and
     * is cancelled. {@link TaskGroup#join} does not wait for it any longer; {@link TaskGroup#close} does. A failure in time
     * is a failure.
     *
     * @param timeout the time, from now; zero or negative is over at once
     * @param fallback the result if the time is over; may be null
     * @return this task
     * @throws WrongThreadException if the caller is not the owner of the group
     */
    public Task<T> within(Duration timeout, T fallback) {
        group.checkOwner();
        if (alarm != null) {
            throw new IllegalStateException("this task has a time already");
        }
        Outcome late = new Outcome(State.SUCCEEDED, fallback, null);
        long nanos = Math.max(0, TimeUnit.NANOSECONDS.convert(timeout));
        Alarm set = Alarm.after(nanos, () -> decide(late, Ended.DEADLINE));
        alarm = set;
        if (outcome != null) {
            set.stop();
        }
        return this;
    }

    /** Returns where this task is at this moment. */
    public State state() {
        Outcome decided = outcome;
        return decided == null ? State.RUNNING : decided.state;
    }

    /**
     * Returns the result. Only after {@link TaskGroup#join}.
     *
     * @return what the task returned, or the fallback of {@link #within}
     * @throws TaskFailedException if the task has failed; the cause is what it threw
     * @throws CancelledException if the task was cancelled
     * @throws IllegalStateException if the group has not been joined since this task was forked
     * @throws WrongThreadException if the caller is not the owner of the group
     */
    @SuppressWarnings("unchecked") // only results of the body and fallbacks get there
    public T get() {
        Outcome decided = joined();
        return switch (decided.state) {
            case SUCCEEDED -> (T) decided.value;
            case FAILED -> throw new TaskFailedException(decided.error);
            default -> throw new CancelledException("the task was cancelled", decided.error);
        };
    }

    /**
     * Returns what the task threw, or null if it has not failed. Only after {@link TaskGroup#join}.
     *
     * @throws IllegalStateException if the group has not been joined since this task was forked
     * @throws WrongThreadException if the caller is not the owner of the group
     */
    public Throwable failure() {
        Outcome decided = joined();
        return decided.state == State.FAILED ? decided.error : null;
    }

    private Outcome joined() {
        group.checkOwner();
        Outcome decided = outcome;
        if (decided == null || !group.isJoined()) {
            throw new IllegalStateException("join the group before asking for results");
        }
        return decided;
    }

    @Override
    public String toString() {
        return "task " + state();
    }
}
