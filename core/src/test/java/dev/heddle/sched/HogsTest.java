package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Any number of goroutines that compute for ever leave the Ps to the others, and their threads are put below theirs. */
@Timeout(120)
class HogsTest {
    /** So many levels below another one a thread gets less than a hundredth of what that one gets. */
    private static final int FAR_BELOW = 10;

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "1, 8", "1, 50", "2, 1", "2, 2", "2, 5", "2, 6", "2, 8", "2, 50", "2, 200"})
    void othersRunBesideAnyNumber(int procs, int hogs) throws Exception {
        AtomicBoolean end = new AtomicBoolean();
        try (Scheduler s = Started.procs(procs)) {
            try {
                compute(s, hogs, end);
                Waiting.until(s, "each hog is seen without a P", () -> s.stats().hogs().computing() == hogs);
                int rounds = Started.call(s, () -> {
                    int done = 0;
                    for (; done < 20; done++) { // new goroutines, timers, and a call that blocks
                        Goroutine child = s.go(() -> {});
                        child.join();
                        Goroutine.sleep(Duration.ofMillis(1));
                        Syscall.call(() -> 1);
                    }
                    return done;
                });
                assertEquals(20, rounds);
                assertEquals(0, s.stats().preemptionsDenied());
                assertTrue(s.stats().preemptions() >= 1); // some may have seemed to sleep, on a machine that has no time for them
                assertTrue(s.stats().hogs().nanos() > 0);
            } finally {
                end.set(true);
            }
            Quiet.afterEnd(s);
            Waiting.until(s, "nobody is a hog any more", () -> s.stats().hogs().computing() == 0);
        }
    }

    /** Starts them, and waits until each has begun: those before it have lost their P by then. */
    private static void compute(Scheduler s, int hogs, AtomicBoolean end) {
        AtomicInteger begun = new AtomicInteger();
        for (int i = 0; i < hogs; i++) {
            s.go("hog", () -> {
                begun.incrementAndGet();
                Busy.until(end::get);
            });
        }
        Waiting.until(s, "each hog runs", () -> begun.get() == hogs);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aHogsThreadIsLowAndTheSameThreadIsNotWhenItHasAPAgain() throws Exception {
        AtomicBoolean end = new AtomicBoolean();
        try (Scheduler s = Started.procs(1)) {
            s.sched().hogs.giveUpGroup();
            OsPriority.prepare();
            assertTrue(OsPriority.canLower());
            int usual = nice(OsThreads.currentId());
            Goroutine hog = s.go("hog", () -> {
                Busy.until(end::get);
                Goroutine.gosched();
                M m = M.current();
                Busy.until(() -> m.hog.level() == OsPriority.NORMAL && niceOf(m) == usual);
            });
            try {
                M m = onlyHog(s);
                Waiting.until(s, "its thread is nicer", () -> niceOf(m) > usual);
                Waiting.until(s, "and far below, when it has computed for a while", () -> niceOf(m) >= usual + FAR_BELOW);
            } finally {
                end.set(true);
            }
            hog.join();
            Quiet.afterEnd(s);
            for (M m : s.sched().threads.all()) {
                assertEquals(usual, niceOf(m), m::toString);
            }
        }
    }

    static boolean canMakeGroups() {
        HogGroup group = HogGroup.make();
        if (group != null) {
            group.remove();
        }
        return group != null;
    }

    @Test
    @EnabledIf(value = "canMakeGroups", disabledReason = "no cgroup can be made here")
    void aHogsThreadIsInTheGroupAndTheSameThreadIsNotWhenItHasAPAgain() throws Exception {
        AtomicBoolean end = new AtomicBoolean();
        Path group;
        try (Scheduler s = Started.procs(2)) {
            Goroutine hog = s.go("hog", () -> {
                Busy.until(end::get);
                Goroutine.gosched();
                M m = M.current();
                Busy.until(() -> m.hog.level() == OsPriority.NORMAL && !isInGroup(m));
            });
            try {
                M m = onlyHog(s);
                int usual = nice(OsThreads.currentId());
                Waiting.until(s, "its thread is in the group, at usual priority", () -> isInGroup(m) && niceOf(m) == usual);
                group = s.sched().hogs.group().path();
                Path weight = group.resolve("cpu.shares");
                if (Files.exists(weight)) {
                    assertEquals("108", Files.readString(weight).strip(), "a twentieth, of 2048 beside it");
                } else {
                    assertEquals("11", Files.readString(group.resolve("cpu.weight")).strip());
                }
            } finally {
                end.set(true);
            }
            hog.join();
            Quiet.afterEnd(s);
            for (M m : s.sched().threads.all()) {
                assertFalse(isInGroup(m), m::toString);
            }
        }
        assertFalse(Files.exists(group), "it is removed");
    }

    private static boolean isInGroup(M m) {
        try {
            return Files.readString(Path.of("/proc/self/task/" + m.osThreadId + "/cgroup")).contains("/heddle-hogs-");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static M onlyHog(Scheduler s) {
        Waiting.until(s, "there is a hog", () -> s.stats().hogs().computing() == 1);
        for (M m : s.sched().threads.all()) {
            if (!m.hog.isOver()) {
                return m;
            }
        }
        throw Waiting.failure(s, "no hog");
    }

    private static int niceOf(M m) {
        try {
            return nice(m.osThreadId);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Of proc(5): the seventeenth of the fields that follow the name. */
    private static int nice(long id) throws IOException {
        String stat = Files.readString(Path.of("/proc/self/task/" + id + "/stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void oneThatGoesToSleepIsNoHogAndOneThatWakesUpIs(@TempDir Path dir) throws Exception {
        Path fifo = dir.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        AtomicBoolean sleep = new AtomicBoolean();
        AtomicBoolean end = new AtomicBoolean();
        try (Scheduler s = Started.procs(1)) {
            Goroutine hog = s.go("hog", () -> {
                Busy.until(sleep::get);
                try {
                    Files.readString(fifo);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                Busy.until(end::get);
            });
            try {
                Waiting.until(s, "it computes", () -> s.stats().hogs().computing() == 1);
                sleep.set(true);
                Waiting.until(s, "it sleeps", () -> s.stats().hogs().computing() == 0);
                Files.writeString(fifo, "");
                s.go("beat", () -> { // else sysmon sleeps: every P is idle, and nobody is known to compute
                    while (!end.get()) {
                        Goroutine.gosched();
                    }
                });
                Waiting.until(s, "it computes again", () -> s.stats().hogs().computing() == 1);
            } finally {
                sleep.set(true);
                end.set(true);
            }
            hog.join();
        }
    }

    @Test
    void allTogetherWeighWhatTheShareSays() {
        assertEquals(10, Hogs.level(1, 2, 0.05), "weight 108 of 1024 and 1024");
        assertEquals(13, Hogs.level(2, 2, 0.05));
        assertEquals(18, Hogs.level(6, 2, 0.05));
        assertEquals(19, Hogs.level(10, 2, 0.05));
        assertEquals(OsPriority.IDLE, Hogs.level(50, 2, 0.05));
        assertEquals(OsPriority.IDLE, Hogs.level(10_000, 2, 0.05));
        assertEquals(10, Hogs.level(512, 1024, 0.05), "per processor");
        assertEquals(0, Hogs.level(1, 2, 1));
        assertEquals(0, Hogs.level(1, 2, 0.9));
        assertEquals(14, Hogs.level(50, 2, 0.5));
    }

    @Test
    void aShareOfAllLeavesPrioritiesAlone() throws Exception {
        AtomicBoolean end = new AtomicBoolean();
        try (Scheduler s = Started.with(1, config -> config.withHogShare(1))) {
            try {
                compute(s, 1, end);
                M m = onlyHog(s);
                Waiting.until(s, "it has for long", () -> s.stats().hogs().nanos() > 5 * s.config().quantum().toNanos());
                assertEquals(OsPriority.NORMAL, m.hog.level());
            } finally {
                end.set(true);
            }
        }
    }
}
