package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The run queue alone: Go's TestSchedLocalQueue, TestSchedLocalQueueSteal, TestSchedLocalQueueEmpty and more. */
@Timeout(120)
class RunQueueTest {
    private static final Runnable NO_PATIENCE = () -> {};
    private static final RunQueue.Overflow NONE = (batch, count) -> {
        throw new AssertionError("overflow of " + count);
    };

    private final Sched sched = Started.unstarted(1);

    @ParameterizedTest
    @ValueSource(ints = {4, 256})
    void firstInFirstOut(int capacity) {
        RunQueue queue = new RunQueue(capacity);
        G[] all = Started.goroutines(sched, capacity);
        for (int i = 0; i < capacity; i++) {
            assertNull(queue.get());
            assertTrue(queue.isEmpty());
            for (int k = 0; k < i; k++) {
                assertEquals(k, queue.size());
                queue.put(all[k], false, NONE);
                assertFalse(queue.isEmpty());
            }
            for (int k = 0; k < i; k++) {
                assertSame(all[k], queue.get());
            }
        }
        assertNull(queue.get());
    }

    @Test
    void runnextIsReplacedAndTheOldOneGoesToTheTail() {
        RunQueue queue = new RunQueue(4);
        G[] all = Started.goroutines(sched, 3);
        queue.put(all[0], false, NONE);
        queue.put(all[1], true, NONE);
        assertTrue(queue.hasNext());
        assertEquals(1, queue.size());
        queue.put(all[2], true, NONE);
        assertEquals(3, queue.depth());
        assertSame(all[2], queue.getNext());
        assertNull(queue.getNext());
        assertSame(all[0], queue.get());
        assertSame(all[1], queue.get());
        assertTrue(queue.isEmpty());
    }

