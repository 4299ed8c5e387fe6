package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Limits of cgroups as the kernel shows them, from files made here. The lines are those of real machines. */
class CpuLimitTest {
    private static final String V2 = "28 22 0:25 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw";
    private static final String V1 = "38 30 0:33 / /sys/fs/cgroup/cpu,cpuacct rw shared:17 - cgroup cgroup rw,cpu,cpuacct";
    private static final String MEMORY = "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";
    private static final String TMPFS = "30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755";

    @TempDir
    private Path root;

    private void file(String name, String text) throws IOException {
        Path file = root.resolve(name.substring(1));
        Files.createDirectories(file.getParent());
        Files.writeString(file, text + '\n');
    }

    private void version1(String cgroup, long quota, long period) throws IOException {
        file(cgroup + "/cpu.cfs_quota_us", Long.toString(quota));
        file(cgroup + "/cpu.cfs_period_us", Long.toString(period));
    }

    private CpuLimit limit(String memberships, String... mounts) throws IOException {
        file("/proc/self/cgroup", memberships);
        file("/proc/self/mountinfo", String.join("\n", mounts));
        return CpuLimit.find(root);
    }

    private void assertLimit(int processors, String memberships, String... mounts) throws IOException {
        assertEquals(processors, limit(memberships, mounts).processors());
    }

    @Test
    void version2() throws IOException {
        CpuLimit limit = limit("0::/system.slice/a.service", TMPFS, V2);
        file("/sys/fs/cgroup/system.slice/a.service/cpu.max", "max 100000");
        assertEquals(CpuLimit.NONE, limit.processors());
        file("/sys/fs/cgroup/system.slice/a.service/cpu.max", "300000 100000");
        assertEquals(3, limit.processors());
    }

    @Test
    void isRoundedUp() throws IOException {
        CpuLimit limit = limit("0::/a", V2);
        long[][] quotas = {{1_000, 1}, {99_999, 1}, {100_000, 1}, {100_001, 2}, {150_000, 2}, {200_000, 2}, {1_250_000, 13}};
        for (long[] quota : quotas) {
            file("/sys/fs/cgroup/a/cpu.max", quota[0] + " 100000");
            assertEquals(quota[1], limit.processors());
        }
        file("/sys/fs/cgroup/a/cpu.max", Long.MAX_VALUE + " 1");
        assertEquals(CpuLimit.NONE, limit.processors());
    }

    /** A namespace of its own, as in most containers: the root of the mount is the container's, and has the limit. */
    @Test
    void theRootOfANamespace() throws IOException {
        file("/sys/fs/cgroup/cpu.max", "200000 100000");
        assertLimit(2, "0::/", V2);
    }

    /** A sub-group of one's own inside of a container. */
    @Test
    void theLowestLimitOfAllAround() throws IOException {
        file("/sys/fs/cgroup/cpu.max", "600000 100000");
        file("/sys/fs/cgroup/a/cpu.max", "250000 50000");
        file("/sys/fs/cgroup/a/b/cpu.max", "max 100000");
        file("/sys/fs/cgroup/a/other/cpu.max", "100000 100000");
        assertLimit(5, "0::/a/b", V2);
        file("/sys/fs/cgroup/cpu.max", "400000 100000");
        assertLimit(4, "0::/a/b", V2);
        file("/sys/fs/cgroup/a/b/cpu.max", "100000 50000");
        assertLimit(2, "0::/a/b", V2);
    }

    /** Where the controller is not passed on there are no files, but a limit further up. */
    @Test
    void groupsWithoutFiles() throws IOException {
        file("/sys/fs/cgroup/a/cpu.max", "300000 100000");
        Files.createDirectories(root.resolve("sys/fs/cgroup/a/b/c"));
        assertLimit(3, "0::/a/b/c", V2);
    }

    @Test
    void version1() throws IOException {
        CpuLimit limit = limit("9:memory:/m\n4:cpu,cpuacct:/a/b\n0::/", TMPFS, V1, MEMORY);
        version1("/sys/fs/cgroup/cpu,cpuacct", -1, 100_000);
        version1("/sys/fs/cgroup/cpu,cpuacct/a", -1, 100_000);
        version1("/sys/fs/cgroup/cpu,cpuacct/a/b", -1, 100_000);
        assertEquals(CpuLimit.NONE, limit.processors());
        version1("/sys/fs/cgroup/cpu,cpuacct/a", 75_000, 50_000);
        assertEquals(2, limit.processors());
        version1("/sys/fs/cgroup/cpu,cpuacct/a/b", 50_000, 100_000);
        assertEquals(1, limit.processors());
    }

