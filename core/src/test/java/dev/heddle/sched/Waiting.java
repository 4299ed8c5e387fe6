package dev.heddle.sched;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for conditions. A wait that takes too long fails with a dump of all goroutines, threads and Ps. */
final class Waiting {
    /** How long a condition may take to come true; {@code -Dheddle.test.limit.seconds} for slow machines. */
    static final Duration LIMIT = Duration.ofSeconds(Long.getLong("heddle.test.limit.seconds", 20));

    /** Between two looks: short against everything that is waited for, long against the cost of a look. */
    private static final long LOOK_NANOS = 200_000;

    private Waiting() {}

    /** Waits on the calling thread until the condition holds. */
    static void until(Scheduler scheduler, String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - begin > LIMIT.toNanos()) {
                throw failure(scheduler, what + ": not within " + LIMIT);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** Looks again and again for the time given; fails as soon as the condition does not hold. */
    static void holds(Scheduler scheduler, String what, Duration time, BooleanSupplier condition) {
        long begin = System.nanoTime();
        do {
            if (!condition.getAsBoolean()) {
                throw failure(scheduler, what + ": does not hold");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        } while (System.nanoTime() - begin < time.toNanos());
    }

    static AssertionError failure(Scheduler scheduler, String what) {
        return new AssertionError(what + '\n' + scheduler.dump());
    }
}
