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

/** The weighted semaphore: units that come back go to those who wait, once. */
public class SemaphoreStress {
    /** One unit, which is taken, and somebody who wants it. */
    private abstract static class Taken {
        final Semaphore s = new Semaphore(1);
        final Sudog waiter = new Sudog();

        Taken() {
            s.acquire();
            waiter.number = 1;
        }

        int acquire() {
            return s.takeOrEnqueue(1, waiter) ? 1 : 0;
        }

        int stillWaits() {
            return waiter.queued ? 1 : 0;
        }
    }

    /** The unit comes back while somebody comes to wait for it. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "found it free")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "queued, and was given it")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits beside a free unit")
    @State
    public static class ReleaseAgainstWaiting extends Taken {
        /** Gives it back. */
        @Actor
        public void release() {
            s.release();
        }

        /** Wants it. */
        @Actor
        public void await(II_Result r) {
            r.r1 = acquire();
        }

        /** What has become of it. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWaits();
        }
    }

    /** The twin of {@link ReleaseAgainstWaiting}: looks whether it is free, and then goes on the queue. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "waits beside a free unit: the mistake shows")
    @State
    public static class BrokenReleaseAgainstWaiting extends Taken {
        private static final VarHandle WAITERS = PrivateField.of(Semaphore.class, "waiters", WaitQueue.class);

        /** Gives it back. */
        @Actor
        public void release() {
            s.release();
        }

        /** Check, then act. */
        @Actor
        public void await(II_Result r) {
            if (s.tryAcquire(1)) {
                r.r1 = 1;
            } else {
                ((WaitQueue) WAITERS.get(s)).enqueue(waiter);
            }
        }

        /** What has become of it. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWaits();
        }
    }

    /** The unit is taken, and somebody waits for it, whose time is over. */
    private abstract static class TimeIsOver extends Taken {
        TimeIsOver() {
            acquire();
        }

        int isFree() {
            return s.tryAcquire(1) ? 1 : 0;
        }
    }

    /** The end of the time against the release: the waiter has left and the unit is free, or the unit is the waiter's. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "has left; the unit is free")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "was given it in the last moment")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the unit is lost, or had by two")
    @State
    public static class TimeoutAgainstRelease extends TimeIsOver {
        /** The waiter. */
        @Actor
        public void giveUp(II_Result r) {
            r.r1 = s.giveUp(waiter) ? 1 : 0;
        }

        /** Gives it back. */
        @Actor
        public void release() {
            s.release();
        }

        /** Where the unit is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** The twin of {@link TimeoutAgainstRelease}: looks whether it still waits, and then leaves. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "the unit is lost: the mistake shows")
    @State
    public static class BrokenTimeoutAgainstRelease extends TimeIsOver {
        /** Check, then act. */
        @Actor
        public void giveUp(II_Result r) {
            r.r1 = waiter.queued ? 1 : 0;
            s.giveUp(waiter);
        }

        /** Gives it back. */
        @Actor
        public void release() {
            s.release();
        }

        /** Where the unit is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }
}
