package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a channel does, operation by operation. */
@Timeout(120)
class ChanTest {
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Duration LONG = Duration.ofSeconds(60);

    // -- by one alone --

    @Test
    void aBufferHoldsWhatNobodyHasReceived() {
        for (int cap = 1; cap <= 5; cap++) {
            Chan<Integer> c = new Chan<>(cap);
            assertEquals(cap, c.cap());
            for (int round = 0; round < 3 * cap; round++) { // the ring wraps around at every place
                for (int i = 0; i < cap; i++) {
                    assertEquals(i, c.len());
                    assertTrue(c.trySend(i));
                }
                assertFalse(c.trySend(99));
                assertEquals(cap, c.len());
                for (int i = 0; i < cap; i++) {
                    assertEquals(i, c.tryReceive());
                }
                assertNull(c.tryReceive());
                c.send(7);
                assertEquals(7, c.receive());
            }
        }
    }

    @Test
    void withoutBufferAndPartnerNothingGoesAhead() {
        Chan<Integer> c = new Chan<>();
        assertEquals(0, c.cap());
        assertFalse(c.trySend(1));
        assertNull(c.tryReceive());
        assertFalse(c.send(1, SHORT));
        assertNull(c.receive(SHORT));
        assertFalse(c.send(1, Duration.ZERO));
        assertNull(c.receive(Duration.ofNanos(-1)));
        assertTrue(c.sendq.isEmpty() && c.recvq.isEmpty(), "nobody is left behind");
        assertEquals(0, c.len());
    }

    @Test
    void aClosedChannelIsDrainedAndTakesNoMore() {
        Chan<String> c = new Chan<>(3);
        c.send("a");
        c.send("b");
        assertFalse(c.isClosed());
        c.close();
        assertTrue(c.isClosed());
        assertThrows(ChanClosedException.class, () -> c.send("c"));
        assertThrows(ChanClosedException.class, () -> c.trySend("c"));
        assertThrows(ChanClosedException.class, () -> c.send("c", SHORT));
        assertThrows(ChanClosedException.class, c::close);
        assertEquals("a", c.receive());
        assertEquals("b", c.receiveOrNull());
        for (int i = 0; i < 2; i++) {
            assertNull(c.receiveOrNull());
            assertThrows(ChanClosedException.class, c::receive);
            assertThrows(ChanClosedException.class, c::tryReceive);
            assertThrows(ChanClosedException.class, () -> c.receive(SHORT));
        }
    }

    @Test
    void aFullClosedChannelRefusesASendInsteadOfAskingToWait() {
        Chan<Integer> c = new Chan<>(1);
        c.send(1);
        c.close();
        assertThrows(ChanClosedException.class, () -> c.trySend(2));
        Chan<Integer> unbuffered = new Chan<>();
        unbuffered.close();
        assertThrows(ChanClosedException.class, () -> unbuffered.trySend(2));
    }

    @Test
    void nullAndNegativeCapacitiesAreRefused() {
        Chan<Integer> c = new Chan<>(1);
        assertThrows(NullPointerException.class, () -> c.send(null));
        assertThrows(NullPointerException.class, () -> c.trySend(null));
        assertThrows(NullPointerException.class, () -> c.send(null, SHORT));
        assertThrows(IllegalArgumentException.class, () -> new Chan<>(-1));
        assertEquals(0, c.len());
    }

    @Test
    void forEachEndsWhenDrained() {
        Chan<Integer> c = new Chan<>(3);
        c.send(1);
        c.send(2);
        c.close();
        List<Integer> seen = new ArrayList<>();
        for (int each : c) {
            seen.add(each);
        }
        assertEquals(List.of(1, 2), seen);
        Iterator<Integer> none = c.iterator();
        assertFalse(none.hasNext());
        assertThrows(NoSuchElementException.class, none::next);
    }

    /** A buffer must not keep what was received from being collected. */
    @Test
    void theRingForgetsWhatWasReceived() throws Exception {
        Chan<Object> c = new Chan<>(2);
        var ref = new java.lang.ref.WeakReference<>(new Object());
        c.send(new Object());
        Object probe = new Object();
        ref = new java.lang.ref.WeakReference<>(probe);
        c.send(probe);
        c.receive();
        c.receive();
        probe = null;
        long end = System.nanoTime() + LONG.toNanos();
        while (ref.get() != null) {
            assertTrue(System.nanoTime() < end, "still held");
            System.gc();
        }
        assertEquals(0, c.len());
    }

