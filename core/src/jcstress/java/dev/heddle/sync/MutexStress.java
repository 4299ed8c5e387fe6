package dev.heddle.sync;

import dev.heddle.sched.PrivateField;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** The mutex: one has it, and of those who wait none is forgotten, whoever barges in or gives up. */
public class MutexStress {
    private static final VarHandle STATE = PrivateField.of(Mutex.class, "state", int.class);
    private static final VarHandle WAITERS = PrivateField.of(Mutex.class, "waiters", WaitQueue.class);
    private static final int LOCKED = 1;
    private static final int STARVING = 8;

    /** A mutex that is locked. */
    private abstract static class Held {
        final Mutex m = new Mutex();

        Held() {
            m.lock();
        }

        /** A newcomer waits. */
        void enqueue(Sudog waiter) {
            m.takeOrEnqueue(waiter, false, false);
        }
    }

    /** Locked, and two wait. */
    private abstract static class TwoWait extends Held {
        private final Sudog first = new Sudog();
        private final Sudog second = new Sudog();

        TwoWait() {
            enqueue(first);
            enqueue(second);
        }

        /** The one who has barged in unlocks, and so does the one who was woken: 1 if the last one is not woken for all that. */
        int isForgotten(boolean barged) {
            if (barged) {
                m.unlock();
            }
            m.takeOrEnqueue(first, true, false);
            m.unlock();
            return second.queued ? 1 : 0;
        }
    }

    /** An unlock with waiters against one that barges in: one has it, and the waiters are not forgotten. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "barged in; the unlocks that follow wake the last waiter")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "too early; the unlocks that follow wake the last waiter")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a waiter is forgotten")
    @State
    public static class UnlockAgainstBarging extends TwoWait {
        /** Wakes the first waiter. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** Takes what the waiter was woken for. */
        @Actor
        public void barge(II_Result r) {
            r.r1 = m.tryLock() ? 1 : 0;
        }

