package dev.heddle.sched;

import java.util.Arrays;

/**
 * The timers of one P: a 4-ary min-heap (Go's {@code p.timers}, {@code time.go}) under a lock of its own.
 *
 * <p>Who fires a timer: the owner of the P at each schedule; a thief in its last pass of stealing; the M that slept in the
 * netpoller until the earliest of all. Sysmon never does. {@link #minWhen} can be read without the lock.
 *
 * <p>Differs from Go 1.23: {@code stop} removes at once, by the timer's index, instead of marking it for a later sweep.
 * That costs O(log4 n) under the lock, and nothing is left behind to sweep.
 */
final class Timers extends SchedLock {
    /** {@link #minWhen} of an empty heap. */
    static final long NONE = Long.MAX_VALUE;

    private static final int ARITY = 4;
    private static final int FIRST_CAPACITY = 16;

    private Timer[] heap = new Timer[FIRST_CAPACITY];
    /** {@link Timer#when} of each, side by side for the cache (Go's {@code timerWhen}). */
    private long[] whens = new long[FIRST_CAPACITY];
    private int size;
    private volatile long minWhen = NONE;
    private volatile long fired;

    long minWhen() {
        return minWhen;
    }

    int size() {
        return size;
    }

    long fired() {
        return fired;
    }

    /**
     * Puts a timer on the heap.
     *
     * @return whether it is now the first, so that a sleeping poller may have to be told
     */
    boolean add(Timer timer, long when) {
        lock();
        try {
            assert timer.index == -1 : "timer is on a heap";
            if (size == heap.length) {
                grow(size * 2);
            }
            timer.when = when;
            timer.owner = this;
            up(size++, timer, when);
            boolean first = timer.index == 0;
            if (first) {
                minWhen = when;
            }
            return first;
        } finally {
            unlock();
        }
    }

    boolean remove(Timer timer) {
        lock();
        try {
            if (timer.owner != this || timer.index < 0) {
                return false;
            }
            removeAt(timer.index);
            return true;
        } finally {
            unlock();
        }
    }

    /**
     * Go's {@code moveTimers}: takes all timers of a P that is dead. A timer is on one of the two heaps at any moment that
     * {@link Timer#stop} can see, because both are locked; whoever stops one of them looks again if its owner has changed.
     *
     * @return whether a timer of those is now the first here
     */
    boolean takeAll(Timers dead) {
        while (true) {
            dead.lock(); // the order of the locks is that of this one caller: it holds no other
            lock();
            int all = size + dead.size;
            if (all <= heap.length) {
                break;
            }
            unlock();
            dead.unlock();
            makeRoom(all);
        }
        try {
            return moveAll(dead);
        } finally {
            unlock();
            dead.unlock();
        }
    }

    /** Grows under the one lock that it concerns, where a lack of memory leaves nothing half done. */
    private void makeRoom(int all) {
        lock();
        try {
            if (heap.length < all) {
                grow(Math.max(all, 2 * heap.length));
            }
        } finally {
            unlock();
        }
    }

    /** Under both locks, with room enough. */
    private boolean moveAll(Timers dead) {
        long before = minWhen;
        int moved = dead.size;
        for (int i = 0; i < moved; i++) {
            Timer timer = dead.heap[i];
            dead.heap[i] = null;
            timer.owner = this;
            set(size++, timer, timer.when);
        }
        for (int i = (size - 2) / ARITY; i >= 0 && moved > 0; i--) {
            down(i, heap[i], whens[i]);
        }
        dead.size = 0;
        dead.minWhen = NONE;
        minWhen = size == 0 ? NONE : whens[0];
        return minWhen < before;
    }

    /** Go's {@code runtimer} in a loop: fires all that are due. Callbacks run without the lock. Returns how many. */
    int runDue(long now) {
        int count = 0;
        while (minWhen <= now) {
            Timer due = takeDue(now);
            if (due == null) {
                break;
            }
            due.callback.fire(due.arg);
            count++;
        }
        return count;
    }

    /** Takes the first timer off the heap if it is due, for the caller to fire. */
    Timer takeDue(long now) {
        lock();
        try {
            if (size == 0 || whens[0] > now) {
                return null;
            }
            Timer due = heap[0];
            removeAt(0);
            fired++; // under the lock
            return due;
        } finally {
            unlock();
        }
    }

    private void removeAt(int i) {
        Timer gone = heap[i];
        Timer last = heap[--size];
        heap[size] = null;
        gone.index = -1;
        if (gone != last) {
            long when = whens[size];
            down(i, last, when);
            if (last.index == i) {
                up(i, last, when);
            }
        }
        minWhen = size == 0 ? NONE : whens[0];
    }

    private void up(int from, Timer timer, long when) {
        int i = from;
        while (i > 0) {
            int parent = (i - 1) / ARITY;
            if (whens[parent] <= when) {
                break;
            }
            set(i, heap[parent], whens[parent]);
            i = parent;
        }
        set(i, timer, when);
    }

    private void down(int from, Timer timer, long when) {
        int i = from;
        while (true) {
            int first = i * ARITY + 1;
            if (first >= size) {
                break;
            }
            int least = first;
            int end = Math.min(first + ARITY, size);
            for (int child = first + 1; child < end; child++) {
                if (whens[child] < whens[least]) {
                    least = child;
                }
            }
            if (whens[least] >= when) {
                break;
            }
            set(i, heap[least], whens[least]);
            i = least;
        }
        set(i, timer, when);
    }

    private void set(int i, Timer timer, long when) {
        heap[i] = timer;
        whens[i] = when;
        timer.index = i;
    }

    private void grow(int capacity) {
        whens = Arrays.copyOf(whens, capacity); // first: if there is no memory for the other, this one is only too long
        heap = Arrays.copyOf(heap, capacity);
    }
}
