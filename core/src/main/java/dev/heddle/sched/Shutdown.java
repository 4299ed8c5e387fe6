package dev.heddle.sched;

import dev.heddle.sched.jdk.JvmEnd;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * The shutdown of a scheduler, by the first thread that asks for it. Those that ask later wait for that one; the grace that is
 * over first counts, and an interrupt of any of them ends it.
 *
 * <p>Who asks may be a goroutine of another scheduler, which may end before this one is through. So it is a platform thread
 * that does it, and nobody who waits holds a lock or queues for one: {@link #state} is changed by CAS, and whoever waits goes on
 * {@link #waiting} and then looks at it; who changes it looks at that list afterwards.
 */
final class Shutdown {
    /**
     * 2 s: how long goroutines that still run then may go on, and threads may take to end. A guess: all take less, but those that
     * compute or block without end.
     */
    private static final long THREADS_END_NANOS = 2_000_000_000L;

    /** Half of that is for the goroutines. */
    private static final long RUNNING_ON_NANOS = THREADS_END_NANOS / 2;

    /** 2 ms between two looks at who runs. */
    private static final long LOOK_NANOS = 2_000_000;

    /** The least and the most time that goroutines have after the interrupt. Guesses: to see an end, and not to see it. */
    private static final long MIN_AFTER_NANOS = 20_000_000;

    private static final long MAX_AFTER_NANOS = 200_000_000;

    private static final VarHandle STATE;
    private static final VarHandle SHORTEST;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(Shutdown.class, "state", State.class);
            SHORTEST = lookup.findVarHandle(Shutdown.class, "shortestNanos", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Sched sched;
    private volatile State state = State.OPEN;
    private volatile long shortestNanos = Long.MAX_VALUE;
    private final ConcurrentLinkedQueue<Thread> waiting = new ConcurrentLinkedQueue<>();

    /** How far it is, and whether all goroutines had ended within the grace. */
    private enum State {
        OPEN,
        BEGUN,
        ALL_ENDED,
        SOME_LEFT
    }

    Shutdown(Sched sched) {
        this.sched = sched;
    }

    /** Returns whether all goroutines had ended within the grace. */
    boolean within(long graceNanos) {
        shorten(graceNanos);
        sched.life.endBy(Clock.after(graceNanos));
        if (STATE.compareAndSet(this, State.OPEN, State.BEGUN)) {
            begin();
        }
        return awaitResult();
    }

    private void shorten(long graceNanos) {
        long before;
        do {
            before = shortestNanos;
        } while (graceNanos < before && !SHORTEST.compareAndSet(this, before, graceNanos));
    }

    private void begin() {
        if (Thread.currentThread().isVirtual()) {
            try {
                Thread.ofPlatform().name(sched.config.name() + "-shutdown").daemon(true).start(this::conduct);
                return;
            } catch (OutOfMemoryError e) { // no thread to be had
                Sched.LOG.warn("{}: shut down without a thread for it", sched.config.name(), e);
            }
        }
        conduct();
    }

    private void conduct() {
        State result = State.OPEN; // if it fails another call goes on with it
        try {
            result = run() ? State.ALL_ENDED : State.SOME_LEFT;
        } finally {
            state = result; // pairs with those who wait, who go on the list and then look at it
            waiting.forEach(LockSupport::unpark);
        }
    }

    private boolean awaitResult() {
        Thread self = Thread.currentThread();
        boolean interrupted = false;
        waiting.add(self);
        while (state == State.BEGUN) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                interrupted = true;
                sched.life.endBy(0);
            }
        }
        waiting.remove(self);
        if (interrupted) {
            self.interrupt();
        }
        return state == State.ALL_ENDED;
    }

    private boolean run() {
        sched.life.close();
        boolean all = sched.life.awaitGrace();
        if (!all) {
            sched.endingWaits = true; // before the look at each: who is about to wait sees it
            for (G g : sched.goroutines()) {
                if (!g.system) {
                    g.thread.interrupt();
                    g.endWait();
                }
            }
            boolean interrupted = Thread.interrupted(); // nor must that be the end of this wait
            if (!sched.life.awaitUntil(Clock.after(Math.clamp(shortestNanos, MIN_AFTER_NANOS, MAX_AFTER_NANOS)))) {
                awaitWaiting();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        // when the JVM ends it may be a goroutine that has called exit, which waits for the hooks, for us too: without threads it
        // would never go on, and hold the lock for ever that the end of the JVM needs
        if (!JvmEnd.isEnding()) {
            sched.life.end();
            stopThreads();
            sched.life.over();
        }
        return all;
    }

    /**
     * What is left behind while it runs or is queued may hold a lock that others want, for ever: that of the log, say, which this
     * thread wants next. So it may go on until it waits.
     */
    private void awaitWaiting() {
        long end = Clock.after(RUNNING_ON_NANOS);
        // twice: one may have woken another that had been looked at, and have waited before it was looked at itself
        while ((someRun() || someRun()) && end - Clock.nanotime() > 0) {
            if (sched.life.awaitUntil(Clock.after(LOOK_NANOS))) {
                return;
            }
            Thread.interrupted(); // the grace is over: there is no more to end
        }
    }

    private boolean someRun() {
        for (G g : sched.goroutines()) {
            if (!g.system && g.mayRun()) {
                return true;
            }
        }
        return false;
    }

    private void stopThreads() {
        sched.stopping = true;
        sched.scheduler.stopPrinting();
        sched.spares.wakeAll();
        sched.lockedThreads.wakeAll();
        sched.netpoller.wakeup();
        sched.sysmon.wake();
        sched.threads.wake();
        boolean interrupted = Thread.interrupted();
        long end = Clock.after(THREADS_END_NANOS - RUNNING_ON_NANOS);
        try {
            if (!sched.threads.awaitNone(end)) {
                Sched.LOG.warn(
                        "{}: {} threads are still inside goroutines that compute or block, and end with them",
                        sched.config.name(),
                        sched.threads.count());
            }
            sched.sysmon.awaitEnd(end - Clock.nanotime());
            sched.hogs.end();
            sched.procsFollower.awaitEnd(end - Clock.nanotime());
        } catch (InterruptedException e) {
            interrupted = true;
        }
        sched.scheduler.flightRecorder().stop();
        sched.blockProfile.rate(0);
        sched.mutexProfile.rate(0);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
