package dev.heddle.sched;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes events in the Trace Event Format ("JSON Object Format" with complete events, instants, flows and counters).
 *
 * <p>Process 1 has a lane for each P, process 2 one for each M that ran a goroutine without a P, process 3 one for each M
 * with what it did as a thread. A goroutine whose P is taken away goes on in its M's lane of process 2. Times are in
 * microseconds since the first event.
 */
final class ChromeTrace {
    private static final int PROCS = 1;
    private static final int HOGS = 2;
    private static final int MACHINES = 3;

    /** Enough to hand the stream pieces that are worth a call. */
    private static final int PIECE = 1 << 16;

    private final Sched sched;
    private final OutputStream out;
    private final StringBuilder text = new StringBuilder(PIECE + 1024);
    private boolean first = true;
    private long begin;
    private long end;

    private final Map<Long, String> names = new HashMap<>();
    /** What runs on each M. */
    private final Map<Integer, Slice> running = new HashMap<>();
    /** The wake-up whose arrow waits for the run, by goroutine. */
    private final Map<Long, Long> flows = new HashMap<>();

    private final Map<Integer, Integer> lanesOfHogs = new HashMap<>();
    private final Map<Integer, Integer> lanesOfMs = new HashMap<>();
    private long nextFlow;

    /** A goroutine on an M, since it came there or since its P was taken. */
    private static final class Slice {
        long goroutine;
        int process;
        int lane;
        long since;
        /** When the blocking call began, or 0. */
        long callSince;
    }

    ChromeTrace(Sched sched, OutputStream out) {
        this.sched = sched;
        this.out = out;
    }