        /** All have their turn. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isForgotten(r.r1 == 1);
        }
    }

    /** The twin of {@link UnlockAgainstBarging}: who sees it free stores that it is locked, whatever else the state says. */
    @JCStressTest
    @Outcome(id = ".*, 0", expect = Expect.ACCEPTABLE, desc = "the last waiter is awake")
    @Outcome(id = ".*, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "a waiter is forgotten: the mistake shows")
    @State
    public static class BrokenBargingByStore extends TwoWait {
        /** Wakes the first waiter. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** Check, then act. */
        @Actor
        public void barge(II_Result r) {
            if (!m.isLocked()) {
                STATE.setVolatile(m, LOCKED);
                r.r1 = 1;
            }
        }

        /** All have their turn. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isForgotten(r.r1 == 1);
        }
    }

    /** Somebody comes to wait while it is unlocked: it is found free, or the unlock finds the waiter. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "found it free")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "queued, and woken by the unlock")
    @Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "waits beside a free mutex")
    @State
    public static class UnlockAgainstWaiting extends Held {
        private final Sudog waiter = new Sudog();

        /** May see the waiter. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** May see that it is free. */
        @Actor
        public void await(II_Result r) {
            r.r1 = m.takeOrEnqueue(waiter, false, false) ? 1 : 0;
        }

        /** Whether it still is on the queue. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = waiter.queued ? 1 : 0;
        }
    }

    /** The twin of {@link UnlockAgainstWaiting}: looks whether it is free, and then goes on the queue without setting WAITERS. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "found it free")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "waits beside a free mutex: the mistake shows")
    @State
    public static class BrokenUnlockAgainstWaiting extends Held {
        private final Sudog waiter = new Sudog();

        /** May see the waiter. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** Check, then act. */
        @Actor
        public void await(II_Result r) {
            if (m.tryLock()) {
                r.r1 = 1;
            } else {
                ((WaitQueue) WAITERS.get(m)).enqueue(waiter);
            }
        }

        /** Whether it still is on the queue. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = waiter.queued ? 1 : 0;
        }
    }

    /** Free, and a waiter was woken to compete for it. */
    private abstract static class Woken extends Held {
        final Sudog waiter = new Sudog();

        Woken() {
            enqueue(waiter);
            m.unlock();
        }

        /** Barges in, and is done soon. */
        void lockAndUnlock() {
            if (m.tryLock()) {
                m.unlock();
            }
        }
    }

    /** The one who was woken loses against one who barges in, and waits again: the unlock of that one wakes it once more. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "has won")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "has lost, and is awake again")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits beside a free mutex")
    @State
    public static class WokenAgainstBarging extends Woken {
        /** Competes. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = m.takeOrEnqueue(waiter, true, false) ? 1 : 0;
        }

        /** Barges in. */
        @Actor
        public void barge() {
            lockAndUnlock();
        }

        /** Whether it still is on the queue. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = waiter.queued ? 1 : 0;
        }
    }

    /** The twin of {@link WokenAgainstBarging}: who has lost does not say that nobody is awake any more. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "waits beside a free mutex: the mistake shows")
    @State
    public static class BrokenStaysWoken extends Woken {
        /** Competes as a newcomer. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = m.takeOrEnqueue(waiter, false, false) ? 1 : 0;
        }

        /** Barges in. */
        @Actor
        public void barge() {
            lockAndUnlock();
        }

        /** Whether it still is on the queue. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = waiter.queued ? 1 : 0;
        }
    }

    /** Locked, and somebody waits whose time is over. */
    private abstract static class TimeIsOver extends Held {
        final Sudog waiter = new Sudog();

        TimeIsOver() {
            enqueue(waiter);
        }

        /** 1 if the next one who waits is not woken by an unlock. */
        int nextIsForgotten(boolean waiterHasIt) {
            if (waiterHasIt) {
                m.unlock();
            }
            Sudog next = new Sudog();
            m.lock();
            enqueue(next);
            m.unlock();
            return next.queued ? 1 : 0;
        }
    }

    /** The end of the time against the unlock that wakes the waiter: it has the mutex, or it was never woken. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "has left")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "was woken in the last moment, and has it")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the next one is forgotten")
    @State
    public static class TimeoutAgainstUnlock extends TimeIsOver {
        /** The waiter. */
        @Actor
        public void giveUp(II_Result r) {
            r.r1 = m.giveUp(waiter) ? 1 : 0;
        }

        /** Wakes it. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** Another one waits. */
        @Arbiter
        public void next(II_Result r) {
            r.r2 = nextIsForgotten(r.r1 == 1);
        }
    }

    /** The twin of {@link TimeoutAgainstUnlock}: who was woken too late goes away without a word. */
    @JCStressTest
    @Outcome(id = ".*, 0", expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = ".*, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "the next one is forgotten: the mistake shows")
    @State
    public static class BrokenTimeoutAgainstUnlock extends TimeIsOver {
        /** Check, then act. */
        @Actor
        public void giveUp(II_Result r) {
            r.r1 = waiter.queued && m.giveUp(waiter) ? 1 : 0;
        }

        /** Wakes it. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** Another one waits. */
        @Arbiter
        public void next(II_Result r) {
            r.r2 = nextIsForgotten(r.r1 == 1);
        }
    }

    /** Locked, and one has waited for too long. */
    private abstract static class Starving extends Held {
        final Sudog heir = new Sudog();

        Starving() {
            m.takeOrEnqueue(heir, false, true);
        }
    }

    /** In starving mode an unlock makes the waiter the owner: nobody barges in. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the waiter has it")
    @Outcome(expect = Expect.FORBIDDEN, desc = "two have it, or nobody")
    @State
    public static class HandOffAgainstBarging extends Starving {
        /** Gives it to the waiter. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** Wants to barge in. */
        @Actor
        public void barge(II_Result r) {
            r.r1 = m.tryLock() ? 1 : 0;
        }

        /** Whether the waiter has it. */
        @Arbiter
        public void heir(II_Result r) {
            r.r2 = heir.success && m.isLocked() ? 1 : 0;
        }
    }

    /** The twin of {@link HandOffAgainstBarging}: the mutex is free for a moment while it is handed over. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the waiter has it")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "two have it: the mistake shows")
    @State
    public static class BrokenHandOff extends Starving {
        /** Unlocks, and locks again for the waiter. */
        @Actor
        public void unlock() {
            STATE.getAndBitwiseAnd(m, ~(LOCKED | STARVING));
            heir.success = true;
            STATE.getAndBitwiseOr(m, LOCKED);
        }

        /** Wants to barge in. */
        @Actor
        public void barge(II_Result r) {
            r.r1 = m.tryLock() ? 1 : 0;
        }

        /** Whether the waiter has it. */
        @Arbiter
        public void heir(II_Result r) {
            r.r2 = heir.success && m.isLocked() ? 1 : 0;
        }
    }
}
