package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * All goroutines that live, for dumps and shutdown, and their numbers (Go's {@code allgs}). Striped, so that starting
 * and ending one takes an uncontended lock; the striping follows the number of the goroutine, which is handed out in
 * batches to threads.
 */
final class AllGs {
    private static final VarHandle IDS;

    static {
        try {
            IDS = MethodHandles.lookup().findVarHandle(AllGs.class, "ids", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** A power of two; a guess: more than the Ps that start goroutines at the same moment. */
    private static final int STRIPES = 64;

    private static final class Stripe extends SchedLock {
        G first;
        long added;
        long removed;
        long refused;
        long systemsAdded;
        long systemsRemoved;
    }

    private final Stripe[] stripes = new Stripe[STRIPES];
    private volatile long ids;

    AllGs() {
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new Stripe();
        }
    }

    /** Numbers that are handed to an M at once: Go's {@code _GoidCacheBatch}. */
    private static final int ID_BATCH = 16;

    /** The number of a new goroutine, from 1. An M takes them in batches. */
    long nextId() {
        M m = M.current();
        if (m == null || m.sched.allGs != this) {
            return (long) IDS.getAndAdd(this, 1L) + 1;
        }
        if (m.goidNext == m.goidEnd) {
            m.goidNext = (long) IDS.getAndAdd(this, (long) ID_BATCH) + 1;
            m.goidEnd = m.goidNext + ID_BATCH;
        }
        return m.goidNext++;
    }

    private Stripe stripe(G g) {
        return stripes[(int) g.id & (STRIPES - 1)];
    }

    void add(G g) {
        Stripe stripe = stripe(g);
        stripe.lock();
        g.allNext = stripe.first;
        if (stripe.first != null) {
            stripe.first.allPrev = g;
        }
        stripe.first = g;
        stripe.added++;
        if (g.system) {
            stripe.systemsAdded++;
        }
        stripe.unlock();
    }

    /** A goroutine has ended: takes it out and wakes those that join it. */
    void remove(G g) {
        Stripe stripe = stripe(g);
        stripe.lock();
        unlink(stripe, g);
        Joiner joiners = g.joiners;
        g.joiners = null;
        stripe.unlock();
        Joiner.wake(joiners);
    }

    /** It was added, and is not to start after all. */
    void refuse(G g) {
        Stripe stripe = stripe(g);
        stripe.lock();
        unlink(stripe, g);
        stripe.refused++;
        stripe.unlock();
    }

    private static void unlink(Stripe stripe, G g) {
        if (g.allPrev == null) {
            stripe.first = g.allNext;
        } else {
            g.allPrev.allNext = g.allNext;
        }
        if (g.allNext != null) {
            g.allNext.allPrev = g.allPrev;
        }
        g.allPrev = null;
        g.allNext = null;
        stripe.removed++;
        if (g.system) {
            stripe.systemsRemoved++;
        }
    }

    // -- joiners --

    /** Queues one that waits for the end of a goroutine. False if that has come. Not near the end of a stack. */
    boolean addJoiner(G g, Joiner joiner) {
        Stripe stripe = stripe(g);
        stripe.lock();
        boolean lives = !g.isDead(); // which it is before it is removed
        if (lives) {
            joiner.link();
        }
        stripe.unlock();
        return lives;
    }

    void removeJoiner(G g, Joiner joiner) {
        Stripe stripe = stripe(g);
        stripe.lock();
        joiner.unlink();
        stripe.unlock();
    }

    /** Has all that wait for the end of a goroutine look again. */
    void wakeJoiners() {
        for (G g : snapshot()) {
            List<Thread> waiting = new ArrayList<>();
            Stripe stripe = stripe(g);
            stripe.lock();
            try {
                for (Joiner joiner = g.joiners; joiner != null; joiner = joiner.next()) {
                    waiting.add(joiner.thread);
                }
            } finally { // no memory
                stripe.unlock();
            }
            waiting.forEach(LockSupport::unpark);
        }
    }

    /** How many live. */
    long live() {
        long n = 0;
        for (Stripe stripe : stripes) {
            n += stripe.added - stripe.removed;
        }
        return Math.max(0, n);
    }

    /**
     * Whether goroutines live that are not part of the scheduler or netpoller, and about how many. Zero is exact: there was a
     * moment during the call without any. First those that have ended are counted and then those that have begun; if they
     * are as many, then so they were at the moment between.
     */
    long liveUsers() {
        long n = 0;
        for (Stripe stripe : stripes) {
            stripe.lock();
            n -= stripe.removed - stripe.systemsRemoved;
            stripe.unlock();
        }
        for (Stripe stripe : stripes) {
            stripe.lock();
            n += stripe.added - stripe.systemsAdded;
            stripe.unlock();
        }
        return n;
    }

    long created() {
        long n = 0;
        for (Stripe stripe : stripes) {
            n += stripe.added - stripe.refused;
        }
        return n;
    }

    /** All of them at some moment during the call. Not under a lock that a goroutine's start would wait for long. */
    List<G> snapshot() {
        List<G> all = new ArrayList<>();
        for (Stripe stripe : stripes) {
            forEach(stripe, all::add);
        }
        return all;
    }

    /** A part of all of them, for work that is to be done in small pieces: {@code part} counts on and on. */
    void forEachIn(int part, Consumer<G> action) {
        forEach(stripes[part & (STRIPES - 1)], action);
    }

    private static void forEach(Stripe stripe, Consumer<G> action) {
        int size;
        G[] copy;
        do { // room is made outside the lock
            size = (int) Math.max(0, stripe.added - stripe.removed) + 16; // of two moments: may be below zero
            copy = new G[size];
            stripe.lock();
            int i = 0;
            for (G g = stripe.first; g != null && i < size; g = g.allNext) {
                copy[i++] = g;
            }
            boolean all = stripe.added - stripe.removed <= size;
            stripe.unlock();
            if (all) {
                for (int k = 0; k < i; k++) {
                    action.accept(copy[k]);
                }
                return;
            }
        } while (true);
    }
}
