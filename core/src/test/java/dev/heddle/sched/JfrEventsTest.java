package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a JDK Flight Recorder recording contains of a scheduler. */
@Timeout(180)
class JfrEventsTest {
    private static final List<String> ALL = Stream.of(
                    "GoCreate",
                    "GoStart",
                    "GoBlock",
                    "GoUnblock",
                    "GoDestroy",
                    "GoSyscall",
                    "ProcStart",
                    "ProcStop",
                    "ProcSteal",
                    "ProcPreempt",
                    "Steal",
                    "Overflow")
            .map(name -> "heddle." + name)
            .toList();

    /** Does everything once, inside a recording of everything, and returns what was recorded. */
    private static List<RecordedEvent> record(Scheduler s, Path file, Runnable scenario) throws Exception {
        try (Recording recording = new Recording()) {
            ALL.forEach(name -> recording.enable(name).withThreshold(Duration.ZERO));
            recording.start();
            scenario.run();
            end(s);
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file);
    }

    /** Threads hand their last events to JFR when they come to rest, at the latest when they end. */
    private static void end(Scheduler s) {
        Quiet.afterEnd(s);
        s.close();
    }

    private static List<RecordedEvent> of(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(e -> e.getEventType().getName().equals("heddle." + name))
                .sorted(Comparator.comparing(RecordedEvent::getStartTime))
                .toList();
    }

    private static List<RecordedEvent> of(List<RecordedEvent> events, String name, Goroutine g) {
        return of(events, name).stream()
                .filter(e -> e.getLong("goroutine") == g.id())
                .toList();
    }

    @Test
    void theLifeOfAGoroutine(@TempDir Path dir) throws Exception {
        try (Scheduler s = Started.withoutSysmon(1)) { // which would take the P from the call
            Started.secondThread(s); // for which the call would wait
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine[] both = new Goroutine[2];
            List<RecordedEvent> events = record(s, dir.resolve("life.jfr"), () -> {
                both[0] = s.go("waiter", () -> {
                    semaphore.acquire(WaitReason.CHAN_RECEIVE);
                    Goroutine.gosched();
                    Syscall.call(() -> 0);
                });
                Waiting.until(s, "it waits", () -> both[0].state() == Goroutine.State.WAITING);
                both[1] = s.go("waker", () -> {
                    s.go(() -> {});
                    semaphore.release();
                });
            });
            Goroutine waiter = both[0];
            RecordedEvent create = of(events, "GoCreate", waiter).getFirst();
            assertEquals(0, create.getLong("creator"));
            assertEquals("GLOBAL", create.getString("place"));
            assertTrue(
                    create.getStackTrace().getFrames().stream()
                            .anyMatch(frame -> frame.getMethod().getType().getName().equals(JfrEventsTest.class.getName())),
                    "where it was started");
            assertTrue(of(events, "GoCreate").stream().anyMatch(e -> e.getLong("creator") == both[1].id()));

            List<RecordedEvent> slices = of(events, "GoStart", waiter);
            assertEquals(
                    List.of("GoBlock", "GoStop", "GoDestroy"),
                    slices.stream().map(e -> e.getString("endedBy")).toList());
            assertEquals("chan receive", slices.getFirst().getString("reason"));
            assertEquals("waiter", slices.getFirst().getString("name"));
            assertTrue(slices.getFirst().getClass("body").getName().startsWith(JfrEventsTest.class.getName()));
            assertEquals(0, slices.getFirst().getInt("proc"));
            assertTrue(slices.stream().allMatch(e -> !e.getDuration().isNegative()));

            RecordedEvent block = of(events, "GoBlock", waiter).getFirst();
            assertEquals("chan receive", block.getString("reason"));
            assertFalse(block.getDuration().isZero());
            RecordedEvent unblock = of(events, "GoUnblock", waiter).getFirst();
            assertEquals(both[1].id(), unblock.getLong("by"));
            assertEquals("RUNNEXT", unblock.getString("place"));
            RecordedEvent call = of(events, "GoSyscall", waiter).getFirst();
            assertFalse(call.getBoolean("lostProc"));
            assertEquals(1, of(events, "GoDestroy", waiter).size());
            assertFalse(of(events, "ProcStart").isEmpty());
            assertFalse(of(events, "ProcStop").isEmpty());
            assertNotNull(of(events, "ProcStop").getFirst().getThread().getJavaName());
        }
    }

