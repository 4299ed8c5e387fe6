package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a select does, rule by rule. */
@Timeout(120)
class SelectTest {
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Duration LONG = Duration.ofSeconds(60);

    /** The loop of the class comment. */
    @Test
    void aLoopThatSwitchesItsCases() {
        try (Crew crew = new Crew(Crew.Kind.GOROUTINES_ON_FOUR)) {
            Chan<Integer> jobs = new Chan<>();
            Chan<String> results = new Chan<>();
            Chan<Boolean> quit = new Chan<>();
            crew.scheduler().go(() -> {
                var quitting = Select.receive(quit);
                var job = Select.receive(jobs);
                var result = Select.<String>send(null, null);
                Select select = Select.of(quitting, job, result);
                for (int ready = select.await(); ready != 0; ready = select.await()) {
                    if (ready == 1) {
                        result.value("job " + job.value()).chan(results);
                        job.chan(null);
                    } else {
                        result.chan(null);
                        job.chan(jobs);
                    }
                }
                results.close();
            });
            for (int i = 0; i < 100; i++) {
                jobs.send(i);
                assertFalse(jobs.trySend(-1), "no other job until the result is sent");
                assertEquals("job " + i, results.receive(LONG));
            }
            quit.close();
            assertNull(results.receiveOrNull());
        }
    }

    // -- by one alone --

    @Test
    void theOneThatIsReadyGoesAhead() {
        Chan<Integer> a = new Chan<>(1);
        Chan<String> b = new Chan<>(1);
        var fromA = Select.receive(a);
        var toB = Select.send(b, "x");
        Select select = Select.of(fromA, toB);
        assertEquals(1, select.await());
        assertEquals("x", b.receive());
        b.send("full");
        assertEquals(-1, select.poll());
        a.send(7);
        assertEquals(0, select.await());
        assertEquals(7, fromA.value());
        assertEquals("x", toB.value());
    }

    @Test
    void actionsRunAfterTheOperation() {
        Chan<Integer> a = new Chan<>(1);
        Chan<Integer> b = new Chan<>(1);
        List<String> done = new ArrayList<>();
        Select select = Select.of(Select.receive(a, v -> done.add("got " + v)), Select.send(b, 1, () -> done.add("sent")));
        assertEquals(1, select.poll());
        a.send(5);
        assertEquals(0, select.poll());
        a.close();
        assertEquals(0, select.poll());
        assertEquals(List.of("sent", "got 5", "got null"), done);
    }

    @Test
    void anActionMayThrowAndMayUseTheSelectAgain() {
        Chan<Integer> a = new Chan<>(3);
        a.send(1);
        a.send(2);
        a.send(3);
        AtomicInteger sum = new AtomicInteger();
        Select[] self = new Select[1];
        self[0] = Select.of(Select.receive(a, v -> {
            sum.addAndGet(v);
            if (v == 3) {
                throw new IllegalArgumentException("three");
            }
            self[0].await();
        }));
        assertThrows(IllegalArgumentException.class, () -> self[0].await());
        assertEquals(6, sum.get());
        a.send(1);
        a.send(3);
        assertThrows(IllegalArgumentException.class, () -> self[0].await());
    }

    @Test
    void aCaseWithoutChannelIsNeverReady() {
        Chan<Integer> a = new Chan<>(1);
        var first = Select.<Integer>receive(null);
        var second = Select.<Integer>send(null, null);
        Select select = Select.of(first, second);
        assertEquals(-1, select.poll());
        assertEquals(-1, select.await(SHORT));
        assertThrows(NullPointerException.class, () -> second.chan(a));
        assertThrows(IllegalStateException.class, () -> first.value(1));
        second.value(3).chan(a);
        assertThrows(NullPointerException.class, () -> second.value(null));
        assertEquals(1, select.await());
        second.chan(null);
        first.chan(a);
        assertEquals(0, select.await());
        assertEquals(3, first.value());
        first.chan(null);
        a.send(1);
        assertEquals(-1, select.poll());
    }