    @Test
    void itsTextSaysWhatItHolds() {
        Chan<Integer> c = new Chan<>(2);
        c.send(1);
        assertEquals("chan(1 of 2)", c.toString());
        c.close();
        assertEquals("chan(1 of 2, closed)", c.toString());
    }

    // -- by two --

    @ParameterizedTest
    @EnumSource
    void aSendMeetsAReceiverThatWaits(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int cap = 0; cap <= 2; cap++) {
                Chan<Integer> c = new Chan<>(cap);
                AtomicInteger got = new AtomicInteger();
                crew.go(() -> got.set(c.receive()));
                crew.await("it waits", () -> !c.recvq.isEmpty());
                assertTrue(c.trySend(5), "the receiver is there");
                crew.await("it got it", () -> got.get() == 5);
                assertEquals(0, c.len(), "straight into its hands");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReceiveTakesTheOldestAndLetsTheSenderIn(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int cap = 0; cap <= 3; cap++) {
                Chan<Integer> c = new Chan<>(cap);
                for (int i = 0; i < cap; i++) {
                    c.send(i);
                }
                int last = cap;
                AtomicBoolean sent = new AtomicBoolean();
                crew.go(() -> {
                    c.send(last);
                    sent.set(true);
                });
                crew.await("it waits", () -> !c.sendq.isEmpty());
                assertFalse(sent.get());
                for (int i = 0; i <= cap; i++) {
                    assertEquals(i, c.tryReceive());
                }
                crew.await("the sender goes on", sent::get);
                assertNull(c.tryReceive());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void waitersAreServedInOrder(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>();
            int[] got = new int[10];
            for (int i = 0; i < got.length; i++) {
                int me = i;
                crew.go(() -> got[me] = c.receive());
                crew.await("the next one waits", () -> waiters(c, c.recvq) == me + 1);
            }
            for (int i = 0; i < got.length; i++) {
                assertTrue(c.trySend(100 + i));
            }
            crew.join();
            for (int i = 0; i < got.length; i++) {
                assertEquals(100 + i, got[i]);
            }
            for (int i = 0; i < got.length; i++) {
                int me = i;
                crew.go(() -> c.send(me));
                crew.await("the next one waits", () -> waiters(c, c.sendq) == me + 1);
            }
            for (int i = 0; i < got.length; i++) {
                assertEquals(i, c.tryReceive());
            }
            crew.join();
        }
    }

    private static int waiters(Chan<?> c, WaitQueue queue) {
        c.lock.lock();
        int n = 0;
        for (Sudog each = queue.peek(); each != null; each = each.next) {
            n++;
        }
        c.lock.unlock();
        return n;
    }

    @ParameterizedTest
    @EnumSource
    void closingWakesAllReceivers(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>(1);
            AtomicInteger nulls = new AtomicInteger();
            AtomicInteger exceptions = new AtomicInteger();
            for (int i = 0; i < 9; i++) {
                int mode = i % 3;
                crew.go(() -> {
                    if (mode == 0) {
                        assertNull(c.receiveOrNull());
                        nulls.incrementAndGet();
                    } else if (mode == 1) {
                        assertThrows(ChanClosedException.class, c::receive);
                        exceptions.incrementAndGet();
                    } else {
                        assertThrows(ChanClosedException.class, () -> c.receive(LONG));
                        exceptions.incrementAndGet();
                    }
                });
            }
            crew.await("all wait", () -> waiters(c, c.recvq) == 9);
            c.close();
            crew.join();
            assertEquals(3, nulls.get());
            assertEquals(6, exceptions.get());
        }
    }

