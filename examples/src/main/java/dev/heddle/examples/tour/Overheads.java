package dev.heddle.examples.tour;

import dev.heddle.net.Conn;
import dev.heddle.net.Listener;
import dev.heddle.netpoll.Netpoll;
import dev.heddle.netpoll.NetpollConfig;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import dev.heddle.sched.Syscall;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/** The article's table of overheads, measured here and now. Quick figures of a cold program: load-tests has better ones. */
final class Overheads {
    static final String NAME = "overheads";
    static final String TITLE = "What the operations cost, beside the article's figures";

    /** Rounds are repeated, and the best is shown: the first ones run in the interpreter. */
    private static final Duration ROUNDS = Duration.ofMillis(400);

    private static final int OPERATIONS = 2_000;

    /** A round trip takes longer. */
    private static final int ROUND_TRIPS = 100;

    private Overheads() {}

    /** One operation, many times; runs in a goroutine. */
    @FunctionalInterface
    private interface Round {
        void run(Scheduler scheduler) throws IOException, InterruptedException;
    }

    static void print(PrintStream out) {
        out.println();
        out.println("== " + TITLE + " (" + NAME + ")");
        out.println();
        out.println("   operation                         article      here     what was measured");
        row(out, "goroutine creation", 200, best(Overheads::create, OPERATIONS), "start, run and end of an empty one");
        row(out, "goroutine switch", 200, best(Overheads::yield, OPERATIONS), "two that yield to each other on one P");
        row(out, "blocking system call", 500, best(Overheads::call, OPERATIONS), "enter and leave; the call itself is empty");
        row(out, "network operation", 100, network(), "a byte there and back over loopback; the article means less");
    }

    private static void row(PrintStream out, String what, int articleNanos, double nanos, String measured) {
        out.printf(Locale.ROOT, "   %-30s %7d ns %7.0f ns   %s%n", what, articleNanos, nanos, measured);
    }

    /** Nanoseconds of one operation in the best round. */
    private static double best(Round round, int operations) {
        try (Scheduler scheduler = Scheduler.start(SchedulerConfig.defaults().withName("overheads").withProcs(1))) {
            return best(scheduler, round, operations);
        }
    }

    private static double best(Scheduler scheduler, Round round, int operations) {
        double[] best = {Double.MAX_VALUE};
        Throwable[] failure = new Throwable[1];
        Goroutine g = scheduler.go("rounds", () -> {
            long end = System.nanoTime() + ROUNDS.toNanos();
            try {
                do {
                    long begin = System.nanoTime();
                    round.run(scheduler);
                    best[0] = Math.min(best[0], (double) (System.nanoTime() - begin) / operations);
                } while (System.nanoTime() < end);
            } catch (IOException | InterruptedException | RuntimeException e) {
                failure[0] = e;
            }
        });
        try {
            g.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while it measured", e);
        }
        if (failure[0] != null) {
            throw new IllegalStateException("could not measure", failure[0]);
        }
        return best[0];
    }

    private static void create(Scheduler scheduler) {
        AtomicInteger ran = new AtomicInteger();
        for (int i = 0; i < OPERATIONS; i++) {
            scheduler.go(ran::incrementAndGet);
            if (i % 100 == 99) {
                Goroutine.goyield(); // lets them run: they are neither to overflow nor to wait long
            }
        }
        while (ran.get() < OPERATIONS) {
            Goroutine.goyield();
        }
    }

    private static void yield(Scheduler scheduler) throws InterruptedException {
        Goroutine other = scheduler.go(() -> {
            for (int i = 0; i < OPERATIONS / 2; i++) {
                Goroutine.goyield();
            }
        });
        for (int i = 0; i < OPERATIONS / 2; i++) {
            Goroutine.goyield();
        }
        other.join();
    }

    private static void call(Scheduler scheduler) {
        for (int i = 0; i < OPERATIONS; i++) {
            Syscall.call(() -> 0);
        }
    }

    private static double network() {
        try (Scheduler scheduler = Scheduler.start(SchedulerConfig.defaults().withName("overheads"));
                Netpoll netpoll = Netpoll.open(scheduler, NetpollConfig.defaults());
                Listener listener = Listener.bind(netpoll, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            scheduler.go("echo", () -> echo(listener));
            try (Conn conn = Conn.connect(netpoll, listener.localAddress(), Duration.ofSeconds(10))) {
                byte[] one = new byte[1];
                return best(
                        scheduler,
                        _ -> {
                            for (int i = 0; i < ROUND_TRIPS; i++) {
                                conn.write(one, 0, 1);
                                if (conn.read(one, 0, 1) != 1) {
                                    throw new IOException("the connection ended");
                                }
                            }
                        },
                        ROUND_TRIPS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void echo(Listener listener) {
        try (Conn conn = listener.accept()) {
            conn.inputStream().transferTo(conn.outputStream());
        } catch (IOException e) {
            return; // everything is closed at the end; if it came too early the other side says so
        }
    }
}
