package dev.heddle.context;

import dev.heddle.sched.Scheduler;
import dev.heddle.time.Timer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Runs something after some time. For goroutines on a timer of their P, in a goroutine of its own; for other threads, which
 * have no P, by the JDK's delay thread on the common pool. Stopping one that is just firing may come too late, so what it
 * runs must be harmless then.
 */
final class Alarm {
    private final Timer timer;
    private final CompletableFuture<Void> future;

    private Alarm(Timer timer, CompletableFuture<Void> future) {
        this.timer = timer;
        this.future = future;
    }

    /** Must not block for long: outside goroutines it runs on a thread of the common pool. */
    static Alarm after(long nanos, Runnable func) {
        Scheduler scheduler = Scheduler.current();
        if (scheduler != null) {
            return new Alarm(Timer.afterFunc(scheduler, Duration.ofNanos(nanos), func), null);
        }
        CompletableFuture<Void> future = new CompletableFuture<>();
        future.completeOnTimeout(null, nanos, TimeUnit.NANOSECONDS).thenRunAsync(func);
        return new Alarm(null, future);
    }

    void stop() {
        if (timer != null) {
            timer.stop();
        } else {
            future.cancel(false); // takes it off the delay thread as well
        }
    }
}
