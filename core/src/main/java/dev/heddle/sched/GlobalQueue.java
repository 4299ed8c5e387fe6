package dev.heddle.sched;

/**
 * The global run queue: lists through {@link G#schedlink} (Go's {@code sched.runq}). It holds what overflowed, yielded or
 * was preempted, and new goroutines of foreign threads. All methods but {@link #size} under the scheduler lock.
 *
 * <p>Differs from Go: goroutines whose slice was over stand behind all others, since who has computed for a whole slice will
 * do so again, and who has not may be done in no time. They are not kept waiting for ever: each {@link #TURN}th that is taken
 * is one of them.
 */
final class GlobalQueue {
    /** One of so many is taken from those behind, if there are others. A guess. */
    static final int TURN = 16;

    private final Line first = new Line();
    private final Line behind = new Line();
    /** How many were taken before those behind since one of them was. */
    private int passed;

    private volatile int size;

    static final class Line {
        private G head;
        private G tail;
        private int size;

        void put(G g) {
            g.schedlink = null;
            if (tail == null) {
                head = g;
            } else {
                tail.schedlink = g;
            }
            tail = g;
            size++;
        }

        G get() {
            G g = head;
            head = g.schedlink;
            g.schedlink = null;
            if (head == null) {
                tail = null;
            }
            size--;
            return g;
        }
    }

    int size() {
        return size;
    }

    void put(G g) {
        first.put(g);
        size++; // under the lock
    }

    /** Puts one whose slice was over. */
    void putBehind(G g) {
        behind.put(g);
        size++; // under the lock
    }

    /** Takes the oldest, or one of those behind if it is their turn; null if there is none. */
    G get() {
        if (size == 0) {
            return null;
        }
        size--; // under the lock
        if (behind.size != 0 && (first.size == 0 || ++passed >= TURN)) {
            passed = 0;
            return behind.get();
        }
        return first.get();
    }

    /**
     * The fair share of one P of {@code globrunqget}: its part of the queue and one more, at most half a ring. Of those behind
     * one at most: on a ring they would be before others.
     */
    int share(int procs) {
        int n = first.size == 0 ? Math.min(behind.size, 1) : first.size;
        return Math.min(Math.min(n, n / procs + 1), RunQueue.CAPACITY / 2);
    }
}
