package dev.heddle.sched;

import java.util.Collection;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes new Ms: the template thread (as Go's, {@code templateThread}). A thread is never created where a goroutine was
 * woken: that may be inside anybody's {@code unlock()}, takes some 100 us, may fail, and would inherit from the waker.
 *
 * <p>A P that waits for a thread stands on a list, in transit. If no thread can be had, because of {@code maxThreads} or
 * because the system refuses, the P goes back to the idle list: nothing is lost, since its work can be stolen, and this
 * is counted and logged. {@link Reserve} sees to it that somebody is left to do so, and has threads made ahead.
 *
 * <p>A system that has refused a thread is left in peace for 1 ms, and for twice as long after each further refusal, up to 1 s:
 * each question costs it time and the JVM writes a warning. The first thread that it gives ends that.
 */
final class Threads implements Runnable {
    private static final long FIRST_PAUSE_NANOS = 1_000_000;
    private static final long LONGEST_PAUSE_NANOS = 1_000_000_000;
    /** So often in a row the system may refuse the only thread, each time after a longer pause: some 10 s. A guess. */
    private static final int FIRST_LIMIT = 20;

    private final Sched sched;
    private final Thread template;
    /** Under the lock. */
    private P waiting;

    private final AllMs all = new AllMs();

    private int nextId;
    private volatile long created;
    private volatile long failures;
    private boolean failureLogged;
    /** Ms that have been started and have not ended. Written under the monitor. */
    private volatile int live;
    /** Somebody wants a thread to be made before it is needed. */
    private volatile boolean spareWanted;
    /** The system is not asked before, or 0. Written by the template, as is the other. */
    private volatile long refusedUntil;

    private long pauseNanos;
    /** For tests, which throw here what the system would. */
    volatile Runnable beforeStart;
    /** What the system said to the last refusal; null if it was by {@code maxThreads}. The template's. */
    private Throwable refusal;

    /** The system has refused a thread a moment ago, and was not asked for this one. The template's. */
    private boolean notAsked;

    /** How often in a row the system has refused one while none lived. The template's. */
    private int refusedFirst;

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
        return all;
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

    /** How many Ms there are for sure: started, and not ended. */
    int live() {
        return live;
    }

    /** Whether a thread could be made as far as is known. */
    boolean mayMake() {
        return count() < sched.config.maxThreads() && !isRefusing();
    }

    /** Whether the system has just refused a thread. */
    boolean isRefusing() {
        return refusingNanos() > 0;
    }

    /** How long the system is not asked for a thread, since it has just refused one; else 0. */
    long refusingNanos() {
        long until = refusedUntil;
        return until == 0 ? 0 : Math.max(0, until - Clock.nanotime());
    }

    /** Whether a thread is still to be made for whoever wanted one. For checks. */
    boolean isSpareWanted() {
        return spareWanted;
    }

    /** Has a thread made that parks as a spare: as soon as may be, if there are not too many. Any thread. */
    void wantSpare() {
        if (!spareWanted) {
            spareWanted = true;
            LockSupport.unpark(template);
        }
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
            try {
                serve();
            } catch (Throwable e) {
                sched.faults.survived(Faults.Where.TEMPLATE, e);
            }
        }
        for (P p = next(); p != null; p = next()) {
            sched.idle.abandon(p);
        }
    }

    /** Until somebody asks, or until the system may be asked again. */
    private void pause() {
        boolean wanted = spareWanted;
        if (wanted) {
            spareWanted = false; // before the count: whoever ends after it asks again, if somebody waits
            wanted = count() < sched.config.maxThreads();
            spareWanted |= wanted;
        }
        if (!wanted) {
            LockSupport.park(this);
        } else if (isRefusing()) {
            LockSupport.parkNanos(this, refusedUntil - Clock.nanotime());
        }
        Thread.interrupted(); // by a stranger: else no park would wait any more
    }

    /** Ends with the scheduler, or by an error. */
    private void serve() {
        while (!sched.stopping) {
            P p = next();
            if (p == null && spareWanted && mayMake()) {
                spareWanted = false; // before it is made: whoever wants another one sets it again
                if (!create(null)) {
                    spareWanted = true; // asked again later
                    refused();
                }
            } else if (p == null) {
                if (!sched.stopping) { // again: a wait for the lock may have used up the wake-up that came with it
                    pause();
                }
            } else if (!create(p)) {
                sched.idle.abandon(p); // before the log: a logger may wait for a goroutine that needs this P
                sched.netpoller.wakeup(); // the M that sleeps there may be the only one that is free to take it
                refused();
                if (count() == 0) {
                    withoutAny();
                }
            }
        }
    }

    /** Not one M lives, and the first is refused: nobody comes to run anything. Sysmon sees the work, and has this asked again. */
    private void withoutAny() {
        if (refusal != null && ++refusedFirst > FIRST_LIMIT) {
            Faults.fatal(Faults.Why.NO_THREAD, refusal);
        }
    }

    private P next() {
        sched.lock.lock();
        try {
            return takeWaiting();
        } finally {
            sched.lock.unlock();
        }
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

    /** False if there is no new M, for this P or, without one, a spare; {@link #refused} says why. Never throws: it has the P. */
    private boolean create(P p) {
        refusal = null;
        notAsked = false;
        if (count() >= sched.config.maxThreads()) {
            return false;
        }
        if (isRefusing()) {
            notAsked = true;
            return false;
        }
        M m = null;
        try {
            m = new M(sched, nextId, p);
            all.add(m);
            if (beforeStart != null) {
                beforeStart.run();
            }
            m.start();
        } catch (Throwable e) {
            refusal = e;
            if (m != null) {
                all.ended(m);
            }
            pauseNanos = Math.clamp(2 * pauseNanos, FIRST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
            refusedUntil = Clock.nanotime() + pauseNanos;
            return false;
        }
        count(1);
        nextId++;
        created++; // this thread only
        refusedUntil = 0;
        pauseNanos = 0;
        refusedFirst = 0;
        sched.reserve.look(); // one more lives
        return true;
    }

    private void refused() {
        if (notAsked) {
            return;
        }
        failures++; // this thread only
        if (!failureLogged) {
            Throwable cause = refusal;
            String why = cause != null
                    ? "the system refused a thread"
                    : "maxThreads = " + sched.config.maxThreads() + " threads live already";
            Sched.LOG.warn("{}: no new thread: {}. Logged once; see threadFailures", sched.config.name(), why, cause);
            failureLogged = true; // not before: there may have been no memory to say so
        }
    }

    private synchronized void count(int change) {
        live += change;
    }

    /** An M ends. Called by that thread. */
    synchronized void remove(M m) {
        all.ended(m);
        count(-1);
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
