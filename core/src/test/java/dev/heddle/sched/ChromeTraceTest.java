package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.TraceEvent.Place;
import dev.heddle.sched.TraceEvent.Type;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the flight recorder writes is what viewers of the Trace Event Format accept. */
@Timeout(180)
class ChromeTraceTest {
    /** With quotes, controls, a character of four bytes, and half of one. */
    private static final String NAME = "a \"name\" with \\ and \n\u0001, \u00e9 \ud83d\ude00 \ud83d </script>";

    private static final String NAME_READ = NAME.replace("\ud83d <", "\ufffd <");
    private static final int PROCS = ChromeTrace.PROCS;
    private static final int MACHINES = ChromeTrace.MACHINES;

    /** Two that wake each other, one in a call whose P is taken, one that computes and loses its P. */
    private static JsonNode traceOf(Scheduler s) throws Exception {
        AtomicInteger left = new AtomicInteger(4);
        BinarySemaphore ping = new BinarySemaphore();
        BinarySemaphore pong = new BinarySemaphore();
        s.go(NAME, () -> {
            for (int i = 0; i < 20; i++) {
                ping.release();
                pong.acquire(WaitReason.SEMACQUIRE);
            }
            left.decrementAndGet();
        });
        s.go("pong", () -> {
            for (int i = 0; i < 20; i++) {
                ping.acquire(WaitReason.SEMACQUIRE);
                pong.release();
            }
            left.decrementAndGet();
        });
        s.go("caller", () -> {
            Busy.inCallUntilHandedOff();
            left.decrementAndGet();
        });
        s.go("hog", () -> {
            int times = 0;
            do { // again if its thread seemed to be asleep, in a collection say
                Busy.untilPreempted();
                int taken = ++times;
                Busy.until(() -> taken(s, Goroutine.current()).size() >= taken); // written after the P is gone
            } while (!taken(s, Goroutine.current()).contains(TraceEvent.Type.PROC_PREEMPT));
            left.decrementAndGet();
        });
        Waiting.until(s, "all have ended", () -> left.get() == 0);
        Quiet.afterEnd(s);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        s.flightRecorder().writeTo(out);
        return JsonMapper.shared().readTree(out.toByteArray()).get("traceEvents");
    }

    /** How sysmon took Ps from a goroutine. */
    private static List<TraceEvent.Type> taken(Scheduler s, Goroutine g) {
        return s.flightRecorder().events().stream()
                .filter(e -> e.goroutine() == g.id())
                .map(TraceEvent::type)
                .filter(type -> type == TraceEvent.Type.PROC_PREEMPT || type == TraceEvent.Type.PROC_STEAL)
                .toList();
    }

    private static List<JsonNode> phase(JsonNode events, String phase) {
        List<JsonNode> found = new ArrayList<>();
        for (JsonNode e : events) {
            if (e.get("ph").asString().equals(phase)) {
                found.add(e);
            }
        }
        return found;
    }

    @Test
    void viewersCanReadIt() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            s.flightRecorder().start();
            JsonNode events = traceOf(s);
            for (JsonNode e : events) {
                assertTrue(e.get("name").isString() && e.get("pid").isInt() && e.get("tid").isInt(), e::toString);
                assertTrue(e.get("ts").isNumber() && e.get("ts").asDouble() >= 0, e::toString);
            }
            Set<String> lanes = new HashSet<>();
            for (JsonNode e : meta(events, "thread_name")) {
                lanes.add(e.get("pid").asInt() + " " + e.get("args").get("name").asString());
            }
            assertTrue(lanes.containsAll(Set.of(PROCS + " P0", PROCS + " P1", MACHINES + " M0")), lanes::toString);

