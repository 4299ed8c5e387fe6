package dev.heddle.sched;

import java.util.AbstractCollection;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The Ms of a scheduler in the order of their numbers (Go's {@code allm}). One thread adds, any thread takes itself out, which
 * needs no memory: a thread that ends must not fail in that. Whoever walks along sees each M that lives all the time, and
 * perhaps some that come or go meanwhile.
 */
final class AllMs extends AbstractCollection<M> {
    private static final int FIRST_CAPACITY = 16;

    /** The last are null; in between is null where one has gone. Replaced as a whole, under the monitor. */
    private volatile M[] slots = new M[FIRST_CAPACITY];

    /** Slots that have been used. Under the monitor, but for walks, to which more or less of null makes no difference. */
    private volatile int used;

    private volatile int count;

    /** Adds one with a number higher than all before. If there is no memory it throws, and has done nothing. */
    @Override
    public synchronized boolean add(M m) {
        if (used == slots.length) {
            M[] next = new M[Math.max(FIRST_CAPACITY, 2 * count)];
            int n = 0;
            for (M old : slots) {
                if (old != null) {
                    next[n++] = old;
                }
            }
            slots = next;
            used = n;
        }
        slots[used] = m;
        used++; // under the monitor; publishes the slot
        count++; // under the monitor
        return true;
    }

    /** Takes one out that has ended, or never began; does nothing if it is not here. */
    synchronized void ended(M m) {
        M[] all = slots;
        for (int i = 0; i < used; i++) {
            if (all[i] == m) {
                all[i] = null;
                count--; // under the monitor
                return;
            }
        }
    }

    @Override
    public int size() {
        return count;
    }

    @Override
    public Iterator<M> iterator() {
        int upTo = used; // first: of an array that replaces this one all slots may be looked at
        return new Walk(slots, upTo);
    }

    /** Over one array; what it holds may go meanwhile. */
    private static final class Walk implements Iterator<M> {
        private final M[] all;
        private final int upTo;
        private int at;
        private M next;

        Walk(M[] all, int upTo) {
            this.all = all;
            this.upTo = Math.min(upTo, all.length);
            advance();
        }

        private void advance() {
            next = null;
            while (next == null && at < upTo) {
                next = all[at++];
            }
        }

        @Override
        public boolean hasNext() {
            return next != null;
        }

        @Override
        public M next() {
            M m = next;
            if (m == null) {
                throw new NoSuchElementException();
            }
            advance();
            return m;
        }
    }
}
