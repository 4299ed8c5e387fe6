package dev.heddle.context;

import dev.heddle.sched.Scheduler;
import dev.heddle.time.Timer;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Runs something after some time. For goroutines on a timer of their P; for other threads, which have none, on the delay
 * thread of the JDK's common pool. Stopping one that is just firing may come too late, so what it runs must be harmless
 * then.
 */
final class Alarm {
    private final Timer timer;
    private final ScheduledFuture<?> future;

    private Alarm(Timer timer, ScheduledFuture<?> future) {
        this.timer = timer;
        this.future = future;
    }

    /** Must not block for long: outside goroutines it runs on a thread of the common pool. */
    static Alarm after(long nanos, Runnable func) {
        Scheduler scheduler = Scheduler.current();
        if (scheduler != null) {
            return new Alarm(Timer.afterFunc(scheduler, Duration.ofNanos(nanos), func), null);
        }
        Callable<Void> call = () -> {
            func.run();
            return null;
        };
        return new Alarm(null, ForkJoinPool.commonPool().schedule(call, Math.max(0, nanos), TimeUnit.NANOSECONDS));
    }

    void stop() {
        if (timer != null) {
            timer.stop();
        } else {
            future.cancel(false);
        }
    }
}