    /** Both are mounted: the controller is where version 1 names it. */
    @Test
    void bothVersions() throws IOException {
        String unified = "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
        version1("/sys/fs/cgroup/cpu,cpuacct/a", 300_000, 100_000);
        file("/sys/fs/cgroup/unified/a/cpu.max", "100000 100000");
        assertLimit(3, "0::/a\n4:cpu,cpuacct:/a", unified, V1);
        assertLimit(1, "0::/a\n4:memory:/a", unified, V1);
    }

    /** Without a namespace of its own, a container sees the host's paths, and the mount shows its part alone. */
    @Test
    void theMountShowsAPart() throws IOException {
        String part = "38 30 0:33 /docker/0a /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct";
        version1("/sys/fs/cgroup/cpu,cpuacct", 400_000, 100_000);
        assertLimit(4, "4:cpu,cpuacct:/docker/0a", part);
        version1("/sys/fs/cgroup/cpu,cpuacct/sub", 300_000, 100_000);
        assertLimit(3, "4:cpu,cpuacct:/docker/0a/sub", part);
        assertLimit(4, "4:cpu,cpuacct:/docker/0a1", part);
        assertLimit(4, "4:cpu,cpuacct:/elsewhere", part);
        assertLimit(4, "4:cpu,cpuacct:/../../elsewhere", part);
    }

    @Test
    void thatMountOfSeveralWhichShowsIt() throws IOException {
        String other = "50 30 0:33 /other /mnt/other rw - cgroup cgroup rw,cpu,cpuacct";
        version1("/mnt/other", 100_000, 100_000);
        version1("/sys/fs/cgroup/cpu,cpuacct/a", 200_000, 100_000);
        assertLimit(2, "4:cpu,cpuacct:/a", other, V1);
    }

    @Test
    void blanksInNames() throws IOException {
        file("/sys/fs/my cgroup/cpu.max", "200000 100000");
        assertLimit(2, "0::/", "28 22 0:25 / /sys/fs/my\\040cgroup ro - cgroup2 cgroup2 rw");
    }

    /** Seen from outside of its namespace's root. */
    @Test
    void outsideOfTheNamespace() throws IOException {
        file("/sys/fs/cgroup/cpu.max", "200000 100000");
        file("/sys/fs/other/cpu.max", "100000 100000");
        assertLimit(2, "0::/../other", V2);
    }

    /** The process is moved: nothing has to be started anew. */
    @Test
    void movedToAnotherGroup() throws IOException {
        file("/sys/fs/cgroup/a/cpu.max", "200000 100000");
        file("/sys/fs/cgroup/b/cpu.max", "300000 100000");
        CpuLimit limit = limit("0::/a", V2);
        assertEquals(2, limit.processors());
        file("/proc/self/cgroup", "0::/b");
        assertEquals(3, limit.processors());
    }

    @Test
    void noCgroupsAtAll() throws IOException {
        assertEquals(CpuLimit.NONE, CpuLimit.find(root).processors());
        assertLimit(CpuLimit.NONE, "0::/", TMPFS, MEMORY);
        assertLimit(CpuLimit.NONE, "4:cpu:/", V2);
        assertLimit(CpuLimit.NONE, "", V2, V1, "nonsense", "a b - cgroup2 x", "");
    }

    /** What cannot be read is not taken for "no limit". */
    @Test
    void whatCannotBeRead() throws IOException {
        CpuLimit limit = limit("0::/a", V2);
        Path file = root.resolve("sys/fs/cgroup/a/cpu.max");
        Files.createDirectories(file);
        assertThrows(IOException.class, limit::processors);
        Files.delete(file);
        for (String text : new String[] {"abc 100000", "100000 abc", "100000 0", "99999999999999999999 100000"}) {
            file("/sys/fs/cgroup/a/cpu.max", text);
            IOException e = assertThrows(IOException.class, limit::processors);
            assertTrue(e.getMessage().startsWith("quota "), e.getMessage());
        }
        Files.delete(root.resolve("proc/self/cgroup"));
        assertThrows(IOException.class, limit::processors);
    }
}
