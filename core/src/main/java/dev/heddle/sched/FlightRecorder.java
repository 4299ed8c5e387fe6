package dev.heddle.sched;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * Keeps what a scheduler did last, so that it can be written out when something strange has just happened (Go's {@code
 * runtime/trace.FlightRecorder}). Each thread writes its events into memory of its own, the oldest are overwritten;
 * writing them out stops nobody.
 *
 * <p>While it is on, an event costs a read of the clock and a few stores, some 30 ns; a switch between goroutines makes
 * two to three events. While it is off it costs next to nothing. Each scheduler has one, {@link
 * Scheduler#flightRecorder}. All methods may be called from any thread.
 */
public final class FlightRecorder {
    /** How far back {@link #start()} keeps events: 10 s, Go's default. */
    public static final Duration DEFAULT_MIN_AGE = Duration.ofSeconds(10);

    /** Memory that {@link #start()} takes: 10 MiB, Go's default; some 300,000 events, a second of a busy server. */
    public static final long DEFAULT_MAX_BYTES = 10 << 20;

    private final Sched sched;
    /** Guarded by this object's monitor, like all changes. */
    private int sessions;

    FlightRecorder(Sched sched) {
        this.sched = sched;
    }

    /**
     * Starts to record with the defaults.
     *
     * @throws IllegalStateException if it records already
     */
    public void start() {
        start(DEFAULT_MIN_AGE, DEFAULT_MAX_BYTES);
    }

    /**
     * Starts to record.
     *
     * @param minAge how old an event may be to be still shown, if memory suffices; more than zero
     * @param maxBytes the memory to take, at once; it decides when both cannot be had. At least 1; less than 150 KiB are
     *     rounded up to that. With less than 18 KiB for each thread of the scheduler some threads may find none, and their
     *     events are dropped
     * @throws IllegalStateException if it records already
     */
    public synchronized void start(Duration minAge, long maxBytes) {
        Objects.requireNonNull(minAge, "minAge");
        if (minAge.isZero() || minAge.isNegative()) {
            throw new IllegalArgumentException("minAge: got " + minAge + ", need more than zero");
        }
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes: got " + maxBytes + ", need 1 or more");
        }
        if (isEnabled()) {
            throw new IllegalStateException("the flight recorder of " + sched.config.name() + " is on already");
        }
        sched.trace.record(new TraceChunks(++sessions, Clock.nanos(minAge), maxBytes));
    }

    /** Stops, and forgets what was recorded. Does nothing if it does not record. The end of the scheduler does the same. */
    public synchronized void stop() {
        sched.trace.record(null);
    }

    /** Returns whether it records. */
    public boolean isEnabled() {
        return sched.trace.chunks() != null;
    }

    /**
     * Returns what has happened up to this moment, by time, as far back as memory goes: from the first event on nothing is
     * missing, of any thread, unless events were {@linkplain #dropped dropped}.
     *
     * @throws IllegalStateException if it does not record
     */
    public List<TraceEvent> events() {
        return chunks().events();
    }

    /** Returns how many events were dropped since the start because a thread found no memory to write to. */
    public long dropped() {
        return chunks().dropped();
    }

    /**
     * Writes {@link #events} in the Trace Event Format, which {@code ui.perfetto.dev} and {@code chrome://tracing} open: a lane
     * for each P, with the goroutines that ran on it, their blocking calls and what sysmon did to it; a lane for each M, with
     * the Ps that it had and the goroutines that it ran without one; arrows from each wake-up to the run that followed;
     * counters for the queues. 10 MiB of events make some 40 MB.
     *
     * @param out is written in UTF-8, and neither flushed nor closed
     * @throws IOException if it cannot be written to
     * @throws IllegalStateException if the recorder does not record
     */
    public void writeTo(OutputStream out) throws IOException {
        write(chunks(), Objects.requireNonNull(out, "out"));
    }

    /**
     * Stops, and then writes what was recorded, as {@link #writeTo} does: however slow the reader is, the scheduler does not
     * pay for it. The memory goes when all is written.
     *
     * @param out is written in UTF-8, and neither flushed nor closed
     * @throws IOException if it cannot be written to; what was recorded is lost then
     * @throws IllegalStateException if the recorder does not record
     */
    public void stopAndWriteTo(OutputStream out) throws IOException {
        Objects.requireNonNull(out, "out");
        TraceChunks chunks;
        synchronized (this) {
            chunks = chunks();
            stop();
        }
        write(chunks, out);
    }

    private void write(TraceChunks chunks, OutputStream out) throws IOException {
        new ChromeTrace(sched, out).write(chunks.events(), chunks.dropped());
    }

    private TraceChunks chunks() {
        TraceChunks chunks = sched.trace.chunks();
        if (chunks == null) {
            throw new IllegalStateException("the flight recorder of " + sched.config.name() + " is off");
        }
        return chunks;
    }
}
