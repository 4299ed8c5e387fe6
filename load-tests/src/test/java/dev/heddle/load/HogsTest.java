package dev.heddle.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hogs ask one request after another, do not begin together, and count what the server says that they got. */
@Timeout(60)
final class HogsTest {
    @Test
    void beginOneAfterAnother() throws Exception {
        Queue<Integer> started = new ConcurrentLinkedQueue<>();
        long begin = System.nanoTime();
        Queue<Long> nanos = new ConcurrentLinkedQueue<>();
        try (StubServer server = StubServer.start((connection, request, _) -> {
            if (request == 0) {
                started.add(connection);
                nanos.add(System.nanoTime() - begin);
            }
            Thread.sleep(20);
            return StubServer.ok("100 rounds\n");
        })) {
            AtomicInteger settled = new AtomicInteger();
            Hogs.Shares shares =
                    Hogs.run(new Hogs.Plan(server.port(), 4, 400, 0, 2), () -> settled.incrementAndGet());
            assertEquals(4, started.size());
            int i = 0;
            for (long nano : nanos) {
                assertTrue(nano >= i * 100_000_000L, nanos.toString());
                i++;
            }
            assertEquals(4, shares.answered(), shares.toString());
            assertTrue(shares.answers() >= 4, shares.toString());
            assertEquals(0, shares.errors());
            assertEquals(1, settled.get());
        }
    }

    @Test
    void aHogWithoutAnAnswerGotNothing() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (StubServer server = StubServer.start((connection, _, _) -> {
            if (connection == 0) {
                never.await();
            }
            Thread.sleep(10);
            return StubServer.ok("100");
        })) {
            Hogs.Shares shares = Hogs.run(new Hogs.Plan(server.port(), 2, 10, 0, 1), () -> {});
            assertEquals(1, shares.answered(), shares.toString());
            assertEquals(0, shares.leastToMean());
        }
    }

    @Test
    void askOnceForAllTheTimeThatIsLeft() throws Exception {
        Queue<String> paths = new ConcurrentLinkedQueue<>();
        try (StubServer server = StubServer.start((_, _, path) -> {
            paths.add(path);
            Thread.sleep(Integer.parseInt(path.substring("/cpu?ms=".length())) + 10);
            return StubServer.ok("7 rounds\n");
        })) {
            Hogs.Shares shares = Hogs.run(new Hogs.Plan(server.port(), 3, 0, 0, 2), () -> {});
            assertEquals(3, paths.size(), paths.toString());
            assertEquals(3, shares.answers(), shares.toString());
            assertEquals(3, shares.answered());
        }
    }

    @Test
    void errorsAreCounted() throws Exception {
        try (StubServer server = StubServer.start((_, _, _) -> StubServer.ok("slept"))) {
            Hogs.Shares shares = Hogs.run(new Hogs.Plan(server.port(), 1, 10, 0, 1), () -> {});
            assertEquals(0, shares.answers(), shares.toString());
            assertTrue(shares.errors() > 0, shares.toString());
        }
    }

    @Test
    void sharesAreComparedWithTheMean() {
        double[] rounds = IntStream.of(50, 100, 150).mapToDouble(n -> n).toArray();
        Hogs.Shares shares = new Hogs.Shares(rounds, 9, 0);
        assertEquals(0.5, shares.leastToMean());
        assertEquals(
                "hogs 3 answered 3 answers 9 errors 0 rounds/ms 300.0 least/mean 0.50", shares.toString());
        assertEquals(0, new Hogs.Shares(new double[2], 0, 0).leastToMean());
    }
}
