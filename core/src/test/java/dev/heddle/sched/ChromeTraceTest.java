package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
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
    private static final String NAME = "a \"name\" with \\ and \n, \u00e9";

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
            for (JsonNode e : phase(events, "M")) {
                lanes.add(e.get("pid").asInt() + " " + e.get("args").get("name").asString());
            }
            assertTrue(lanes.containsAll(Set.of("1 P0", "1 P1", "3 M0")), lanes::toString);

            List<JsonNode> slices = phase(events, "X");
            assertNested(slices);
            assertTrue(slices.stream().anyMatch(e -> e.get("name").asString().endsWith(NAME)));
            assertTrue(slices.stream().anyMatch(e -> e.get("name").asString().equals("blocking call")));
            assertTrue(
                    slices.stream().anyMatch(e -> e.get("pid").asInt() == 2
                            && e.get("name").asString().endsWith("hog")),
                    "the hog went on without a P");
            assertArrows(events, slices);
            for (String instant : List.of("ProcSteal", "ProcPreempt", "ThreadPark", "ProcStart", "SpinStart")) {
                assertTrue(phase(events, "i").stream().anyMatch(e -> e.get("name").asString().equals(instant)), instant);
            }
            for (String counter : List.of("global queue", "run queue of P0")) {
                assertTrue(phase(events, "C").stream().anyMatch(e -> e.get("name").asString().equals(counter)), counter);
            }
        }
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
            lane.sort(Comparator.<JsonNode>comparingLong(e -> nanos(e, "ts")).thenComparing(e -> -nanos(e, "dur")));
            List<Long> ends = new ArrayList<>();
            for (JsonNode e : lane) {
                long end = nanos(e, "ts") + nanos(e, "dur");
                ends.removeIf(open -> open <= nanos(e, "ts"));
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
        Scheduler s = new Scheduler(SchedulerConfig.defaults().withProcs(1));
        s.flightRecorder().start();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        s.flightRecorder().writeTo(out);
        s.flightRecorder().stop();
        JsonNode events = JsonMapper.shared().readTree(out.toByteArray()).get("traceEvents");
        assertEquals(events.size(), phase(events, "M").size());
    }
}
