package dev.heddle.sched;

import java.util.ArrayList;
import java.util.List;

/**
 * Enumerates all Ps once in pseudo-random order (Go's {@code randomOrder}): start anywhere and go round with a stride
 * that has no common factor with the number of Ps. No allocation per round.
 */
final class StealOrder {
    private final int count;
    private final int[] coprimes;

    StealOrder(int count) {
        this.count = count;
        List<Integer> found = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            if (gcd(i, count) == 1) {
                found.add(i);
            }
        }
        coprimes = found.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** How many strides there are. */
    int strides() {
        return coprimes.length;
    }

    /** Begins a round; {@code random} is any number, read as unsigned. */
    void begin(Cursor cursor, int random) {
        cursor.left = count;
        cursor.position = Integer.remainderUnsigned(random, count);
        cursor.stride = coprimes[Integer.remainderUnsigned(Integer.divideUnsigned(random, count), coprimes.length)];
    }

    /** Returns the next position of the round, or -1 after the last. */
    int next(Cursor cursor) {
        if (cursor.left-- <= 0) {
            return -1;
        }
        int at = cursor.position;
        cursor.position = (at + cursor.stride) % count;
        return at;
    }

    /** Where a P stands in its round, and its random numbers. Owner of the P only. */
    static final class Cursor {
        private int left;
        private int position;
        private int stride;
        private int seed;

        Cursor(int seed) {
            this.seed = seed * 0x9E3779B9 + 1;
        }

        /** Marsaglia's xorshift32, as Go's {@code fastrand} of 1.19. */
        int random() {
            int x = seed;
            x ^= x << 13;
            x ^= x >>> 17;
            x ^= x << 5;
            seed = x;
            return x;
        }
    }
}
