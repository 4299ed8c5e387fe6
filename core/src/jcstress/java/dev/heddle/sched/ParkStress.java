package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

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
            r.r1 = semaphore.park(Goroutines.ANY) ? 1 : 0;
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
                waiter = Goroutines.ANY;
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

    /** A semaphore at which somebody waits, and a second one that thinks that he has been woken. */
    private abstract static class Waited {
        final BinarySemaphore semaphore = new BinarySemaphore();

        Waited() {
            semaphore.park(Goroutines.ANY);
        }
    }

    /** A release against a second waiter, who is refused: the first is found all the same. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "has taken the permit of the first: his mistake")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the first is lost")
    @State
    public static class SecondWaiter extends Waited {
        /** The second one. */
        @Actor
        public void second(II_Result r) {
            try {
                semaphore.takePermit();
                r.r1 = 1;
            } catch (IllegalStateException e) {
                r.r1 = 0;
            }
        }

        /** Anybody. */
        @Actor
        public void release(II_Result r) {
            r.r2 = semaphore.unblock() != null ? 1 : 0;
        }
    }

    /** The twin of {@link SecondWaiter}: takes whatever is there, and puts back what is no permit. */
    @JCStressTest
    @Outcome(id = {"0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "the first is lost: the mistake shows")
    @State
    public static class BrokenSecondWaiter extends Waited {
        private static final VarHandle STATE = PrivateField.of(BinarySemaphore.class, "state", Object.class);

        /** The second one. */
        @Actor
        public void second(II_Result r) {
            Object waiter = STATE.getAndSet(semaphore, null);
            if (waiter == Goroutines.ANY) {
                STATE.compareAndSet(semaphore, null, waiter);
            } else {
                r.r1 = 1;
            }
        }

        /** Anybody. */
        @Actor
        public void release(II_Result r) {
            r.r2 = semaphore.unblock() != null ? 1 : 0;
        }
    }

    /** A P that a goroutine is put on, while the last M that spins gives up. */
    private abstract static class LastSpinner {
        final P p = new P(0, null);
        final Idle idle = new Idle(null);

        LastSpinner() {
            idle.trySpin(new P(1, null));
        }

        /** As FindRunnable.releaseOrContinue and recheck. Whether there is work. */
        int giveUp() {
            idle.stopSpinning();
            return p.isEmpty() ? 0 : 1;
        }
    }

    /** The delicate dance: the submitter sees that nobody spins, or the M that stops spinning sees the work. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "neither: the goroutine waits beside an idle P")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "one sees the other")
    @State
    public static class SubmitAgainstLastSpinner extends LastSpinner {
        /** As Sched.enqueue and wakep. */
        @Actor
        public void submit(II_Result r) {
            p.runqput(Goroutines.ANY, false);
            VarHandle.fullFence();
            r.r1 = idle.nmspinning();
        }

        /** The M. */
        @Actor
        public void spinner(II_Result r) {
            r.r2 = giveUp();
        }
    }

    /** The twin of {@link SubmitAgainstLastSpinner}: Go's release store taken literally, without the fence. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "neither: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "one sees the other")
    @State
    public static class BrokenSubmitWithoutFence extends LastSpinner {
        /** Publishes by a release store and looks at once. */
        @Actor
        public void submit(II_Result r) {
            p.runqput(Goroutines.ANY, false);
            r.r1 = idle.nmspinning();
        }

        /** The M. */
        @Actor
        public void spinner(II_Result r) {
            r.r2 = giveUp();
        }
    }

    /** The inbox of a P with one goroutine, another that is put there, and two who take what is there. */
    private abstract static class TwoTakers {
        final P p = new P(0, null);
        private final Roll roll = new Roll(2);
        private G first;
        private G second;

        TwoTakers() {
            p.inboxPut(roll.get(0));
        }

        abstract G take();

        void putAndTake() {
            p.inboxPut(roll.get(1));
            first = take();
        }

        void takeOnly() {
            second = take();
        }

        int eachOnce() {
            roll.outOf(first);
            roll.outOf(second);
            roll.outOf(p.inboxTake());
            return roll.eachOnce();
        }
    }

    /** The inbox: what a foreign thread puts there is taken once, by the owner or by a thief. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or taken twice")
    @State
    public static class Inbox extends TwoTakers {
        @Override
        G take() {
            return p.inboxTake();
        }

        /** A foreign thread, then the owner. */
        @Actor
        public void owner() {
            putAndTake();
        }

        /** A thief. */
        @Actor
        public void thief() {
            takeOnly();
        }

        /** Collects what is left. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = eachOnce();
        }
    }

    /** The twin of {@link Inbox}: who takes looks what is there, and then empties it. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or taken twice: the mistake shows")
    @State
    public static class BrokenInbox extends TwoTakers {
        private static final VarHandle INBOX = PrivateField.of(P.class, "inbox", G.class);

        @Override
        G take() {
            G list = (G) INBOX.getVolatile(p);
            INBOX.setVolatile(p, null);
            return list;
        }

        /** A foreign thread, then the owner. */
        @Actor
        public void owner() {
            putAndTake();
        }

        /** A thief. */
        @Actor
        public void thief() {
            takeOnly();
        }

        /** Collects what is left. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = eachOnce();
        }
    }
}
