package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;

/**
 * What {@code dev.heddle.sync} needs of the scheduler beside {@link BinarySemaphore} and {@link SchedLock}; Go's
 * {@code sync/runtime.go} is the same door. Not for applications.
 *
 * <p>A primitive works in this order: {@link #checkRoom}; its short section under a {@link SchedLock}, in which it takes
 * waiters off its queue; unlock; {@link #wake} each of them. A goroutine at the end of its stack then fails before anything
 * has been changed, never between a queue and a wake-up.
 */
public final class Primitives {
    /** {@code active_spin} of {@code lock_futex.go}: how often a goroutine looks before it waits. */
    private static final int ACTIVE_SPIN = 4;

    /** {@code active_spin_cnt} of {@code lock_futex.go}: pauses between two looks. */
    private static final int ACTIVE_SPIN_CNT = 30;

    static {
        VirtualThreads.open();
    }

    private Primitives() {}

    /**
     * Makes sure that a short section and any number of wake-ups after it come to an end. Costs some nanoseconds.
     *
     * @throws StackOverflowError if there is not enough stack
     */
    public static void checkRoom() {
        StackProbe.check();
    }

    /**
     * Gives way if the slice of the calling goroutine is over: at the beginning of operations that need not wait, so that a loop
     * of them is no goroutine that computes for ever. Costs a read while nobody's is. Throws nothing: near the end of its stack
     * a goroutine keeps its P.
     */
    public static void giveWay() {
        if (Preempt.isAsked() && StackProbe.room()) {
            try {
                G.checkpoint();
            } catch (StackOverflowError e) { // a few frames deeper there was no room after all
                return;
            }
        }
    }

    /**
     * {@link BinarySemaphore#release} for a caller that has called {@link #checkRoom} and holds no lock.
     *
     * @param semaphore gets the permit
     */
    public static void wake(BinarySemaphore semaphore) {
        G g = (G) semaphore.unblock();
        if (g != null) {
            g.ready();
        }
    }

    /**
     * Go's {@code mutexevent}: the caller has woken somebody who has waited for a lock that the caller had. One read if nobody
     * wants to know; holds no lock.
     *
     * @param since when that wait began, {@link System#nanoTime}
     */
    public static void contended(long since) {
        if (WaitProfile.isMutexOn()) {
            G g = G.current();
            if (g != null) {
                g.sched.mutexProfile.contended(System.nanoTime() - since);
            }
        }
    }

    /** Returns what can end the waits of the calling goroutine or thread: its current lifetime, or one without an end. */
    public static Lifetime lifetime() {
        return Lifetime.current();
    }

    /**
     * Go's {@code runtime_canSpin} and {@code runtime_doSpin}: pauses for about a microsecond if it makes sense to wait for
     * a lock in place, because its holder may run on another processor and nobody waits for this P.
     *
     * @param iteration how often the caller has spun already for this lock
     * @return whether it has paused; false means that the caller should wait properly
     */
    public static boolean spin(int iteration) {
        if (iteration >= ACTIVE_SPIN || OneProcessor.ONLY || !othersMayRun()) {
            return false;
        }
        for (int i = 0; i < ACTIVE_SPIN_CNT; i++) {
            Thread.onSpinWait();
        }
        return true;
    }

    /** As in Go: another P runs, and nothing is queued on ours. A thread that is not an M knows nothing, and may spin. */
    private static boolean othersMayRun() {
        M m = M.current();
        if (m == null || m.onG0()) {
            return true;
        }
        P p = m.p;
        Idle idle = m.sched.idle;
        return p != null
                && m.sched.gomaxprocs > idle.npidle() + idle.nmspinning() + 1
                && p.isEmpty();
    }

    /** Asked once, when the first lock is contended. */
    private static final class OneProcessor {
        static final boolean ONLY = Runtime.getRuntime().availableProcessors() == 1;
    }
}
