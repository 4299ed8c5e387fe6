package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Small programs of Go's {@code test/chan} that are not in {@link GoChanTest}, by the names of their files. */
@Timeout(120)
class GoChanProgramsTest {
    /** {@code fifo.go}: values stay in order in a buffer, and when each has somebody who waits to hand it on. */
    @ParameterizedTest
    @EnumSource
    void fifo(Crew.Kind kind) {
        int n = 10;
        Chan<Integer> buffered = new Chan<>(n);
        for (int i = 0; i < n; i++) {
            buffered.send(i);
        }
        for (int i = 0; i < n; i++) {
            assertEquals(i, buffered.receive());
        }
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>();
            List<Integer> received = new ArrayList<>();
            Chan<Boolean> turn = new Chan<>();
            Chan<Boolean> first = turn;
            for (int i = 0; i < n; i++) {
                int me = i;
                Chan<Boolean> mine = turn;
                Chan<Boolean> next = new Chan<>();
                crew.go(() -> {
                    mine.receive();
                    received.add(c.receive()); // one after the other
                    next.send(me == n - 1);
                });
                turn = next;
            }
            Chan<Boolean> last = turn;
            crew.go(() -> first.send(true));
            crew.go(() -> {
                for (int i = 0; i < n; i++) {
                    c.send(i);
                }
                assertTrue(last.receive());
            });
            crew.join();
            assertEquals(IntStream.range(0, n).boxed().toList(), received);
        }
    }

    /** {@code goroutines.go}: a value goes through a chain of ten thousand. */
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = {"THREADS", "MIXED"})
    void goroutines(Crew.Kind kind) {
        int n = 10_000;
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> leftmost = new Chan<>();
            Chan<Integer> right = leftmost;
            for (int i = 0; i < n; i++) {
                Chan<Integer> to = right;
                Chan<Integer> from = new Chan<>();
                crew.go(() -> to.send(from.receive() + 1));
                right = from;
            }
            Chan<Integer> rightmost = right;
            crew.go(() -> rightmost.send(1));
            assertEquals(n + 1, leftmost.receive());
            crew.join();
        }
    }

    /** {@code sieve1.go}: each prime is a filter, and takes what the one before lets through. */
    @ParameterizedTest
    @EnumSource
    void sieve1(Crew.Kind kind) {
        List<Integer> primes = new ArrayList<>();
        try (Crew crew = new Crew(kind)) {
            int limit = 230;
            Chan<Integer> numbers = new Chan<>();
            crew.go(() -> {
                for (int i = 2; i < limit; i++) {
                    numbers.send(i);
                }
                numbers.close();
            });
            crew.run(() -> {
                Chan<Integer> in = numbers;
                for (Integer prime = in.receiveOrNull(); prime != null; prime = in.receiveOrNull()) {
                    primes.add(prime);
                    int divisor = prime;
                    in = filtered(crew, in, v -> v % divisor != 0);
                }
            });
        }
        assertEquals(50, primes.size());
        assertEquals(List.of(2, 3, 5, 7, 11, 13), primes.subList(0, 6));
        assertEquals(229, primes.getLast());
    }

    private static Chan<Integer> filtered(Crew crew, Chan<Integer> in, IntPredicate passes) {
        Chan<Integer> out = new Chan<>();
        crew.go(() -> {
            for (int v : in) {
                if (passes.test(v)) {
                    out.send(v);
                }
            }
            out.close();
        });
        return out;
    }

    /** {@code select3.go}: what waits and what does not, on channels in every state. */
    @ParameterizedTest
    @EnumSource
    void select3(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> unbuffered = new Chan<>();
            waits(crew, unbuffered, () -> unbuffered.send(7));
            waits(crew, unbuffered, unbuffered::receiveOrNull);
            waits(crew, unbuffered, () -> Select.of(Select.send(unbuffered, 7)).await());
            waits(crew, unbuffered, () -> Select.of(Select.receive(unbuffered)).await());
            waits(crew, unbuffered, () -> Select.of(Select.receive(null), Select.receive(unbuffered)).await());

            Chan<Integer> empty = new Chan<>(10);
            waits(crew, empty, empty::receiveOrNull);
            waits(crew, empty, () -> Select.of(Select.receive(empty), Select.send(null, null)).await());
            empty.send(1);
            assertEquals(0, Select.of(Select.receive(empty)).await());
            assertEquals(0, Select.of(Select.send(empty, 1)).await());

            Chan<Integer> full = new Chan<>(1);
            full.send(1);
            waits(crew, full, () -> full.send(7));
            waits(crew, full, () -> Select.of(Select.send(full, 7)).await());
            assertEquals(1, Select.of(Select.send(full, 7), Select.receive(full)).await());

            Chan<Integer> closed = new Chan<>();
            closed.close();
            assertNull(closed.receiveOrNull());
            assertEquals(1, Select.of(Select.receive(null), Select.receive(closed)).await());
            assertThrows(ChanClosedException.class, () -> closed.send(7));
            assertThrows(ChanClosedException.class, () -> Select.of(Select.send(closed, 7)).await());
            assertThrows(ChanClosedException.class, () -> Select.of(Select.send(closed, 7)).poll());
            assertThrows(ChanClosedException.class, closed::close);
            assertEquals(-1, Select.of(Select.send(null, null), Select.receive(null)).poll());
        }
    }

    /** The operation waits, until somebody comes to meet it. An empty channel is empty then, and a full one full. */
    private static void waits(Crew crew, Chan<Integer> c, Crew.Body operation) {
        AtomicBoolean ended = new AtomicBoolean();
        crew.go(() -> {
            operation.run();
            ended.set(true);
        });
        crew.await("it waits", () -> !c.recvq.isEmpty() || !c.sendq.isEmpty());
        assertFalse(ended.get());
        if (c.recvq.isEmpty()) {
            c.receive();
        } else {
            c.send(1);
        }
        crew.join();
    }

    /**
     * {@code select6.go}: a select that is the last of several on a queue, and goes ahead elsewhere, leaves that queue in
     * order: those who come later are served.
     */
    @ParameterizedTest
    @EnumSource
    void select6(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c1 = new Chan<>();
            Chan<Integer> c2 = new Chan<>();
            AtomicInteger before = new AtomicInteger();
            AtomicInteger after = new AtomicInteger();
            AtomicReference<Integer> chosen = new AtomicReference<>();
            crew.go(() -> before.set(c1.receive()));
            crew.await("the first waits", () -> c1.recvq.size() == 1);
            crew.go(() -> chosen.set(Select.of(Select.receive(c1), Select.receive(c2)).await()));
            crew.await("the select is behind it", () -> c1.recvq.size() == 2);
            c2.send(1);
            crew.await("the select has ended", () -> chosen.get() != null);
            assertEquals(1, chosen.get());
            crew.go(() -> after.set(c1.receive()));
            crew.await("one more waits", () -> c1.recvq.size() == 2);
            c1.send(2);
            c1.send(3);
            crew.join();
            assertEquals(2, before.get());
            assertEquals(3, after.get());
            assertTrue(c1.recvq.isEmpty() && c2.recvq.isEmpty());
        }
    }
}
