package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** The parking protocols: no wake-up is lost. */
public class ParkStress {
    /** The commit of a park against a release: the goroutine is found, or it does not park. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "parked, then found")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the permit was there first")
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "parked and not found: lost wake-up")
    @Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "woken although it did not park: runs twice")
    @State
    public static class Semaphore {
        private final BinarySemaphore semaphore = new BinarySemaphore();

        /** The commit on g0. */
        @Actor
        public void park(II_Result r) {
            r.r1 = semaphore.park(Goroutines.A) ? 1 : 0;
        }

        /** Anybody. */
        @Actor
        public void release(II_Result r) {
            r.r2 = semaphore.unblock() != null ? 1 : 0;
        }
    }

    /** The twin of {@link Semaphore}: looks for the permit, then waits. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "parked, then found")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the permit was there first")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost wake-up: the mistake shows")
    @State
    public static class BrokenSemaphore {
        private volatile boolean permit;
        private volatile G waiter;

        /** Check, then act. */
        @Actor
        public void park(II_Result r) {
            if (!permit) {
                waiter = Goroutines.A;
                r.r1 = 1;
            }
        }

        /** Looks for a waiter, then leaves a permit. */
        @Actor
        public void release(II_Result r) {
            if (waiter != null) {
                r.r2 = 1;
            } else {
                permit = true;
            }
        }
    }

    /** The delicate dance: the submitter sees that nobody spins, or the M that stops spinning sees the work. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.FORBIDDEN, desc = "neither: the goroutine waits beside an idle P")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "one sees the other")
    @State
    public static class SubmitAgainstLastSpinner {
        private final P p = new P(0, null);
        private final Idle idle = new Idle(null);

        /** One M spins. */
        public SubmitAgainstLastSpinner() {
            idle.trySpin(new P(1, null));
        }

        /** As Sched.enqueue and wakep. */
        @Actor
        public void submit(II_Result r) {
            p.runqput(Goroutines.A, false);
            VarHandle.fullFence();
            r.r1 = idle.nmspinning();
        }

        /** As FindRunnable.releaseOrContinue and recheck. */
        @Actor
        public void lastSpinner(II_Result r) {
            idle.stopSpinning();
            r.r2 = p.isEmpty() ? 1 : 0;
        }
    }

    /** The twin: Go's release store taken literally, without the fence. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "neither: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "one sees the other")
    @State
    public static class BrokenSubmitWithoutFence {
        private final P p = new P(0, null);
        private final Idle idle = new Idle(null);

        /** One M spins. */
        public BrokenSubmitWithoutFence() {
            idle.trySpin(new P(1, null));
        }

        /** Publishes by a release store and looks at once. */
        @Actor
        public void submit(II_Result r) {
            p.runqput(Goroutines.A, false);
            r.r1 = idle.nmspinning();
        }

        /** The same as in the right one. */
        @Actor
        public void lastSpinner(II_Result r) {
            idle.stopSpinning();
            r.r2 = p.isEmpty() ? 1 : 0;
        }
    }

    /** The inbox: what a foreign thread puts there is taken once, by the owner or by a thief. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the first")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the second")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "one each: two were put")
    @Outcome(id = "2, 0", expect = Expect.ACCEPTABLE, desc = "both the first")
    @Outcome(id = "0, 2", expect = Expect.ACCEPTABLE, desc = "both the second")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "both too early")
    @Outcome(expect = Expect.FORBIDDEN, desc = "taken twice")
    @State
    public static class Inbox {
        private final P p = new P(0, null);

        /** A foreign thread. */
        @Actor
        public void put() {
            p.inboxPut(Goroutines.A);
            p.inboxPut(Goroutines.B);
        }

        /** One taker. */
        @Actor
        public void owner(II_Result r) {
            r.r1 = count(p.inboxTake());
        }

        /** Another taker. */
        @Actor
        public void thief(II_Result r) {
            r.r2 = count(p.inboxTake());
        }

        private static int count(G list) {
            int n = 0;
            for (G g = list; g != null && n < 9; g = g.schedlink) {
                n++;
            }
            return n;
        }
    }
}
