package dev.heddle.load;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Asks a server on the loopback address for {@code /plaintext} at a fixed total rate (an open loop) and prints the
 * latencies, each counted from the time at which the request was to be sent: requests that wait because an earlier one on
 * their connection is not answered yet count as waiting, so a server that stands still does not look as if nobody had
 * asked it meanwhile. A request that has no answer in the end, or failed, counts as having waited until the end. Run it
 * with {@code --help} for the arguments.
 */
public final class PacedRequests {
    private static final String HELP =
            """
            Usage: paced-requests --port N [option...]

            Asks 127.0.0.1 for /plaintext at a fixed total rate, whether or not earlier requests are answered, and prints how
            many were planned, answered and failed, and the latencies in milliseconds from the time at which each was to be
            sent. What is not answered one second after the last was due counts as having waited until then.

              --port N           TCP port of the server
              --connections N    keep-alive connections that take turns, 1 to 10000 (default: 32)
              --rate N           requests per second over all connections, 1 to 10000 (default: 500)
              --warmup N         seconds before what is measured, 0 to 600 (default: 2)
              --seconds N        measured seconds, 1 to 600 (default: 10)
              --help             print this and exit
            """;

    private static final List<Arguments.Option> OPTIONS = List.of(
            new Arguments.Option("--connections", 1, 10_000, 32),
            new Arguments.Option("--rate", 1, 10_000, 500),
            new Arguments.Option("--warmup", 0, 600, 2),
            new Arguments.Option("--seconds", 1, 600, 10));

    /** Until the last connection has a thread; a guess, and harmless: who is late counts from the intended time. */
    private static final long LEAD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** How long after the last request was due answers are still waited for. */
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** When and how to ask. */
    record Plan(int port, int connections, int rate, int warmupSeconds, int seconds) {
        int requests() {
            return rate * (warmupSeconds + seconds);
        }

        int notMeasured() {
            return rate * warmupSeconds;
        }

        /** When the nth request is due, from the start. */
        long dueNanos(int n) {
            return TimeUnit.SECONDS.toNanos(1) * n / rate;
        }
    }

    /** What came of one request: nothing yet, an answer, or an error. */
    private enum Fate {
        MISSING,
        ANSWERED,
        FAILED
    }

    private final Plan plan;
    private final long start = System.nanoTime() + LEAD_NANOS;
    private final long end;

    /** Of each request. The thread of its connection writes it, and is joined before it is read. */
    private final Fate[] fates;

    private final long[] nanos;

    private PacedRequests(Plan plan) {
        this.plan = plan;
        end = start + plan.dueNanos(plan.requests()) + GRACE_NANOS;
        fates = new Fate[plan.requests()];
        Arrays.fill(fates, Fate.MISSING);
        nanos = new long[plan.requests()];
    }

    /** Runs to the end. */
    public static void main(String[] args) throws InterruptedException {
        Arguments a = Arguments.orExit("paced-requests", HELP, args, OPTIONS);
        System.out.println(run(new Plan(
                a.value(Arguments.PORT),
                a.value("--connections"),
                a.value("--rate"),
                a.value("--warmup"),
                a.value("--seconds"))));
    }

    /** Asks as planned; takes as long as the plan says and a second more. */
    static Latencies run(Plan plan) throws InterruptedException {
        PacedRequests requests = new PacedRequests(plan);
        Thread[] threads = new Thread[plan.connections];
        for (int i = 0; i < threads.length; i++) {
            int first = i;
            threads[i] = Thread.ofPlatform().daemon().start(() -> requests.onOneConnection(first));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return requests.latencies();
    }

    private void onOneConnection(int first) {
        ClientConnection connection = null;
        for (int n = first; n < fates.length; n += plan.connections) {
            long due = start + plan.dueNanos(n);
            sleepUntil(due);
            try {
                if (connection == null) {
                    connection = ClientConnection.open(plan.port, millisLeft());
                }
                connection.get("/plaintext", millisLeft());
                nanos[n] = System.nanoTime() - due;
                fates[n] = Fate.ANSWERED;
            } catch (SocketTimeoutException e) {
                break; // the end has come: this request and all that were to follow stay without an answer
            } catch (IOException e) {
                fates[n] = Fate.FAILED;
                close(connection);
                connection = null;
            }
        }
        close(connection);
    }

    private static void sleepUntil(long due) {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** As a timeout: at least one millisecond, because none stands for "for ever". */
    private int millisLeft() throws SocketTimeoutException {
        long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (millis <= 0) {
            throw new SocketTimeoutException("the end has come");
        }
        return Math.toIntExact(millis);
    }

    private static void close(ClientConnection connection) {
        if (connection != null) {
            try {
                connection.close();
            } catch (IOException e) {
                System.err.println("paced-requests: close failed: " + e);
            }
        }
    }

    private Latencies latencies() {
        int from = plan.notMeasured();
        int answered = 0;
        int errors = 0;
        for (int n = from; n < fates.length; n++) {
            switch (fates[n]) {
                case ANSWERED -> answered++;
                case FAILED -> errors++;
                case MISSING -> {}
            }
            if (fates[n] != Fate.ANSWERED) {
                nanos[n] = end - start - plan.dueNanos(n);
            }
        }
        long[] sorted = Arrays.copyOfRange(nanos, from, nanos.length);
        Arrays.sort(sorted);
        return new Latencies(sorted, answered, errors);
    }

    /**
     * What was measured.
     *
     * @param nanos latencies of all requests that were planned, in ascending order
     * @param answered how many of them were answered with status 200
     * @param errors how many failed; those that are neither have no answer yet
     */
    record Latencies(long[] nanos, int answered, int errors) {
        /** The smallest latency that so many percent of the requests do not exceed. */
        double millis(int percent) {
            int rank = Math.ceilDiv(nanos.length * percent, 100);
            return nanos[Math.max(rank, 1) - 1] / 1e6;
        }

        /** One line, also for scripts to read. */
        @Override
        public String toString() {
            return "planned %d answered %d errors %d p50 %.2f p90 %.2f p99 %.2f max %.2f ms"
                    .formatted(nanos.length, answered, errors, millis(50), millis(90), millis(99), millis(100));
        }
    }
}
