package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A lock for scheduler code and for the short sections of primitives ({@link Primitives}); not for applications. It belongs
 * to the platform thread that took it, whatever is mounted there, and taking it never unmounts a goroutine: a
 * {@code ReentrantLock} or a monitor would, and the goroutine would resume in the middle of scheduler code on another M.
 *
 * <p>Held for a few dozen instructions only. A waiter spins, then sleeps for a bounded time and looks again, because the
 * holder may have been descheduled. Not reentrant.
 *
 * <p>Differs from Go's {@code lock} of {@code lock_futex.go}: 4 rounds of 30 pauses as there, but the sleep is timed,
 * which needs no wake-up that could be lost.
 */
public class SchedLock {
    private static final VarHandle HELD;

    static {
        try {
            HELD = MethodHandles.lookup().findVarHandle(SchedLock.class, "held", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** {@code active_spin * active_spin_cnt} of {@code lock_futex.go}. */
    private static final int SPINS = 4 * 30;

    /** 20 us: about one sysmon tick; with the kernel's timer slack really some 70 us. */
    private static final long SLEEP_NANOS = 20_000;

    private volatile int held;

    /** Makes a lock that nobody holds. */
    public SchedLock() {}

    /** Takes the lock, and spins while another thread has it. The caller must not have it, nor wait for anything with it. */
    public final void lock() {
        if (!HELD.compareAndSet(this, 0, 1)) {
            lockSlow();
        }
    }

    private void lockSlow() {
        while (true) {
            for (int i = 0; i < SPINS; i++) {
                if (held == 0 && HELD.compareAndSet(this, 0, 1)) {
                    return;
                }
                Thread.onSpinWait();
            }
            Carrier.parkCarrier(SLEEP_NANOS);
        }
    }

    final boolean tryLock() {
        return held == 0 && HELD.compareAndSet(this, 0, 1);
    }

    /**
     * Gives the lock back: on the thread that took it. A release store and no fence: what the caller reads next may be read
     * before others see the lock free.
     */
    public final void unlock() {
        assert held == 1 : "unlock of an unlocked lock";
        HELD.setRelease(this, 0);
    }

    final boolean isHeld() {
        return held != 0;
    }
}
