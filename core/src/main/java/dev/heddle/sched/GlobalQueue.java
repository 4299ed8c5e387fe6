package dev.heddle.sched;

/**
 * The global run queue: a list through {@link G#schedlink} (Go's {@code sched.runq}). It holds what overflowed, yielded or
 * was preempted, and new goroutines of foreign threads. All methods but {@link #size} under the scheduler lock.
 */
final class GlobalQueue {
    private G head;
    private G tail;
    private volatile int size;

    int size() {
        return size;
    }

    void put(G g) {
        g.schedlink = null;
        if (tail == null) {
            head = g;
        } else {
            tail.schedlink = g;
        }
        tail = g;
        size++; // under the lock
    }

    /** Takes the oldest, or returns null. */
    G get() {
        G g = head;
        if (g != null) {
            head = g.schedlink;
            g.schedlink = null;
            if (head == null) {
                tail = null;
            }
            size--; // under the lock
        }
        return g;
    }

    /** The fair share of one P of {@code globrunqget}: its part of the queue and one more, at most half a ring. */
    int share(int procs) {
        return Math.min(Math.min(size, size / procs + 1), RunQueue.CAPACITY / 2);
    }
}
