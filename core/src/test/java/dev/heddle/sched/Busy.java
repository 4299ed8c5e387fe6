package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Ways for a goroutine to keep its thread: nothing here is a scheduling point. */
final class Busy {
    /** Longer than anybody waits, so that the end of a busy goroutine never comes to the rescue of a test. */
    private static final Duration LIMIT = Waiting.LIMIT.multipliedBy(2);

    private Busy() {}

    /**
     * Computes until the condition holds.
     *
     * @throws AssertionError after twice {@link Waiting#LIMIT}, so that a failed test leaves no busy thread behind
     */
    static void until(BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
            checkLimit(begin);
        }
    }

    /** Computes for some time of the clock. */
    static void nanos(long nanos) {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < nanos) {
            Thread.onSpinWait();
        }
    }

    /**
     * Blocks the thread, with the goroutine mounted, until the condition holds: to the scheduler a call into the kernel
     * that it has not been told about.
     */
    static void blockedUntil(BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            Carrier.parkCarrier(50_000);
            checkLimit(begin);
        }
    }

    /** Blocks the thread once for about the time given, with the goroutine mounted. */
    static void blockedNanos(long nanos) {
        Carrier.parkCarrier(nanos);
    }

    /** Computes until sysmon takes the P of the goroutine that calls this. */
    static void untilPreempted() {
        Goroutine.gosched(); // to have one, and a slice that has just begun
        until(() -> !ownsP());
    }

    /** Computes until sysmon has preempted a goroutine of this scheduler: this one, if it is the only one that computes. */
    static void untilAPreemption(Scheduler s) {
        do { // again if its thread seemed to be asleep, in a collection say
            untilPreempted();
        } while (s.stats().preemptions() == 0);
    }

    /** Blocks in a declared call until sysmon takes the P of the goroutine that calls this. */
    static void inCallUntilHandedOff() {
        boolean taken;
        do { // again if it was taken before the call had begun
            taken = Syscall.call(() -> {
                boolean had = M.current().p != null;
                blockedUntil(() -> !ownsP());
                return had;
            });
        } while (!taken);
    }

    private static boolean ownsP() {
        M m = M.current();
        return m.p != null && m.p.m == m;
    }

    private static void checkLimit(long begin) {
        if (System.nanoTime() - begin > LIMIT.toNanos()) {
            throw new AssertionError("kept the thread for " + LIMIT + ", nothing came");
        }
    }
}
