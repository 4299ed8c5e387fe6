package dev.heddle.sched;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;

/**
 * A cgroup for the threads of hogs, below that of the process: Linux gives all of them together what the group weighs, however
 * many they are, and as much to each. To move a thread takes 5 to 100 us (measured) and, where the group can be made, no
 * privilege, in and out.
 *
 * <p>Better than priorities ({@link OsPriority}), with which each thread has a weight of its own, 3 of 1024 at least: 200 of
 * these had 60 % of two processors, and had those wait for 50 ms at a time who came to run for 0.1 ms (Linux 6.18).
 *
 * <p>It is made where the process is in the root of a hierarchy or of a namespace, which is that of a container, or in a cgroup
 * that was delegated to it: elsewhere the cgroups below belong to somebody else (the single-writer rule of systemd). Version
 * 1 and, as a threaded cgroup, version 2.
 *
 * <p>Whoever is started by a hog's thread begins in the group, as with priorities. If the process is moved to another cgroup,
 * Linux moves all threads there, also those in this one: it is abandoned then. That is noticed within a second. A hog that
 * ends meanwhile moves its thread back to where the process was.
 *
 * <p>Sysmon's, but for {@link #leave} and {@link #raise}.
 */
final class HogGroup {
    private static final String PREFIX = "heddle-hogs-";

    /** The weight of a thread of usual priority in files of version 2; in those of version 1 it is what it is elsewhere. */
    private static final double USUAL_WEIGHT2 = 100;

    /** The most that may be written, in files of version 1 and 2. */
    private static final long MOST = 262_144;

    private static final long MOST2 = 10_000;

    /** To the kernel, the thread that writes it. */
    private static final MemorySegment SELF = text("0");

    /** Of this process; under the lock of this class. */
    private static int groups;

    private final CpuLimit limits;
    private final CpuLimit.Cgroup around;
    private final Path path;
    private final MemorySegment threads;
    private final MemorySegment threadsAround;
    private final MemorySegment weightFile;
    private int procs;
    private volatile MemorySegment weight;
    private volatile MemorySegment raisedWeight;
    private volatile boolean abandoned;

    private HogGroup(CpuLimit limits, CpuLimit.Cgroup around, Path path) {
        this.limits = limits;
        this.around = around;
        this.path = path;
        String file = around.version2() ? "cgroup.threads" : "tasks";
        this.threads = Arena.ofAuto().allocateFrom(path.resolve(file).toString());
        this.weightFile = Arena.ofAuto()
                .allocateFrom(path.resolve(around.version2() ? "cpu.weight" : "cpu.shares").toString());
        this.weight = weight(1);
        this.raisedWeight = weight;
        this.threadsAround = Arena.ofAuto().allocateFrom(around.at().resolve(file).toString());
    }

    /**
     * Makes one. Does not throw.
     *
     * @return null where there can be none
     */
    static HogGroup make() {
        if (!OsCalls.LINUX) {
            return null;
        }
        try {
            CpuLimit limits = CpuLimit.find();
            CpuLimit.Cgroup around = limits.own();
            return around == null || !around.isRoot() && !isDelegated(around.at()) ? null : make(limits, around);
        } catch (Throwable e) { // whatever is not as it should be, or there is no memory: it can be done without
            return null;
        }
    }

    /**
     * Goes through all that {@link #make} does, without making one, while nobody computes: a class that the JDK loads then may
     * cost a deoptimisation, for which the JVM waits until every thread has run, however low it is: with 30 hogs that took
     * sysmon 20 s (measured). Does not throw.
     */
    static void rehearse() {
        if (!OsCalls.LINUX) {
            return;
        }
        try {
            CpuLimit.Cgroup around = CpuLimit.find().own();
            if (around != null) {
                isDelegated(around.at());
                removeThoseLeft(around.at());
                HogGroup none = new HogGroup(CpuLimit.find(), around, around.at().resolve(PREFIX + "0"));
                none.isInPlace();
                none.enter(0);
                none.weigh(1, 0.5);
                none.raise(false);
                none.remove();
                VmWatch.canWatch();
                Files.createDirectory(around.at());
            }
        } catch (IOException | RuntimeException e) {
            return; // it is there
        }
    }

