package dev.heddle.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing that the server leaves out makes the latencies look better. */
@Timeout(60)
final class PacedRequestsTest {
    private static final int CONNECTIONS = 4;
    private static final int PER_SECOND = 100;

    private static PacedRequests.Latencies run(StubServer server, int warmupSeconds) throws InterruptedException {
        return PacedRequests.run(new PacedRequests.Plan(server.port(), CONNECTIONS, PER_SECOND, warmupSeconds, 1));
    }

    @Test
    void asksAsOftenAsPlannedAndLeavesOutTheWarmUp() throws Exception {
        try (StubServer server = StubServer.start((_, _, _) -> StubServer.ok("Hello, World!"))) {
            PacedRequests.Latencies latencies = run(server, 1);
            assertEquals(PER_SECOND, latencies.nanos().length);
            assertEquals(PER_SECOND, latencies.answered());
            assertEquals(0, latencies.errors());
        }
    }

    @Test
    void countsFromTheTimeAtWhichARequestWasDue() throws Exception {
        try (StubServer server = StubServer.start((_, request, _) -> {
            if (request == 0) {
                Thread.sleep(500);
            }
            return StubServer.ok("Hello, World!");
        })) {
            // all requests of the first half second wait for the first of their connection, which was due 30 ms late at most
            PacedRequests.Latencies latencies = run(server, 0);
            assertTrue(latencies.millis(75) >= 500 - 250 - 1, latencies.toString());
            assertTrue(latencies.millis(100) >= 500, latencies.toString());
        }
    }

    @Test
    void countsAnswersThatAreMissingAsWhatTheyHaveWaited() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (StubServer server = StubServer.start((_, request, _) -> {
            if (request > 0) {
                never.await();
            }
            return StubServer.ok("Hello, World!");
        })) {
            PacedRequests.Latencies latencies = run(server, 0);
            assertEquals(PER_SECOND, latencies.nanos().length);
            assertEquals(CONNECTIONS, latencies.answered());
            assertEquals(0, latencies.errors());
            // the end is a second after the last of one second of requests was due
            double firstMissing = 2000 - CONNECTIONS * 1000.0 / PER_SECOND;
            assertEquals(firstMissing, latencies.millis(100), 0.001);
            assertTrue(latencies.millis(50) >= 1400, latencies.toString());
        }
    }

    @Test
    void countsErrorsAndTheirRequestsAsUnanswered() throws Exception {
        try (StubServer server = StubServer.start((_, _, _) ->
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")) {
            PacedRequests.Latencies latencies = run(server, 0);
            assertEquals(0, latencies.answered());
            assertEquals(PER_SECOND, latencies.errors());
            assertTrue(latencies.millis(1) >= 1000, latencies.toString());
        }
    }

    @Test
    void percentilesAreThoseOfTheSortedLatencies() {
        long[] nanos = new long[200];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = (i + 1) * 1_000_000L;
        }
        PacedRequests.Latencies latencies = new PacedRequests.Latencies(nanos, nanos.length, 0);
        assertEquals(100, latencies.millis(50));
        assertEquals(198, latencies.millis(99));
        assertEquals(200, latencies.millis(100));
        assertEquals(
                "planned 200 answered 200 errors 0 p50 100.00 p90 180.00 p99 198.00 max 200.00 ms",
                latencies.toString());
    }
}