    @Test
    void runnextAloneIsNotEmpty() {
        RunQueue queue = new RunQueue(4);
        queue.put(Started.goroutines(sched, 1)[0], true, NONE);
        assertFalse(queue.isEmpty());
        assertNull(queue.get());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 256})
    void stealTakesTheOlderHalf(int capacity) {
        RunQueue victim = new RunQueue(capacity);
        RunQueue thief = new RunQueue(capacity);
        G[] all = Started.goroutines(sched, capacity);
        for (int count = 0; count < capacity; count++) {
            for (int i = 0; i < count; i++) {
                victim.put(all[i], false, NONE);
            }
            List<G> stolen = new ArrayList<>();
            G last = thief.stealFrom(victim, false, NO_PATIENCE);
            for (G g = thief.get(); g != null; g = thief.get()) {
                stolen.add(g);
            }
            if (last != null) {
                stolen.add(last);
            }
            assertEquals(count - count / 2, stolen.size(), "of " + count);
            for (int i = 0; i < count; i++) {
                assertSame(all[i], i < stolen.size() ? stolen.get(i) : victim.get());
            }
            assertTrue(victim.isEmpty());
            assertTrue(thief.isEmpty());
        }
    }

    @Test
    void runnextIsStolenLastAndOnlyOnRequest() {
        RunQueue victim = new RunQueue(4);
        RunQueue thief = new RunQueue(4);
        G[] all = Started.goroutines(sched, 2);
        victim.put(all[0], false, NONE);
        victim.put(all[1], true, NONE);
        AtomicInteger waited = new AtomicInteger();
        assertSame(all[0], thief.stealFrom(victim, true, waited::incrementAndGet));
        assertNull(thief.stealFrom(victim, false, waited::incrementAndGet));
        assertEquals(0, waited.get());
        assertSame(all[1], thief.stealFrom(victim, true, waited::incrementAndGet));
        assertEquals(1, waited.get(), "the owner is given time to run its own next");
        assertTrue(victim.isEmpty());
        assertTrue(thief.isEmpty());
        assertNull(thief.stealFrom(victim, true, waited::incrementAndGet));
    }

    @Test
    void runnextThatTheOwnerTakesInTheMeantimeIsNotStolen() {
        RunQueue victim = new RunQueue(4);
        RunQueue thief = new RunQueue(4);
        G g = Started.goroutines(sched, 1)[0];
        victim.put(g, true, NONE);
        assertNull(thief.stealFrom(victim, true, () -> assertSame(g, victim.getNext())));
        assertTrue(thief.isEmpty());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 256})
    void overflowGivesTheOlderHalfAndTheNewOne(int capacity) {
        RunQueue queue = new RunQueue(capacity);
        G[] all = Started.goroutines(sched, capacity + 1);
        List<G> out = new ArrayList<>();
        RunQueue.Overflow overflow = (batch, count) -> {
            for (int i = 0; i < count; i++) {
                out.add(batch[i]);
            }
        };
        for (G g : all) {
            queue.put(g, false, overflow);
        }
        assertEquals(capacity / 2 + 1, out.size());
        assertEquals(List.of(all).subList(0, capacity / 2), out.subList(0, capacity / 2));
        assertSame(all[capacity], out.getLast());
        for (int i = capacity / 2; i < capacity; i++) {
            assertSame(all[i], queue.get());
        }
        assertTrue(queue.isEmpty());
    }

    @Test
    void isFullWhenTheNextPutOverflows() {
        RunQueue queue = new RunQueue(4);
        for (G g : Started.goroutines(sched, 4)) {
            assertFalse(queue.isFull());
            queue.put(g, false, NONE);
        }
        assertTrue(queue.isFull());
        assertNotNull(queue.get());
        assertFalse(queue.isFull());
    }

    /** The array of an overflow is used again and again: it must not keep goroutines that have ended. */
    @Test
    void anOverflowLeavesNothingInItsArray() {
        RunQueue queue = new RunQueue(4);
        List<G[]> arrays = new ArrayList<>();
        for (G g : Started.goroutines(sched, 5)) {
            queue.put(g, false, (batch, count) -> {
                assertEquals(3, count);
                arrays.add(batch);
            });
        }
        assertEquals(1, arrays.size());
        for (G left : arrays.getFirst()) {
            assertNull(left);
        }
    }

    @Test
    void whatWasTakenCanBeCollected() {
        RunQueue queue = new RunQueue(4);
        List<WeakReference<G>> taken = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            queue.put(Started.goroutines(sched, 1)[0], i == 3, NONE);
        }
        for (int i = 0; i < 4; i++) {
            taken.add(new WeakReference<>(i == 0 ? queue.getNext() : queue.get()));
        }
        long begin = System.nanoTime();
        while (taken.stream().anyMatch(reference -> reference.get() != null)) {
            assertTrue(System.nanoTime() - begin < Waiting.LIMIT.toNanos(), "a slot keeps what was taken from it");
            System.gc();
        }
        assertTrue(queue.isEmpty());
    }

    @ParameterizedTest
    @ValueSource(ints = {-4, 0, 1, 3, 255})
    void capacityIsChecked(int capacity) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> new RunQueue(capacity));
        assertEquals("capacity: got " + capacity + ", need a power of two, at least 2", e.getMessage());
    }

    /** One goroutine is there all the time, so no look of another thread may find the queue empty. */
    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void neverLooksEmptyWhileSomethingIsThere(boolean next0, boolean next1) throws InterruptedException {
        int rounds = 100_000;
        long begin = System.nanoTime();
        RunQueue queue = new RunQueue(4);
        G[] all = Started.goroutines(sched, 2);
        AtomicInteger looks = new AtomicInteger();
        AtomicInteger foundEmpty = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        queue.put(all[0], next0, NONE);
        Thread other = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                if (queue.isEmpty()) {
                    foundEmpty.incrementAndGet();
                }
                looks.incrementAndGet();
            }
        });
        for (int i = 0; i < rounds || !StressTime.isOver(begin, StressTime.nanos(1_000)); i++) {
            queue.put(all[1], next1, NONE);
            assertSame(all[0], older(queue, next1));
            queue.put(all[0], next0, NONE);
            assertSame(all[1], older(queue, next0));
        }
        over.set(true);
        other.join();
        assertEquals(0, foundEmpty.get(), "of " + looks + " looks");
    }

    /** Takes the one of two that was put first. */
    private static G older(RunQueue queue, boolean newerIsNext) {
        G next = newerIsNext ? null : queue.getNext();
        return next != null ? next : queue.get();
    }

    /** An owner that puts and gets, thieves that steal: every goroutine comes out exactly once. */
    @ParameterizedTest
    @CsvSource({"4,1", "4,3", "256,1", "256,3"})
    void nothingIsLostOrTakenTwiceUnderTheft(int capacity, int thieves) throws InterruptedException {
        Traffic traffic = new Traffic(sched, capacity, 100_000);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < thieves; i++) {
            threads.add(Thread.ofPlatform().start(traffic::steal));
        }
        traffic.produce();
        for (Thread thread : threads) {
            thread.join();
        }
        assertTrue(traffic.queue.isEmpty());
        traffic.check();
    }

    /** Goroutines with the numbers 1 to count that each pass through one queue once. */
    private static final class Traffic {
        final RunQueue queue;
        private final Sched sched;
        private final int capacity;
        private final int count;
        private final AtomicIntegerArray seen;
        private volatile boolean over;

        Traffic(Sched sched, int capacity, int count) {
            this.sched = sched;
            this.capacity = capacity;
            this.count = count;
            this.queue = new RunQueue(capacity);
            this.seen = new AtomicIntegerArray(count + 1);
        }

        /** The owner: puts in bursts, so that the ring overflows now and then, and takes some back. */
        void produce() {
            SplittableRandom random = new SplittableRandom(1);
            for (int made = 0; made < count; ) {
                int burst = Math.min(count - made, random.nextInt(2 * capacity) + 1);
                for (int i = 0; i < burst; i++) {
                    queue.put(Started.goroutines(sched, 1)[0], random.nextInt(3) == 0, this::see);
                }
                made += burst;
                for (int i = random.nextInt(capacity); i > 0; i--) {
                    take();
                }
            }
            while (!queue.isEmpty()) {
                take();
            }
            over = true;
        }

        private void take() {
            G g = queue.getNext();
            see(g == null ? queue.get() : g);
        }

        void steal() {
            RunQueue mine = new RunQueue(capacity);
            SplittableRandom random = new SplittableRandom(2);
            while (!over) {
                see(mine.stealFrom(queue, random.nextInt(4) == 0, NO_PATIENCE));
                for (G g = mine.get(); g != null; g = mine.get()) {
                    see(g);
                }
            }
        }

        private void see(G[] batch, int length) {
            for (int i = 0; i < length; i++) {
                see(batch[i]);
            }
        }

        private void see(G g) {
            if (g != null) {
                seen.incrementAndGet((int) g.id);
            }
        }

        void check() {
            for (int i = 1; i <= count; i++) {
                assertEquals(1, seen.get(i), "goroutine " + i);
            }
        }
    }
}
