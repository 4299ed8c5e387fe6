package dev.heddle.examples.tour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.TraceEvent;
import dev.heddle.sched.TraceEvent.Place;
import dev.heddle.sched.TraceEvent.Type;
import dev.heddle.sched.WaitReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Each scenario happens as its story tells, by the events that were recorded. */
@Timeout(180)
class TourTest {
    /** What one scenario recorded, with a finger on the event that was found last. */
    private static final class Recorded {
        private final List<TraceEvent> events;
        private int at;

        Recorded(List<TraceEvent> events) {
            this.events = events;
        }

        /** The next such event after the one found before. */
        TraceEvent next(String what, Predicate<TraceEvent> event) {
            for (int i = at; i < events.size(); i++) {
                if (event.test(events.get(i))) {
                    at = i + 1;
                    return events.get(i);
                }
            }
            StringBuilder all = new StringBuilder();
            events.forEach(e -> all.append(e.nanos()).append(' ').append(e).append('\n'));
            throw new AssertionError("no " + what + " from event " + at + " on:\n" + all);
        }

        TraceEvent next(Type type, long goroutine) {
            return next(type + " of G" + goroutine, e -> e.type() == type && e.goroutine() == goroutine);
        }

        TraceEvent next(Type type) {
            return next(type.toString(), e -> e.type() == type);
        }

        long id(String name) {
            return events.stream()
                    .filter(e -> e.type() == Type.GO_CREATE && e.name().equals(name))
                    .findFirst()
                    .orElseThrow()
                    .goroutine();
        }

        /** Looks for what follows from the beginning again. */
        Recorded again() {
            at = 0;
            return this;
        }

        List<TraceEvent> all(Type type) {
            return events.stream().filter(e -> e.type() == type).toList();
        }
    }

    private static Recorded play(String name) {
        return new Recorded(Scenario.ALL.stream()
                .filter(s -> s.name().equals(name))
                .findAny()
                .orElseThrow()
                .play()
                .get());
    }

    @Test
    void normalExecution() {
        Recorded r = play("normal");
        List<TraceEvent> creates = r.all(Type.GO_CREATE);
        assertEquals(
                List.of(Place.RUNNEXT, Place.RUNNEXT, Place.RUNNEXT),
                creates.stream().skip(1).map(TraceEvent::place).toList());
        List<TraceEvent> starts = r.all(Type.GO_START);
        assertEquals(
                List.of(r.id("starter"), r.id("c"), r.id("a"), r.id("b")),
                starts.stream().map(TraceEvent::goroutine).toList());
        assertEquals(1, starts.stream().map(TraceEvent::machine).distinct().count(), "one thread ran them all");
        assertTrue(starts.stream().allMatch(e -> e.proc() == 0));
    }

    @Test
    void aBlockingCallHandsItsPOff() {
        Recorded r = play("syscall");
        long caller = r.id("caller");
        TraceEvent begin = r.next(Type.GO_SYSCALL_BEGIN, caller);
        TraceEvent steal = r.next(Type.PROC_STEAL);
        assertEquals(begin.machine(), steal.peer());
        assertEquals(0, steal.detail(), "the call was declared");
        TraceEvent start = r.next(Type.PROC_START);
        assertNotEquals(begin.machine(), start.machine());
        TraceEvent next = r.next(Type.GO_START, r.id("next"));
        assertEquals(start.machine(), next.machine());
        assertEquals(begin.proc(), next.proc());
        r.next(Type.GO_SYSCALL_END_BLOCKED, caller);
        r.next(Type.GO_DESTROY, caller);
    }

    @Test
    void aCallReturnsAndFindsAFreeP() {
        Recorded r = play("return-free");
        long caller = r.id("caller");
        TraceEvent begin = r.next(Type.GO_SYSCALL_BEGIN, caller);
        TraceEvent stop = r.next(Type.PROC_STOP);
        assertNotEquals(begin.machine(), stop.machine(), "the other M has given the P back");
        TraceEvent back = r.next(Type.GO_SYSCALL_END_BLOCKED, caller);
        assertEquals(begin.machine(), back.machine());
        TraceEvent start = r.next(Type.PROC_START);
        assertEquals(begin.machine(), start.machine());
        assertEquals(begin.machine(), r.next(Type.GO_START, caller).machine(), "it goes on where it was");
        assertTrue(r.again().events.stream().noneMatch(e -> e.type() == Type.GO_STOP));
    }

