package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Who polls the network, and when (the fields {@code lastpoll} and {@code pollUntil} of Go's {@code sched}, and
 * {@code wakeNetPoller}).
 *
 * <p>{@link #lastpoll} is the time of the last poll, or 0 while one M is blocked in it: that M has swapped it to 0, and at
 * most one can. It publishes {@link #pollUntil}, the time at which it will come back by itself. Whoever adds an earlier
 * timer breaks the poll; if it sees pollUntil 0 it breaks it as well, so a timer added between the swap and the
 * publication is not slept over, because a break that comes early ends the poll that follows.
 */
final class Netpoller {
    /** 1 ms: rest after a blocking poll that has thrown. A guess. */
    private static final long FAILURE_PAUSE_NANOS = 1_000_000;

    private static final VarHandle LASTPOLL;

    static {
        try {
            LASTPOLL = MethodHandles.lookup().findVarHandle(Netpoller.class, "lastpoll", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Before anybody installs a poller: idle Ms sleep here until the first timer. */
    private static final class TimersOnly implements Poller {
        private volatile Thread blocked;
        private volatile boolean broken;

        @Override
        public int poll(long delayNanos, Ready ready) {
            if (delayNanos != 0) {
                blocked = Thread.currentThread();
                if (!broken) {
                    Carrier.parkCarrier(Math.max(0, delayNanos));
                }
                blocked = null;
                broken = false;
            }
            return 0;
        }

        @Override
        public void wakeup() {
            broken = true;
            Thread thread = blocked;
            if (thread != null) {
                Carrier.unparkCarrier(thread);
            }
        }

        @Override
        public boolean hasWaiters() {
            return false;
        }
    }

    private final Sched sched;
    private volatile Poller poller = new TimersOnly();
    private volatile boolean installed;
    private volatile long lastpoll = Clock.nanotime();
    private volatile long pollUntil;
    private volatile long blockingPolls;
    Netpoller(Sched sched) {
        this.sched = sched;
    }

    synchronized void install(Poller next) {
        if (installed) {
            throw new IllegalStateException("scheduler " + sched.config.name() + " has a netpoller already");
        }
        Poller before = poller;
        poller = next;
        installed = true;
        before.wakeup();
    }

    long lastpoll() {
        return lastpoll;
    }

    long blockingPolls() {
        return blockingPolls;
    }

    boolean hasWaiters() {
        return poller.hasWaiters();
    }

    /** Something could become ready and nobody is blocked in the poll. */
    boolean mustBePolled() {
        return lastpoll != 0 && poller.hasWaiters();
    }

    /**
     * For an M that others may have relied on to come here, and that has found work instead: the M that is blocked in the poll
     * is told of the first timer, which may have been added when it had looked at the timers and was not here yet.
     *
     * @return whether nobody is blocked in the poll although something could become ready or a timer due
     */
    boolean isUnwatched() {
        long first = Timers.NONE;
        for (P p : sched.procs) {
            first = Math.min(first, p.timers.minWhen());
        }
        if (lastpoll != 0) {
            return first != Timers.NONE || poller.hasWaiters();
        }
        if (first != Timers.NONE) {
            breakIfLater(first);
        }
        return false;
    }

    /** A poll that does not block. {@code ready} collects. */
    int pollNow(Poller.Ready ready) {
        try {
            return poller.poll(0, ready);
        } catch (Throwable e) {
            failed(e);
            return 0;
        }
    }

    /** A poller must not throw. If it does, nothing more is ready, and the next poll may do better. */
    private void failed(Throwable e) {
        sched.faults.survived(Faults.Where.NETPOLLER, e);
    }

    /** For sysmon: claims the poll that is due, so that only one thread makes it. */
    boolean claim(long seen, long now) {
        return LASTPOLL.compareAndSet(this, seen, now);
    }

    /**
     * Blocks in the poll if nobody else does.
     *
     * @param m an M without a P; collects what is ready
     * @param until when to come back at the latest, or {@link Timers#NONE}
     * @return false if another M is blocked there
     */
    boolean block(M m, long until) {
        if (lastpoll == 0 || (long) LASTPOLL.getAndSet(this, 0L) == 0) {
            return false;
        }
        m.where = M.Where.NETPOLL;
        sched.trace.threadPark(m, true);
        blockingPolls++; // the one blocked M only
        pollUntil = until == Timers.NONE ? 0 : until;
        long delay = until == Timers.NONE ? -1 : Math.max(0, until - Clock.nanotime());
        if (!sched.stopping) {
            try {
                poller.poll(delay, m);
            } catch (Throwable e) {
                failed(e);
                Carrier.parkCarrier(FAILURE_PAUSE_NANOS); // else this would be a loop
            }
        }
        pollUntil = 0;
        lastpoll = Clock.nanotime();
        m.where = M.Where.RUNNING;
        sched.trace.threadUnpark(m, true);
        return true;
    }

    /** Makes the blocked M come back, if one is blocked. Never throws: sysmon sees to what is late then. */
    void wakeup() {
        try {
            poller.wakeup();
        } catch (Throwable e) {
            failed(e);
        }
    }

    /** Go's {@code wakeNetPoller}: a timer for this time has been added. */
    void wakeNetPoller(long when) {
        if (lastpoll == 0) {
            breakIfLater(when);
        } else {
            sched.idle.wakep(); // try to get an M there, so that the timer is watched
        }
    }

    /** If the blocked M would sleep beyond this time, it is made to come back. */
    void breakIfLater(long when) {
        long until = pollUntil;
        if (until == 0 || until > when) {
            wakeup();
        }
    }
}
