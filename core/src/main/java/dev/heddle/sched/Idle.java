package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The idle Ps and the count of spinning Ms: who has to be woken when there is work (Go's {@code pidleget},
 * {@code pidleput}, {@code wakep}, {@code resetspinning}).
 *
 * <p>The delicate dance of {@code proc.go}. A submitter publishes work, then a full fence, then reads
 * {@link #nmspinning}. A spinning M that gives up lowers nmspinning (with a full fence), then looks at all queues again.
 * In every interleaving one of them sees the other: either the submitter sees 0 and wakes somebody, or the M sees the
 * work. A submitter that sees 0 but finds no idle P sets {@link #needspinning} under the lock; an M that is about to
 * release its P sees that under the same lock and spins instead (golang/go#45867).
 *
 * <p>At most one wake-up is under way: the woken M is born spinning, and wakes the next when it finds work. So n runnable
 * goroutines wake Ms in a chain, never a herd.
 */
final class Idle {
    private static final VarHandle NMSPINNING;

    static {
        try {
            NMSPINNING = MethodHandles.lookup().findVarHandle(Idle.class, "nmspinning", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Sched sched;
    /** A stack, so that the P used last, whose caches are warm, is used first. Under the lock. */
    private P idle;

    private volatile int npidle;
    /** Ms that spin with a P, and the one that {@link #wakep} is about to wake, which may find that there is no P for it. */
    private volatile int nmspinning;
    private volatile boolean needspinning;

    Idle(Sched sched) {
        this.sched = sched;
    }

    int npidle() {
        return npidle;
    }

    int nmspinning() {
        return nmspinning;
    }

    boolean needspinning() {
        return needspinning;
    }

    /**
     * Puts a P in transit on the idle list; if there are fewer Ps now, and it is too many, it dies instead, and what it has
     * goes to the global queue ({@link Procresize}). Under the lock.
     */
    void put(P p) {
        if (p.id >= sched.gomaxprocs) {
            p.word(PState.nextEpoch(p.word(), PState.DEAD));
            drain(p);
            return;
        }
        p.word(PState.nextEpoch(p.word(), PState.IDLE));
        p.link = idle;
        idle = p;
        npidle++; // under the lock
    }

    /** Takes an idle P into transit with status SCHED, or returns null. Under the lock. */
    P get() {
        P p = idle;
        if (p != null) {
            idle = p.link;
            p.link = null;
            npidle--; // under the lock
            p.word(PState.nextEpoch(p.word(), PState.SCHED));
        }
        return p;
    }

    /** {@link #get}, taking the lock if it looks worth while. */
    P pidleget() {
        if (npidle == 0) {
            return null;
        }
        sched.lock.lock();
        try {
            return get();
        } finally {
            sched.lock.unlock();
        }
    }

    /** Go's {@code pidlegetSpinning}: for a caller who has found work. Under the lock. */
    P getSpinning() {
        P p = get();
        if (p == null) {
            needspinning = true; // whoever is about to release a P will see it
        }
        return p;
    }

    /** Go's {@code wakep}: after publishing work and a full fence. Wakes one M if a P is idle and nobody looks for work. */
    void wakep() {
        if (nmspinning != 0) {
            return;
        }
        // if the flag stands already, whoever clears it looks at all queues afterwards, and so sees our work
        if (npidle == 0 && needspinning) {
            return;
        }
        if (!StackProbe.room()) {
            sched.sysmon.wakeWithWork();
            return;
        }
        if (!NMSPINNING.compareAndSet(this, 0, 1)) {
            return;
        }
        M m;
        sched.lock.lock();
        P p = getSpinning();
        if (p == null) {
            NMSPINNING.getAndAdd(this, -1);
            sched.lock.unlock();
            return;
        }
        p.word(PState.with(p.word(), PState.SPINNING));
        m = sched.spares.mgetOrRequest(p);
        sched.lock.unlock();
        sched.spares.start(m, p);
    }

    /** Whether this M may start to spin: while less than half of the busy Ps do (step 9 of findRunnable). */
    boolean maySpin() {
        return 2 * nmspinning < sched.gomaxprocs - npidle;
    }

    /** Go's {@code becomeSpinning}. M with a P in SCHED. */
    void becomeSpinning(M m) {
        NMSPINNING.getAndAdd(this, 1);
        if (needspinning) { // every ready reads this line of memory
            needspinning = false;
        }
        m.status(PState.SPINNING);
        m.where = M.Where.SPINNING;
        sched.trace.spinStart(m);
    }

    /**
     * Go's {@code resetspinning}: the M has found work, and looks for it no more.
     *
     * <p>Differs from Go: it wakes the next M only if there is something for that one to find, or if nobody waits in the
     * netpoller. Whoever has submitted work and woken nobody, because this M was spinning, had published it before nmspinning
     * was lowered here; so a look at all queues after that sees it. An M that is woken for nothing costs more than that look,
     * and takes the processor that the one with the work could run on (1.1 ms in the median until a goroutine ran
     * that a thread had woken, 13 us without: {@code WakeupBenchmark} on 2 cores).
     */
    void resetspinning(M m) {
        stopSpinning();
        sched.trace.spinStop(m, true);
        m.status(PState.SCHED);
        m.where = M.Where.RUNNING;
        if (sched.findRunnable.workIsQueued() || sched.netpoller.isUnwatched()) {
            wakep();
        }
    }

    /** Makes a P in transit spinning, if nobody spins. */
    boolean trySpin(P p) {
        if (!NMSPINNING.compareAndSet(this, 0, 1)) {
            return false;
        }
        needspinning = false;
        p.word(PState.with(p.word(), PState.SPINNING));
        return true;
    }

    /** One M less spins; a full fence. */
    void stopSpinning() {
        int before = (int) NMSPINNING.getAndAdd(this, -1);
        assert before > 0 : "nmspinning " + before;
    }

    /** A P in transit for which no thread could be had goes back; whatever it was to do, others can steal. */
    void abandon(P p) {
        sched.lock.lock();
        boolean spinning = p.status() == PState.SPINNING;
        drain(p);
        put(p);
        if (spinning) {
            stopSpinning();
        }
        sched.lock.unlock();
    }

    /** Moves all that is queued on a P without an owner to the global queue. Under the lock. */
    private void drain(P p) {
        G next = p.runq.getNext();
        if (next != null) {
            sched.global.put(next);
        }
        for (G g = p.runq.get(); g != null; g = p.runq.get()) {
            sched.global.put(g);
        }
        for (G g = p.inboxTake(); g != null; g = next) {
            next = g.schedlink;
            sched.global.put(g);
        }
    }

    /** Takes the Ps beyond gomaxprocs off the list, which kills them. Under the lock. */
    void removeSurplus() {
        P kept = null;
        for (P p = idle, next; p != null; p = next) {
            next = p.link;
            p.link = null;
            if (p.id < sched.gomaxprocs) {
                p.link = kept;
                kept = p;
            } else {
                npidle--; // under the lock
                put(p);
            }
        }
        idle = null;
        while (kept != null) { // back in the order that it had
            P p = kept;
            kept = p.link;
            p.link = idle;
            idle = p;
        }
    }

    /** The Ps on the idle list, counted. Under the lock; for checks. */
    int count() {
        int n = 0;
        for (P p = idle; p != null; p = p.link) {
            n++;
        }
        return n;
    }
}
