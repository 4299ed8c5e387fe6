package dev.heddle.sync;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The condition: a signal that comes after somebody began to wait is not lost. */
public class CondStress {
    /** Somebody who has the mutex, and has seen that the condition does not hold; and another who will make it hold. */
    private abstract static class Waiting {
        final Mutex mutex = new Mutex();
        final Cond cond = new Cond(mutex);
        final Sudog waiter = new Sudog();

        Waiting() {
            mutex.lock();
        }

        /** Changes what is looked at, with the mutex, and says so. */
        void changeAndSignal() {
            while (!mutex.tryLock()) {
                Thread.onSpinWait();
            }
            mutex.unlock();
            cond.signal();
        }

        int stillWaits() {
            return waiter.queued ? 1 : 0;
        }
    }

    /** {@link Cond#await} and {@link Cond#signal}. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "signalled")
    @Outcome(id = "1", expect = Expect.FORBIDDEN, desc = "the signal is lost")
    @State
    public static class SignalAgainstAwait extends Waiting {
        /** As await. */
        @Actor
        public void await() {
            cond.enqueue(waiter);
            mutex.unlock();
        }

        /** Makes it hold. */
        @Actor
        public void signal() {
            changeAndSignal();
        }

        /** Whether it still waits. */
        @Arbiter
        public void after(I_Result r) {
            r.r1 = stillWaits();
        }
    }

    /** The twin of {@link SignalAgainstAwait}: gives the mutex back, and then waits. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "signalled")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "the signal is lost: the mistake shows")
    @State
    public static class BrokenUnlockThenWait extends Waiting {
        /** In the wrong order. */
        @Actor
        public void await() {
            mutex.unlock();
            cond.enqueue(waiter);
        }

        /** Makes it hold. */
        @Actor
        public void signal() {
            changeAndSignal();
        }

        /** Whether it still waits. */
        @Arbiter
        public void after(I_Result r) {
            r.r1 = stillWaits();
        }
    }

    /** Two wait, and the time of the first is over. */
    private abstract static class TimeIsOver {
        final Cond cond = new Cond(new Mutex());
        final Sudog first = new Sudog();
        private final Sudog second = new Sudog();

        TimeIsOver() {
            cond.enqueue(first);
            cond.enqueue(second);
        }

        int secondWaits() {
            return second.queued ? 1 : 0;
        }
    }

    /** The end of the time against a signal: it is that of the first, or goes to the second. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the first has left; the second is signalled")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the first was signalled in the last moment")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or for both")
    @State
    public static class TimeoutAgainstSignal extends TimeIsOver {
        /** The first. */
        @Actor
        public void giveUp(II_Result r) {
            r.r1 = cond.giveUp(first) ? 1 : 0;
        }

        /** One signal. */
        @Actor
        public void signal() {
            cond.signal();
        }

        /** Whether the second still waits. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = secondWaits();
        }
    }

    /** The twin of {@link TimeoutAgainstSignal}: looks whether it still waits, and then leaves. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "the signal is lost: the mistake shows")
    @State
    public static class BrokenTimeoutAgainstSignal extends TimeIsOver {
        /** Check, then act. */
        @Actor
        public void giveUp(II_Result r) {
            r.r1 = first.queued ? 1 : 0;
            cond.giveUp(first);
        }

        /** One signal. */
        @Actor
        public void signal() {
            cond.signal();
        }

        /** Whether the second still waits. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = secondWaits();
        }
    }
}
