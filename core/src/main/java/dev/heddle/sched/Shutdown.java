package dev.heddle.sched;

import dev.heddle.sched.jdk.JvmEnd;

/**
 * The shutdown of a scheduler, by the first thread that asks for it. Those that ask later wait for that one; the grace that is
 * over first counts, and an interrupt of any of them ends it.
 */
final class Shutdown {
    /** 2 s: how long threads may take to end after they were told to. A guess: all take less, but those inside goroutines. */
    private static final long THREADS_END_NANOS = 2_000_000_000L;

    /** The least and the most time that goroutines have after the interrupt. Guesses: to see an end, and not to see it. */
    private static final long MIN_AFTER_NANOS = 20_000_000;

    private static final long MAX_AFTER_NANOS = 200_000_000;

    private final Sched sched;
    private final Object lock = new Object();
    /** Guarded by {@link #lock}, as all that follows. */
    private boolean begun;

    private boolean done;
    private boolean ended;
    private long shortestNanos = Long.MAX_VALUE;

    Shutdown(Sched sched) {
        this.sched = sched;
    }

    /** Returns whether all goroutines had ended within the grace. */
    boolean within(long graceNanos) {
        boolean first;
        synchronized (lock) {
            shortestNanos = Math.min(shortestNanos, graceNanos);
            first = !begun;
            begun = true;
        }
        sched.life.endBy(Clock.after(graceNanos));
        if (!first) {
            return awaitOther();
        }
        boolean complete = false;
        boolean result = false;
        try {
            result = run();
            complete = true;
        } finally {
            synchronized (lock) {
                done = complete;
                begun = complete; // else another call goes on with it
                ended = result;
                lock.notifyAll();
            }
        }
        return result;
    }

    private boolean awaitOther() {
        boolean interrupted = false;
        boolean result;
        synchronized (lock) {
            while (begun && !done) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                    sched.life.endBy(0);
                }
            }
            result = ended;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return result;
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
            sched.life.awaitUntil(Clock.after(Math.clamp(shortestNanos(), MIN_AFTER_NANOS, MAX_AFTER_NANOS)));
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

    private long shortestNanos() {
        synchronized (lock) {
            return shortestNanos;
        }
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
        long end = Clock.nanotime() + THREADS_END_NANOS;
        try {
            if (!sched.threads.awaitNone(end)) {
                Sched.LOG.warn(
                        "{}: {} threads are still inside goroutines that compute or block, and end with them",
                        sched.config.name(),
                        sched.threads.count());
            }
            sched.sysmon.awaitEnd(end - Clock.nanotime());
        } catch (InterruptedException e) {
            interrupted = true;
        }
        sched.scheduler.flightRecorder().stop();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
