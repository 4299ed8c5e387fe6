package dev.heddle.netpoll;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import io.netty.util.concurrent.Ticker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The body of the goroutine that wakes a poller for its scheduled tasks.
 *
 * <p>A poller could wait with a time-out instead. But a server always has a time-out pending, mostly far away, and a
 * poller parks for every few requests: each time it would put a timer on a heap and take it off again, and a timer that
 * becomes the first of its P breaks the thread that is blocked in the master. The alarm stays where it is. Most
 * time-outs that a poller asks for are later than what is set already, and then this costs one comparison.
 *
 * <p>Protocol. {@code at} is the time of the next wake-up, or NONE. The poller only lowers it, by CAS, before it parks;
 * if it did, it releases {@code changed}. The alarm goroutine sets it to NONE by CAS when it has come, and then wakes
 * the poller. Nothing is lost: if the poller finds a time that is early enough, and the alarm has just gone off, then
 * the poller's permit is on its way, and the pass that it causes sets the alarm anew. A wake-up for a task that was
 * cancelled costs an empty pass.
 */
final class Alarm implements Runnable {
    /** No time. */
    static final long NONE = Long.MAX_VALUE;

    private static final VarHandle AT;

    static {
        try {
            AT = MethodHandles.lookup().findVarHandle(Alarm.class, "at", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Ticker ticker;
    private final Runnable wakePoller;
    private final BinarySemaphore changed = new BinarySemaphore();
    private volatile long at = NONE;
    private volatile boolean ended;

    /**
     * Makes the body.
     *
     * @param ticker the clock of the loops, which begins near 0, so that its times can be compared
     * @param wakePoller what to do when the time has come
     */
    Alarm(Ticker ticker, Runnable wakePoller) {
        this.ticker = ticker;
        this.wakePoller = wakePoller;
    }

    /** Sees to it that the alarm goes off at this time at the latest. The poller only. */
    void set(long time) {
        for (long was = at; was > time; was = at) {
            if (AT.compareAndSet(this, was, time)) {
                changed.release();
                return;
            }
        }
    }

    /** Ends the goroutine. Any thread. */
    void end() {
        ended = true;
        changed.release();
    }

    @Override
    public void run() {
        while (!ended) {
            try {
                ring();
            } catch (OutOfMemoryError e) { // for the timer of a wait: what it waits for comes all the same, so it goes round
                Goroutine.goyield();
            }
        }
    }

    /** Ends with the loop, or by an error. */
    private void ring() {
        while (!ended) {
            long time = at;
            if (time == NONE) {
                changed.acquire(WaitReason.SLEEP);
                continue;
            }
            long left = time - ticker.nanoTime();
            if (left > 0) {
                changed.acquire(WaitReason.SLEEP, left);
            } else if (AT.compareAndSet(this, time, NONE)) {
                wakePoller.run();
            }
        }
    }
}
