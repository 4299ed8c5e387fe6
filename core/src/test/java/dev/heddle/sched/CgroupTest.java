package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * The number of Ps of another JVM follows the limits of real cgroups: its own, the one around it, and those of the one that it
 * is moved to. Needs two processors, and version 1 mounted for writing, with the right to; else it is skipped.
 */
@Timeout(120)
@EnabledIf(
        value = "dev.heddle.sched.CgroupTest#canMakeGroups",
        disabledReason = "no cgroup of version 1 can be made here, or there are not two processors")
class CgroupTest {
    private static final Path CPU = Path.of("/sys/fs/cgroup/cpu");

    /** 60 s: each change is seen a second later. */
    private static final long LIMIT_NANOS = 60_000_000_000L;

    static boolean canMakeGroups() {
        return Files.isWritable(CPU.resolve("cgroup.procs"))
                && Files.exists(CPU.resolve("cpu.cfs_quota_us"))
                && Runtime.getRuntime().availableProcessors() >= 2;
    }

    /** Runs goroutines, and prints the number of Ps whenever it changes, for as long as the test may take. */
    static final class Prints {
        public static void main(String[] args) throws Exception {
            try (Scheduler s = Scheduler.start()) {
                s.go(() -> {
                    int last = 0;
                    long begin = System.nanoTime();
                    while (System.nanoTime() - begin < LIMIT_NANOS) {
                        int now = s.gomaxprocs();
                        if (now != last) {
                            System.out.println("procs " + now);
                            last = now;
                        }
                        LockSupport.parkNanos(1_000_000);
                    }
                }).join();
            }
        }
    }

    /** Has a goroutine that computes, for as long as the test may take. */
    static final class Computes {
        public static void main(String[] args) throws Exception {
            try (Scheduler s = Scheduler.start()) {
                s.go(() -> Busy.nanos(LIMIT_NANOS)).join();
            }
        }
    }

    private static void write(Path file, String text) throws IOException {
        Files.write(file, text.getBytes());
    }

    private static void quota(Path group, int micros) throws IOException {
        write(group.resolve("cpu.cfs_quota_us"), Integer.toString(micros));
    }

    private static void awaitProcs(BufferedReader out, int procs) throws IOException {
        while (true) {
            String line = out.readLine();
            if (line == null || line.startsWith("procs ")) {
                assertEquals("procs " + procs, line);
                return;
            }
        }
    }

    @Test
    void psFollowTheLimits() throws Exception {
        Path around = Files.createDirectory(CPU.resolve("heddle-test-" + ProcessHandle.current().pid()));
        Path first = Files.createDirectory(around.resolve("first"));
        Path second = Files.createDirectory(around.resolve("second"));
        Process process = OtherJvm.start(List.of("-Xmx64m"), Prints.class);
        try (BufferedReader out = process.inputReader()) {
            awaitProcs(out, Math.min(1024, Runtime.getRuntime().availableProcessors()));
            String pid = Long.toString(process.pid());
            quota(around, 150_000);
            quota(first, 60_000);
            write(first.resolve("cgroup.procs"), pid);
            awaitProcs(out, 1);
            quota(first, -1);
            awaitProcs(out, 2);
            quota(around, 100_000);
            awaitProcs(out, 1);
            quota(around, 200_000);
            awaitProcs(out, 2);
            quota(second, 100_000);
            write(second.resolve("cgroup.procs"), pid);
            awaitProcs(out, 1);
            quota(second, 100_001);
            awaitProcs(out, 2);
        } finally {
            process.destroyForcibly().waitFor();
            Files.delete(second);
            Files.delete(first);
            Files.delete(around);
        }
    }

    /** Linux moves all threads of a process, also those that it has put into groups of its own. */
    @Test
    void theGroupOfHogsIsLeftBehindByAProcessThatIsMoved() throws Exception {
        Path elsewhere = Files.createDirectory(CPU.resolve("heddle-test-" + ProcessHandle.current().pid()));
        Process process = OtherJvm.start(List.of("-Xmx64m"), Computes.class);
        try {
            String pid = Long.toString(process.pid());
            Path group = CPU.resolve("heddle-hogs-" + pid + "-1");
            await("a thread is in the group", () -> Files.exists(group) && threads(group) == 1);
            write(elsewhere.resolve("cgroup.procs"), pid);
            await("the group is gone", () -> !Files.exists(group));
            await("the thread that computes is low there", () -> countLow(process.pid()) == 1);
        } finally {
            process.destroyForcibly().waitFor();
            Files.delete(elsewhere);
        }
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long begin = System.nanoTime();
        while (!condition.call()) {
            if (System.nanoTime() - begin > LIMIT_NANOS / 2) {
                throw new AssertionError("waited in vain: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static long threads(Path group) throws IOException {
        return Files.readAllLines(group.resolve("tasks")).size();
    }

    /** Of proc(5): the seventeenth of the fields that follow the name is the nice value. */
    private static long countLow(long pid) throws IOException {
        int low = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path thread : threads) {
                String stat = Files.readString(thread.resolve("stat"));
                low += Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]) > 0 ? 1 : 0;
            }
        }
        return low;
    }
}
