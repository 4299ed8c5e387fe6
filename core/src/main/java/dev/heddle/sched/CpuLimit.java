package dev.heddle.sched;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The processor time that Linux gives this process at most, as a number of processors: the limit of its cgroup and of those
 * around it as far as they can be seen, {@code cpu.max} of version 2, {@code cpu.cfs_quota_us} and {@code cpu.cfs_period_us} of
 * version 1.
 *
 * <p>Why not the JVM's figure alone: {@link Runtime#availableProcessors} asks again at most every 20 ms, but it chooses what to
 * ask when it starts. That is the one cgroup which has the lowest limit then, and none where the hierarchy is mounted for
 * writing and there is no limit yet, as for a service of systemd. A limit that is set later, on another level, or on a cgroup
 * that the process is moved to, is only seen here.
 *
 * <p>Which cgroup that is comes from {@code /proc/self/cgroup} each time; where the hierarchy is mounted, and which part of it,
 * from {@code /proc/self/mountinfo} once. In a container without a namespace of its own the paths of the former are those of
 * the host, and the mount shows only what is below its root.
 */
final class CpuLimit {
    /** No limit. */
    static final int NONE = Integer.MAX_VALUE;

    /**
     * A cgroup of the hierarchy that has the controller of processor time.
     *
     * @param top the mount point, above which nothing is seen
     * @param at the directory of the cgroup, or the top if the cgroup is not seen
     * @param isRoot whether it is the root, or the root of a namespace: that of a container
     */
    record Cgroup(Path top, Path at, boolean isRoot, boolean version2) {}

    /** A mounted hierarchy: the part of it that is seen, and where. */
    private record Mount(String root, Path point, boolean version2) {}

    private final Path root;
    private final List<Mount> mounts;

    private CpuLimit(Path root, List<Mount> mounts) {
        this.root = root;
        this.mounts = mounts;
    }

    /** Looks where the hierarchies are. On other systems, and where that cannot be read, there is no limit ever. */
    static CpuLimit find() {
        return find(Path.of("/"));
    }

    /** The same under another root, for tests. */
    static CpuLimit find(Path root) {
        try {
            List<Mount> mounts = Files.readString(root.resolve("proc/self/mountinfo"))
                    .lines()
                    .map(line -> mount(root, line))
                    .filter(mount -> mount != null)
                    .toList();
            return new CpuLimit(root, mounts);
        } catch (IOException e) {
            return new CpuLimit(root, List.of());
        }
    }

    /** {@code 31 30 0:28 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu}; null if it has no limits. */
    private static Mount mount(Path root, String line) {
        int separator = line.indexOf(" - ");
        if (separator < 0) {
            return null;
        }
        String[] mounted = line.substring(0, separator).split(" ");
        String[] system = line.substring(separator + 3).split(" ");
        boolean version2 = system[0].equals("cgroup2");
        boolean version1 = system[0].equals("cgroup") && hasCpu(system[system.length - 1]);
        if (mounted.length < 5 || !version1 && !version2) {
            return null;
        }
        return new Mount(unescape(mounted[3]), root.resolve(unescape(mounted[4]).substring(1)), version2);
    }

    private static boolean hasCpu(String controllers) {
        return Arrays.asList(controllers.split(",")).contains("cpu");
    }

    private static String unescape(String path) {
        return path.replace("\\040", " ").replace("\\134", "\\");
    }

    /**
     * Returns the limit in processors, rounded up, or {@link #NONE}.
     *
     * @throws IOException if a file could not be read that may hold one: nothing is known then
     */
    int processors() throws IOException {
        Cgroup own = own();
        return own == null ? NONE : lowest(own);
    }

    /** Returns the cgroup of this process; null if there is none. */
    Cgroup own() throws IOException {
        if (mounts.isEmpty()) {
            return null;
        }
        String path = null;
        boolean version2 = true;
        for (String line : Files.readString(root.resolve("proc/self/cgroup")).split("\n")) { // 4:cpu,cpuacct:/a/b
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && hasCpu(parts[1])) { // beside version 2, it has the controller
                path = parts[2];
                version2 = false;
            } else if (parts.length == 3 && parts[0].equals("0") && path == null) {
                path = parts[2];
            }
        }
        Mount mount = path == null ? null : mountFor(path, version2);
        return mount == null ? null : cgroup(mount, path);
    }

    /** The one that shows the cgroup, else any. */
    private Mount mountFor(String path, boolean version2) {
        Mount any = null;
        for (Mount mount : mounts) {
            if (mount.version2 == version2) {
                if (isBelow(path, mount.root)) {
                    return mount;
                }
                any = any == null ? mount : any;
            }
        }
        return any;
    }

    private static boolean isBelow(String path, String root) {
        return root.equals("/") || path.equals(root) || path.startsWith(root + "/");
    }

    private static Cgroup cgroup(Mount mount, String path) {
        Path at = mount.point;
        if (isBelow(path, mount.root) && !path.contains("/..")) { // that one is outside the namespace
            String below = mount.root.equals("/") ? path : path.substring(mount.root.length());
            at = mount.point.resolve(below.substring(below.startsWith("/") ? 1 : 0));
        }
        return new Cgroup(mount.point, at, path.equals("/"), mount.version2);
    }

    /** From the cgroup up to the mount point, below which it may not be seen. */
    private static int lowest(Cgroup own) throws IOException {
        int lowest = NONE;
        for (Path at = own.at; at.startsWith(own.top); at = at.getParent()) {
            lowest = Math.min(lowest, own.version2 ? version2(at) : version1(at));
        }
        return lowest;
    }

    private static int version2(Path cgroup) throws IOException {
        String[] max = read(cgroup.resolve("cpu.max")).split(" ");
        return max.length < 2 || max[0].equals("max") ? NONE : processors(max[0], max[1]);
    }

    private static int version1(Path cgroup) throws IOException {
        String quota = read(cgroup.resolve("cpu.cfs_quota_us"));
        return quota.isEmpty() || quota.startsWith("-")
                ? NONE
                : processors(quota, read(cgroup.resolve("cpu.cfs_period_us")));
    }

    /** Empty if there is none: the root has no limits, and a cgroup may be unseen, or removed. */
    private static String read(Path file) throws IOException {
        try {
            return Files.readString(file).strip();
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    private static int processors(String quota, String period) throws IOException {
        try {
            return (int) Math.clamp(Math.ceilDiv(Long.parseLong(quota), Long.parseLong(period)), 1L, NONE);
        } catch (ArithmeticException | NumberFormatException e) {
            throw new IOException("quota " + quota + ", period " + period, e);
        }
    }
}
