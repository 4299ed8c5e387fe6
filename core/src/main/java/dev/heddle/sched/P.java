package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A processor: the right to run goroutines, with a run queue, timers and counters. {@link PState} has the protocol of
 * its {@link #word}.
 *
 * <p>Fields without a word about it belong to the owner of the P; the change of owner through the word, under the
 * scheduler lock or by hand-over makes them visible to the next one. Others may read the counters: a stale value is fine.
 */
final class P {
    private static final VarHandle WORD;
    private static final VarHandle INBOX;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            WORD = lookup.findVarHandle(P.class, "word", long.class);
            INBOX = lookup.findVarHandle(P.class, "inbox", G.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final int id;
    final RunQueue runq = new RunQueue(RunQueue.CAPACITY);
    final Timers timers = new Timers();
    final LatencyHistogram latency = new LatencyHistogram();
    final StealOrder.Cursor stealCursor;
    private final RunQueue.Overflow overflow;

    private volatile long word = PState.IDLE;
    /** The M that owns it, for sysmon and dumps; null in transit. */
    volatile M m;
    /** Set by sysmon when the slice is over: scheduling points honour it. Cleared with the next slice. */
    volatile boolean preempt;
    /** Goroutines readied by threads without a P: a stack through {@link G#schedlink}, taken as a whole. Any thread. */
    private volatile G inbox;
    /** Next on the idle list or on the list of Ps that wait for a new thread; under the scheduler lock. */
    P link;

    /** Time slices begun. The 1/61 rule counts these. */
    long schedtick;
    long syscalltick;
    /** Times that it left an M that blocked. By whoever has taken it from there. */
    long handoffs;
    long steals;
    long stealFailures;
    long stolen;
    long overflows;
    long spins;
    long spinNanos;
    long created;
    long netpolls;

    P(int id, Sched sched) {
        this.id = id;
        this.overflow = (batch, count) -> {
            overflows++;
            sched.trace.overflow(this, count);
            sched.globrunqputbatch(batch, count);
        };
        this.stealCursor = new StealOrder.Cursor(id);
    }

    long word() {
        return word;
    }

    int status() {
        return PState.status(word);
    }

    boolean cas(long from, long to) {
        return WORD.compareAndSet(this, from, to);
    }

    /** Volatile, so that it is also the fence between publishing work and looking for spinning Ms. Owner only. */
    void word(long value) {
        word = value;
    }

    /** Where no fence is needed. Owner only. */
    void wordRelease(long value) {
        WORD.setRelease(this, value);
    }

    /** Owner only. */
    void runqput(G g, boolean next) {
        runq.put(g, next, overflow);
    }

    /** Adds to the inbox. Any thread. The CAS is the fence before the caller's look for spinning Ms. */
    void inboxPut(G g) {
        G head;
        do {
            head = inbox;
            g.schedlink = head;
        } while (!INBOX.compareAndSet(this, head, g));
    }

    boolean inboxEmpty() {
        return inbox == null;
    }

    /** Takes the whole inbox, oldest first, as a list through schedlink. Any thread. */
    G inboxTake() {
        if (inbox == null) {
            return null;
        }
        G list = null;
        for (G g = (G) INBOX.getAndSet(this, null); g != null; ) {
            G next = g.schedlink;
            g.schedlink = list;
            list = g;
            g = next;
        }
        return list;
    }

    /** Puts a list on the ring's tail. Owner only. */
    void runqputAll(G list) {
        for (G g = list; g != null; ) {
            G next = g.schedlink;
            g.schedlink = null;
            runqput(g, false);
            g = next;
        }
    }

    /** Nothing to run here. Any thread; see {@link RunQueue#isEmpty} for what it promises. */
    boolean isEmpty() {
        return inbox == null && runq.isEmpty(); // in this order: the owner moves from the inbox to the ring
    }

    /** How many goroutines are queued here. Any thread; a snapshot. */
    int depth() {
        int n = runq.depth();
        for (G g = inbox; g != null && n < 1_000_000; g = g.schedlink) { // the list may move under our feet
            n++;
        }
        return n;
    }

    @Override
    public String toString() {
        return "P" + id;
    }
}
