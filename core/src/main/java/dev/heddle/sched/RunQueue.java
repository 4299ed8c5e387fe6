package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The run queue of a P: {@code runnext} and a ring (Go's {@code runq}, {@code proc.go}: runqput, runqget, runqgrab,
 * runqsteal, runqempty).
 *
 * <p>One owner puts and gets; any thread may steal. {@code head} is moved by CAS, by the owner and by thieves;
 * {@code tail} is written by the owner alone. Both run freely and wrap; their difference is the length. A slot between
 * head and tail belongs to whoever moves head past it. {@code runnext} is moved by CAS: the owner may put anything there,
 * others may only empty it.
 *
 * <p>Why nothing is lost or run twice: the owner writes a slot before it publishes the new tail (release), a thief reads
 * tail (acquire), copies slots, and then moves head by CAS; if head has moved meanwhile the CAS fails and the copies are
 * dropped. The owner overwrites a slot only after head has passed it, and head never goes back.
 *
 * <p>Differs from Go: the owner clears the slot that it takes, so that a finished goroutine can be collected. That is
 * safe: only the owner writes slots, and a thief that copied the cleared slot fails in its CAS.
 */
final class RunQueue {
    /** Slots of the ring of a P, as in Go. */
    static final int CAPACITY = 256;

    private static final VarHandle HEAD;
    private static final VarHandle TAIL;
    private static final VarHandle RUNNEXT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            HEAD = lookup.findVarHandle(RunQueue.class, "head", int.class);
            TAIL = lookup.findVarHandle(RunQueue.class, "tail", int.class);
            RUNNEXT = lookup.findVarHandle(RunQueue.class, "runnext", G.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Takes what does not fit: half of a full ring and the goroutine that was to be put. */
    @FunctionalInterface
    interface Overflow {
        /**
         * Takes goroutines off the owner's hands.
         *
         * @param batch the oldest of the ring, then the new one; the array is the queue's own and valid only during the call
         * @param count how many of them
         */
        void put(G[] batch, int count);
    }

    private final G[] ring;
    private final int mask;
    private final G[] batch;
    private volatile int head;
    private volatile int tail;
    private volatile G runnext;

    /** Makes a queue with {@code capacity} slots, a power of two; tests use 4. */
    RunQueue(int capacity) {
        if (Integer.bitCount(capacity) != 1 || capacity < 2) {
            throw new IllegalArgumentException("capacity: got " + capacity + ", need a power of two, at least 2");
        }
        ring = new G[capacity];
        mask = capacity - 1;
        batch = new G[capacity / 2 + 1];
    }

    /**
     * Go's {@code runqput}. Owner only.
     *
     * @param next put it into {@code runnext}; what stood there goes to the tail of the ring
     */
    void put(G g, boolean next, Overflow overflow) {
        G out = next ? (G) RUNNEXT.getAndSet(this, g) : g;
        if (out != null) {
            putTail(out, overflow);
        }
    }

    private void putTail(G g, Overflow overflow) {
        while (true) {
            int h = (int) HEAD.getAcquire(this); // pairs with the CAS of thieves: their copies are done
            int t = (int) TAIL.get(this); // owner only
            if (t - h < ring.length) {
                ring[t & mask] = g;
                TAIL.setRelease(this, t + 1); // pairs with getAcquire in grab; the submit fence is in wakep
                return;
            }
            if (putSlow(g, h, t, overflow)) {
                return;
            }
        }
    }

    /** Go's {@code runqputslow}: the oldest half and the new one leave the ring. False if a thief was faster. */
    private boolean putSlow(G g, int h, int t, Overflow overflow) {
        int n = (t - h) / 2;
        for (int i = 0; i < n; i++) {
            batch[i] = ring[(h + i) & mask];
        }
        if (!HEAD.compareAndSet(this, h, h + n)) {
            return false;
        }
        batch[n] = g;
        overflow.put(batch, n + 1);
        java.util.Arrays.fill(batch, 0, n + 1, null);
        return true;
    }

    /** Takes {@code runnext}, or returns null. Owner only. */
    G getNext() {
        G next = (G) RUNNEXT.get(this);
        // a failed CAS means that a thief took it, and then it is empty
        return next != null && RUNNEXT.compareAndSet(this, next, null) ? next : null;
    }

    /** Takes the head of the ring, or returns null. Owner only. */
    G get() {
        while (true) {
            int h = (int) HEAD.getAcquire(this);
            int t = (int) TAIL.get(this); // owner only
            if (h == t) {
                return null;
            }
            G g = ring[h & mask];
            if (HEAD.compareAndSet(this, h, h + 1)) {
                ring[h & mask] = null;
                return g;
            }
        }
    }

    /**
     * Go's {@code runqsteal}: takes half of the victim's ring, the oldest first, and returns the newest of them; the
     * others are then on this queue. Owner of this queue only, and its ring must have room for half a ring.
     *
     * @param stealNext take {@code runnext} if the ring is empty
     * @param patience called before {@code runnext} is taken: lets a goroutine that is about to block run its own next
     * @return null if there was nothing
     */
    G stealFrom(RunQueue victim, boolean stealNext, Runnable patience) {
        int t = (int) TAIL.get(this); // owner only
        int n = victim.grab(this, t, stealNext, patience);
        if (n == 0) {
            return null;
        }
        n--;
        int last = (t + n) & mask;
        G g = ring[last];
        ring[last] = null;
        if (n > 0) {
            TAIL.setRelease(this, t + n);
        }
        return g;
    }

    /** Go's {@code runqgrab}: copies half of this ring behind {@code at} of the thief's. Any thread. */
    private int grab(RunQueue thief, int at, boolean stealNext, Runnable patience) {
        while (true) {
            int h = (int) HEAD.getAcquire(this);
            int t = (int) TAIL.getAcquire(this); // pairs with setRelease of the owner: the slots are written
            int length = t - h;
            int n = length - length / 2;
            if (n == 0) {
                return stealNext ? grabNext(thief, at, patience) : 0;
            }
            if (n > ring.length / 2) {
                continue; // head and tail were not read at one moment
            }
            for (int i = 0; i < n; i++) {
                thief.ring[(at + i) & thief.mask] = ring[(h + i) & mask];
            }
            if (HEAD.compareAndSet(this, h, h + n)) {
                return n;
            }
        }
    }

    private int grabNext(RunQueue thief, int at, Runnable patience) {
        if (RUNNEXT.getAcquire(this) == null) {
            return 0;
        }
        patience.run();
        G next = (G) RUNNEXT.getAcquire(this);
        if (next == null || !RUNNEXT.compareAndSet(this, next, null)) {
            return 0;
        }
        thief.ring[at & thief.mask] = next;
        return 1;
    }

    /**
     * Go's {@code runqempty}. Never says empty while a goroutine is here all the time, although {@code put} may move it
     * from {@code runnext} to the ring meanwhile: tail is read again to see that. Any thread.
     */
    boolean isEmpty() {
        while (true) {
            int h = head;
            int t = tail;
            G next = runnext;
            if (t == tail) {
                return h == t && next == null;
            }
        }
    }

    /** How many are on the ring, {@code runnext} excluded. Any thread; a snapshot. */
    int size() {
        while (true) {
            int h = head;
            int t = tail;
            int n = t - h;
            if (n >= 0 && n <= ring.length) {
                return n;
            }
        }
    }

    /** The next put may overflow. Owner only. */
    boolean isFull() {
        return size() == ring.length;
    }

    boolean hasNext() {
        return runnext != null;
    }

    /** How many are here, {@code runnext} included. Any thread; a snapshot. */
    int depth() {
        return size() + (hasNext() ? 1 : 0);
    }
}
