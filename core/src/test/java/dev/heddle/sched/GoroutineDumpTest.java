package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Dumps of goroutines in Go's two shapes, and the JDK's own. */
@Timeout(120)
class GoroutineDumpTest {
    private static final long MINUTE = 60_000_000_000L;

    private static final Pattern HEADER = Pattern.compile("goroutine (\\d+) \\[([^,\\]]+)(, (\\d+) minutes)?]:( .+)?");

    private static Goroutine waiting(Scheduler s, String name, BinarySemaphore semaphore, WaitReason reason) {
        Goroutine g = s.go(name, () -> semaphore.acquire(reason));
        Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
        return g;
    }

    private static String blockOf(Scheduler s, Goroutine g) {
        return Arrays.stream(s.goroutineDump().split("\n\n"))
                .filter(b -> b.startsWith("goroutine " + g.id() + " "))
                .findAny()
                .orElseThrow(() -> new AssertionError(s.goroutineDump()));
    }

    @Test
    void oneBlockForEachGoroutine() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine receiver = waiting(s, "receiver", semaphore, WaitReason.CHAN_RECEIVE);
            Goroutine parked = s.go(LockSupport::park);
            Waiting.until(s, "it is parked", () -> parked.state() == Goroutine.State.WAITING);
            Goroutine[] children = new Goroutine[1];
            long[] self = new long[1];
            String dump = Started.call(s, () -> {
                self[0] = Goroutine.current().id();
                children[0] = s.go(() -> {});
                return s.goroutineDump();
            });
            List<Long> ids = new ArrayList<>();
            for (String block : dump.split("\n\n")) {
                List<String> lines = block.lines().toList();
                Matcher header = HEADER.matcher(lines.getFirst());
                assertTrue(header.matches(), lines.getFirst());
                ids.add(Long.parseLong(header.group(1)));
                assertTrue(lines.getLast().matches("created by \\S+( in goroutine \\d+)?"), lines.getLast());
                for (int i = 1; i < lines.size() - 1; i += 2) {
                    assertTrue(lines.get(i).matches("\\S+\\.\\S+\\(\\.\\.\\.\\)"), lines.get(i));
                    assertTrue(lines.get(i + 1).matches("\t\\S+(:\\d+)?"), lines.get(i + 1));
                }
            }
            assertEquals(List.of(receiver.id(), parked.id(), self[0], children[0].id()), ids);
            String me = GoroutineDumpTest.class.getName();
            assertEquals(
                    List.of(
                            "goroutine " + receiver.id() + " [chan receive]: receiver",
                            me + ".lambda$waiting$0(...)"),
                    dump.lines().limit(2).toList());
            String mine = blockOf(dump, self[0]);
            assertTrue(mine.startsWith("goroutine " + self[0] + " [running]: under test\n"), mine);
            assertTrue(blockOf(dump, parked.id()).contains("[jdk park]:"), dump);
            String child = blockOf(dump, children[0].id());
            assertEquals("goroutine " + children[0].id() + " [runnable]:", child.lines().findFirst().orElseThrow());
            assertTrue(child.endsWith("created by " + me + " in goroutine " + self[0] + "\n"), child);
            semaphore.release();
            LockSupport.unpark(parked.thread());
            Quiet.afterEnd(s);
            assertEquals("", s.goroutineDump());
        }
    }

    private static String blockOf(String dump, long id) {
        return Arrays.stream(dump.split("(?<=\n)\n"))
                .filter(b -> b.startsWith("goroutine " + id + " "))
                .findAny()
                .orElseThrow(() -> new AssertionError(dump));
    }

    @Test
    void minutesCountFromWhenItWasFirstSeenToWait() {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine g = s.go(() -> {
                semaphore.acquire(WaitReason.SEMACQUIRE);
                semaphore.acquire(WaitReason.SELECT);
            });
            Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
            assertTrue(blockOf(s, g).startsWith("goroutine " + g.id() + " [semacquire]:"));
            G inner = (G) g;
            // the first look was just now; one that was 3 minutes ago is what this one would be in 3 minutes
            assertEquals(3, inner.blockedNanos(Clock.nanotime() + 3 * MINUTE + MINUTE / 2) / MINUTE);
            semaphore.release();
            Waiting.until(s, "it waits again", () -> g.waitReason() == WaitReason.SELECT);
            inner.noteBlocked(Clock.nanotime() - 2 * MINUTE - MINUTE / 2); // sees another wait, and counts anew
            assertTrue(blockOf(s, g).startsWith("goroutine " + g.id() + " [select, 2 minutes]:"), blockOf(s, g));
            semaphore.release();
            Quiet.afterEnd(s);
            assertEquals(0, inner.blockedNanos(Clock.nanotime()));
        }
    }

    /** The monitor looks by itself, at a part of all goroutines at a time: here there is one in every part. */
    @Test
    void somebodyLooks() {
        try (Scheduler s = Started.procs(1)) {
            List<BinarySemaphore> semaphores = new ArrayList<>();
            List<G> all = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                semaphores.add(new BinarySemaphore());
                all.add((G) waiting(s, "", semaphores.get(i), WaitReason.SEMACQUIRE));
            }
            Waiting.until(s, "one has been seen", () -> {
                s.go(() -> {}); // keeps the monitor awake
                return all.stream().anyMatch(G::isNotedBlocked);
            });
            semaphores.forEach(BinarySemaphore::release);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void equalStacksTogether() {
        try (Scheduler s = Started.procs(1)) {
            List<BinarySemaphore> semaphores = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                semaphores.add(new BinarySemaphore());
                waiting(s, "", semaphores.get(i), WaitReason.SEMACQUIRE);
            }
            Goroutine other = s.go(LockSupport::park);
            Waiting.until(s, "it is parked", () -> other.state() == Goroutine.State.WAITING);
            String profile = s.goroutineProfile();
            String[] groups = profile.split("\n\n|(?<=total 6)\n");
            assertEquals("goroutine profile: total 6", groups[0]);
            assertEquals(3, groups.length, profile);
            Pattern first = Pattern.compile("5 @( 0x[0-9a-f]+)+");
            assertTrue(first.matcher(groups[1].lines().findFirst().orElseThrow()).matches(), profile);
            assertTrue(groups[2].startsWith("1 @ 0x"), profile);
            List<String> frames = groups[1].lines().skip(1).toList();
            assertTrue(frames.stream().allMatch(f -> f.matches("#\t0x[0-9a-f]+\t\\S+\t\\S+")), profile);
            assertEquals(groups[1].lines().findFirst().orElseThrow().split(" 0x").length - 1, frames.size());
            assertTrue(frames.getFirst().contains("GoroutineDumpTest.lambda$waiting$0\tGoroutineDumpTest.java:"), profile);
            semaphores.forEach(BinarySemaphore::release);
            LockSupport.unpark(other.thread());
            Quiet.afterEnd(s);
        }
    }

    /** Those that have waited for long, as if they had leaked, and nobody else. */
    @Test
    void whoHasWaitedForMinutes() {
        try (Scheduler s = Started.procs(1)) {
            List<BinarySemaphore> semaphores = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                semaphores.add(new BinarySemaphore());
                Goroutine g = waiting(s, "", semaphores.get(i), WaitReason.CHAN_RECEIVE);
                if (i > 0) {
                    ((G) g).noteBlocked(Clock.nanotime() - 6 * MINUTE);
                }
            }
            String profile = s.goroutineProfile(Duration.ofMinutes(5));
            assertTrue(profile.startsWith("goroutine profile: total 3\n3 @ 0x"), profile);
            assertTrue(s.goroutineProfile(Duration.ZERO).startsWith("goroutine profile: total 4\n4 @ 0x"));
            assertEquals("goroutine profile: total 0\n", s.goroutineProfile(Duration.ofMinutes(7)));
            semaphores.forEach(BinarySemaphore::release);
            Quiet.afterEnd(s);
        }
    }

    /** The topmost line of a wait is the call that somebody knows: nothing of the scheduler is above it. */
    @Test
    void theSchedulersFramesAreCutOff() {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine sleeps = s.go(() -> {
                try {
                    Goroutine.sleep(Duration.ofDays(1));
                } catch (InterruptedException e) {
                    semaphore.release();
                }
            });
            Goroutine timed = s.go(() -> semaphore.acquire(WaitReason.SEMACQUIRE, Long.MAX_VALUE / 2));
            for (Goroutine g : List.of(sleeps, timed)) {
                Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
            }
            assertEquals("dev.heddle.sched.Goroutine.sleep(...)", blockOf(s, sleeps).lines().skip(1).findFirst().orElseThrow());
            String top = blockOf(s, timed).lines().skip(1).findFirst().orElseThrow();
            assertTrue(top.startsWith(GoroutineDumpTest.class.getName() + ".lambda$"), top);
            sleeps.thread().interrupt();
            Quiet.afterEnd(s);
        }
    }

    @Test
    void thePlaceOfTheGoCall() {
        CreatedBy created = new CreatedBy(() -> {}, CreatedBy.caller());
        assertEquals("thePlaceOfTheGoCall", created.place().getMethodName());
        assertEquals(GoroutineDumpTest.class.getName() + ".thePlaceOfTheGoCall", CreatedBy.describe(created));
        assertEquals(GoroutineDumpTest.class.getName(), CreatedBy.describe(() -> {}));
        assertEquals(Thread.class.getName(), CreatedBy.describe(new Thread(() -> {})));
    }

    /** What {@code jcmd PID Thread.dump_to_file -format=json} writes has the goroutines in a container of ours. */
    @Test
    void theDumpOfTheJdkListsGoroutinesInOurContainer(@TempDir Path dir) throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine g = waiting(s, "to be seen", semaphore, WaitReason.SEMACQUIRE);
            Path file = dir.resolve("threads.json");
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.JSON);
            JsonNode containers = JsonMapper.shared()
                    .readTree(Files.readAllBytes(file))
                    .get("threadDump")
                    .get("threadContainers");
            List<String> names = new ArrayList<>();
            for (JsonNode container : containers) {
                if (container.get("container").asString().startsWith(s.config().name() + "/")
                        || container.get("container").asString().equals(s.config().name())) {
                    for (JsonNode thread : container.get("threads")) {
                        names.add(thread.get("name").asString());
                    }
                }
            }
            assertEquals(List.of(g.thread().getName()), names, containers::toString);
            semaphore.release();
            Quiet.afterEnd(s);
        }
    }
}
