package dev.heddle.sched;

/**
 * What one thread of a scheduler, an M or sysmon, has to write events with: the chunk of the flight recorder that it
 * fills, and events for JFR that wait until it may enter JFR. That thread only.
 *
 * <p>JFR may allocate, load classes and wait for its buffers. So nothing enters it while a P is in scheduler code (SCHED,
 * SPINNING or in transit), where it could not be taken, nor with the scheduler lock held: events of those sections wait
 * here for {@link Trace#flush}, some microseconds. Their time is that of the flush.
 */
final class TraceWriter {
    /** Events between two flushes; more are counted and dropped. A guess: a busy section makes three. */
    private static final int PENDING = 64;

    private static final int WORDS = 3;

    final int machine;

    private TraceChunk chunk;
    private int session;

    private final long[] pending = new long[PENDING * WORDS];
    private int pendings;
    private long lost;
    /** The slice of the goroutine that runs, or that has just left; a JfrEvents.GoStart, or null when that is off. */
    Object slice;
    /** How that goroutine left: a head word; 0 while it runs. */
    long sliceEnd;
    /** The blocking call of the goroutine that runs; a JfrEvents.GoSyscall, or null. */
    Object syscall;

    TraceWriter(int machine) {
        this.machine = machine;
    }

    /** Writes to the flight recorder. */
    void write(TraceChunks chunks, long head, long goroutine, long last, Object label) {
        TraceChunk to = chunk;
        if (to == null || session != chunks.session || to.isFull()) {
            to = next(chunks);
            if (to == null) {
                chunks.drop();
                return;
            }
        }
        to.write(head, goroutine, last, label);
    }

    private TraceChunk next(TraceChunks chunks) {
        TraceChunk full = session == chunks.session ? chunk : null;
        if (Thread.currentThread().isVirtual() && !StackProbe.room()) {
            return null; // at the end of a goroutine's stack; the chunk stays, and the next event tries again
        }
        chunk = chunks.next(full);
        session = chunks.session;
        return chunk;
    }

    /** The thread ends. */
    void giveBack(TraceChunks chunks) {
        if (chunk != null && chunks != null && session == chunks.session) {
            chunks.giveBack(chunk);
        }
        chunk = null;
    }

    void pend(long head, long goroutine, long last) {
        if (pendings == PENDING) {
            lost++;
            return;
        }
        int at = pendings++ * WORDS;
        pending[at] = head;
        pending[at + 1] = goroutine;
        pending[at + 2] = last;
    }

    boolean hasPending() {
        return pendings != 0 || slice != null;
    }

    /** Hands all that waits to JFR. Never throws. */
    void flush(boolean onG0) {
        int n = pendings;
        pendings = 0;
        try {
            if (onG0) {
                JfrEvents.first();
            }
            if (onG0 && sliceEnd != 0 && slice instanceof JfrEvents.GoStart event) {
                slice = null;
                event.commit(sliceEnd);
            }
            for (int i = 0; i < n; i++) {
                int at = i * WORDS;
                JfrEvents.commit(pending[at], pending[at + 1], pending[at + 2]);
            }
            if (lost != 0) {
                JfrEvents.commitLost(lost);
                lost = 0;
            }
        } catch (Throwable e) { // no memory: an event less
            slice = null;
        }
    }
}
