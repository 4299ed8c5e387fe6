package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The tests of Go's {@code chan_test.go} by name, each with goroutines and with threads. Not here: those of nil channels (there
 * are none; {@link SelectTest} has cases without a channel) and of write barriers. Go's stacks move when they grow and shrink;
 * here it is the collector that moves a stack which waits, so the tests of that collect garbage.
 */
@Timeout(120)
class GoChanTest {
    /**
     * {@code TestChan}, its parts about values: they come in order, and of several senders and receivers each is counted. The
     * rest is in ChanTest.
     */
    @ParameterizedTest
    @EnumSource
    void chan(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int senders = 4;
            int values = 500;
            for (int cap : new int[] {0, 1, 2, 3, 7, 64, 200}) {
                Chan<Integer> c = new Chan<>(cap);
                crew.go(() -> {
                    for (int i = 0; i < values; i++) {
                        c.send(i);
                    }
                });
                crew.run(() -> {
                    for (int i = 0; i < values; i++) {
                        assertEquals(i, c.receive(), "at capacity " + cap);
                    }
                });
                AtomicIntegerArray seen = new AtomicIntegerArray(values);
                for (int s = 0; s < senders; s++) {
                    crew.go(() -> {
                        for (int i = 0; i < values; i++) {
                            c.send(i);
                        }
                    });
                    crew.go(() -> {
                        for (int i = 0; i < values; i++) {
                            seen.incrementAndGet(c.receive());
                        }
                    });
                }
                crew.join();
                for (int i = 0; i < values; i++) {
                    assertEquals(senders, seen.get(i), "value " + i + " at capacity " + cap);
                }
                assertEquals(0, c.len());
                assertTrue(c.recvq.isEmpty() && c.sendq.isEmpty());
            }
        }
    }

    /** A try must not say "nothing yet" when the value was there before the close. */
    @ParameterizedTest
    @EnumSource
    void nonblockRecvRace(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int i = 0; i < 1_000; i++) {
                Chan<Integer> c = new Chan<>(1);
                c.send(1);
                AtomicBoolean nothing = new AtomicBoolean();
                crew.go(() -> {
                    try {
                        nothing.set(c.tryReceive() == null);
                    } catch (ChanClosedException e) {
                        // it came last
                    }
                });
                c.close();
                c.receiveOrNull();
                crew.join();
                assertFalse(nothing.get(), "chan is not ready");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nonblockSelectRace(Crew.Kind kind) {
        nonblockSelectRace(kind, c2 -> c2.send(1));
    }

    /** {@code TestNonblockSelectRace2}: the same with a close. */
    @ParameterizedTest
    @EnumSource
    void nonblockSelectRace2(Crew.Kind kind) {
        nonblockSelectRace(kind, Chan::close);
    }

    /** At every moment one of the two channels is ready, so the default case must not be chosen. */
    private void nonblockSelectRace(Crew.Kind kind, java.util.function.Consumer<Chan<Integer>> makeReady) {
        try (Crew crew = new Crew(kind)) {
            int rounds = 1_000;
            AtomicInteger defaults = new AtomicInteger();
            for (int i = 0; i < rounds; i++) {
                Chan<Integer> c1 = new Chan<>(1);
                Chan<Integer> c2 = new Chan<>(1);
                c1.send(1);
                crew.go(() -> {
                    if (Select.of(Select.receive(c1), Select.receive(c2)).poll() < 0) {
                        defaults.incrementAndGet();
                    }
                });
                makeReady.accept(c2);
                c1.tryReceive();
                crew.join();
            }
            assertEquals(0, defaults.get(), "no chan is ready");
        }
    }

    @ParameterizedTest
    @EnumSource
    void selfSelect(Crew.Kind kind) {
        for (int cap : new int[] {0, 10}) {
            try (Crew crew = new Crew(kind)) {
                Chan<Integer> c = new Chan<>(cap);
                AtomicInteger running = new AtomicInteger(2);
                for (int p = 0; p < 2; p++) {
                    int me = p;
                    crew.go(() -> {
                        var receive = Select.receive(c);
                        var send = Select.send(c, me);
                        Select select = me == 0 ? Select.of(send, receive) : Select.of(receive, send);
                        for (int i = 0; i < 1_000; i++) {
                            if (select.await() == (me == 0 ? 1 : 0)) {
                                assertFalse(cap == 0 && receive.value() == me, "self receive");
                            }
                        }
                        running.decrementAndGet();
                        while (running.get() > 0) { // the other may need a partner for its last rounds
                            select.poll();
                            Thread.yield();
                        }
                    });
                }
                crew.join();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void selectStress(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int n = 10_000;
            @SuppressWarnings("unchecked")
            Chan<Integer>[] c = new Chan[] {new Chan<>(), new Chan<>(), new Chan<>(2), new Chan<>(3)};
            for (Chan<Integer> each : c) {
                crew.go(() -> {
                    for (int i = 0; i < n; i++) {
                        each.send(0);
                    }
                });
                crew.go(() -> {
                    for (int i = 0; i < n; i++) {
                        each.receive();
                    }
                });
            }
            crew.go(() -> eachInASelect(c, n, true));
            crew.go(() -> eachInASelect(c, n, false));
            crew.join();
            for (Chan<Integer> each : c) {
                assertEquals(0, each.len());
                assertTrue(each.recvq.isEmpty() && each.sendq.isEmpty());
            }
        }
    }

    private static void eachInASelect(Chan<Integer>[] c, int n, boolean sends) {
        Select.Case<?>[] cases = new Select.Case<?>[c.length];
        for (int i = 0; i < c.length; i++) {
            cases[i] = sends ? Select.send(c[i], 0) : Select.receive(c[i]);
        }
        Select select = Select.of(cases);
        int[] done = new int[c.length];
        for (int i = 0; i < n * c.length; i++) {
            int chosen = select.await();
            if (++done[chosen] == n) {
                cases[chosen].chan(null);
            }
        }
        assertEquals(-1, select.poll());
    }

    /** Two of four are ready all the time. The bound is Go's: it fails once in a million runs. */
    @ParameterizedTest
    @EnumSource
    void selectFairness(Crew.Kind kind) {
        int trials = 10_000;
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c1 = new Chan<>(trials + 1);
            Chan<Integer> c2 = new Chan<>(trials + 1);
            for (int i = 0; i < trials + 1; i++) {
                c1.send(1);
                c2.send(2);
            }
            Chan<Integer> out = new Chan<>();
            Chan<Integer> done = new Chan<>();
            crew.go(() -> {
                var from1 = Select.receive(c1);
                var from2 = Select.receive(c2);
                Select from =
                        Select.of(Select.receive(new Chan<>()), Select.receive(new Chan<>()), from1, from2);
                var toOut = Select.send(out, 0);
                Select to = Select.of(toOut, Select.receive(done));
                do {
                    toOut.value(from.await() == 2 ? from1.value() : from2.value());
                } while (to.await() == 0);
            });
            int[] count = new int[3];
            crew.go(() -> {
                for (int i = 0; i < trials; i++) {
                    count[out.receive()]++;
                }
                done.close();
            });
            crew.join();
            double r = (double) count[1] / trials;
            double bound = 4.891676 / (2 * Math.sqrt(trials));
            assertTrue(Math.abs(r - 0.5) <= bound, "unfair select: " + r + " of the values came from the first");
        }
    }

    /** Among n that are ready each is chosen as often, wherever it stands. 6 sigma, n * 1e-9. */
    @ParameterizedTest
    @EnumSource
    void selectFairnessOfMany(Crew.Kind kind) {
        int n = 5;
        int trials = 20_000;
        try (Crew crew = new Crew(kind)) {
            crew.run(() -> {
                Chan<Integer> never = new Chan<>();
                Chan<Integer> closed = new Chan<>();
                closed.close();
                Select.Case<?>[] cases = new Select.Case<?>[2 * n];
                for (int i = 0; i < cases.length; i++) {
                    cases[i] = Select.receive(i % 2 == 0 ? never : closed);
                }
                Select select = Select.of(cases);
                int[] count = new int[cases.length];
                for (int i = 0; i < trials; i++) {
                    count[select.await()]++;
                }
                double sigma = Math.sqrt(trials * (1.0 / n) * (1 - 1.0 / n));
                for (int i = 1; i < cases.length; i += 2) {
                    assertTrue(Math.abs(count[i] - trials / n) < 6 * sigma, i + ": " + count[i]);
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void pseudoRandomSend(Crew.Kind kind) {
        int n = 100;
        for (int cap : new int[] {0, n}) {
            try (Crew crew = new Crew(kind)) {
                Chan<Integer> c = new Chan<>(cap);
                int[] count = new int[2];
                crew.go(() -> {
                    for (int i = 0; i < n; i++) {
                        Goroutine.gosched();
                        count[c.receive()]++;
                    }
                });
                crew.go(() -> {
                    Select select = Select.of(Select.send(c, 1), Select.send(c, 0));
                    for (int i = 0; i < n; i++) {
                        select.await();
                    }
                });
                crew.join();
                assertTrue(count[0] > n / 10 && count[1] > n / 10, count[0] + " zeros and " + count[1] + " ones");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void multiConsumer(Crew.Kind kind) {
        int workers = 23;
        int values = 50_000;
        int[] primes = {2, 3, 7, 11, 13, 17, 19, 23, 27, 31};
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> q = new Chan<>(workers * 3);
            Chan<Integer> r = new Chan<>(workers * 3);
            AtomicInteger working = new AtomicInteger(workers);
            for (int i = 0; i < workers; i++) {
                int me = i;
                crew.go(() -> {
                    for (int v : q) {
                        if (primes[me % primes.length] == v) { // mess with the fiber-ness of it
                            Goroutine.gosched();
                        }
                        r.send(v);
                    }
                    if (working.decrementAndGet() == 0) {
                        r.close();
                    }
                });
            }
            AtomicLong expected = new AtomicLong();
            crew.go(() -> {
                for (int i = 0; i < values; i++) {
                    expected.addAndGet(primes[i % primes.length]);
                    q.send(primes[i % primes.length]);
                }
                q.close();
            });
            AtomicInteger count = new AtomicInteger();
            AtomicLong sum = new AtomicLong();
            crew.go(() -> {
                for (int v : r) {
                    count.incrementAndGet();
                    sum.addAndGet(v);
                }
            });
            crew.join();
            assertEquals(values, count.get());
            assertEquals(expected.get(), sum.get());
        }
    }

    /** A select with one channel twice takes itself off the queue whole; what is left there is somebody else. */
    @ParameterizedTest
    @EnumSource
    void selectDuplicateChannel(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>();
            Chan<Integer> d = new Chan<>();
            Chan<Integer> e = new Chan<>();
            crew.go(() -> {
                assertEquals(2, Select.of(Select.receive(c), Select.receive(c), Select.receive(d)).await());
                e.send(9);
            });
            crew.await("A is first on c", () -> !d.recvq.isEmpty());
            AtomicInteger b = new AtomicInteger();
            crew.go(() -> b.set(c.receive()));
            crew.await("B is behind A's two cases on c", () -> waiters(c) == 3);
            crew.run(() -> {
                d.send(7);
                assertEquals(9, e.receive());
                c.send(8);
            });
            assertEquals(8, b.get());
            assertTrue(c.recvq.isEmpty());
        }
    }

    /** A channel of anything takes anything, and a full one nothing, however often a select has it. */
    @Test
    void chanSendInterface() {
        Chan<Object> c = new Chan<>(1);
        Object first = new Object();
        c.send(first);
        assertEquals(-1, Select.of(Select.send(c, "text")).poll());
        assertEquals(-1, Select.of(Select.send(c, first), Select.send(c, new int[1])).poll());
        assertSame(first, c.receive());
        assertTrue(Select.of(Select.send(c, 7), Select.send(c, 7L)).poll() >= 0);
        assertInstanceOf(Number.class, c.receive());
    }

    /** A sender waits, having used much stack before; the collector runs; what it sends is what arrives. */
    @ParameterizedTest
    @EnumSource
    void shrinkStackDuringBlockedSend(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            int n = 10;
            Chan<Integer> c = new Chan<>();
            crew.go(() -> {
                for (int i = 0; i < n; i++) {
                    c.send(depth(i, 200));
                }
                c.close();
            });
            for (int i = 0; i < n; i++) {
                crew.await("it is blocked", () -> !c.sendq.isEmpty());
                System.gc();
                assertEquals(i, c.receive(), "bad channel read");
            }
            assertNull(c.receiveOrNull());
            crew.join();
        }
    }

    private static int depth(int value, int frames) {
        return frames == 0 ? value : depth(value + 1, frames - 1) - 1;
    }

    /** Many are just about to wait, with little or much on their stacks, whenever the collector comes. */
    @ParameterizedTest
    @EnumSource
    void noShrinkStackWhileParking(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger wrong = new AtomicInteger();
            for (int pair = 0; pair < 4; pair++) {
                Chan<Integer> there = new Chan<>();
                Chan<Integer> back = new Chan<>();
                int frames = 50 * pair;
                crew.go(() -> {
                    for (int v : there) {
                        sendFrom(frames, back, v);
                    }
                });
                crew.go(() -> {
                    for (int i = 0; !over.get(); i++) {
                        sendFrom(frames, there, i);
                        wrong.addAndGet(back.receive() == i ? 0 : 1);
                    }
                    there.close();
                });
            }
            for (int i = 0; i < 10; i++) {
                System.gc();
            }
            over.set(true);
            crew.join();
            assertEquals(0, wrong.get());
        }
    }

    private static void sendFrom(int frames, Chan<Integer> c, int value) {
        if (frames == 0) {
            c.send(value);
        } else {
            sendFrom(frames - 1, c, value);
        }
    }

    /** A select waits deep down on its stack while the collector runs; what it received is there when it comes up. */
    @ParameterizedTest
    @EnumSource
    void selectStackAdjust(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Object> c = new Chan<>();
            Chan<Object> d = new Chan<>();
            AtomicInteger wrong = new AtomicInteger();
            int rounds = 6;
            crew.go(() -> {
                Select.Case<Object> fromC = Select.receive(c);
                Select.Case<Object> fromD = Select.receive(d);
                Select select = Select.of(fromC, fromD);
                for (int i = 0; i < rounds; i++) {
                    Object got = selectFrom(20 * i, select) == 0 ? fromC.value() : fromD.value();
                    wrong.addAndGet(got.equals(text(i)) ? 0 : 1);
                }
            });
            for (int i = 0; i < rounds; i++) {
                crew.await("it is blocked in both", () -> !c.recvq.isEmpty() && !d.recvq.isEmpty());
                System.gc();
                (i % 2 == 0 ? c : d).send(text(i));
                System.gc();
            }
            crew.join();
            assertEquals(0, wrong.get());
        }
    }

    private static String text(int i) {
        return "value " + i;
    }

    private static int selectFrom(int frames, Select select) {
        return frames == 0 ? select.await() : selectFrom(frames - 1, select);
    }

    private static int waiters(Chan<?> c) {
        c.lock.lock();
        int n = 0;
        for (Sudog each = c.recvq.peek(); each != null; each = each.next) {
            n++;
        }
        c.lock.unlock();
        return n;
    }

    /** {@code doubleselect.go}: one value through four channels comes out once, not twice. */
    @ParameterizedTest
    @EnumSource
    void doubleSelect(Crew.Kind kind) {
        int values = 20_000;
        try (Crew crew = new Crew(kind)) {
            @SuppressWarnings("unchecked")
            Chan<Integer>[] c = new Chan[] {new Chan<>(), new Chan<>(), new Chan<>(), new Chan<>()};
            Chan<Integer> merged = new Chan<>();
            AtomicInteger open = new AtomicInteger(c.length);
            crew.go(() -> {
                var cases = new Select.Case<?>[c.length];
                for (int k = 0; k < c.length; k++) {
                    cases[k] = Select.send(c[k], 0);
                }
                Select select = Select.of(cases);
                for (int i = 0; i < values; i++) {
                    for (Select.Case<?> each : cases) {
                        value(each, i);
                    }
                    select.await();
                }
                for (Chan<Integer> each : c) {
                    each.close();
                }
            });
            for (Chan<Integer> each : c) {
                crew.go(() -> {
                    for (int v : each) {
                        merged.send(v);
                    }
                    if (open.decrementAndGet() == 0) {
                        merged.close();
                    }
                });
            }
            AtomicIntegerArray seen = new AtomicIntegerArray(values);
            crew.go(() -> {
                for (int v : merged) {
                    assertEquals(1, seen.incrementAndGet(v), "got duplicate value " + v);
                }
            });
            crew.join();
            for (int i = 0; i < values; i++) {
                assertEquals(1, seen.get(i));
            }
            assertNull(merged.receiveOrNull());
        }
    }

    @SuppressWarnings("unchecked")
    private static void value(Select.Case<?> of, int value) {
        ((Select.Case<Integer>) of).value(value);
    }
}
