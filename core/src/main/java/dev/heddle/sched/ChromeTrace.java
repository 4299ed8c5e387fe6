package dev.heddle.sched;

import dev.heddle.sched.TraceEvent.Type;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes events in the Trace Event Format: complete events, instants, flows and counters.
 *
 * <p>One process has a lane for each P, with the goroutines that ran on it; the other has a lane for each M, which tells
 * when it had which P and looked for work with it, when it waited in the netpoller, and which goroutines it ran without a P;
 * it is empty while the thread sleeps. A goroutine whose P is taken away goes on in the lane of its M. Times are in
 * microseconds since the first event.
 *
 * <p>What viewers want. {@code chrome://tracing} sorts processes by name, so it is told the order. Perfetto calls a lane "main
 * thread" and puts it first if its number is 0 or that of its process, so lanes have other numbers. Of two slices that begin at
 * the same time the first in the file would be the outer one, and their ends are computed in floating point: so one that lies
 * inside another begins a nanosecond later and ends one earlier, and so does one that ends where the next begins.
 */
final class ChromeTrace {
    /** The numbers of the two processes. */
    static final int PROCS = 1;

    static final int MACHINES = 2;

    /** The number of the lane of P0, and of M0. */
    static final int FIRST_LANE = 10_000;

    private static final String SPINNING = "spinning";
    private static final String NETPOLLER = "in the netpoller";

    private final Sched sched;
    private final TraceJson json;
    /** Time of the first event; the times of all else here count from it. */
    private long begin;

    private final Map<Long, String> names = new HashMap<>();
    /** What runs on each M. */
    private final Map<Integer, Slice> running = new HashMap<>();
    /** Ms of which it is known what they ran, if anything. */
    private final Set<Integer> known = new HashSet<>();
    /** Ms that an event has told of. */
    private final Set<Integer> heard = new HashSet<>();
    /** Ps in whose lane something was drawn. */
    private final Set<Integer> usedLanes = new HashSet<>();
    /** How the goroutines that wait to run came to that. */
    private final Map<Long, Queued> queued = new HashMap<>();
    /** Which P an M has. */
    private final Map<Integer, State> owners = new HashMap<>();
    /** Whether it looks for work, which it does with a P, or is in the netpoller, without one. */
    private final Map<Integer, State> searches = new HashMap<>();

    private final Map<String, Long> counters = new HashMap<>();
    private long arrows;

    /** A goroutine on an M, since it came there or since its P was taken. */
    private static final class Slice {
        final int machine;
        final long goroutine;
        int process;
        int lane;
        long since;
        /** Whether it is in a blocking call, and since when. */
        boolean calling;

        long callSince;
        /** How it came to run, or null. */
        Queued start;

        Slice(int machine, long goroutine) {
            this.machine = machine;
            this.goroutine = goroutine;
        }
    }

    /** A goroutine may run. The arrow is 0 if nobody is known who did that. */
    private record Queued(long nanos, String how, long arrow) {}

    private record State(String what, long nanos) {}

    ChromeTrace(Sched sched, OutputStream out) {
        this.sched = sched;
        this.json = new TraceJson(out);
    }

    /** Writes a file: the events, and how many more were dropped. */
    void write(List<TraceEvent> events, long dropped) throws IOException {
        for (G g : sched.goroutines()) {
            names.put(g.id, CreatedBy.text(CreatedBy.label(g)));
        }
        long now = System.nanoTime();
        begin = events.isEmpty() ? now : events.getFirst().nanos();
        long end = events.isEmpty() ? 0 : events.getLast().nanos() - begin;
        name(PROCS, 0, "process", sched.config.name() + ": Ps", 0);
        for (P p : sched.procs) {
            name(PROCS, p.id, "thread", p.toString(), p.id);
        }
        for (TraceEvent e : events) {
            hear(e.type() == Type.PROC_STEAL || e.type() == Type.PROC_PREEMPT ? e.peer() : e.machine(), e);
            event(e, e.nanos() - begin);
        }
        for (Slice slice : running.values()) {
            close(slice, end, "still running");
        }
        for (int m : heard) {
            endState(owners, m, end);
        }
        for (P p : sched.procs) {
            if (!usedLanes.contains(p.id)) { // viewers leave out a lane with nothing in it
                draw("ran nothing", 'i', PROCS, p.id, 0).category("scheduler").inLane().end();
            }
        }
        name(MACHINES, 0, "process", sched.config.name() + ": Ms", 1);
        for (int m : heard) {
            name(MACHINES, m, "thread", "M" + m, m);
        }
        json.close(
                "scheduler", sched.config.name(),
                "gomaxprocs", String.valueOf(sched.gomaxprocs),
                "begin", Instant.now().minusNanos(now - begin).toString(),
                "events", String.valueOf(events.size()),
                "dropped", String.valueOf(dropped));
    }

    private void event(TraceEvent e, long nanos) throws IOException {
        switch (e.type()) {
            case GO_CREATE -> {
                if (!e.name().isEmpty()) {
                    names.put(e.goroutine(), e.name());
                }
                queue(e, nanos);
            }
            case GO_UNBLOCK -> queue(e, nanos);
            case GO_START -> start(e, nanos);
            case GO_STOP, GO_BLOCK, GO_DESTROY -> leave(e, nanos);
            case GO_SYSCALL_BEGIN, GO_SYSCALL_END, GO_SYSCALL_END_BLOCKED -> call(e, nanos);
            case PROC_STEAL, PROC_PREEMPT -> taken(e, nanos);
            case STEAL, OVERFLOW, GLOBAL_GET -> instant(PROCS, e.proc(), e, nanos);
            case PROC_START -> own(e.machine(), new State("P" + e.proc(), nanos));
            case PROC_STOP -> {
                disown(e.machine(), e.proc(), nanos);
                counter("run queue of P" + e.proc(), nanos, 0);
            }
            case SPIN_START -> searches.put(e.machine(), new State(SPINNING, nanos));
            case THREAD_PARK -> {
                if (e.detail() != 0) {
                    searches.put(e.machine(), new State(NETPOLLER, nanos));
                }
            }
            case SPIN_STOP, THREAD_UNPARK -> endState(searches, e.machine(), nanos);
            case THREAD_START -> instant(MACHINES, e.machine(), e, nanos);
            default -> throw new AssertionError(e.type());
        }
    }

    // -- goroutines --

    private void start(TraceEvent e, long nanos) throws IOException {
        Slice before = running.remove(e.machine());
        if (before != null) {
            close(before, nanos - 1, "it has a P again");
        }
        Slice slice = new Slice(e.machine(), e.goroutine());
        slice.since = nanos;
        slice.start = queued.remove(e.goroutine());
        put(slice, e.proc());
        if (slice.start != null && slice.start.arrow != 0) {
            draw("wake", 'f', slice.process, slice.lane, nanos).category("wake");
            json.arrow(slice.start.arrow, true).end();
        }
        if (e.proc() >= 0) {
            counter("run queue of P" + e.proc(), nanos, e.detail());
        }
        counter("global queue", nanos, e.peer());
    }

    private void put(Slice slice, int proc) throws IOException {
        slice.process = proc < 0 ? MACHINES : PROCS;
        slice.lane = proc < 0 ? slice.machine : proc;
        if (proc < 0) {
            endState(owners, slice.machine, slice.since - 1);
        } else {
            usedLanes.add(proc);
        }
        known.add(slice.machine);
        running.put(slice.machine, slice);
    }

    /**
     * What runs on an M, of which an event tells that it runs this goroutine. If nothing was heard of that M before, it has
     * been running since before the first event: in the lane of the P, unless that was in use since.
     */
    private Slice runs(int machine, long goroutine, int proc) throws IOException {
        if (machine >= 0 && goroutine != 0 && !known.contains(machine)) {
            put(new Slice(machine, goroutine), usedLanes.contains(proc) ? -1 : proc);
        }
        return running.get(machine);
    }

    private void leave(TraceEvent e, long nanos) throws IOException {
        Slice slice = runs(e.machine(), e.goroutine(), e.proc());
        running.remove(e.machine());
        if (slice != null) {
            close(slice, nanos, said(e));
        }
        if (e.type() == Type.GO_STOP) {
            queued.put(e.goroutine(), new Queued(nanos, said(e), 0));
        }
    }

    private void call(TraceEvent e, long nanos) throws IOException {
        boolean begins = e.type() == Type.GO_SYSCALL_BEGIN;
        boolean fromBefore = !begins && !known.contains(e.machine());
        Slice slice = runs(e.machine(), e.goroutine(), e.proc());
        if (slice == null) {
            return;
        }
        if (begins || fromBefore) {
            slice.calling = true;
            slice.callSince = begins ? nanos : 1;
        }
        if (begins) {
            return;
        }
        closeCall(slice, nanos);
        if (e.type() == Type.GO_SYSCALL_END_BLOCKED) {
            if (slice.process == PROCS) {
                continueWithoutP(slice, nanos, "its P was gone");
            }
            instant(MACHINES, e.machine(), e, nanos);
        }
    }

    /** Sysmon has taken a P: the lane is free, the goroutine goes on elsewhere. */
    private void taken(TraceEvent e, long nanos) throws IOException {
        Slice slice = runs(e.peer(), e.goroutine(), e.proc());
        disown(e.peer(), e.proc(), nanos - 1);
        if (slice != null && slice.process == PROCS && slice.lane == e.proc()) {
            continueWithoutP(slice, nanos, said(e));
        }
        instant(PROCS, e.proc(), e, nanos);
    }

    private void continueWithoutP(Slice slice, long nanos, String why) throws IOException {
        boolean calling = slice.calling;
        close(slice, nanos, why);
        Slice rest = new Slice(slice.machine, slice.goroutine);
        rest.since = nanos;
        rest.calling = calling;
        rest.callSince = nanos + 1;
        put(rest, -1);
    }

    private void close(Slice slice, long nanos, String why) throws IOException {
        closeCall(slice, nanos);
        draw(nameOf(slice.goroutine), 'X', slice.process, slice.lane, slice.since);
        json.duration(nanos - slice.since).category("goroutine");
        json.arg("goroutine", slice.goroutine).arg("m", slice.machine);
        if (slice.start != null) {
            json.arg("start", slice.start.how).argMicros("waited us", slice.since - slice.start.nanos);
        }
        json.arg("end", why).end();
    }

    private void closeCall(Slice slice, long nanos) throws IOException {
        if (slice.calling) {
            draw("blocking call", 'X', slice.process, slice.lane, slice.callSince);
            json.duration(nanos - 1 - slice.callSince).category("syscall").end();
            slice.calling = false;
        }
    }

    /** It may run. An arrow begins in the slice of whoever did that; for a timer or the network there is none. */
    private void queue(TraceEvent e, long nanos) throws IOException {
        Slice by = runs(e.machine(), e.detail(), e.proc());
        long arrow = 0;
        if (by != null && e.goroutine() != by.goroutine) {
            arrow = ++arrows;
            draw("wake", 's', by.process, by.lane, nanos).category("wake");
            json.arrow(arrow, false).end();
        }
        queued.put(e.goroutine(), new Queued(nanos, said(e), arrow));
    }

    private TraceJson draw(String name, char phase, int process, int lane, long nanos) {
        return json.event(name, phase, process, FIRST_LANE + lane, nanos);
    }

    private String nameOf(long goroutine) {
        String name = names.getOrDefault(goroutine, "");
        return name.isEmpty() ? "G" + goroutine : "G" + goroutine + " " + name;
    }

    /** What an event says that is not said by where it is drawn. */
    private static String said(TraceEvent e) {
        StringBuilder text = new StringBuilder(e.type().toString());
        if (e.type() == Type.GO_CREATE || e.type() == Type.GO_UNBLOCK) {
            text.append(e.detail() == 0 ? "" : " by G" + e.detail());
        }
        text.append(e.place() == null ? "" : " " + e.place()).append(e.reason() == null ? "" : " " + e.reason());
        return text.toString();
    }

    // -- threads --

    /** What the first event of an M tells of the time before: it has had this P, if any, or has been searching. */
    private void hear(int machine, TraceEvent e) {
        if (machine < 0 || !heard.add(machine)) {
            return;
        }
        if (e.proc() >= 0 && e.type() != Type.PROC_START) {
            owners.put(machine, new State("P" + e.proc(), 0));
        }
        if (e.type() == Type.SPIN_STOP || e.type() == Type.THREAD_UNPARK && e.detail() != 0) {
            searches.put(machine, new State(e.type() == Type.SPIN_STOP ? SPINNING : NETPOLLER, 1));
        }
    }

    private void own(int machine, State state) throws IOException {
        Slice slice = running.get(machine);
        if (slice != null && slice.process == MACHINES) { // back from a call; what it does with the P, the next event tells
            running.remove(machine);
            close(slice, state.nanos - 1, "it has a P again");
        }
        endState(owners, machine, state.nanos - 1);
        owners.put(machine, state);
    }

    /** It has lost this P; sysmon tells that late, when it may have another one. */
    private void disown(int machine, int proc, long nanos) throws IOException {
        State owned = owners.get(machine);
        if (owned != null && owned.what.equals("P" + proc)) {
            endState(owners, machine, nanos);
        }
    }

    private void endState(Map<Integer, State> states, int machine, long nanos) throws IOException {
        if (states == owners) { // it searches no longer with that P
            endState(searches, machine, nanos - 1);
        }
        State state = states.remove(machine);
        if (state != null && nanos >= state.nanos) {
            draw(state.what, 'X', MACHINES, machine, state.nanos);
            json.duration(nanos - state.nanos).category("thread").end();
        }
    }

    private void instant(int process, int lane, TraceEvent e, long nanos) throws IOException {
        if (lane >= 0) {
            draw(e.type().toString(), 'i', process, lane, nanos).category("scheduler").inLane();
            json.arg("event", e.toString()).end();
        }
    }

    private void counter(String name, long nanos, long value) throws IOException {
        Long before = counters.put(name, value);
        if (before == null || before != value) {
            draw(name, 'C', PROCS, 0, nanos).arg("goroutines", value).end();
        }
    }

    private void name(int process, int lane, String what, String name, int position) throws IOException {
        draw(what + "_name", 'M', process, lane, 0).arg("name", name).end();
        draw(what + "_sort_index", 'M', process, lane, 0).arg("sort_index", position).end();
    }
}