    /** It parks by the JDK's means, for which JFR has no event. */
    @Test
    void aSleep(@TempDir Path dir) throws Exception {
        try (Scheduler s = Started.procs(1)) {
            Goroutine[] sleeper = new Goroutine[1];
            List<RecordedEvent> events = record(s, dir.resolve("sleep.jfr"), () -> sleeper[0] = s.go(() -> {
                try {
                    Goroutine.sleep(Duration.ofMillis(2));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
            RecordedEvent block = of(events, "GoBlock", sleeper[0]).getFirst();
            assertEquals("sleep", block.getString("reason"));
            assertTrue(block.getDuration().compareTo(Duration.ofMillis(2)) >= 0, block::toString);
        }
    }

    @Test
    void whatTakesAPAway(@TempDir Path dir) throws Exception {
        try (Scheduler s = Started.procs(2)) {
            Goroutine[] some = new Goroutine[2];
            List<RecordedEvent> events = record(s, dir.resolve("taken.jfr"), () -> {
                some[0] = s.go("hog", () -> Busy.untilAPreemption(s));
                some[1] = s.go("caller", Busy::inCallUntilHandedOff);
                Waiting.until(s, "both have ended", () -> some[0].state() == Goroutine.State.DEAD
                        && some[1].state() == Goroutine.State.DEAD);
            });
            assertFalse(of(events, "ProcPreempt", some[0]).isEmpty());
            assertTrue(of(events, "ProcSteal", some[1]).stream().anyMatch(e -> !e.getBoolean("undeclared")));
            assertTrue(of(events, "GoSyscall", some[1]).stream().anyMatch(e -> e.getBoolean("lostProc")));
        }
    }

    /** A goroutine that keeps its P until what it has started has run elsewhere. */
    @Test
    void aSteal(@TempDir Path dir) throws Exception {
        try (Scheduler s = Started.unhurried(2)) {
            AtomicInteger ran = new AtomicInteger();
            List<RecordedEvent> events = record(s, dir.resolve("steal.jfr"), () -> s.go(() -> {
                for (int i = 0; i < 10; i++) {
                    s.go(ran::incrementAndGet);
                }
                Busy.until(() -> ran.get() == 10);
            }));
            List<RecordedEvent> steals = of(events, "Steal");
            assertEquals(10, steals.stream().mapToInt(e -> e.getInt("count")).sum());
            assertTrue(steals.stream().allMatch(e -> e.getInt("victim") != e.getInt("proc")), steals::toString);
        }
    }

    /** With one P that runs their creator, 258 goroutines do not fit: 256 on the ring, one in runnext. */
    @Test
    void anOverflow(@TempDir Path dir) throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            List<RecordedEvent> events = record(s, dir.resolve("overflow.jfr"), () -> s.go(() -> {
                for (int i = 0; i < 258; i++) {
                    s.go(() -> {});
                }
            }));
            assertEquals(1, of(events, "Overflow").size());
            assertEquals(129, of(events, "Overflow").getFirst().getLong("count"));
        }
    }

    /** A recording with the settings of the events themselves has what is rare, and none of what is not. */
    @Test
    void whatIsOftenIsOffUnlessAskedFor() throws Exception {
        Set<String> on = FlightRecorder.getFlightRecorder().getEventTypes().stream()
                .filter(type -> type.getName().startsWith("heddle."))
                .filter(type -> type.getSettingDescriptors().stream()
                        .anyMatch(d -> d.getName().equals("enabled") && d.getDefaultValue().equals("true")))
                .map(EventType::getName)
                .collect(Collectors.toSet());
        assertEquals(
                Set.of(
                        "heddle.GoBlock",
                        "heddle.GoSyscall",
                        "heddle.ProcSteal",
                        "heddle.ProcPreempt",
                        "heddle.Overflow",
                        "heddle.DataLoss",
                        "heddle.Carrier"),
                on);
    }

    /** Many threads, everything on, while it is read: nothing breaks, and events come. */
    @Test
    void aStreamUnderLoad() throws Exception {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(3);
                RecordingStream stream = new RecordingStream()) {
            ConcurrentLinkedQueue<Long> destroyed = new ConcurrentLinkedQueue<>();
            ALL.forEach(name -> stream.enable(name).withThreshold(Duration.ZERO));
            stream.onEvent("heddle.GoDestroy", e -> destroyed.add(e.getLong("goroutine")));
            AtomicInteger lastSlices = new AtomicInteger();
            stream.onEvent("heddle.GoStart", e -> {
                if (e.getString("endedBy").equals("GoDestroy")) {
                    lastSlices.incrementAndGet();
                }
            });
            stream.startAsync();
            AtomicInteger left = new AtomicInteger(20_000);
            for (int i = 0; i < 100; i++) {
                s.go(() -> {
                    for (int k = 0; k < 200; k++) {
                        s.go(() -> {
                            Goroutine.goyield();
                            Syscall.call(left::decrementAndGet);
                        });
                        Goroutine.goyield();
                    }
                });
            }
            Waiting.until(s, "all have run", () -> left.get() == 0);
            end(s);
            stream.stop();
            assertEquals(20_100, destroyed.size());
            assertEquals(20_100, Set.copyOf(destroyed).size());
            assertEquals(20_100, lastSlices.get());
            log.assertNoErrors();
        }
    }
}