    @ParameterizedTest
    @EnumSource
    void closingThrowsInAllSenders(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int cap = 0; cap <= 1; cap++) {
                Chan<Integer> c = new Chan<>(cap);
                if (cap == 1) {
                    c.send(42);
                }
                for (int i = 0; i < 6; i++) {
                    int me = i;
                    crew.go(() -> assertThrows(ChanClosedException.class, () -> {
                        if (me % 2 == 0) {
                            c.send(me);
                        } else {
                            c.send(me, LONG);
                        }
                    }));
                }
                crew.await("all wait", () -> waiters(c, c.sendq) == 6);
                c.close();
                crew.join();
                assertEquals(cap == 1 ? 42 : null, c.receiveOrNull(), "what was in the buffer is still there");
                assertNull(c.receiveOrNull());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void boundedWaitsEndWithTheirTimeOrWithAValue(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            crew.run(() -> {
                Chan<Integer> c = new Chan<>(1);
                long begin = System.nanoTime();
                assertNull(c.receive(SHORT));
                assertTrue(System.nanoTime() - begin >= SHORT.toNanos());
                assertTrue(c.send(1, SHORT));
                begin = System.nanoTime();
                assertFalse(c.send(2, SHORT));
                assertTrue(System.nanoTime() - begin >= SHORT.toNanos());
                assertEquals(1, c.receive(SHORT));
                assertNull(c.tryReceive(), "what was not sent in time is not there");
                assertTrue(c.sendq.isEmpty() && c.recvq.isEmpty());
            });
            Chan<Integer> c = new Chan<>();
            AtomicInteger got = new AtomicInteger();
            crew.go(() -> got.set(c.receive(LONG)));
            crew.go(() -> assertTrue(c.send(3, LONG)));
            crew.join();
            assertEquals(3, got.get());
        }
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptEndsNoWaitAndIsKept(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> c = new Chan<>();
            AtomicBoolean kept = new AtomicBoolean();
            Thread thread = crew.go(() -> {
                assertEquals(1, c.receive());
                assertEquals(2, c.receive(LONG));
                kept.set(Thread.interrupted());
            });
            for (int i = 1; i <= 2; i++) {
                crew.await("it waits", () -> !c.recvq.isEmpty());
                thread.interrupt();
                assertFalse(c.recvq.isEmpty(), "it still waits");
                assertTrue(c.send(i, LONG));
            }
            crew.join();
            assertTrue(kept.get());
        }
    }

    @Test
    void dumpsSayForWhatAGoroutineWaits() {
        try (Crew crew = Crew.inTurn()) {
            Chan<Integer> c = new Chan<>();
            Goroutine receiver = crew.scheduler().go(c::receive);
            crew.await("it waits", () -> receiver.waitReason() == WaitReason.CHAN_RECEIVE);
            assertTrue(crew.scheduler().dump().contains("goroutine " + receiver.id() + " [chan receive]"));
            assertTrue(c.trySend(1));
            Goroutine sender = crew.scheduler().go(() -> c.send(2));
            crew.await("it waits", () -> sender.waitReason() == WaitReason.CHAN_SEND);
            assertTrue(crew.scheduler().dump().contains("goroutine " + sender.id() + " [chan send]"));
            assertEquals(2, c.tryReceive());
        }
    }

    /** The receiver goes into {@code runnext}: it runs before a goroutine that was queued earlier. */
    @Test
    void whoIsServedByAGoroutineRunsNextOnItsP() {
        try (Crew crew = Crew.inTurn()) {
            Chan<Integer> c = new Chan<>();
            List<String> order = new ArrayList<>(); // one P: in turn
            crew.go(() -> {
                c.receive();
                order.add("receiver");
            });
            crew.await("it waits", () -> !c.recvq.isEmpty());
            AtomicReference<Goroutine> other = new AtomicReference<>();
            crew.run(() -> {
                other.set(crew.scheduler().go(() -> order.add("queued earlier")));
                c.send(1);
                order.add("sender");
            });
            crew.await("the other has run", () -> other.get().state() == Goroutine.State.DEAD);
            assertEquals(List.of("sender", "receiver", "queued earlier"), order);
        }
    }

    /** What the sender wrote before, the receiver reads after; the same for closing. */
    @ParameterizedTest
    @EnumSource
    void whatWasWrittenBeforeIsReadAfter(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int cap = 0; cap <= 1; cap++) {
                Chan<int[]> c = new Chan<>(cap);
                int[] beforeClose = new int[1];
                crew.go(() -> {
                    for (int i = 1; i <= 5_000; i++) {
                        int[] box = new int[1];
                        box[0] = i;
                        c.send(box);
                    }
                    beforeClose[0] = 1;
                    c.close();
                });
                crew.go(() -> {
                    int i = 0;
                    for (int[] box : c) {
                        assertEquals(++i, box[0]);
                    }
                    assertEquals(5_000, i);
                    assertEquals(1, beforeClose[0]);
                });
                crew.join();
            }
        }
    }
}