    void write(List<TraceEvent> events) throws IOException {
        for (G g : sched.goroutines()) {
            names.put(g.id, g.name);
        }
        if (!events.isEmpty()) {
            begin = events.getFirst().nanos();
            end = events.getLast().nanos();
        }
        text.append("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
        lane(PROCS, "process_name", 0, sched.config.name() + ": Ps");
        for (P p : sched.procs) {
            lane(PROCS, "thread_name", p.id, p.toString());
        }
        for (TraceEvent e : events) {
            event(e);
            if (text.length() >= PIECE) {
                handOver();
            }
        }
        running.forEach((machine, slice) -> close(slice, end, "still running"));
        lane(HOGS, "process_name", 0, sched.config.name() + ": goroutines without a P");
        lanesOfHogs.keySet().forEach(m -> lane(HOGS, "thread_name", m, "M" + m));
        lane(MACHINES, "process_name", 0, sched.config.name() + ": Ms");
        lanesOfMs.keySet().forEach(m -> lane(MACHINES, "thread_name", m, "M" + m));
        text.append("\n]}\n");
        handOver();
    }

    private void handOver() throws IOException {
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        text.setLength(0);
    }

    private void event(TraceEvent e) {
        switch (e.type()) {
            case GO_CREATE -> {
                if (!e.name().isEmpty()) {
                    names.put(e.goroutine(), e.name());
                }
                wake(e);
            }
            case GO_UNBLOCK -> wake(e);
            case GO_START -> start(e);
            case GO_STOP, GO_BLOCK, GO_DESTROY -> leave(e);
            case GO_SYSCALL_BEGIN, GO_SYSCALL_END, GO_SYSCALL_END_BLOCKED -> call(e);
            case PROC_STEAL, PROC_PREEMPT -> taken(e);
            case STEAL, OVERFLOW, GLOBAL_GET -> instant(PROCS, e.proc(), e);
            case PROC_START, PROC_STOP, SPIN_START, SPIN_STOP, THREAD_START, THREAD_PARK, THREAD_UNPARK -> {
                lanesOfMs.put(e.machine(), e.machine());
                instant(MACHINES, e.machine(), e);
            }
            default -> throw new AssertionError(e.type());
        }
    }

    // -- goroutines --

    private void start(TraceEvent e) {
        Slice before = running.remove(e.machine());
        if (before != null) {
            close(before, e.nanos(), "P lost and found");
        }
        Slice slice = new Slice();
        slice.goroutine = e.goroutine();
        slice.process = e.proc() < 0 ? HOGS : PROCS;
        slice.lane = e.proc() < 0 ? e.machine() : e.proc();
        slice.since = e.nanos();
        running.put(e.machine(), slice);
        Long flow = flows.remove(e.goroutine());
        if (flow != null) {
            open("wake", "f", slice.process, slice.lane, e.nanos());
            text.append(",\"cat\":\"wake\",\"bp\":\"e\",\"id\":").append(flow).append('}');
        }
        if (e.proc() >= 0) {
            counter("run queue of P" + e.proc(), e.nanos(), e.detail());
        }
        counter("global queue", e.nanos(), e.peer());
    }

    private void leave(TraceEvent e) {
        Slice slice = running.remove(e.machine());
        if (slice != null) { // else it began before the first event
            close(slice, e.nanos(), e.toString());
        }
    }

    private void call(TraceEvent e) {
        Slice slice = running.get(e.machine());
        if (slice == null) {
            return;
        }
        if (e.type() == TraceEvent.Type.GO_SYSCALL_BEGIN) {
            slice.callSince = e.nanos();
            return;
        }
        closeCall(slice, e.nanos());
        if (e.type() == TraceEvent.Type.GO_SYSCALL_END_BLOCKED) {
            if (slice.process == PROCS) {
                continueWithoutP(e.machine(), slice, e.nanos(), "P was gone");
            }
            instant(HOGS, e.machine(), e);
        }
    }

    /** Sysmon has taken a P: the lane is free, the goroutine goes on elsewhere. */
    private void taken(TraceEvent e) {
        Slice slice = running.get(e.peer());
        if (slice != null && slice.process == PROCS && slice.lane == e.proc()) {
            continueWithoutP(e.peer(), slice, e.nanos(), e.toString());
        }
        instant(PROCS, e.proc(), e);
    }

    private void continueWithoutP(int machine, Slice slice, long nanos, String why) {
        boolean inCall = slice.callSince != 0;
        close(slice, nanos, why);
        slice.process = HOGS;
        slice.lane = machine;
        slice.since = nanos;
        slice.callSince = inCall ? nanos : 0;
        lanesOfHogs.put(machine, machine);
    }

    private void close(Slice slice, long nanos, String why) {
        closeCall(slice, nanos);
        open(nameOf(slice.goroutine), "X", slice.process, slice.lane, slice.since);
        text.append(",\"dur\":");
        micros(nanos - slice.since);
        text.append(",\"cat\":\"goroutine\",\"args\":{\"goroutine\":").append(slice.goroutine).append(",\"end\":");
        quoted(why);
        text.append("}}");
    }

    private void closeCall(Slice slice, long nanos) {
        if (slice.callSince != 0) {
            open("blocking call", "X", slice.process, slice.lane, slice.callSince);
            text.append(",\"dur\":");
            micros(nanos - slice.callSince);
            text.append(",\"cat\":\"syscall\"}");
            slice.callSince = 0;
        }
    }

    /** An arrow begins in the slice of whoever woke; where nothing runs (a timer, the network) there is none. */
    private void wake(TraceEvent e) {
        Slice by = running.get(e.machine());
        if (by != null && e.goroutine() != by.goroutine) {
            long id = ++nextFlow;
            open("wake", "s", by.process, by.lane, e.nanos());
            text.append(",\"cat\":\"wake\",\"id\":").append(id).append('}');
            flows.put(e.goroutine(), id);
        }
    }

    private String nameOf(long goroutine) {
        String name = names.getOrDefault(goroutine, "");
        return name.isEmpty() ? "G" + goroutine : "G" + goroutine + " " + name;
    }

    // -- JSON --

    private void instant(int process, int lane, TraceEvent e) {
        if (lane >= 0) {
            open(e.type().toString(), "i", process, lane, e.nanos());
            text.append(",\"s\":\"t\",\"args\":{\"event\":");
            quoted(e.toString());
            text.append("}}");
        }
    }

    private void counter(String name, long nanos, long value) {
        open(name, "C", PROCS, 0, nanos);
        text.append(",\"args\":{\"goroutines\":").append(value).append("}}");
    }

    private void lane(int process, String what, int lane, String name) {
        open(what, "M", process, lane, begin);
        text.append(",\"args\":{\"name\":");
        quoted(name);
        text.append("}}");
    }

    /** What all have; the caller adds the rest and the brace. */
    private void open(String name, String phase, int process, int lane, long nanos) {
        text.append(first ? "\n{\"name\":" : ",\n{\"name\":");
        first = false;
        quoted(name);
        text.append(",\"ph\":\"").append(phase).append("\",\"pid\":").append(process);
        text.append(",\"tid\":").append(lane).append(",\"ts\":");
        micros(nanos - begin);
    }

    private void micros(long nanos) {
        text.append(nanos / 1_000).append('.');
        long rest = nanos % 1_000;
        text.append((char) ('0' + rest / 100)).append((char) ('0' + rest / 10 % 10)).append((char) ('0' + rest % 10));
    }

    private void quoted(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) { // a lone surrogate has no UTF-8
                text.append("\\u%04x".formatted((int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