            List<JsonNode> slices = phase(events, "X");
            assertNested(slices);
            assertTrue(slices.stream().anyMatch(e -> e.get("name").asString().endsWith(NAME_READ)));
            assertTrue(slices.stream().anyMatch(e -> e.get("name").asString().equals("blocking call")));
            assertTrue(
                    slices.stream().anyMatch(e -> e.get("pid").asInt() == MACHINES
                            && e.get("name").asString().endsWith("hog")),
                    "the hog went on without a P");
            assertArrows(events, slices);
            for (String state : List.of("P0", "P1", "spinning")) {
                assertTrue(slices.stream().anyMatch(e -> e.get("name").asString().equals(state)), state);
            }
            for (String instant : List.of("ProcSteal", "ProcPreempt")) {
                assertTrue(phase(events, "i").stream().anyMatch(e -> e.get("name").asString().equals(instant)), instant);
            }
            for (String counter : List.of("global queue", "run queue of P0")) {
                assertTrue(phase(events, "C").stream().anyMatch(e -> e.get("name").asString().equals(counter)), counter);
            }
        }
    }

    private static List<JsonNode> meta(JsonNode events, String name) {
        return phase(events, "M").stream()
                .filter(e -> e.get("name").asString().equals(name))
                .toList();
    }

    private static long nanos(JsonNode e, String field) {
        return Math.round(e.get(field).asDouble() * 1000);
    }

    /** In one lane slices follow each other or lie inside each other. */
    private static void assertNested(List<JsonNode> slices) {
        Map<String, List<JsonNode>> lanes = new HashMap<>();
        for (JsonNode e : slices) {
            lanes.computeIfAbsent(e.get("pid") + "/" + e.get("tid"), _ -> new ArrayList<>()).add(e);
        }
        for (List<JsonNode> lane : lanes.values()) {
            lane.sort(Comparator.comparingDouble(e -> e.get("ts").asDouble()));
            List<Double> ends = new ArrayList<>();
            for (JsonNode e : lane) {
                double begin = e.get("ts").asDouble();
                double end = begin + e.get("dur").asDouble(); // as viewers do, without rounding
                ends.removeIf(open -> open <= begin);
                assertTrue(ends.stream().allMatch(open -> end <= open), () -> "overlaps: " + e);
                ends.add(end);
            }
        }
    }

    /** Every arrow has two ends, in this order, each in a slice. */
    private static void assertArrows(JsonNode events, List<JsonNode> slices) {
        Map<Long, JsonNode> begins = new HashMap<>();
        for (JsonNode e : phase(events, "s")) {
            assertEquals(null, begins.put(e.get("id").asLong(), e));
        }
        List<JsonNode> ends = phase(events, "f");
        assertFalse(ends.isEmpty());
        for (JsonNode end : ends) {
            JsonNode begin = begins.remove(end.get("id").asLong());
            assertTrue(begin != null && nanos(begin, "ts") <= nanos(end, "ts"), end::toString);
            for (JsonNode e : List.of(begin, end)) {
                assertTrue(slices.stream().anyMatch(x -> x.get("pid").equals(e.get("pid"))
                        && x.get("tid").equals(e.get("tid"))
                        && nanos(x, "ts") <= nanos(e, "ts")
                        && nanos(e, "ts") <= nanos(x, "ts") + nanos(x, "dur")), e::toString);
            }
        }
    }

    @Test
    void nothingIsATraceToo() throws Exception {
        JsonNode events = fileOf().get("traceEvents");
        assertEquals(events.size(), phase(events, "M").size() + phase(events, "i").size());
    }

    // -- from events made by hand --

    /** A scheduler that does nothing, with three Ps. */
    private static final Scheduler SOME =
            new Scheduler(SchedulerConfig.defaults().withProcs(3).withName("some"));

    private static JsonNode fileOf(TraceEvent... events) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new ChromeTrace(SOME.sched(), out).write(Arrays.asList(events), 7);
        return JsonMapper.shared().readTree(out.toByteArray());
    }

    private static TraceEvent event(long nanos, Type type, int proc, int machine, long goroutine) {
        return new TraceEvent(nanos, type, proc, machine, goroutine, 0, -1, null, null, "");
    }

    private static TraceEvent start(long nanos, int proc, int machine, long goroutine, int ring) {
        return new TraceEvent(nanos, Type.GO_START, proc, machine, goroutine, ring, 0, null, null, "");
    }

    private static TraceEvent taken(long nanos, Type type, int proc, int from, long goroutine) {
        return new TraceEvent(nanos, type, proc, -1, goroutine, 0, from, null, null, "");
    }

    private static int number(JsonNode e) {
        return e.get("tid").asInt() - ChromeTrace.FIRST_LANE;
    }

    private static String drawn(JsonNode slice) {
        String lane = (slice.get("pid").asInt() == PROCS ? "P" : "M") + number(slice);
        return lane + " " + nanos(slice, "ts") + "+" + nanos(slice, "dur") + " " + slice.get("name").asString();
    }

    private static Set<String> slicesOf(TraceEvent... events) throws IOException {
        List<JsonNode> slices = phase(fileOf(events).get("traceEvents"), "X");
        assertNested(slices);
        Set<String> drawn = new HashSet<>();
        for (JsonNode slice : slices) {
            assertTrue(drawn.add(drawn(slice)), slice::toString);
        }
        return drawn;
    }

    /** Viewers sort by name, and take a lane for the main one whose number is that of its process, or 0. */
    @Test
    void lanesAreToldTheirOrder() throws IOException {
        JsonNode events = fileOf(event(1, Type.PROC_START, 2, 11, 0)).get("traceEvents");
        Map<Integer, Integer> processes = new HashMap<>();
        for (JsonNode e : meta(events, "process_sort_index")) {
            processes.put(e.get("pid").asInt(), e.get("args").get("sort_index").asInt());
        }
        assertEquals(Map.of(PROCS, 0, MACHINES, 1), processes);
        Map<String, Integer> threads = new HashMap<>();
        for (JsonNode e : meta(events, "thread_sort_index")) {
            assertTrue(e.get("pid").asInt() != e.get("tid").asInt() && e.get("tid").asInt() != 0);
            threads.put(e.get("pid") + " " + number(e), e.get("args").get("sort_index").asInt());
        }
        assertEquals(
                Map.of(PROCS + " 0", 0, PROCS + " 1", 1, PROCS + " 2", 2, MACHINES + " 11", 11), threads);
    }

    /** Viewers leave out a lane in which there is nothing. */
    @Test
    void aPThatRanNothingHasALane() throws IOException {
        JsonNode events = fileOf(start(1, 1, 0, 5, 0), event(9, Type.GO_BLOCK, 1, 0, 5)).get("traceEvents");
        Set<Integer> empty = new HashSet<>();
        for (JsonNode e : phase(events, "i")) {
            empty.add(number(e));
        }
        assertEquals(Set.of(0, 2), empty);
    }

    @Test
    void aCallWhosePIsTaken() throws IOException {
        assertEquals(
                Set.of(
                        "P0 0+100 G5",
                        "P0 50+49 blocking call",
                        "M3 0+99 P0",
                        "M3 100+199 G5",
                        "M3 101+98 blocking call",
                        "M3 300+10 P1",
                        "P1 310+0 G5"),
                slicesOf(
                        start(1_000, 0, 3, 5, 0),
                        event(1_050, Type.GO_SYSCALL_BEGIN, 0, 3, 5),
                        taken(1_100, Type.PROC_STEAL, 0, 3, 5),
                        event(1_200, Type.GO_SYSCALL_END_BLOCKED, -1, 3, 5),
                        event(1_300, Type.PROC_START, 1, 3, 0),
                        start(1_310, 1, 3, 5, 0)));
    }

    /** A viewer adds time and duration as floating-point numbers, and draws two levels if one ends after the other. */
    @Test
    void slicesAreNestedWhateverTheTime() throws IOException {
        List<TraceEvent> events = new ArrayList<>();
        events.add(event(1, Type.PROC_START, 0, 3, 0));
        for (long at = 1_000_003; at < 20_000_000_000L; at = at * 101 / 100 + 7) {
            events.add(start(at, 0, 3, 5, 0));
            events.add(event(at + 1_001, Type.GO_SYSCALL_BEGIN, 0, 3, 5));
            events.add(taken(at + 2_003, Type.PROC_STEAL, 0, 3, 5));
            events.add(event(at + 3_007, Type.GO_SYSCALL_END_BLOCKED, -1, 3, 5));
            events.add(event(at + 4_011, Type.PROC_START, 0, 3, 0));
            events.add(start(at + 4_012, 0, 3, 5, 0));
            events.add(event(at + 5_101, Type.GO_BLOCK, 0, 3, 5));
        }
        slicesOf(events.toArray(TraceEvent[]::new));
    }

    /** An M of which the first thing heard is the end of something has done it since before the first event. */
    @Test
    void whatBeganBeforeIsDrawnFromTheBeginning() throws IOException {
        assertEquals(
                Set.of(
                        "P0 0+20 G5",
                        "M0 0+70 P0",
                        "P1 0+10 G6",
                        "M1 0+9 P1",
                        "M1 10+60 G6",
                        "M2 0+70 G7",
                        "M2 1+28 blocking call",
                        "M3 1+39 in the netpoller"),
                slicesOf(
                        event(1_000, Type.THREAD_UNPARK, -1, 8, 0),
                        taken(1_010, Type.PROC_PREEMPT, 1, 1, 6),
                        event(1_020, Type.GO_BLOCK, 0, 0, 5),
                        event(1_030, Type.GO_SYSCALL_END_BLOCKED, -1, 2, 7),
                        new TraceEvent(1_040, Type.THREAD_UNPARK, -1, 3, 0, 1, -1, null, null, ""),
                        event(1_070, Type.GO_STOP, -1, 1, 6),
                        event(1_070, Type.PROC_STOP, 0, 0, 0)));
    }

    @Test
    void aSliceTellsHowItBeganAndEnded() throws IOException {
        JsonNode file = fileOf(
                start(1_000, 0, 3, 5, 0),
                new TraceEvent(1_100, Type.GO_UNBLOCK, 0, 3, 6, 5, -1, Place.RUNNEXT, null, ""),
                new TraceEvent(1_200, Type.GO_BLOCK, 0, 3, 5, 0, -1, null, WaitReason.CHAN_RECEIVE, ""),
                start(1_300, 0, 3, 6, 0),
                event(1_400, Type.GO_DESTROY, 0, 3, 6));
        List<String> args = phase(file.get("traceEvents"), "X").stream()
                .filter(e -> e.has("args"))
                .map(e -> e.get("args").toString())
                .toList();
        assertEquals(
                List.of(
                        "{\"goroutine\":5,\"m\":3,\"end\":\"GoBlock " + WaitReason.CHAN_RECEIVE + "\"}",
                        "{\"goroutine\":6,\"m\":3,\"start\":\"GoUnblock by G5 RUNNEXT\",\"waited us\":0.2,"
                                + "\"end\":\"GoDestroy\"}"),
                args);
    }

    /** A counter that does not change is not written again: that was a third of the file. */
    @Test
    void countersAreWrittenWhenTheyChange() throws IOException {
        JsonNode events = fileOf(
                        start(1_000, 0, 3, 5, 2),
                        event(1_100, Type.GO_BLOCK, 0, 3, 5),
                        start(1_200, 0, 3, 6, 2),
                        event(1_300, Type.GO_BLOCK, 0, 3, 6),
                        start(1_400, 0, 3, 7, 1),
                        event(1_500, Type.GO_BLOCK, 0, 3, 7),
                        event(1_600, Type.PROC_STOP, 0, 3, 0))
                .get("traceEvents");
        List<String> values = phase(events, "C").stream()
                .map(e -> e.get("name").asString() + " " + nanos(e, "ts") + " " + e.get("args").get("goroutines"))
                .toList();
        assertEquals(
                List.of("run queue of P0 0 2", "global queue 0 0", "run queue of P0 400 1", "run queue of P0 600 0"),
                values);
    }

    /** When it was, to be compared with a log; and whether it is complete. */
    @Test
    void theFileTellsWhenItBegan() throws IOException {
        Instant earliest = Instant.now().minusSeconds(10);
        long nanos = System.nanoTime() - Duration.ofSeconds(9).toNanos();
        JsonNode about = fileOf(event(nanos, Type.THREAD_START, -1, 0, 0)).get("otherData");
        Instant begin = Instant.parse(about.get("begin").asString());
        assertTrue(begin.isAfter(earliest) && begin.isBefore(earliest.plusSeconds(5)), begin::toString);
        assertEquals("some", about.get("scheduler").asString());
        assertEquals("7", about.get("dropped").asString());
    }

    @Test
    void goroutinesWithoutANameAreCalledByTheirBody() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            s.flightRecorder().start();
            s.go(() -> {});
            s.go(new Unnamed());
            Quiet.afterEnd(s);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            s.flightRecorder().writeTo(out);
            JsonNode events = JsonMapper.shared().readTree(out.toByteArray()).get("traceEvents");
            List<String> names = phase(events, "X").stream()
                    .map(e -> e.get("name").asString().replaceFirst("^G[0-9]+", "G"))
                    .toList();
            assertTrue(names.containsAll(List.of("G ChromeTraceTest", "G ChromeTraceTest$Unnamed")), names::toString);
        }
    }

    private static final class Unnamed implements Runnable {
        @Override
        public void run() {}
    }
}