    @Test
    void closedChannelsAreReady() {
        Chan<Integer> a = new Chan<>(1);
        a.send(1);
        a.close();
        var receive = Select.receive(a);
        Select select = Select.of(receive);
        assertEquals(0, select.await());
        assertEquals(1, receive.value());
        assertEquals(0, select.await());
        assertNull(receive.value());
        Select send = Select.of(Select.send(a, 1));
        assertThrows(ChanClosedException.class, send::await);
        assertThrows(ChanClosedException.class, send::poll, "and once more");
    }

    @Test
    void aCaseIsForOneSelect() {
        Chan<Integer> a = new Chan<>(1);
        var receive = Select.receive(a);
        Select select = Select.of(receive);
        assertThrows(IllegalArgumentException.class, () -> Select.of(receive));
        var twice = Select.send(a, 1);
        assertThrows(IllegalArgumentException.class, () -> Select.of(twice, twice));
        assertThrows(NullPointerException.class, () -> Select.of(Select.receive(a), null));
        assertThrows(NullPointerException.class, () -> Select.send(a, null));
        assertEquals(-1, select.poll());
    }

    @Test
    void manyCasesOfOneChannel() {
        Chan<Integer> a = new Chan<>(1);
        Select.Case<?>[] cases = new Select.Case<?>[50];
        for (int i = 0; i < cases.length; i++) {
            cases[i] = i % 2 == 0 ? Select.receive(a) : Select.send(a, i);
        }
        Select select = Select.of(cases);
        for (int i = 0; i < 100; i++) {
            assertEquals(i % 2 == 0 ? 1 : 0, select.await() % 2, "sends and receives take turns");
        }
    }

    // -- by two --

