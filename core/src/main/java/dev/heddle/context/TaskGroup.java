package dev.heddle.context;

import dev.heddle.sched.Inherited;
import dev.heddle.sched.Lifetime.Waiter;
import dev.heddle.sched.Primitives;
import dev.heddle.sched.Scheduler;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/**
 * Goroutines that belong together: they are started, waited for and cancelled as one (Go's {@code errgroup}, the JDK's
 * {@code StructuredTaskScope}). None outlives the group.
 *
 * <pre>{@code
 * try (var group = TaskGroup.open()) {
 *     var user = group.fork(() -> users.find(id));
 *     var offers = group.fork(() -> shop.offers(id)).within(Duration.ofMillis(80), List.of());
 *     group.join();
 *     return page(user.get(), offers.get());
 * }
 * }</pre>
 *
 * <p>The first task that fails cancels the others. So does {@link #cancel}, the end of the group's time, the end of the
 * context in which the group was opened, and {@link #close}. A task learns of it in three ways: its
 * {@linkplain Context#current current} context has ended, which ends its waits for channels, semaphores and connections; its
 * goroutine is interrupted, which ends waits of the JDK (unless {@link #withoutInterrupts} was asked for); and if it has not
 * been started yet it never is. Beyond that cancellation is cooperative: a task that heeds neither, because it computes or
 * waits for a lock, goes on, and {@link #join} and {@link #close} wait for it.
 *
 * <p>The thread or goroutine that opens a group is its owner; all methods are for the owner only, and end with
 * {@link WrongThreadException} in others. The tasks run on the scheduler of the owner, or on the one given; it must outlive
 * the group.
 *
 * <p><b>Protocol.</b> Two counts, raised by the owner only: {@code undecided} tasks, for join, and {@code running}
 * goroutines, for close and the limit. Whoever lowers one wakes the owner if that may be what he waits for (zero, or any
 * when there is a limit). The owner parks only after he has seen a count that is too high, and looks again each time that he
 * wakes; the lowering comes before the unpark, and an unpark that comes before the park makes that return at once. So no
 * wake-up is lost; one too many does no harm, here or in whatever the owner waits for later.
 */
