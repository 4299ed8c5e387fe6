package dev.heddle.load;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitReason;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Parks many goroutines, or virtual threads of the JDK's scheduler, and prints what each of them costs: heap in use after a
 * full collection, and resident memory. Run it with {@code --help} for the arguments.
 */
public final class ParkedThreads {
    private static final String HELP =
            """
            Usage: parked-threads --kind heddle|jdk [--count N]

            Parks so many goroutines (heddle) or virtual threads (jdk), each on a semaphore of its own, prints the bytes of
            heap and of resident memory that each costs and how long their start and their end take.

              --kind KIND     heddle or jdk
              --count N       how many, 1 to 10000000 (default: 100000)
              --help          print this and exit
            """;

    private static final int EXIT_USAGE = 2;
    private static final int MOST = 10_000_000;
    private static final int WARM_UP_ROUNDS = 5;
    private static final int WARM_UP = 50_000;

    private ParkedThreads() {}

    /** Runs to the end. */
    public static void main(String[] args) throws Exception {
        String kind = "";
        int count = 100_000;
        try {
            for (int i = 0; i < args.length; i++) {
                switch (args[i]) {
                    case "--help", "-h" -> {
                        System.out.print(HELP);
                        return;
                    }
                    case "--kind" -> kind = value(args, ++i);
                    case "--count" -> count = count(value(args, ++i));
                    default -> throw new IllegalArgumentException("unknown argument: " + args[i]);
                }
            }
            if (!kind.equals("heddle") && !kind.equals("jdk")) {
                throw new IllegalArgumentException("--kind: got '" + kind + "', need heddle or jdk");
            }
        } catch (IllegalArgumentException e) {
            System.err.println("parked-threads: " + e.getMessage());
            System.err.println("Try --help.");
            System.exit(EXIT_USAGE);
        }
        if (kind.equals("jdk")) {
            measure(kind, count, Thread::startVirtualThread);
        } else {
            try (Scheduler scheduler = Scheduler.start()) {
                measure(kind, count, scheduler::go);
            }
        }
    }

    private static String value(String[] args, int i) {
        if (i >= args.length) {
            throw new IllegalArgumentException(args[i - 1] + ": got nothing, need a value");
        }
        return args[i];
    }

    private static int count(String text) {
        try {
            int n = Integer.parseInt(text);
            if (n >= 1 && n <= MOST) {
                return n;
            }
        } catch (NumberFormatException e) {
            // as a number out of range
        }
        throw new IllegalArgumentException("--count: got '" + text + "', need 1 to " + MOST);
    }

    private static void measure(String kind, int count, Consumer<Runnable> start) throws Exception {
        for (int i = 0; i < WARM_UP_ROUNDS; i++) {
            park(WARM_UP, start, () -> {}); // frames of the interpreter, which are larger, are not what is to be measured
        }
        long heap = heapBytes();
        long resident = residentBytes();
        long[] after = new long[2];
        long[] nanos = park(count, start, () -> {
            after[0] = heapBytes();
            after[1] = residentBytes();
        });
        System.out.printf(
                "%-7s %9d parked   heap %5d bytes each   resident %5d bytes each   started in %5d ms   ended in %5d ms%n",
                kind,
                count,
                (after[0] - heap) / count,
                (after[1] - resident) / count,
                TimeUnit.NANOSECONDS.toMillis(nanos[0]),
                TimeUnit.NANOSECONDS.toMillis(nanos[1]));
    }

    private interface Look {
        void run() throws IOException;
    }

    /** Returns how long it took to start and to end all. */
    private static long[] park(int count, Consumer<Runnable> start, Look look) throws Exception {
        BinarySemaphore[] semaphores = new BinarySemaphore[count];
        CountDownLatch started = new CountDownLatch(count);
        CountDownLatch ended = new CountDownLatch(count);
        long begin = System.nanoTime();
        for (int i = 0; i < count; i++) {
            BinarySemaphore semaphore = new BinarySemaphore();
            semaphores[i] = semaphore;
            start.accept(() -> {
                started.countDown();
                semaphore.acquire(WaitReason.SEMACQUIRE);
                ended.countDown();
            });
        }
        started.await();
        long up = System.nanoTime();
        look.run();
        long down = System.nanoTime();
        for (BinarySemaphore semaphore : semaphores) {
            semaphore.release();
        }
        ended.await();
        return new long[] {up - begin, System.nanoTime() - down};
    }

    private static long heapBytes() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IOException("no VmRSS in /proc/self/status");
    }
}
