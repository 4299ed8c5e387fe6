package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * A piece of the flight recorder's memory: events of four words each. One thread at a time writes it; anybody may copy it
 * meanwhile.
 *
 * <p>Protocol. The writer stores an event, then publishes the new count (release); a reader takes the count (acquire) and
 * copies that many. {@link #recycle} resets the count, then begins a new generation, then the words are written again. A
 * reader that finds another generation after its copy than before may have copied a mixture, and drops it; one that finds
 * the new generation before it knows of the reset, so the count that it takes is of that generation. Nobody waits for
 * anybody.
 *
 * <pre>
 *   word 0   time, ns
 *   word 1   63..32 M + 1 | 31..16 P + 1 | 15..8 place or wait reason, + 1 | 7..0 type
 *   word 2   goroutine
 *   word 3   detail; or 63..32 peer | 31..0 detail
 * </pre>
 */
final class TraceChunk {
    /** Events of one chunk: a thread comes for a new one about every 50 us at the most, and 10 MiB make 580. A guess. */
    static final int EVENTS = 512;

    private static final int WORDS = 4;

    /** What one chunk takes: its words and its references to labels. */
    static final int BYTES = EVENTS * (WORDS * Long.BYTES + Integer.BYTES);

    private static final VarHandle COUNT;
    private static final VarHandle GENERATION;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            COUNT = lookup.findVarHandle(TraceChunk.class, "count", int.class);
            GENERATION = lookup.findVarHandle(TraceChunk.class, "generation", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long[] words;
    /** {@link CreatedBy#label Labels} of goroutines, for those events that make them. */
    private final Object[] labels;

    private int count;
    private int generation;

    /** {@link #retiredAs} of a chunk that a thread writes. */
    static final long IN_USE = Long.MAX_VALUE;

    /** The place that it had in the queue of retired chunks, 0 if it was never written. Under the lock of the pool. */
    long retiredAs;

    TraceChunk() {
        this(EVENTS);
    }

    /** Makes a chunk for this many events; tests use 4. */
    TraceChunk(int events) {
        words = new long[events * WORDS];
        labels = new Object[events];
    }

    /** Events as they stand in a chunk, and whose they are. */
    record Copy(long[] words, Object[] labels) {
        int count() {
            return labels.length;
        }

        long nanos(int i) {
            return words[i * WORDS];
        }

        TraceEvent event(int i) {
            int at = i * WORDS;
            long head = words[at + 1];
            TraceEvent.Type type = TraceEvent.Type.of((int) head & 0xFF);
            int note = ((int) head >>> 8 & 0xFF) - 1;
            boolean block = type == TraceEvent.Type.GO_BLOCK;
            long last = words[at + 3];
            return new TraceEvent(
                    Clock.toNanoTime(words[at]),
                    type,
                    ((int) head >>> 16) - 1,
                    (int) (head >>> 32) - 1,
                    words[at + 2],
                    type.hasPeer() ? (int) last : last,
                    type.hasPeer() ? (int) (last >>> 32) : -1,
                    note < 0 || block ? null : TraceEvent.Place.of(note),
                    note < 0 || !block ? null : WaitReason.of(note),
                    CreatedBy.text(labels[i]));
        }
    }

    static long head(TraceEvent.Type type, int note, int proc, int machine) {
        return (long) (machine + 1) << 32 | (long) (proc + 1) << 16 | (long) (note + 1) << 8 | type.ordinal();
    }

    static long detailAndPeer(int detail, int peer) {
        return (long) peer << 32 | detail & 0xFFFF_FFFFL;
    }

    /** By the one thread that writes here. */
    boolean isFull() {
        return count == labels.length;
    }

    /** By the one thread that writes here, when the chunk is not full. */
    void write(long head, long goroutine, long last, Object label) {
        int n = count;
        int at = n * WORDS;
        words[at] = Clock.nanotime();
        words[at + 1] = head;
        words[at + 2] = goroutine;
        words[at + 3] = last;
        if (labels[n] != label) { // nearly always null and null
            labels[n] = label;
        }
        COUNT.setRelease(this, n + 1); // pairs with getAcquire in copy
    }

    /** When the newest event here was written; 0 if there is none. When nobody writes. */
    long newestNanos() {
        return count == 0 ? 0 : words[(count - 1) * WORDS];
    }

    /** Forgets what is here. By its next writer, under the lock of {@link TraceChunks}. */
    void recycle() {
        COUNT.setOpaque(this, 0);
        GENERATION.setRelease(this, generation + 1); // pairs with getAcquire in copy: who sees it sees the count as well
        VarHandle.storeStoreFence(); // pairs with the fence in copy: the generation changes before any word does
    }

    /** What is here, oldest first, or null if that was recycled meanwhile. Any thread. */
    Copy copy() {
        int before = (int) GENERATION.getAcquire(this); // pairs with setRelease in recycle
        Copy copy = copyUnchecked();
        VarHandle.loadLoadFence();
        return (int) GENERATION.getOpaque(this) == before ? copy : null;
    }

    /** What is here, or a mixture with what was. */
    Copy copyUnchecked() {
        int n = (int) COUNT.getAcquire(this); // pairs with setRelease in write
        return new Copy(Arrays.copyOf(words, n * WORDS), Arrays.copyOf(labels, n));
    }
}