    /** Of systemd, since version 251: {@code Delegate=yes}. */
    private static boolean isDelegated(Path cgroup) throws IOException {
        UserDefinedFileAttributeView attributes =
                Files.getFileAttributeView(cgroup, UserDefinedFileAttributeView.class);
        return attributes != null && attributes.list().contains("delegate");
    }

    private static HogGroup make(CpuLimit limits, CpuLimit.Cgroup around) throws IOException {
        removeThoseLeft(around.at());
        Path path = around.at().resolve(PREFIX + ProcessHandle.current().pid() + "-" + nextNumber());
        Files.createDirectory(path);
        try {
            if (around.version2()) {
                Files.writeString(path.resolve("cgroup.type"), "threaded");
                Files.writeString(around.at().resolve("cgroup.subtree_control"), "+cpu");
            }
            return new HogGroup(limits, around, path);
        } catch (Throwable e) {
            Files.delete(path);
            throw e;
        }
    }

    private static synchronized int nextNumber() {
        return ++groups;
    }

    /** By processes that were killed, or ended while one computed. */
    private static void removeThoseLeft(Path around) throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(around, PREFIX + "*")) {
            for (Path group : left) {
                String[] name = group.getFileName().toString().substring(PREFIX.length()).split("-");
                if (ProcessHandle.of(Long.parseLong(name[0])).isEmpty()) {
                    Files.deleteIfExists(group);
                }
            }
        } catch (RuntimeException | IOException e) {
            return; // not ours, or in use after all: they cost nothing
        }
    }

    /**
     * Sets what all in it weigh together: a share of what they and so many busy Ps weigh. Does not throw.
     *
     * @return false if the system has refused that
     */
    boolean weigh(int numberOfProcs, double share) {
        if (procs == numberOfProcs) {
            return true;
        }
        double usual = Hogs.weight(numberOfProcs, share);
        try {
            weight = weight(usual);
            raisedWeight = weight(Math.max(usual, numberOfProcs));
            procs = numberOfProcs;
            return OsCalls.write(weightFile, weight);
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    /** As a number, where a thread of usual priority weighs 1. */
    private MemorySegment weight(double value) {
        return around.version2()
                ? text(Long.toString(Math.clamp(Math.round(value * USUAL_WEIGHT2), 1L, MOST2)))
                : text(Long.toString(Math.clamp(Math.round(value * Hogs.USUAL_WEIGHT), 2L, MOST)));
    }

    /**
     * Lets it weigh as much as busy Ps do, or as usual again. Any thread; neither throws nor allocates. Not more: those who
     * wait for the hogs, and sysmon, have to run as well (200 hogs that weighed the most left nothing for them).
     */
    void raise(boolean raised) {
        OsCalls.write(weightFile, raised ? raisedWeight : weight);
    }

    /** Moves a thread into it. Returns false if the system has refused that. Does not throw. */
    boolean enter(long threadId) {
        try {
            return OsCalls.write(threads, text(Long.toString(threadId)));
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    /** Moves the calling thread out of it. Returns false if the system has refused that. Does not throw. */
    boolean leave() {
        return abandoned || OsCalls.write(threadsAround, SELF);
    }

    private static MemorySegment text(String text) {
        return Arena.ofAuto().allocateFrom(text).asSlice(0, text.getBytes(StandardCharsets.US_ASCII).length);
    }

    /** Returns whether the process is still where it was. Reads a file. Does not throw. */
    boolean isInPlace() {
        try {
            return around.equals(limits.own());
        } catch (Throwable e) {
            return true; // nothing is known
        }
    }

    /** Nobody is in it any more, since the process was moved. */
    void abandon() {
        abandoned = true;
        remove();
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** Removes it if it is empty. Else the next process does that which makes one here. */
    void remove() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException | RuntimeException e) {
            return; // in use
        }
    }

    /** Returns where it is. */
    Path path() {
        return path;
    }
}
