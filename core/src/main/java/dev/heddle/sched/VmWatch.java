package dev.heddle.sched;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets hogs run when the JVM waits for them. Some operations of the JVM, such as the deoptimisation that loading a class
 * may bring about, wait until each thread has come to a safepoint poll, while the others go on, and no collection can begin
 * meanwhile: behind the Ps 30 low threads took 20 s for that, in which nobody could allocate (measured). So while the JVM waits,
 * the {@link HogGroup} weighs as much as busy Ps do.
 *
 * <p>How it is seen: the thread {@code VM Thread}, which sleeps between operations, looks again all the time while it waits. The
 * kernel counts how often it has run.
 *
 * <p>A thread of its own, which allocates nothing: sysmon does, and would have to wait for the same operation.
 *
 * <p>It parks while nobody computes. Why no wake-up is lost: sysmon raises {@link Hogs#count} from 0 before it wakes, and
 * the permit stays if this thread has not parked yet. A wake-up too many is a look too many.
 */
final class VmWatch implements Runnable {
    /** 10 ms between two looks. A guess: long for an operation of the JVM, short for those who wait. */
    private static final long PERIOD_NANOS = 10_000_000;

    /** So often has it run, in one period, if it waits: it looks once a millisecond. Collections take less, mostly. */
    private static final int BUSY_RUNS = 3;

    /** So many periods in a row begin it. */
    private static final int BUSY_PERIODS = 2;

    private static final int BUFFER_BYTES = 128;
    private static final int RUNS_FIELD = 2;

    private static final MemorySegment OPEN = OsCalls.find("open");
    private static final MemorySegment PREAD = OsCalls.find("pread");

    /** The descriptor of its figures, open for good; -1 if there are none. */
    private static final int FILE = open();

    private final Sched sched;
    private final Thread thread;
    private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES);
    private long runs;
    private int busyPeriods;
    private HogGroup raised;

    VmWatch(Sched sched) {
        this.sched = sched;
        this.thread = Thread.ofPlatform()
                .name(sched.config.name() + "-vmwatch")
                .daemon(true)
                .unstarted(this);
    }

    private static int open() {
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                if (Files.readString(thread.resolve("comm")).strip().equals("VM Thread")) {
                    MemorySegment path = Arena.ofAuto().allocateFrom(thread.resolve("schedstat").toString());
                    return OsCalls.call(OPEN, path.address(), 0, 0);
                }
            }
        } catch (IOException | RuntimeException e) {
            return -1;
        }
        return -1;
    }

    /** Whether it can be seen. Opens the file when called first. */
    static boolean canWatch() {
        return FILE >= 0;
    }

    /** Does nothing where there is nothing to see, or no thread to be had: then it is done without. */
    void start() {
        if (!canWatch()) {
            return;
        }
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            return;
        }
    }

    /** There are hogs again, or the scheduler ends. */
    void wake() {
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        while (!sched.stopping) {
            if (sched.hogs.count() == 0) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, PERIOD_NANOS);
            }
            Thread.interrupted(); // by a stranger: else no park would wait any more
            look(runs());
        }
    }

    /** One look at how often the JVM's thread has run. */
    private void look(long now) {
        busyPeriods = now - runs >= BUSY_RUNS ? busyPeriods + 1 : 0;
        runs = now;
        HogGroup group = sched.hogs.group();
        if (busyPeriods >= BUSY_PERIODS && raised == null && group != null) {
            raised = group;
            group.raise(true);
        } else if (busyPeriods == 0 && raised != null) {
            raised.raise(false);
            raised = null;
        }
    }

    /** The third number in the file; what was read last if it cannot be read. */
    private long runs() {
        int length = OsCalls.call(PREAD, FILE, buffer.address(), BUFFER_BYTES);
        long number = 0;
        int field = 0;
        for (int i = 0; i < length; i++) {
            byte digit = buffer.get(JAVA_BYTE, i);
            if (digit == ' ') {
                field++;
            } else if (digit >= '0' && digit <= '9' && field == RUNS_FIELD) {
                number = 10 * number + digit - '0';
            }
        }
        return field == RUNS_FIELD ? number : runs;
    }
}
