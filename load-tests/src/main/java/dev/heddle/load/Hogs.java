package dev.heddle.load;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps a server on the loopback address computing: so many connections ask for {@code /cpu} one request after another, and
 * what the server answers, how many rounds its loop made, says how much of the processor each of them got. Run it with
 * {@code --help} for the arguments.
 */
public final class Hogs {
    private static final String HELP =
            """
            Usage: hogs --port N [option...]

            Each hog is a connection to 127.0.0.1 that asks for /cpu?ms=N as soon as its last request is answered. They do not
            begin together but one after another, spread over the time of one request. When all have begun and have settled it
            prints "settled"; at the end how many hogs had an answer since, the answers, errors, the rounds that all together
            made in a millisecond, and what the one that got least got of the mean.

              --port N       TCP port of the server
              --hogs N       how many, 1 to 10000 (default: 4)
              --ms N         milliseconds of one request, 1 to 60000; 0: each hog asks once, for all the time until the end,
                             and they begin spread over one second (default: 4000)
              --settle N     seconds after all have begun that are not measured, 0 to 3600 (default: 2)
              --seconds N    measured seconds, 1 to 3600 (default: 10)
              --help         print this and exit
            """;

    private static final List<Arguments.Option> OPTIONS = List.of(
            new Arguments.Option("--hogs", 1, 10_000, 4),
            new Arguments.Option("--ms", 0, 60_000, 4_000),
            new Arguments.Option("--settle", 0, 3_600, 2),
            new Arguments.Option("--seconds", 1, 3_600, 10));

    /** How long the hogs that compute until the end are waited for then: it may take them long to see that it has come. */
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(3);

    private static final long PAUSE_AFTER_ERROR_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** What to ask for. {@code millis} is 0 for hogs that compute until the end. */
    record Plan(int port, int hogs, int millis, int settleSeconds, int seconds) {
        boolean untilTheEnd() {
            return millis == 0;
        }

        long spreadNanos() {
            return untilTheEnd() ? TimeUnit.SECONDS.toNanos(1) : TimeUnit.MILLISECONDS.toNanos(millis);
        }
    }

    private final Plan plan;
    private final long start = System.nanoTime();
    private final long from;
    private final long end;
    private final LongAdder errors = new LongAdder();

    private Hogs(Plan plan) {
        this.plan = plan;
        from = start + plan.spreadNanos() + TimeUnit.SECONDS.toNanos(plan.settleSeconds);
        end = from + TimeUnit.SECONDS.toNanos(plan.seconds);
    }

    /** Runs to the end. */
    public static void main(String[] args) throws InterruptedException {
        Arguments a = Arguments.orExit("hogs", HELP, args, OPTIONS);
        Plan plan = new Plan(
                a.value(Arguments.PORT),
                a.value("--hogs"),
                a.value("--ms"),
                a.value("--settle"),
                a.value("--seconds"));
        System.out.println(run(plan, () -> System.out.println("settled")));
    }

    /** Keeps the server busy as planned. */
    static Shares run(Plan plan, Runnable whenSettled) throws InterruptedException {
        Hogs hogs = new Hogs(plan);
        Hog[] all = new Hog[plan.hogs];
        Thread[] threads = new Thread[plan.hogs];
        for (int i = 0; i < all.length; i++) {
            Hog hog = hogs.new Hog(hogs.start + plan.spreadNanos() * i / plan.hogs);
            all[i] = hog;
            threads[i] = Thread.ofPlatform().daemon().start(hog::compute);
        }
        sleepUntil(hogs.from);
        whenSettled.run();
        for (Thread thread : threads) {
            thread.join();
        }
        return new Shares(
                Arrays.stream(all).mapToDouble(Hog::roundsPerMilli).toArray(),
                Arrays.stream(all).mapToLong(hog -> hog.answers).sum(),
                hogs.errors.sum());
    }

    private static void sleepUntil(long time) {
        for (long left = time - System.nanoTime(); left > 0; left = time - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** One connection and what it got. Its thread is joined before its figures are read. */
    private final class Hog {
        private final long begin;
        private long answers;
        private long rounds;

        /** The time of the requests that these rounds belong to. */
        private long nanos;

        Hog(long begin) {
            this.begin = begin;
        }

        void compute() {
            sleepUntil(begin);
            while (System.nanoTime() - end < 0) {
                try (ClientConnection connection = ClientConnection.open(plan.port, millisUntil(end))) {
                    askOneAfterAnother(connection);
                } catch (SocketTimeoutException e) {
                    break; // the end has come
                } catch (IOException e) {
                    errors.increment();
                    LockSupport.parkNanos(PAUSE_AFTER_ERROR_NANOS);
                }
            }
        }

        private void askOneAfterAnother(ClientConnection connection) throws IOException {
            long limit = plan.untilTheEnd() ? end + GRACE_NANOS : end;
            for (long sent = System.nanoTime(); sent - end < 0; sent = System.nanoTime()) {
                int millis = plan.untilTheEnd() ? millisUntil(end) : plan.millis;
                try {
                    count(connection.get("/cpu?ms=" + millis, millisUntil(limit)), sent);
                } catch (SocketTimeoutException e) {
                    // twice as long as it was to take is a request that got next to nothing
                    if (System.nanoTime() - sent > TimeUnit.MILLISECONDS.toNanos(2L * millis)) {
                        nanos += System.nanoTime() - sent;
                    }
                    throw e;
                }
            }
        }

        /** Counts a whole request, also what of it was before the hogs had settled: rounds and time belong together. */
        private void count(String answer, long sent) throws IOException {
            long now = System.nanoTime();
            long made = leadingNumber(answer);
            if (now - from >= 0) {
                answers++;
                rounds += made;
                nanos += now - sent;
            }
        }

        double roundsPerMilli() {
            return nanos == 0 ? 0 : rounds * 1e6 / nanos;
        }
    }

    private static int millisUntil(long time) throws SocketTimeoutException {
        long millis = TimeUnit.NANOSECONDS.toMillis(time - System.nanoTime());
        if (millis <= 0) {
            throw new SocketTimeoutException("the end has come");
        }
        return Math.toIntExact(millis);
    }

    private static long leadingNumber(String answer) throws IOException {
        String digits = answer.split("\\D", 2)[0];
        if (digits.isEmpty()) {
            throw new IOException("/cpu: got '" + answer + "', need a number of rounds");
        }
        return Long.parseLong(digits);
    }

    /**
     * What the hogs got.
     *
     * @param roundsPerMilli of each hog; 0 for one that had no answer
     */
    record Shares(double[] roundsPerMilli, long answers, long errors) {
        double sum() {
            return Arrays.stream(roundsPerMilli).sum();
        }

        /** What the hog that got least got of the mean: 1 if all got the same, 0 if one got nothing. */
        double leastToMean() {
            double sum = sum();
            return sum == 0 ? 0 : Arrays.stream(roundsPerMilli).min().getAsDouble() * roundsPerMilli.length / sum;
        }

        long answered() {
            return Arrays.stream(roundsPerMilli).filter(rounds -> rounds > 0).count();
        }

        /** One line, also for scripts to read. */
        @Override
        public String toString() {
            return "hogs %d answered %d answers %d errors %d rounds/ms %.1f least/mean %.2f"
                    .formatted(roundsPerMilli.length, answered(), answers, errors, sum(), leastToMean());
        }
    }
}