    @Test
    void aCallReturnsAndFindsNoP() {
        Recorded r = play("return-busy");
        long caller = r.id("caller");
        TraceEvent back = r.next(Type.GO_SYSCALL_END_BLOCKED, caller);
        assertEquals(Place.GLOBAL, r.next(Type.GO_STOP, caller).place());
        TraceEvent next = r.next(Type.GO_DESTROY, r.id("next"));
        assertEquals(next.machine(), r.next(Type.GLOBAL_GET).machine());
        TraceEvent start = r.next(Type.GO_START, caller);
        assertEquals(next.machine(), start.machine());
        r.again().next("park of its first M", e -> e.type() == Type.THREAD_PARK && e.machine() == back.machine());
    }

    @Test
    void aChannelWakesIntoRunnext() {
        Recorded r = play("channel");
        long receiver = r.id("receiver");
        TraceEvent block = r.next(Type.GO_BLOCK, receiver);
        assertEquals(WaitReason.CHAN_RECEIVE, block.reason());
        TraceEvent unblock = r.next(Type.GO_UNBLOCK, receiver);
        assertEquals(Place.RUNNEXT, unblock.place());
        assertEquals(r.id("sender"), unblock.detail());
        TraceEvent start = r.next(Type.GO_START);
        assertEquals(receiver, start.goroutine(), "before those that were queued earlier");
        assertEquals(unblock.proc(), start.proc());
        assertEquals(r.id("queued before"), r.next(Type.GO_START).goroutine());
        assertEquals(r.id("in runnext before"), r.next(Type.GO_START).goroutine());
    }

    @Test
    void aThiefTakesHalf() {
        Recorded r = play("stealing");
        TraceEvent victim = r.next(Type.GO_START, r.id("victim"));
        r.next(Type.GO_CREATE, r.id("g" + Plays.TO_STEAL_FROM));
        TraceEvent steal = r.next(Type.STEAL);
        assertEquals(Plays.TO_STEAL_FROM / 2, steal.detail());
        assertEquals(victim.proc(), steal.peer());
        assertNotEquals(victim.proc(), steal.proc());
        TraceEvent start = r.next(Type.GO_START);
        assertEquals(r.id("g" + (Plays.TO_STEAL_FROM / 2 - 1)), start.goroutine(), "the newest of the older half");
        assertEquals(r.id("g0"), r.next(Type.GO_START).goroutine(), "then the others, the oldest first");
        int all = r.all(Type.STEAL).stream().mapToInt(e -> (int) e.detail()).sum();
        assertEquals(Plays.TO_STEAL_FROM + 1, all, "runnext too, in the end");
    }

    @Test
    void aSpinningThread() {
        Recorded r = play("spinning");
        r.next(Type.GO_CREATE);
        TraceEvent spins = r.next(Type.SPIN_START);
        TraceEvent found = r.next("end of the spinning of the one that was woken", e -> e.type() == Type.SPIN_STOP
                && e.machine() == spins.machine());
        assertEquals(1, found.detail());
        r.next("its first goroutine", e -> e.type() == Type.GO_START && e.machine() == spins.machine());
        r.again().next("spinning in vain", e -> e.type() == Type.SPIN_STOP && e.detail() == 0);
        r.next(Type.PROC_STOP);
        r.next(Type.THREAD_PARK);
        r.again().next("the other P: somebody was woken for what lay beside it", e -> e.type() == Type.SPIN_START
                && e.proc() != spins.proc());
    }

    @Test
    void preemptionOfAHog() {
        Recorded r = play("preemption");
        long hog = r.id("hog");
        TraceEvent start = r.next(Type.GO_START, hog);
        TraceEvent preempt = r.next(Type.PROC_PREEMPT, hog);
        assertEquals(start.machine(), preempt.peer());
        long ran = preempt.nanos() - start.nanos();
        assertTrue(ran >= 10_000_000, () -> "after " + ran + " ns");
        TraceEvent next = r.next(Type.GO_START, r.id("next"));
        assertEquals(start.proc(), next.proc());
        assertNotEquals(start.machine(), next.machine());
        TraceEvent stop = r.next(Type.GO_STOP, hog);
        assertEquals(start.machine(), stop.machine(), "it has computed on meanwhile");
        assertEquals(Place.GLOBAL, stop.place());
    }

