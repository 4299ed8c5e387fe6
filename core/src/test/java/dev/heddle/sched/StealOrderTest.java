package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Go's TestStealOrder. */
class StealOrderTest {
    @Test
    void everyRoundVisitsEachPOnce() {
        for (int count = 1; count <= 64; count++) {
            StealOrder order = new StealOrder(count);
            if (count >= 3) {
                assertTrue(order.strides() >= 2, "strides for " + count);
            }
            Set<List<Integer>> rounds = new HashSet<>();
            for (int random = 0; random < count * order.strides(); random++) {
                rounds.add(round(order, count, random));
            }
            if (count >= 3) {
                assertEquals(count * order.strides(), rounds.size(), "different rounds of " + count);
            }
        }
    }

    @Test
    void anyRandomNumberWillDo() {
        StealOrder order = new StealOrder(6);
        for (int random : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            round(order, 6, random);
        }
    }

    @Test
    void randomNumbersDifferFromPToPAndCoverAllStarts() {
        StealOrder order = new StealOrder(8);
        StealOrder.Cursor first = new StealOrder.Cursor(0);
        StealOrder.Cursor second = new StealOrder.Cursor(1);
        BitSet starts = new BitSet();
        int equal = 0;
        for (int i = 0; i < 1_000; i++) {
            int random = first.random();
            equal += random == second.random() ? 1 : 0;
            order.begin(first, random);
            starts.set(order.next(first));
        }
        assertEquals(8, starts.cardinality());
        assertTrue(equal < 10, equal + " of 1000 numbers are the same on both");
    }

    /** The numbers of xorshift32 with seed 1, from Marsaglia's paper. */
    @Test
    void randomNumbersAreXorshift() {
        StealOrder.Cursor cursor = new StealOrder.Cursor(0);
        assertEquals(270_369, cursor.random());
        assertEquals(67_634_689, cursor.random());
    }

    private static List<Integer> round(StealOrder order, int count, int random) {
        StealOrder.Cursor cursor = new StealOrder.Cursor(0);
        order.begin(cursor, random);
        BitSet seen = new BitSet();
        List<Integer> places = new ArrayList<>();
        for (int at = order.next(cursor); at >= 0; at = order.next(cursor)) {
            assertTrue(!seen.get(at), at + " twice for " + count + " with " + random);
            seen.set(at);
            places.add(at);
        }
        assertEquals(count, seen.cardinality(), "with " + random);
        assertEquals(-1, order.next(cursor));
        return places;
    }
}
