package dev.heddle.sched;

import java.util.Collection;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes new Ms: the template thread (as Go's, {@code templateThread}). A thread is never created where a goroutine was
 * woken: that may be inside anybody's {@code unlock()}, takes some 100 us, may fail, and would inherit from the waker.
 *
 * <p>A P that waits for a thread stands on a list, in transit. If no thread can be had, because of {@code maxThreads} or
 * because the system refuses, the P goes back to the idle list: nothing is lost, since its work can be stolen, and this
 * is counted and logged.
 */
final class Threads implements Runnable {
    private final Sched sched;
    private final Thread template;
    /** Under the lock. */
    private P waiting;

    /** By number. Only the template adds. */
    private final ConcurrentNavigableMap<Integer, M> all = new ConcurrentSkipListMap<>();

    private int nextId;
    private volatile long created;
    private volatile long failures;
    private boolean failureLogged;

    Threads(Sched sched) {
        this.sched = sched;
        this.template = Thread.ofPlatform()
                .name(sched.config.name() + "-template")
                .daemon(true)
                .unstarted(this);
    }

    void start() {
        template.start();
    }

    /** The Ms that live, a live view in the order of their numbers. */
    Collection<M> all() {
        return all.values();
    }

    int count() {
        return all.size();
    }

    long created() {
        return created;
    }

    long failures() {
        return failures;
    }

    /** Under the lock. */
    void request(P p) {
        p.link = waiting;
        waiting = p;
    }

    /** After the lock. */
    void wake() {
        LockSupport.unpark(template);
    }

    @Override
    public void run() {
        while (!sched.stopping) {
            P p = next();
            if (p == null) {
                if (!sched.stopping) { // again: a wait for the lock may have used up the wake-up that came with it
                    LockSupport.park(this);
                    Thread.interrupted(); // by a stranger: else no park would wait any more
                }
            } else {
                Refusal refusal = create(p);
                if (refusal != null) {
                    sched.idle.abandon(p); // before the log: a logger may wait for a goroutine that needs this P
                    sched.netpoller.wakeup(); // the M that sleeps there may be the only one that is free to take it
                    refused(refusal);
                }
            }
        }
        for (P p = next(); p != null; p = next()) {
            sched.idle.abandon(p);
        }
    }

    private P next() {
        sched.lock.lock();
        P p = takeWaiting();
        sched.lock.unlock();
        return p;
    }

    /** Takes a P that waits for a thread, or returns null. Under the lock. */
    P takeWaiting() {
        P p = waiting;
        if (p != null) {
            waiting = p.link;
            p.link = null;
        }
        return p;
    }

    /** Why there is no thread. */
    private record Refusal(String why, Throwable cause) {}

    /** Null if there is a new M for this P. */
    private Refusal create(P p) {
        try {
            if (count() >= sched.config.maxThreads()) {
                return new Refusal("maxThreads = " + sched.config.maxThreads() + " threads live already", null);
            }
            M m = new M(sched, nextId, p);
            all.put(m.id, m);
            try {
                m.start();
            } catch (Throwable e) {
                remove(m);
                throw e;
            }
            nextId++;
            created++; // this thread only
            return null;
        } catch (Throwable e) {
            return new Refusal("the system refused a thread", e);
        }
    }

    private void refused(Refusal refusal) {
        failures++; // this thread only
        if (!failureLogged) {
            failureLogged = true;
            Sched.LOG.warn(
                    "{}: no new thread: {}. Logged once; see threadFailures",
                    sched.config.name(),
                    refusal.why(),
                    refusal.cause());
        }
    }

    /** An M ends. Called by that thread, and by the template for one that never began. */
    synchronized void remove(M m) {
        all.remove(m.id);
        notifyAll();
    }

    /** Waits until no M lives, or until the time is over. */
    synchronized boolean awaitNone(long deadline) throws InterruptedException {
        while (!all.isEmpty()) {
            long left = deadline - Clock.nanotime();
            if (left <= 0) {
                return false;
            }
            java.util.concurrent.TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }
}