    @Test
    void aFullQueueOverflows() {
        Recorded r = play("overflow");
        assertEquals(129, r.next(Type.OVERFLOW).detail());
        assertEquals(1, r.all(Type.OVERFLOW).size());
        long global = r.all(Type.GLOBAL_GET).stream().mapToLong(TraceEvent::detail).sum();
        assertEquals(1 + 129, global, "the starter, and what has overflown");
        assertEquals(1 + Plays.TOO_MANY, r.all(Type.GO_DESTROY).size());
    }

    @Test
    void goroutinesAndThreadsPark() {
        Recorded r = play("parking");
        long waiter = r.id("waiter");
        TraceEvent block = r.next(Type.GO_BLOCK, waiter);
        assertEquals(WaitReason.SEMACQUIRE, block.reason());
        assertEquals(block.machine(), r.next(Type.PROC_STOP).machine());
        assertEquals(block.machine(), r.next(Type.THREAD_PARK).machine());
        TraceEvent unblock = r.next(Type.GO_UNBLOCK, waiter);
        assertEquals(-1, unblock.machine(), "by a thread that is no M");
        assertEquals(Place.INBOX, unblock.place());
        r.next(Type.THREAD_UNPARK);
        r.next(Type.PROC_START);
        r.next(Type.GO_START, waiter);
        r.next(Type.GO_DESTROY, waiter);
        r.next(Type.THREAD_PARK);
    }

    private static String tour(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Tour.run(List.of(args), new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theStoryOfAllScenarios() {
        String story = tour();
        for (Scenario s : Scenario.ALL) {
            assertTrue(story.contains("== " + s.title() + " (" + s.name() + ")"), story);
        }
        for (String sentence : List.of(
                "\"receiver\" is woken by G2 \"sender\": into runnext",
                "has used up its quantum",
                "steals 8 from P",
                "its run queue is full: 129 goroutines move",
                "the thread parks: a spare")) {
            assertTrue(story.contains(sentence), () -> sentence + "\n" + story);
        }
        assertTrue(Pattern.compile("sysmon takes the P from M[0-9]+, which is in a call").matcher(story).find(), story);
        for (String row : List.of("goroutine creation", "goroutine switch", "blocking system call", "network operation")) {
            assertTrue(story.lines().anyMatch(line -> line.matches(" +" + row + " +\\d+ ns +\\d+ ns .*")), story);
        }
    }

    @Test
    void oneScenario() {
        String story = tour("--scenario", "overflow");
        assertTrue(story.contains("(overflow)"), story);
        assertEquals(1, story.lines().filter(line -> line.startsWith("== ")).count(), story);
        assertEquals(story.lines().count(), tour("--scenario=overflow").lines().count());
    }

    /** One file for each scenario, for a viewer. */
    @Test
    void tracesAreWritten(@TempDir Path dir) throws IOException {
        tour("--trace", dir.toString());
        for (Scenario s : Scenario.ALL) {
            JsonNode trace = JsonMapper.shared().readTree(Files.readAllBytes(dir.resolve(s.name() + ".json")));
            assertTrue(
                    StreamSupport.stream(trace.get("traceEvents").spliterator(), false)
                            .anyMatch(e -> e.get("name").asString().matches("G[0-9]+ [a-z]+")),
                    s::name);
        }
    }

    @Test
    void theHelpNamesAllScenarios() {
        String help = tour("--help");
        Scenario.ALL.forEach(s -> assertTrue(help.contains("\n  " + s.name() + " "), help));
    }

    @Test
    void whatCannotBeTakenIsRefused() {
        for (String[] args : new String[][] {
            {"--scenario"}, {"--scenario", "none"}, {"--port", "80"}, {"--scenario", "normal", "more"}, {"normal"},
            {"--trace"}, {"--trace", "/no/such/directory"}
        }) {
            assertThrows(IllegalArgumentException.class, () -> tour(args));
        }
    }
}
