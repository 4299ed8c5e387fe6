package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The memory of one recording: a fixed number of chunks, made at its start. Each thread that writes holds one of them; the
 * others stand in a queue, the longest full first, and are written again in that order, so that what is lost is always
 * the oldest. (Go's execution tracer gives batches to Ms in the same way.)
 *
 * <p>The lock is a leaf: whoever holds it takes no other, so it may be taken in scheduler code with the scheduler lock
 * held. It is held for some ten instructions, once in {@link TraceChunk#EVENTS} events of a thread.
 *
 * <p>What threads that are none of the scheduler's write goes into one chunk that they share, under a second lock, a leaf
 * but for the first.
 */
final class TraceChunks {
    private static final VarHandle DROPPED;

    static {
        try {
            DROPPED = MethodHandles.lookup().findVarHandle(TraceChunks.class, "dropped", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Chunks of the smallest recording: a thread or two, sysmon, foreign threads. */
    private static final int MIN_CHUNKS = 8;

    /** How often a reader begins again because all memory was overwritten while it copied. A guess. */
    private static final int MAX_TRIES = 10;

    private final TraceChunk[] all;
    /** A ring of those that nobody writes. Under the lock. */
    private final TraceChunk[] queue;

    private int head;
    private int queued;
    /** How often a chunk was put into the queue, and the youngest of those that were taken out. Under the lock. */
    private long retired;

    private long recycledUpTo;
    /** When the newest of the events was written that have been overwritten. Under the lock. */
    private long lostUpToNanos;

    private final SchedLock lock = new SchedLock();
    private final SchedLock foreignLock = new SchedLock();
    private TraceChunk foreign;
    private long dropped;

    /** Tells the recordings of one scheduler apart; from 1. */
    final int session;

    final long minAgeNanos;

    TraceChunks(int session, long minAgeNanos, long maxBytes) {
        this.session = session;
        this.minAgeNanos = minAgeNanos;
        int count = (int) Math.max(MIN_CHUNKS, Math.min(maxBytes / TraceChunk.BYTES, Integer.MAX_VALUE / 2));
        this.all = new TraceChunk[count];
        for (int i = 0; i < count; i++) {
            all[i] = new TraceChunk();
        }
        this.queue = all.clone();
        this.queued = count;
    }

    /**
     * The next chunk for a thread.
     *
     * @param full the one that it has filled, or null if it has none
     * @return an empty one; null if it has none and all are in the hands of other threads
     */
    TraceChunk next(TraceChunk full) {
        lock.lock();
        try {
            if (full != null) {
                put(full);
            }
            return queued > 0 ? takeOldest() : null;
        } finally {
            lock.unlock();
        }
    }

    private TraceChunk takeOldest() {
        TraceChunk chunk = queue[head];
        queue[head] = null;
        head = (head + 1) % queue.length;
        queued--;
        recycledUpTo = Math.max(recycledUpTo, chunk.retiredAs);
        lostUpToNanos = Math.max(lostUpToNanos, chunk.newestNanos());
        chunk.retiredAs = TraceChunk.IN_USE;
        chunk.recycle();
        return chunk;
    }

    private void put(TraceChunk chunk) {
        chunk.retiredAs = ++retired;
        queue[(head + queued) % queue.length] = chunk;
        queued++;
    }

    /** From a thread that ends. */
    void giveBack(TraceChunk chunk) {
        lock.lock();
        put(chunk);
        lock.unlock();
    }

    /** From a thread that has no chunk of its own. */
    void writeForeign(long head, long goroutine, long last, Object label) {
        foreignLock.lock();
        try {
            TraceChunk chunk = foreign;
            if (chunk == null || chunk.isFull()) {
                chunk = next(chunk);
                foreign = chunk;
            }
            if (chunk != null) {
                chunk.write(head, goroutine, last, label);
            } else {
                drop();
            }
        } finally {
            foreignLock.unlock();
        }
    }

    /** An event that could not be written. */
    void drop() {
        DROPPED.getAndAdd(this, 1L);
    }

    long dropped() {
        return (long) DROPPED.getVolatile(this);
    }

    /**
     * All events that are not older than the window, by time. Of that time nothing is missing, of any thread, although all go
     * on meanwhile: of a chunk in use we see at least what was there at the beginning, and what came later is left out
     * everywhere. Chunks may be overwritten before, and the oldest retired ones while we copy; what other threads did up to
     * the newest event that is lost so is left out as well, since a thread that seems to do nothing is worse than none.
     */
    List<TraceEvent> events() {
        List<TraceEvent> events = null;
        for (int i = 0; i < MAX_TRIES && events == null; i++) {
            events = tryEvents();
        }
        return events == null ? List.of() : events;
    }

    /** Null if all memory was overwritten meanwhile. */
    private List<TraceEvent> tryEvents() {
        long[] order = new long[all.length];
        long[] newest = new long[all.length];
        lock.lock();
        long now = Clock.nanotime();
        long lost = lostUpToNanos;
        for (int i = 0; i < all.length; i++) {
            order[i] = all[i].retiredAs;
            newest[i] = order[i] == TraceChunk.IN_USE ? now : all[i].newestNanos();
        }
        lock.unlock();
        TraceChunk.Copy[] copies = new TraceChunk.Copy[all.length];
        for (int i = 0; i < all.length; i++) {
            copies[i] = all[i].copy();
        }
        lock.lock();
        long gone = recycledUpTo;
        lock.unlock();
        for (int i = 0; i < all.length; i++) {
            if (copies[i] == null || order[i] <= gone) {
                copies[i] = null;
                lost = Math.max(lost, newest[i]);
            }
        }
        if (lost == now) {
            return null;
        }
        List<TraceEvent> events = new ArrayList<>();
        long from = Math.max(lost + 1, now - minAgeNanos);
        for (TraceChunk.Copy copy : copies) {
            if (copy != null) {
                addWindow(events, copy, from, now);
            }
        }
        events.sort(Comparator.comparingLong(TraceEvent::nanos)); // stable: what one thread wrote keeps its order
        return events;
    }

    private static void addWindow(List<TraceEvent> events, TraceChunk.Copy copy, long from, long to) {
        for (int i = 0; i < copy.count(); i++) {
            if (copy.nanos(i) >= from && copy.nanos(i) <= to) {
                events.add(copy.event(i));
            }
        }
    }
}
