package dev.heddle.sched;

import dev.heddle.sched.Lifetime.Ending;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * One sleep. It parks by the JDK's means, for which an interrupt is a wake-up, and looks again each time that it wakes; so
 * whoever wakes it writes first why, and one wake-up too many does no harm.
 */
final class Sleep implements Lifetime.Waiter {
    private static final Timer.Callback WAKE = arg -> ((Sleep) arg).wake();

    /** Null outside goroutines. */
    private final G g = G.current();

    private final Thread thread = g == null ? Thread.currentThread() : g.thread;
    private volatile boolean over;
    private volatile boolean lifetimeOver;

    static void sleep(long nanos) throws InterruptedException {
        if (G.current() == null && Lifetime.currentEnding() == null) {
            Thread.sleep(Duration.ofNanos(Math.max(0, nanos)));
            return;
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (nanos > 0) {
            new Sleep().await(nanos);
        }
    }

    /** On g0. */
    private void wake() {
        over = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void told() {
        lifetimeOver = true;
        LockSupport.unpark(thread);
    }

    private void await(long nanos) throws InterruptedException {
        StackProbe.check();
        Ending ending = Lifetime.currentEnding();
        if (ending != null && !ending.add(this)) {
            throw ending.exception();
        }
        try {
            if (g == null) {
                awaitByThread(nanos, ending);
            } else {
                awaitByGoroutine(nanos, ending);
            }
        } finally {
            if (ending != null) {
                ending.forget(this);
            }
        }
    }

    private void awaitByGoroutine(long nanos, Ending ending) throws InterruptedException {
        Timer timer = new Timer(WAKE, this);
        g.waitReason(WaitReason.SLEEP);
        Object event = Trace.recordsWaits() ? Trace.parking(g, WaitReason.SLEEP) : null;
        g.sched.startTimer(timer, nanos);
        try {
            while (!over) {
                LockSupport.park(this);
                check(ending);
            }
        } finally {
            timer.stop();
            g.waitReason(null);
            Trace.unparked(event);
        }
    }

    private void awaitByThread(long nanos, Ending ending) throws InterruptedException {
        long begin = System.nanoTime();
        for (long left = nanos; !over && left > 0; left = nanos - (System.nanoTime() - begin)) {
            LockSupport.parkNanos(this, left);
            check(ending);
        }
    }

    private void check(Ending ending) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (lifetimeOver && !over) {
            throw ending.exception();
        }
    }
}