public final class TaskGroup implements AutoCloseable {
    private static final VarHandle UNDECIDED;
    private static final VarHandle RUNNING;
    private static final VarHandle FAILURES;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            UNDECIDED = lookup.findVarHandle(TaskGroup.class, "undecided", int.class);
            RUNNING = lookup.findVarHandle(TaskGroup.class, "running", int.class);
            FAILURES = lookup.findVarHandle(TaskGroup.class, "failures", Failure.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** A task that returns nothing. */
    @FunctionalInterface
    public interface Action {
        /** Does what there is to do. */
        void run() throws Exception;
    }

    /** What tasks threw, the last one on top. */
    private record Failure(Throwable error, Failure before) {}

    private final Scheduler scheduler;
    private final CancellableContext context;
    private final Thread owner = Thread.currentThread();
    private volatile int undecided;
    private volatile int running;
    private volatile Failure failures;
    private volatile boolean someCancelled;

    // of the owner, written before the first task is started
    private boolean interrupts = true;
    private int limit = Integer.MAX_VALUE;

    // of the owner
    private boolean forked;
    private boolean joined = true;
    private boolean closed;

    private TaskGroup(Scheduler scheduler, CancellableContext context) {
        this.scheduler = scheduler;
        this.context = context;
    }

    // -- opening --

    /**
     * Opens a group in the current context, on the scheduler of the goroutine that calls this.
     *
     * @return the group
     * @throws IllegalStateException if the caller is not a goroutine
     */
    public static TaskGroup open() {
        return open(here());
    }

    /**
     * Opens a group whose tasks are cancelled after some time, or when the current context ends if that is sooner.
     *
     * @param timeout the time from now; zero or negative is over at once
     * @return the group
     * @throws IllegalStateException if the caller is not a goroutine
     */
    public static TaskGroup open(Duration timeout) {
        return new TaskGroup(here(), Context.current().withTimeout(timeout));
    }

    /**
     * Opens a group in the current context. For ordinary threads; they can give it a time by opening it in a context that
     * has one.
     *
     * @param scheduler what runs the tasks
     * @return the group
     */
    public static TaskGroup open(Scheduler scheduler) {
        return new TaskGroup(
                Objects.requireNonNull(scheduler, "scheduler"), Context.current().withCancel());
    }

    private static Scheduler here() {
        Scheduler scheduler = Scheduler.current();
        if (scheduler == null) {
            throw new IllegalStateException(
                    Thread.currentThread() + " is not a goroutine: say which scheduler is to run the tasks");
        }
        return scheduler;
    }

    /**
     * Leaves it to the tasks to look at their context: they are not interrupted when they are cancelled. For tasks that an
     * interrupt would harm.
     *
     * @return this group
     * @throws IllegalStateException if a task has been forked already
     */
    public TaskGroup withoutInterrupts() {
        checkFresh();
        interrupts = false;
        return this;
    }

    /**
     * Lets only so many tasks run at once: {@link #fork} waits until there is room.
     *
     * @param tasks the most tasks that run at once; 1 or more
     * @return this group
     * @throws IllegalStateException if a task has been forked already
     */
    public TaskGroup limit(int tasks) {
        checkFresh();
        if (tasks < 1) {
            throw new IllegalArgumentException("limit: got " + tasks + ", need 1 or more");
        }
        limit = tasks;
        return this;
    }

    private void checkFresh() {
        checkOwner();
        if (forked) {
            throw new IllegalStateException("the group has tasks already");
        }
    }

    /** Returns the context of the tasks. */
    public Context context() {
        return context;
    }

    // -- forking --

    /**
     * Starts a task that returns a result. If the group has been cancelled the task is not started, and counts as cancelled.
     *
     * @param body what to run, in a goroutine of its own
     * @return the task
     * @throws IllegalStateException if the group is closed
     * @throws java.util.concurrent.RejectedExecutionException if the scheduler takes no more goroutines
     * @throws CancelledException if it had to wait below a {@link #limit}, and the current context has ended, which is not one
     *     that the group was opened in
     */
    public <T> Task<T> fork(Callable<? extends T> body) {
        Objects.requireNonNull(body, "body");
        checkOpen();
        Primitives.checkRoom(); // what is counted must be started
        forked = true;
        boolean room = awaitRoom();
        joined = false;
        Task<T> task = new Task<>(this, context.withCancel(), body);
        UNDECIDED.getAndAdd(this, 1);
        if (room) {
            start(task);
        } else {
            task.notStarted();
        }
        return task;
    }

    /**
     * Starts a task that returns nothing. If the group has been cancelled the task is not started, and counts as cancelled.
     *
     * @param body what to run, in a goroutine of its own
     * @return the task; its result is null
     * @throws IllegalStateException if the group is closed
     * @throws java.util.concurrent.RejectedExecutionException if the scheduler takes no more goroutines
     */
    public Task<Void> fork(Action body) {
        Objects.requireNonNull(body, "body");
        return fork(() -> {
            body.run();
            return null;
        });
    }

    private void start(Task<?> task) {
        RUNNING.getAndAdd(this, 1);
        Object mine = Inherited.get();
        Inherited.set(task.context());
        boolean started = false;
        try {
            scheduler.go(task::run);
            started = true;
        } finally {
            Inherited.set(mine);
            if (!started) {
                RUNNING.getAndAdd(this, -1);
                UNDECIDED.getAndAdd(this, -1);
                task.context().cancel();
            }
        }
    }

    /** Waits for room below the limit. False if the group has been cancelled. */
    private boolean awaitRoom() {
        if (running < limit || context.isDone()) {
            return !context.isDone();
        }
        Scope around = endsBefore();
        Waiter wake = () -> LockSupport.unpark(owner);
        Waiter wakeToo = () -> LockSupport.unpark(owner);
        if (!context.scope.add(wake)) {
            return false;
        }
        boolean interrupted = false;
        try {
            if (around != null && !around.add(wakeToo)) {
                throw around.exception();
            }
            while (running >= limit && !context.isDone()) {
                LockSupport.park(this);
                interrupted |= Thread.interrupted(); // else the park would return at once; join will see it
                if (around != null && around.ended() != null && running >= limit) {
                    throw around.exception();
                }
            }
        } finally {
            context.scope.forget(wake);
            if (around != null) {
                around.forget(wakeToo);
            }
            if (interrupted) {
                owner.interrupt();
            }
        }
        return !context.isDone();
    }

    // -- by tasks --

    boolean interrupts() {
        return interrupts;
    }

    void failed(Throwable error) {
        Failure before;
        do {
            before = failures;
        } while (!FAILURES.compareAndSet(this, before, new Failure(error, before)));
        if (before == null) {
            context.cancel(error);
        }
    }

    void cancelled() {
        someCancelled = true;
    }

    void decided() {
        if ((int) UNDECIDED.getAndAdd(this, -1) == 1) {
            LockSupport.unpark(owner);
        }
    }

    /** The last act of a task. */
    void ended() {
        if ((int) RUNNING.getAndAdd(this, -1) == 1 || limit != Integer.MAX_VALUE) {
            LockSupport.unpark(owner);
        }
    }

    // -- the end --

    /**
     * Waits until every task has an outcome. Returns normally if all have succeeded, and the group's time is not over; then
     * each has a result. May be called again after further forks.
     *
     * @throws TaskFailedException if a task has failed; the cause is what the first one threw
     * @throws DeadlineExceededException if no task has failed, but the group's time is over, even if all tasks have
     *     succeeded, in time or late
     * @throws CancelledException if no task has failed, but some were cancelled; or if the current context has ended while
     *     this waited, and is not one that the group was opened in: then the tasks go on until the group is closed
     * @throws InterruptedException if the caller was interrupted before or while it waited; the tasks go on until the group
     *     is closed
     * @throws IllegalStateException if the group is closed
     */
    public void join() throws InterruptedException {
        checkOpen();
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        awaitOutcomes();
        joined = true;
        Failure last = failures;
        if (last != null) {
            throw failure(last);
        }
        boolean late = context.isLate();
        if (someCancelled || late) {
            CancelledException why = context.err();
            throw why != null ? why : late ? Ended.DEADLINE.exception() : new CancelledException("a task was cancelled", null);
        }
    }

    private void awaitOutcomes() throws InterruptedException {
        Scope around = undecided == 0 ? null : endsBefore();
        Waiter wake = () -> LockSupport.unpark(owner);
        if (around != null && !around.add(wake)) {
            throw around.exception();
        }
        try {
            while (undecided != 0) {
                LockSupport.park(this);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (around != null && around.ended() != null && undecided != 0) {
                    throw around.exception();
                }
            }
        } finally {
            if (around != null) {
                around.forget(wake);
            }
        }
    }

    /**
     * What may end the owner's waits while the tasks go on: the current context, if the group was not opened in it. If it
     * was, the tasks end with it, and are waited for.
     */
    private Scope endsBefore() {
        Scope current = Context.current().scope;
        return current == null || context.scope.isInside(current) ? null : current;
    }

    private static TaskFailedException failure(Failure last) {
        Failure first = last;
        while (first.before != null) {
            first = first.before;
        }
        TaskFailedException thrown = new TaskFailedException(first.error);
        for (Failure later = last; later != first; later = later.before) {
            thrown.addSuppressed(later.error);
        }
        return thrown;
    }

    boolean isJoined() {
        return joined;
    }

    /**
     * Cancels all tasks. Those that have ended keep their outcome.
     *
     * @throws WrongThreadException if the caller is not the owner
     */
    public void cancel() {
        checkOwner();
        context.cancel();
    }

    /**
     * Cancels what still runs, and waits until every goroutine of the group has ended. Is not ended by an interrupt, and
     * keeps the interrupt status. Does nothing the second time.
     *
     * @throws WrongThreadException if the caller is not the owner
     */
    @Override
    public void close() {
        checkOwner();
        if (closed) {
            return;
        }
        closed = true;
        context.cancel();
        boolean interrupted = false;
        while (running != 0) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            owner.interrupt();
        }
    }

    void checkOwner() {
        if (Thread.currentThread() != owner) {
            throw new WrongThreadException("the group belongs to " + owner);
        }
    }

    private void checkOpen() {
        checkOwner();
        if (closed) {
            throw new IllegalStateException("the group is closed");
        }
    }
}
