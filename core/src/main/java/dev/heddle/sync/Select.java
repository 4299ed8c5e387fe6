package dev.heddle.sync;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Primitives;
import dev.heddle.sched.WaitReason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/**
 * Waits until one of several sends and receives can go ahead, and does that one: Go's {@code select}. Among cases that are
 * ready it chooses at random, each with the same probability.
 *
 * <p>With actions:
 *
 * <pre>{@code
 * Select.of(
 *         Select.receive(jobs, job -> handle(job)),
 *         Select.send(results, result, () -> sent++),
 *         Select.receive(quit, _ -> running = false))
 *     .await(); // or .await(timeout), or .poll(): the default case
 * }</pre>
 *
 * <p>In a loop, made once and used again and again, which allocates nothing:
 *
 * <pre>{@code
 * var quitting = Select.receive(quit);
 * var job = Select.receive(jobs);
 * var result = Select.<Result>send(null, null); // a case without a channel is never ready
 * Select select = Select.of(quitting, job, result);
 * for (int ready = select.await(); ready != 0; ready = select.await()) {
 *     if (ready == 1) {
 *         result.value(handle(job.value())).chan(results);
 *         job.chan(null); // no other job until the result is sent
 *     } else {
 *         result.chan(null);
 *         job.chan(jobs);
 *     }
 * }
 * }</pre>
 *
 * <p>A select and its cases belong to one goroutine or thread at a time; the channels may be used by all. A wait is ended by
 * the end of the caller's current context: it throws a {@link java.util.concurrent.CancellationException}, and no case has
 * gone ahead. It is not ended by an interrupt, and the interrupt status stays as it is.
 *
 * <h2>The protocol</h2>
 *
 * <p>{@code selectgo} of {@code select.go}. All channels are locked, each once, in the order of their numbers, which is the
 * same for all selects, so that none waits for another in a circle.
 *
 * <ol>
 *   <li>Under all locks, in random order: the first case that can go ahead does, as in {@link Chan}. No other is touched.
 *   <li>None: a sudog for each case goes on the queue of its channel; then all locks are given back, and the select waits at
 *       the one semaphore of its sudogs.
 *   <li>Whoever takes one of them off a queue, under that channel's lock, must {@link #claim} the select: of several only one
 *       moves {@link #done} from 0 to 1, settles that case, and wakes the select. To the others the sudog is not there. The
 *       end of the time or of the context claims in the same way; if a case has won, the select waits for the wake-up that it
 *       is owed.
 *   <li>Woken: under all locks again, the other sudogs are taken off.
 * </ol>
 *
 * <p>Why no wake-up is lost: as in {@link Chan}; the claim adds that there is exactly one. Why the semaphore and the sudogs
 * can be used again: the one wake-up has been taken before the select returns, and no queue has a sudog any more.
 *
 * <p>Differs from Go: the locks are given back before the goroutine leaves its stack; the semaphore catches a wake-up that
 * comes first.
 */
public final class Select {
    private static final VarHandle DONE;

