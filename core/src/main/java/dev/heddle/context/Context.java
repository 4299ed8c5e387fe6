package dev.heddle.context;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Inherited;
import dev.heddle.sched.Lifetime;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitReason;
import dev.heddle.sync.Chan;
import dev.heddle.time.Timer;
import java.lang.ScopedValue.CallableOp;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * What a piece of work is done for: whether and how long it is wanted, and values that concern all of it, such as a
 * request's id (Go's {@code context.Context}). Contexts form a tree: one that is derived from another ends with it, and has
 * its values. Contexts are immutable but for their end, and may be used by any thread.
 *
 * <p>Each goroutine has a {@linkplain #current current} context: the one that its creator had when it was created, or the
 * one that it runs a body {@linkplain #run with}. That holds for goroutines started by {@link Scheduler#go}, by a thread
 * factory or executor of a scheduler, by a timer (then the creator is who made the timer), and for virtual threads that are
 * started inside a goroutine by whatever means. Ordinary threads have a current context as well, but do not hand it to
 * other ordinary threads.
 *
 * <pre>{@code
 * try (var context = Context.current().withTimeout(Duration.ofSeconds(2))) {
 *     context.run(() -> search(query));
 * }
 * }</pre>
 *
 * <p>When the current context of a goroutine or thread ends, so does what it waits for: a channel, a
 * {@link dev.heddle.sync.Select select}, a semaphore, a wait group, a condition, a sleep, the end of another goroutine, a
 * connection. The wait throws a {@link CancelledException}, and leaves what it waited for as if it had not been. That holds for
 * each wait that begins later as well, but not for what need not wait. Waits for locks are ended only if they were asked to be
 * ({@link dev.heddle.sync.Mutex#lock(Lifetime)}), waits of the JDK never. Cleanup that has to wait runs its waits in
 * {@link #withoutCancel}.
 *
 * <p>The time of a context is kept by the scheduler of the goroutine that has derived it: after the end of that scheduler it
 * does not end by itself any more. For ordinary threads the JDK keeps it.
 */
public sealed class Context extends Lifetime permits CancellableContext {
    private static final Context BACKGROUND = new Context(null, null);

    /** A key that values are kept under in contexts. Each is different from all others, whatever its name. */
    public static final class Key<T> {
        private final String name;

        private Key(String name) {
            this.name = name;
        }

        /**
         * Makes a key.
         *
         * @param name for {@link #toString} only
         * @return the key
         */
        public static <T> Key<T> of(String name) {
            return new Key<>(Objects.requireNonNull(name, "name"));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** A function that waits for the end of a context, see {@link #afterFunc}. */
    @FunctionalInterface
    public interface Registration {
        /**
         * Lets the function not be run.
         *
         * @return true if it will not be run, by this call; false if it has been started or this had been called before
         */
        boolean stop();
    }

    /** The values, those of derived contexts first. */
    record Values(Key<?> key, Object value, Values next) {}

    final Values values;
    /** Null in a context that never ends. */
    final Scope scope;

    Context(Values values, Scope scope) {
        super(scope);
        this.values = values;
        this.scope = scope;
    }

    /** Returns the root of all contexts: never cancelled, without deadline and values. */
    public static Context background() {
        return BACKGROUND;
    }

    /** Returns the context of the goroutine or thread that calls this; {@link #background} if nobody gave it one. */
    public static Context current() {
        return Inherited.get() instanceof Context context ? context : BACKGROUND;
    }

    // -- derived contexts --

    /**
     * Derives a context that can be cancelled. Cancel or close it when the work is done: until then its parent keeps it.
     *
     * @return the context
     */
    public CancellableContext withCancel() {
        return new CancellableContext(values, Scope.in(scope));
    }

    /**
     * Derives a context that ends by itself after some time. If this context ends sooner, so does the derived one. Close it
     * when the work is done.
     *
     * @param timeout the time from now; zero or negative ends it at once
     * @return the context
     */
    public CancellableContext withTimeout(Duration timeout) {
        return new CancellableContext(
                values, Scope.in(scope, instantAfter(timeout), TimeUnit.NANOSECONDS.convert(timeout)));
    }

    /**
     * Derives a context that ends by itself at some time. If this context ends sooner, so does the derived one. Close it
     * when the work is done. If the system's clock is changed later, the deadline stays where it was seen from now.
     *
     * @param deadline when it ends; a time in the past ends it at once
     * @return the context
     */
    public CancellableContext withDeadline(Instant deadline) {
        long nanos = TimeUnit.NANOSECONDS.convert(Duration.between(Instant.now(), deadline));
        return new CancellableContext(values, Scope.in(scope, deadline, nanos));
    }

    /**
     * Derives a context with a value.
     *
     * @param key what {@link #value} finds it under
     * @param value the value; not null
     * @return the context
     */
    public <T> Context withValue(Key<T> key, T value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        return new Context(new Values(key, value, values), scope);
    }

    /**
     * Derives a context with the same values that never ends (Go's {@code WithoutCancel}): for work that outlives what it was
     * started for, and for cleanup that waits.
     */
    public Context withoutCancel() {
        return new Context(values, null);
    }

    private static Instant instantAfter(Duration timeout) {
        try {
            return Instant.now().plus(timeout);
        } catch (RuntimeException e) { // beyond what an Instant can say
            return timeout.isNegative() ? Instant.MIN : Instant.MAX;
        }
    }

    // -- what it says --

    /**
     * Returns the value of a key, from this context or the nearest one above that has it. Takes time in proportion to the
     * number of values.
     *
     * @param key the key
     * @return the value, if there is one
     */
    @SuppressWarnings("unchecked") // withValue ties key and value together
    public <T> Optional<T> value(Key<T> key) {
        Objects.requireNonNull(key, "key");
        for (Values at = values; at != null; at = at.next) {
            if (at.key == key) {
                return Optional.of((T) at.value);
            }
        }
        return Optional.empty();
    }

    /** Returns when this context ends by itself, if it does. */
    public Optional<Instant> deadline() {
        return scope == null ? Optional.empty() : Optional.ofNullable(scope.deadline());
    }

    /** Returns how long it is until this context ends by itself, if it does; zero when the time is over. */
    public Optional<Duration> remaining() {
        return deadline().map(_ -> Duration.ofNanos(Math.max(0, scope.remainingNanos())));
    }

    /** Returns whether the work is no longer wanted. */
    public boolean isDone() {
        return scope != null && scope.ended() != null;
    }

    /** Whether its time is over, also if its end has not got here yet. */
    boolean isLate() {
        return scope != null && scope.deadline() != null && scope.remainingNanos() <= 0;
    }

    /**
     * Returns why this context has ended (Go's {@code Err}): a {@link DeadlineExceededException} or another
     * {@link CancelledException}, a new one each time; null while it has not.
     */
    public CancelledException err() {
        Ended ended = scope == null ? null : scope.ended();
        return ended == null ? null : ended.exception();
    }

    /**
     * Returns what this context was cancelled with, or, if it was not given a cause, {@link #err} (Go's {@code Cause});
     * null while it has not ended.
     */
    public Throwable cause() {
        Ended ended = scope == null ? null : scope.ended();
        return ended == null ? null : ended.cause() != null ? ended.cause() : ended.exception();
    }

    /**
     * For loops and before costly steps: throws if the work is no longer wanted.
     *
     * @throws CancelledException if this context has ended
     */
    public void check() {
        CancelledException err = err();
        if (err != null) {
            throw err;
        }
    }

    // -- waiting --

    /**
     * Returns a channel that is closed when this context ends, for use in a {@link dev.heddle.sync.Select} (Go's
     * {@code Done}). Nothing is ever sent on it. It must not be closed by others.
     */
    public Chan<Void> done() {
        return scope == null ? new Chan<>() : scope.done();
    }

    /**
     * Waits until this context ends; for ever if it never does. Is not ended by an interrupt.
     *
     * @throws CancelledException if the current context has ended before, which is not this one or around it
     */
    public void awaitDone() {
        await(Long.MAX_VALUE);
    }

    /**
     * Waits until this context ends, for at most the time given: a sleep that a cancellation ends. Is not ended by an
     * interrupt.
     *
     * @param timeout the longest wait; zero or negative only asks
     * @return whether the context has ended
     * @throws CancelledException if the current context has ended before, which is not this one or around it
     */
    public boolean awaitDone(Duration timeout) {
        return await(TimeUnit.NANOSECONDS.convert(timeout));
    }

    private boolean await(long nanos) {
        if (isDone()) {
            return true;
        }
        BinarySemaphore done = new BinarySemaphore();
        Waiter waiter = done::release;
        if (scope != null && !scope.add(waiter)) {
            return true;
        }
        Context current = current();
        boolean endsInTime = scope != null && current.scope != null && scope.isInside(current.scope);
        boolean told = false;
        try {
            told = done.await(WaitReason.CHAN_RECEIVE, nanos, endsInTime ? BACKGROUND : current); // as Go's dumps say
        } finally {
            told |= scope != null && !scope.forget(waiter);
        }
        return told;
    }

    /**
     * Has a function run when this context ends, at once if it has, in a goroutine of its own (Go's {@code AfterFunc}): on
     * the scheduler of the caller, which runs it while it shuts down too, but not when it has ended; if the caller is not a
     * goroutine, in a virtual thread of the JDK. The function has the caller's current context, not this one.
     *
     * @param func what to run. What it throws is reported as for other goroutines, or other threads
     * @return by which it can be stopped. If nobody stops it, this context keeps it until it ends
     */
    public Registration afterFunc(Runnable func) {
        Objects.requireNonNull(func, "func");
        Scheduler scheduler = Scheduler.current();
        Context inherited = current();
        Runnable body = () -> inherited.run(func);
        // made here: a virtual thread is run by the scheduler of its maker, and who ends this context may be a goroutine
        Thread thread = scheduler == null ? Thread.ofVirtual().unstarted(body) : null;
        Runnable start = thread == null ? () -> start(scheduler, body) : thread::start;
        Waiter child = start::run;
        Scope in = scope == null ? Scope.in(null) : scope; // one that nobody ends
        if (!in.add(child)) {
            start.run();
        }
        return () -> in.forget(child);
    }

    private static void start(Scheduler scheduler, Runnable func) {
        try {
            scheduler.goDetached("", func); // not the work of who ends the context
        } catch (RejectedExecutionException e) { // it shuts down: what was registered before must run nevertheless
            Timer.afterFunc(scheduler, Duration.ZERO, func);
        }
    }

    // -- the current context --

    /**
     * Runs a body with this as the current context of the calling goroutine or thread.
     *
     * @param body what to run
     */
    public void run(Runnable body) {
        Object before = Inherited.get();
        Inherited.set(this);
        try {
            body.run();
        } finally {
            Inherited.set(before);
        }
    }

    /**
     * Runs a body that returns something with this as the current context of the calling goroutine or thread.
     *
     * @param body what to run
     * @return what it returned
     * @throws X what it threw
     */
    public <T, X extends Throwable> T call(CallableOp<? extends T, X> body) throws X {
        Object before = Inherited.get();
        Inherited.set(this);
        try {
            return body.call();
        } finally {
            Inherited.set(before);
        }
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder("context");
        for (Values at = values; at != null; at = at.next) {
            out.append(' ').append(at.key);
        }
        deadline().ifPresent(at -> out.append(", deadline ").append(at));
        return isDone() ? out.append(", ended: ").append(cause()).toString() : out.toString();
    }
}
