package dev.heddle.sched;

import java.util.concurrent.locks.LockSupport;

/** One sleep of a goroutine. */
final class Sleep {
    private static final Timer.Callback WAKE = arg -> ((Sleep) arg).wake();

    private final G g;
    private volatile boolean over;

    Sleep(G g) {
        this.g = g;
    }

    private void wake() {
        over = true;
        LockSupport.unpark(g.thread);
    }

    void await(long nanos) throws InterruptedException {
        Timer timer = new Timer(WAKE, this);
        g.waitReason(WaitReason.SLEEP);
        Object event = Trace.recordsWaits() ? Trace.parking(g, WaitReason.SLEEP) : null;
        g.sched.startTimer(timer, nanos);
        try {
            while (!over) {
                LockSupport.park(this);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        } finally {
            timer.stop();
            g.waitReason(null);
            Trace.unparked(event);
        }
    }
}