    @ParameterizedTest
    @EnumSource
    void aSelectThatWaitsIsServedOnce(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int round = 0; round < 50; round++) {
                Chan<Integer> a = new Chan<>();
                Chan<Integer> b = new Chan<>();
                var fromA = Select.receive(a);
                var toB = Select.send(b, 8);
                Select select = Select.of(fromA, toB);
                int[] index = {-2};
                crew.go(() -> index[0] = select.await());
                crew.await("it waits", () -> !a.recvq.isEmpty() && !b.sendq.isEmpty());
                if (round % 2 == 0) {
                    assertTrue(a.trySend(9));
                    assertNull(b.tryReceive(), "the other case is gone, whether or not the select has run");
                    crew.join();
                    assertEquals(0, index[0]);
                    assertEquals(9, fromA.value());
                } else {
                    assertEquals(8, b.tryReceive());
                    assertFalse(a.trySend(9));
                    crew.join();
                    assertEquals(1, index[0]);
                }
                assertTrue(a.recvq.isEmpty() && b.sendq.isEmpty());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void closingWakesASelect(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> a = new Chan<>();
            Chan<Integer> b = new Chan<>();
            var fromA = Select.receive(a);
            Select select = Select.of(fromA, Select.send(b, 1));
            crew.go(() -> {
                assertEquals(0, select.await());
                assertNull(fromA.value());
                fromA.chan(null);
                assertThrows(ChanClosedException.class, select::await);
            });
            crew.await("it waits", () -> !a.recvq.isEmpty() && !b.sendq.isEmpty());
            a.close();
            crew.await("it waits again, for one", () -> a.recvq.isEmpty() && !b.sendq.isEmpty());
            b.close();
            crew.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void theTimeEndsASelectAndLeavesNothingBehind(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            crew.run(() -> {
                Chan<Integer> a = new Chan<>();
                var fromA = Select.receive(a);
                Select select = Select.of(fromA, Select.send(a, 1), Select.receive(a));
                for (int i = 0; i < 3; i++) {
                    long begin = System.nanoTime();
                    assertEquals(-1, select.await(SHORT));
                    assertTrue(System.nanoTime() - begin >= SHORT.toNanos());
                    assertTrue(a.recvq.isEmpty() && a.sendq.isEmpty());
                    assertFalse(a.trySend(1));
                    assertNull(a.tryReceive());
                }
            });
            Chan<Integer> c = new Chan<>();
            var receive = Select.receive(c);
            crew.go(() -> {
                assertEquals(1, Select.of(Select.receive(new Chan<>()), receive).await(LONG));
                assertEquals(4, receive.value());
            });
            crew.go(() -> c.send(4));
            crew.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aSelectMeetsASelect(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> a = new Chan<>();
            Chan<Integer> b = new Chan<>();
            int rounds = 5_000;
            crew.go(() -> {
                var toA = Select.send(a, 0);
                var toB = Select.send(b, 0);
                Select select = Select.of(toA, toB);
                for (int i = 0; i < rounds; i++) {
                    toA.value(i);
                    toB.value(i);
                    select.await();
                }
            });
            crew.go(() -> {
                var fromB = Select.receive(b);
                var fromA = Select.receive(a);
                Select select = Select.of(fromB, fromA);
                for (int i = 0; i < rounds; i++) {
                    assertEquals(i, (select.await() == 0 ? fromB : fromA).value());
                }
            });
            crew.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptEndsNoSelectAndIsKept(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> a = new Chan<>();
            AtomicBoolean kept = new AtomicBoolean();
            Thread thread = crew.go(() -> {
                assertEquals(1, Select.of(Select.receive(new Chan<>()), Select.receive(a)).await());
                kept.set(Thread.interrupted());
            });
            crew.await("it waits", () -> !a.recvq.isEmpty());
            thread.interrupt();
            assertTrue(a.send(1, LONG));
            crew.join();
            assertTrue(kept.get());
        }
    }

    @Test
    void dumpsSayThatAGoroutineSelects() {
        try (Crew crew = Crew.inTurn()) {
            Chan<Integer> a = new Chan<>();
            Goroutine some = crew.scheduler().go(() -> Select.of(Select.receive(a)).await());
            Goroutine none = crew.scheduler().go(() -> Select.of().await());
            Goroutine disabled = crew.scheduler().go(() -> Select.of(Select.receive(null)).await());
            crew.await("it waits", () -> some.waitReason() == WaitReason.SELECT);
            crew.await("it waits", () -> none.waitReason() == WaitReason.SELECT_NO_CASES);
            crew.await("it waits", () -> disabled.waitReason() == WaitReason.SELECT_NO_CASES);
            String dump = crew.scheduler().dump();
            assertTrue(dump.contains("goroutine " + some.id() + " [select]"), dump);
            assertTrue(dump.contains("goroutine " + none.id() + " [select (no cases)]"), dump);
            a.close();
            crew.await("it has ended", () -> some.state() == Goroutine.State.DEAD);
        }
    }

    @Test
    void twoCannotWaitInOneSelect() {
        try (Crew crew = Crew.inTurn()) {
            Chan<Integer> a = new Chan<>();
            var receive = Select.receive(a);
            Select select = Select.of(receive);
            crew.go(select::await);
            crew.await("it waits", () -> !a.recvq.isEmpty());
            crew.go(() -> { // on the same P, so it sees what the other has written
                assertThrows(IllegalStateException.class, select::await);
                assertThrows(IllegalStateException.class, select::poll);
                assertThrows(IllegalStateException.class, () -> receive.chan(null));
                a.send(1);
            });
            crew.join();
            assertEquals(1, receive.value());
        }
    }

    @Test
    void casesKeepTheirOrderAndTheirSelect() {
        Chan<Integer> later = new Chan<>(1);
        Chan<Integer> sooner = new Chan<>(1);
        assertTrue(sooner.number() < later.number(), "numbers are given when they are first asked for");
        var first = Select.receive(later);
        var second = Select.receive(sooner);
        Select select = Select.of(first, second);
        assertSame(first, first.chan(later));
        sooner.send(1);
        assertEquals(1, select.await());
        later.send(1);
        assertEquals(0, select.await());
    }
}