    static {
        try {
            DONE = MethodHandles.lookup().findVarHandle(Select.class, "done", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final Comparator<Case<?>> BY_NUMBER = (a, b) -> Long.compare(a.number(), b.number());

    private final BinarySemaphore semaphore = new BinarySemaphore();
    /** In random order: an order of its own for each call. */
    private final Case<?>[] pollOrder;
    /** By the number of the channel; those without a channel first. */
    private final Case<?>[] lockOrder;
    /** Whether a case has got another channel, so that {@link #lockOrder} must be sorted again. */
    private boolean unsorted;
    /** Against use by two at a time, and against a change during a wait; a mistake that it misses is the user's. */
    private boolean busy;
    /** 0 while the select waits, 1 when a case or the end of the time has won. */
    private volatile int done;
    /** The sudog that was claimed; written before the wake-up, read after it. */
    private Sudog claimed;

    private Select(Case<?>[] cases) {
        pollOrder = cases.clone();
        lockOrder = cases.clone();
        for (int i = 0; i < cases.length; i++) {
            Objects.requireNonNull(cases[i], "case").join(this, i);
        }
        unsorted = true;
    }

    /**
     * Makes a select.
     *
     * @param cases any number; the first has index 0. Each is for one select. Several may have the same channel
     * @return the select
     * @throws IllegalArgumentException if a case is in a select already
     */
    public static Select of(Case<?>... cases) {
        return new Select(cases);
    }

    /**
     * Makes a case that receives.
     *
     * @param chan the channel, or null for a case that is never ready
     * @param <T> what it receives
     * @return the case; {@link Case#value()} has what was received
     */
    public static <T> Case<T> receive(Chan<T> chan) {
        return new Case<>(chan, true, null, null, null);
    }

    /**
     * Makes a case that receives and then does something.
     *
     * @param chan the channel, or null for a case that is never ready
     * @param then is given what was received, null if the channel is closed and drained; runs at the end of {@link #await()},
     *     which throws what it throws
     * @param <T> what it receives
     * @return the case
     */
    public static <T> Case<T> receive(Chan<T> chan, Consumer<? super T> then) {
        return new Case<>(chan, true, null, Objects.requireNonNull(then, "then"), null);
    }

    /**
     * Makes a case that sends.
     *
     * @param chan the channel, or null for a case that is never ready
     * @param value what it sends; null only as long as there is no channel
     * @param <T> what it sends
     * @return the case; {@link Case#value(Object)} changes what it sends
     */
    public static <T> Case<T> send(Chan<T> chan, T value) {
        return new Case<>(chan, false, value, null, null);
    }

    /**
     * Makes a case that sends and then does something.
     *
     * @param chan the channel, or null for a case that is never ready
     * @param value what it sends; null only as long as there is no channel
     * @param then runs at the end of {@link #await()}, which throws what it throws
     * @param <T> what it sends
     * @return the case
     */
    public static <T> Case<T> send(Chan<T> chan, T value, Runnable then) {
        return new Case<>(chan, false, value, null, Objects.requireNonNull(then, "then"));
    }

    /**
     * Waits until a case can go ahead, does it, and runs its action. Without any case that has a channel it waits for ever.
     *
     * @return the index of the case
     * @throws ChanClosedException if the case sends, and its channel is closed
     */
    public int await() {
        return run(Long.MAX_VALUE);
    }

    /**
     * Waits for a bounded time until a case can go ahead, does it, and runs its action.
     *
     * @param timeout the longest wait; zero or negative does not wait
     * @return the index of the case, or -1 if none could go ahead in time
     * @throws ChanClosedException if the case sends, and its channel is closed
     */
    public int await(Duration timeout) {
        return run(Chan.nanos(timeout));
    }

    /**
     * Does a case that can go ahead now, and runs its action: Go's select with a default case.
     *
     * @return the index of the case, or -1 if none could go ahead
     * @throws ChanClosedException if the case sends, and its channel is closed
     */
    public int poll() {
        return run(0);
    }

    private int run(long nanos) {
        begin();
        Case<?> chosen;
        try {
            chosen = choose(nanos);
        } finally {
            busy = false;
        }
        if (chosen == null) {
            return -1;
        }
        chosen.act();
        return chosen.index;
    }

    private void begin() {
        Primitives.giveWay();
        Primitives.checkRoom();
        if (busy) {
            throw new IllegalStateException("this select is waiting already");
        }
        if (unsorted) {
            Arrays.sort(lockOrder, BY_NUMBER);
            unsorted = false;
        }
        shuffle();
        busy = true;
    }

    /** Any permutation of the last one is as likely as another. */
    private void shuffle() {
        for (int i = pollOrder.length - 1; i > 0; i--) {
            int j = ThreadLocalRandom.current().nextInt(i + 1);
            Case<?> each = pollOrder[i];
            pollOrder[i] = pollOrder[j];
            pollOrder[j] = each;
        }
    }

    /** The case that went ahead, or null if none did in time. */
    private Case<?> choose(long nanos) {
        Case<?> ready;
        lockAll();
        try {
            ready = firstReady();
            if (ready == null && nanos > 0) {
                enqueueAll();
            }
        } finally {
            unlockAll();
        }
        if (ready != null) {
            return ready.wakePartner();
        }
        return nanos > 0 ? waitForOne(nanos) : null;
    }

    private Case<?> firstReady() {
        for (Case<?> each : pollOrder) {
            if (each.chan != null && each.tryNow()) {
                return each;
            }
        }
        return null;
    }

    void enqueueAll() {
        claimed = null;
        done = 0;
        for (Case<?> each : pollOrder) { // at random, because of several cases of one channel the first is served
            if (each.chan != null) {
                each.enqueue();
            }
        }
    }

    Case<?> waitForOne(long nanos) {
        boolean woken;
        try {
            woken = semaphore.await(reason(), nanos);
        } catch (Throwable e) { // ended, or no stack or memory to wait with
            if (claim(null)) {
                dequeueAll();
                throw e;
            }
            woken = false;
        }
        if (!woken && !claim(null)) { // a case has won, and its wake-up is on the way
            awaitOwed();
        }
        dequeueAll();
        if (claimed == null) {
            return null;
        }
        for (Case<?> each : pollOrder) {
            if (each.sudog == claimed) {
                each.complete();
                return each;
            }
        }
        throw new AssertionError("claimed for a case of another select");
    }

    /** Properly, since who owes it may wait for this P. Only where that is impossible by looking again and again. */
    private void awaitOwed() {
        try {
            semaphore.acquire(WaitReason.SELECT);
        } catch (StackOverflowError | OutOfMemoryError e) { // nothing to wait with
            while (!semaphore.tryAcquire()) {
                Thread.onSpinWait();
            }
        }
    }

    private WaitReason reason() {
        for (Case<?> each : lockOrder) {
            if (each.chan != null) {
                return WaitReason.SELECT;
            }
        }
        return WaitReason.SELECT_NO_CASES;
    }

    private void dequeueAll() {
        lockAll();
        try {
            for (Case<?> each : lockOrder) {
                if (each.chan != null) {
                    each.dequeue();
                }
            }
        } finally {
            unlockAll();
        }
    }

    /**
     * Go's {@code selectDone}: by whoever takes the sudog off a queue, or with null by the select itself when the time is
     * over. True for the first only.
     */
    boolean claim(Sudog sudog) {
        if (done == 0 && DONE.compareAndSet(this, 0, 1)) {
            claimed = sudog;
            return true;
        }
        return false;
    }

    private void lockAll() {
        Chan<?> last = null;
        for (Case<?> each : lockOrder) {
            if (each.chan != last) { // a channel's cases are neighbours; those without a channel come first
                last = each.chan;
                last.lock.lock();
            }
        }
    }

    private void unlockAll() {
        for (int i = lockOrder.length - 1; i >= 0; i--) {
            Chan<?> chan = lockOrder[i].chan;
            if (chan != null && (i == 0 || lockOrder[i - 1].chan != chan)) {
                chan.lock.unlock();
            }
        }
    }

    /**
     * One send or receive of a {@link Select}.
     *
     * @param <T> what goes through the channel
     */
    public static final class Case<T> {
        private final boolean receives;
        private final Consumer<? super T> thenReceived;
        private final Runnable thenSent;
        private Select select;
        private int index;
        private Sudog sudog;
        private Chan<T> chan;
        private T value;
        /** Whose operation this one completed: to be woken after the unlock. */
        private Sudog partner;
        /** A send that found its channel closed. */
        private boolean failed;

        private Case(Chan<T> chan, boolean receives, T value, Consumer<? super T> thenReceived, Runnable thenSent) {
            this.receives = receives;
            this.thenReceived = thenReceived;
            this.thenSent = thenSent;
            this.value = value;
            chan(chan);
        }

        /**
         * Returns the value: of a case that receives, the one that it received when it was chosen last, null if it found the
         * channel closed and drained; of a case that sends, the one to send.
         */
        public T value() {
            return value;
        }

        /**
         * Changes what a case sends from the next time on.
         *
         * @param next not null if the case has a channel
         * @return this
         * @throws IllegalStateException if this case receives, or its select is waiting
         */
        public Case<T> value(T next) {
            if (receives) {
                throw new IllegalStateException("this case receives");
            }
            checkNotBusy();
            if (chan != null) {
                Objects.requireNonNull(next, "value");
            }
            value = next;
            return this;
        }

        /**
         * Changes the channel from the next time on.
         *
         * @param next the channel, or null for none: then this case is never ready, as with a nil channel in Go. Set the
         *     value of a case that sends before its channel
         * @return this
         * @throws IllegalStateException if the select is waiting
         */
        public Case<T> chan(Chan<T> next) {
            checkNotBusy();
            if (next != null && !receives) {
                Objects.requireNonNull(value, "value");
            }
            if (next != chan) {
                chan = next;
                if (select != null) {
                    select.unsorted = true;
                }
            }
            return this;
        }

        private void checkNotBusy() {
            if (select != null && select.busy) {
                throw new IllegalStateException("the select is waiting");
            }
        }

        private void join(Select owner, int position) {
            if (select != null) {
                throw new IllegalArgumentException("case " + position + " is in a select already");
            }
            select = owner;
            index = position;
            sudog = new Sudog(owner, owner.semaphore);
        }

        private long number() {
            return chan == null ? 0 : chan.number();
        }

        /** Under the lock: does the operation if it can go ahead. */
        private boolean tryNow() {
            if (!receives) {
                if (chan.isClosed()) {
                    failed = true;
                    return true;
                }
                partner = chan.recvq.dequeue();
                return chan.give(partner, value);
            }
            partner = chan.sendq.dequeue();
            Object taken = chan.take(partner);
            if (taken == null) {
                return false;
            }
            received(taken);
            return true;
        }

        @SuppressWarnings("unchecked") // only values of T are put into the channel
        private void received(Object taken) {
            value = taken == Chan.END ? null : (T) taken;
        }

        private Case<T> wakePartner() {
            Sudog other = partner;
            if (other != null) {
                partner = null;
                other.wake();
            }
            return this;
        }

        private void enqueue() {
            sudog.elem = receives ? null : value;
            sudog.success = false;
            (receives ? chan.recvq : chan.sendq).enqueue(sudog);
        }

        private void dequeue() {
            (receives ? chan.recvq : chan.sendq).remove(sudog);
            if (select.claimed != sudog) {
                sudog.elem = null;
            }
        }

        /** After the wake-up: what came of the operation that somebody else has settled. */
        private void complete() {
            if (receives) {
                received(sudog.success ? sudog.elem : Chan.END);
            } else {
                failed = !sudog.success;
            }
            sudog.elem = null;
        }

        private void act() {
            if (failed) {
                failed = false;
                throw Chan.sendOnClosed();
            }
            if (thenReceived != null) {
                thenReceived.accept(value);
            } else if (thenSent != null) {
                thenSent.run();
            }
        }
    }
}
