package dev.heddle.sync;

import dev.heddle.sched.Primitives;
import dev.heddle.sched.SchedLock;
import dev.heddle.sched.WaitReason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A channel with Go's rules ({@code hchan} of {@code chan.go}): values go through in order, and each to one receiver.
 * Without a buffer a send and a receive meet; with one, a send waits while it is full and a receive while it is empty.
 *
 * <p>{@link Select} waits for several channels at once.
 *
 * <table>
 * <caption>What becomes of an operation</caption>
 * <tr><th>operation</th><th>can go ahead</th><th>would have to wait</th><th>the channel is closed</th></tr>
 * <tr><td>{@link #send(Object)}</td><td>returns</td><td>waits</td><td>{@link ChanClosedException}</td></tr>
 * <tr><td>{@link #trySend}, {@link #send(Object, Duration)}</td><td>true</td><td>false, after the time</td>
 * <td>{@link ChanClosedException}</td></tr>
 * <tr><td>{@link #receive()}</td><td>the value</td><td>waits</td><td>{@link ChanClosedException}, once drained</td></tr>
 * <tr><td>{@link #receiveOrNull}</td><td>the value</td><td>waits</td><td>null, once drained</td></tr>
 * <tr><td>{@link #tryReceive}, {@link #receive(Duration)}</td><td>the value</td><td>null, after the time</td>
 * <td>{@link ChanClosedException}, once drained</td></tr>
 * <tr><td>for-each</td><td>the next value</td><td>waits</td><td>ends, once drained</td></tr>
 * </table>
 *
 * <p>All methods may be called by goroutines of any scheduler and by any other thread. What a sender did before the send is
 * visible to the one who received the value; what a closer did, to those who found the channel closed.
 *
 * <p>A wait, bounded in time or not, is ended by the end of the caller's current context: it throws a
 * {@link java.util.concurrent.CancellationException}, and nothing has been sent or received. An operation that can go ahead
 * does, whatever the context says. No wait is ended by an interrupt, and the interrupt status stays as it is.
 *
 * <h2>The protocol</h2>
 *
 * <p>State, all of it under {@link #lock}: the ring, {@link #closed}, and two queues of waiters. At least one of the queues
 * is empty (except for a select that waits on both); values in the ring: no receiver waits; room in the ring: no sender
 * waits.
 *
 * <ul>
 *   <li>Entry: a send or receive that can go ahead does so under the lock. A send prefers a waiting receiver, and gives it the
 *       value; a receive prefers the ring's head, and moves the value of a waiting sender to the tail. One that cannot go
 *       ahead puts a {@link Sudog} on a queue, unlocks, and waits at its semaphore.
 *   <li>Signals: whoever takes a sudog off a queue does so under the lock, has settled by then what came of the operation,
 *       and wakes it after the unlock. A goroutine that is woken by a goroutine runs next on the same P ({@code runnext}).
 *   <li>Exit: by that wake-up; or, when time or context are over, by taking the sudog off under the lock. If that finds it
 *       taken off already, the operation has gone ahead, and the end does not matter.
 *   <li>Why no wake-up is lost: the waiter is on the queue before it unlocks, and a wake-up that comes before it waits
 *       leaves a permit at its semaphore. Why no value is lost or doubled: it changes hands in one section under the lock,
 *       together with the sudog.
 *   <li>Invariant: nobody waits for anything, or wakes anybody, with the lock held.
 * </ul>
 *
 * <p>Without the lock, a try that cannot go ahead gives up after one look, as in Go: at the count or the queue, and for a
 * receive then at {@link #closed} and, if that is set, at the count again. A channel that was closed stays closed, and gets
 * no value any more, so that order of looks tells "nothing yet" from "nothing any more".
 *
 * <p>Differs from Go: the waiter unlocks before it leaves its stack, and its semaphore catches a wake-up that comes first;
 * Go's holds the lock until {@code chanparkcommit}. Null cannot be sent. There is no nil channel: a {@link Select} takes
 * null for a case that is never ready.
 *
 * @param <T> what goes through
 */
public final class Chan<T> implements Iterable<T> {
    /** Received from a channel that is closed and drained. */
    static final Object END = new Object();

    private static final VarHandle COUNT;
    private static final VarHandle CLOSED;
    private static final VarHandle NUMBER;
    private static final VarHandle NUMBERS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            COUNT = lookup.findVarHandle(Chan.class, "count", int.class);
            CLOSED = lookup.findVarHandle(Chan.class, "closed", boolean.class);
            NUMBER = lookup.findVarHandle(Chan.class, "number", long.class);
            NUMBERS = lookup.findStaticVarHandle(Chan.class, "numbers", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The last number given to a channel. */
    private static volatile long numbers;

    final SchedLock lock = new SchedLock();
    /** Those who wait for a value. */
    final WaitQueue recvq = new WaitQueue();
    /** Those who wait to give one. */
    final WaitQueue sendq = new WaitQueue();

    /** The ring; empty if there is no buffer. */
    private final Object[] buffer;
    private int recvx;
    private int sendx;
    /** Values in the ring. */
    private int count;
    private boolean closed;
    /** Where a select takes the lock among others; 0 before the first select of several channels. */
    private volatile long number;

    /** Makes a channel without a buffer. */
    public Chan() {
        this(0);
    }

    /**
     * Makes a channel.
     *
     * @param capacity how many values it holds that nobody has received yet; zero for no buffer. Their places are
     *     allocated at once
     * @throws IllegalArgumentException if the capacity is negative
     */
    public Chan(int capacity) {
        if (capacity < 0) {
            throw new IllegalArgumentException("capacity: got " + capacity + ", need 0 or more");
        }
        buffer = new Object[capacity];
    }

    // -- send --

    /**
     * Sends a value; waits while nobody takes it and the buffer has no room.
     *
     * @param value not null
     * @throws ChanClosedException if the channel is closed, or gets closed during the wait
     */
    public void send(T value) {
        offer(value, Long.MAX_VALUE);
    }

    /**
     * Sends a value if that is possible without waiting.
     *
     * @param value not null
     * @return whether it was sent
     * @throws ChanClosedException if the channel is closed
     */
    public boolean trySend(T value) {
        return offer(value, 0);
    }

    /**
     * Sends a value; waits for a bounded time while nobody takes it and the buffer has no room.
     *
     * @param value not null
     * @param timeout the longest wait; zero or negative does not wait
     * @return whether it was sent
     * @throws ChanClosedException if the channel is closed, or gets closed during the wait
     */
    public boolean send(T value, Duration timeout) {
        return offer(value, nanos(timeout));
    }

    private boolean offer(T value, long nanos) {
        Objects.requireNonNull(value, "value");
        if (nanos <= 0 && isFull() && !isClosed()) {
            return false;
        }
        Primitives.giveWay();
        Primitives.checkRoom();
        Sudog receiver = null;
        Sudog me = null;
        boolean wasClosed;
        lock.lock();
        try {
            wasClosed = closed;
            if (!wasClosed) {
                receiver = recvq.dequeue();
                if (!give(receiver, value)) {
                    if (nanos <= 0) {
                        return false;
                    }
                    me = new Sudog();
                    me.elem = value;
                    sendq.enqueue(me);
                }
            }
        } finally {
            lock.unlock();
        }
        if (wasClosed) {
            throw sendOnClosed();
        }
        if (receiver != null) {
            receiver.wake();
        } else if (me != null) {
            if (!await(me, sendq, WaitReason.CHAN_SEND, nanos)) {
                return false;
            }
            if (!me.success) {
                throw sendOnClosed();
            }
        }
        return true;
    }

    static ChanClosedException sendOnClosed() {
        return new ChanClosedException("send on closed channel");
    }

    /** Under the lock, not closed: gives a value to the receiver who waited, or to the ring. False if there is no room. */
    boolean give(Sudog receiver, Object value) {
        if (receiver != null) {
            receiver.elem = value;
            receiver.success = true;
            return true;
        }
        if (count == buffer.length) {
            return false;
        }
        put(value);
        count(count + 1);
        return true;
    }

    // -- receive --

    /**
     * Receives a value; waits while there is none.
     *
     * @return the value, never null
     * @throws ChanClosedException if the channel is closed and drained, or gets closed during the wait
     */
    public T receive() {
        return valueOrThrow(poll(Long.MAX_VALUE));
    }

    /**
     * Receives a value; waits while there is none. For loops that go on until the channel is closed.
     *
     * @return the value, or null if the channel is closed and drained, or gets closed during the wait
     */
    public T receiveOrNull() {
        Object value = poll(Long.MAX_VALUE);
        return value == END ? null : cast(value);
    }

    /**
     * Receives a value if there is one.
     *
     * @return the value, or null if there is none yet
     * @throws ChanClosedException if the channel is closed and drained
     */
    public T tryReceive() {
        return valueOrThrow(poll(0));
    }

    /**
     * Receives a value; waits for a bounded time while there is none.
     *
     * @param timeout the longest wait; zero or negative does not wait
     * @return the value, or null if none came in time
     * @throws ChanClosedException if the channel is closed and drained, or gets closed during the wait
     */
    public T receive(Duration timeout) {
        return valueOrThrow(poll(nanos(timeout)));
    }

    private T valueOrThrow(Object value) {
        if (value == END) {
            throw new ChanClosedException("receive on closed channel");
        }
        return cast(value);
    }

    @SuppressWarnings("unchecked") // only values of T are put in
    private T cast(Object value) {
        return (T) value;
    }

    /** A value; or null if none came in time; or {@link #END}. */
    private Object poll(long nanos) {
        if (nanos <= 0 && isEmpty()) {
            if (!isClosed()) {
                return null;
            }
            if (isEmpty()) {
                return END;
            }
        }
        Primitives.giveWay();
        Primitives.checkRoom();
        Sudog sender;
        Sudog me = null;
        Object value;
        lock.lock();
        try {
            sender = sendq.dequeue();
            value = take(sender);
            if (value == null) {
                if (nanos <= 0) {
                    return null;
                }
                me = new Sudog();
                recvq.enqueue(me);
            }
        } finally {
            lock.unlock();
        }
        if (sender != null) {
            sender.wake();
        } else if (me != null) {
            if (!await(me, recvq, WaitReason.CHAN_RECEIVE, nanos)) {
                return null;
            }
            value = me.success ? me.elem : END;
        }
        return value;
    }

    /** Under the lock: takes the oldest value, and that of the sender who waited into the ring. Null if there is none yet. */
    Object take(Sudog sender) {
        if (sender != null) {
            Object value = sender.elem;
            sender.success = true;
            if (count > 0) { // the ring is full
                Object oldest = get();
                put(value);
                return oldest;
            }
            return value;
        }
        if (count > 0) {
            Object oldest = get();
            count(count - 1);
            return oldest;
        }
        return closed ? END : null;
    }

    /** Receives until the channel is closed and drained: Go's {@code for range}. The iterator is one caller's. */
    @Override
    public Iterator<T> iterator() {
        return new Iterator<>() {
            private T next;

            @Override
            public boolean hasNext() {
                if (next == null) {
                    next = receiveOrNull();
                }
                return next != null;
            }

            @Override
            public T next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("channel closed");
                }
                T value = next;
                next = null;
                return value;
            }
        };
    }

    // -- close --

    /**
     * Closes the channel: no value can be sent any more, and those that are in the buffer can still be received. Receivers
     * that wait find it closed, senders that wait get the exception. A channel need not be closed to be collected.
     *
     * @throws ChanClosedException if it is closed already
     */
    public void close() {
        Primitives.checkRoom();
        boolean wasClosed;
        Sudog receivers = null;
        Sudog senders = null;
        lock.lock();
        try {
            wasClosed = closed;
            if (!wasClosed) {
                CLOSED.setRelease(this, true); // pairs with isClosed
                receivers = recvq.takeAll(); // they keep success == false
                senders = sendq.takeAll();
            }
        } finally {
            lock.unlock();
        }
        if (wasClosed) {
            throw new ChanClosedException("close of closed channel");
        }
        WaitQueue.wakeAll(receivers);
        WaitQueue.wakeAll(senders);
    }

    /** Returns whether the channel is closed; values may still be in its buffer. Once true, always true. */
    public boolean isClosed() {
        return (boolean) CLOSED.getAcquire(this); // pairs with the release in close
    }

    // -- figures --

    /** Returns how many values are in the buffer: a snapshot, at most {@link #cap}. */
    public int len() {
        return (int) COUNT.getAcquire(this); // pairs with the release in count
    }

    /** Returns how many values the buffer holds at most; zero if there is no buffer. */
    public int cap() {
        return buffer.length;
    }

    @Override
    public String toString() {
        return "chan(" + len() + " of " + cap() + (isClosed() ? ", closed)" : ")");
    }

    // -- inside --

    /**
     * Nothing to receive; one look, without the lock. The fence makes visible what this thread did to another channel before:
     * of two who each send on one channel and then try to receive from the other's, one finds a value.
     */
    private boolean isEmpty() {
        VarHandle.fullFence();
        return buffer.length == 0 ? sendq.isEmpty() : len() == 0;
    }

    /** No send can go ahead; one look, without the lock. As {@link #isEmpty}. */
    private boolean isFull() {
        VarHandle.fullFence();
        return buffer.length == 0 ? recvq.isEmpty() : len() == buffer.length;
    }

    /** Where a select takes this lock among others: the same order for all. */
    long number() {
        long n = number;
        if (n == 0) {
            long next = (long) NUMBERS.getAndAdd(1L) + 1;
            n = NUMBER.compareAndSet(this, 0L, next) ? next : number;
        }
        return n;
    }

    private void count(int n) {
        COUNT.setRelease(this, n);
    }

    private void put(Object value) {
        buffer[sendx] = value;
        sendx = sendx + 1 == buffer.length ? 0 : sendx + 1;
    }

    private Object get() {
        Object value = buffer[recvx];
        buffer[recvx] = null;
        recvx = recvx + 1 == buffer.length ? 0 : recvx + 1;
        return value;
    }

    /** Waits on a queue of this channel. False if the time is over and the operation has not gone ahead. */
    private boolean await(Sudog me, WaitQueue queue, WaitReason reason, long nanos) {
        boolean woken = false;
        try {
            woken = me.await(reason, nanos);
        } catch (Throwable e) { // ended, or no stack or memory to wait with
            if (withdraw(me, queue)) {
                throw e;
            }
            return true;
        }
        return woken || !withdraw(me, queue);
    }

    private boolean withdraw(Sudog me, WaitQueue queue) {
        lock.lock();
        try {
            return queue.remove(me);
        } finally {
            lock.unlock();
        }
    }

    static long nanos(Duration timeout) {
        return TimeUnit.NANOSECONDS.convert(timeout);
    }
}
