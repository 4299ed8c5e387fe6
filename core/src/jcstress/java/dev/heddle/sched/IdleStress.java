package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The idle Ps: each is taken by one, and none goes on that list while work waits that nobody comes for. */
public class IdleStress {
    /** An idle P, another that is given up, and two who want one. */
    private abstract static class TwoTakers {
        final Sched sched = Goroutines.unstarted(2);
        private final P spare = sched.idle.pidleget();
        private final int[] taken = new int[2];

        abstract P take();

        P putAndTake() {
            sched.lock.lock();
            sched.idle.put(spare);
            sched.lock.unlock();
            return take();
        }

        void taken(P p) {
            if (p != null) {
                taken[p.id]++;
            }
        }

        /** 1 if each P is with one who took it or on the list, and the count of the list is right. */
        int eachOnce() {
            int counted = sched.idle.npidle();
            int listed = 0;
            for (P p = sched.idle.get(); p != null; p = sched.idle.get()) {
                taken(p);
                listed++;
            }
            return taken[0] == 1 && taken[1] == 1 && counted == listed ? 1 : 0;
        }
    }

    /** {@link Idle#put} and {@link Idle#pidleget}. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each P at one place")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, with two owners, or miscounted")
    @State
    public static class PutAndGet extends TwoTakers {
        private P first;
        private P second;

        @Override
        P take() {
            return sched.idle.pidleget();
        }

        /** Gives one up, and wants one again. */
        @Actor
        public void first() {
            first = putAndTake();
        }

        /** Wants one. */
        @Actor
        public void second() {
            second = take();
        }

        /** Where they are. */
        @Arbiter
        public void arbiter(I_Result r) {
            taken(first);
            taken(second);
            r.r1 = eachOnce();
        }
    }

    /** The twin of {@link PutAndGet}: who wants one does not take the lock. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each P at one place")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost, with two owners, or miscounted: the mistake shows")
    @State
    public static class BrokenGetWithoutLock extends TwoTakers {
        private P first;
        private P second;

        @Override
        P take() {
            return sched.idle.get();
        }

        /** Gives one up, and wants one again. */
        @Actor
        public void first() {
            first = putAndTake();
        }

        /** Wants one. */
        @Actor
        public void second() {
            second = take();
        }

        /** Where they are. */
        @Arbiter
        public void arbiter(I_Result r) {
            taken(first);
            taken(second);
            r.r1 = eachOnce();
        }
    }

    /** An M that is about to give its P up, beside a P that has work or gets some. */
    private abstract static class TwoOwned {
        final Sched sched = Goroutines.unstarted(2);
        final M m = Goroutines.withP(sched, 0);
        final M other = Goroutines.withP(sched, 1);
        final G g = Goroutines.make(() -> {});

        /** A goroutine on the other P readies one. */
        void submit() {
            sched.enqueue(other, g);
        }

        /** 1 if work waits on that P beside an idle P, and nobody comes: its own M goes on for long with what it runs. */
        int strandedOn(P p) {
            return !p.isEmpty() && sched.idle.npidle() > 0 && sched.idle.nmspinning() == 0 ? 1 : 0;
        }

        /** As the end of findRunnable. */
        void release(boolean spinning) {
            sched.lock.lock();
            sched.idle.put(m.releasep());
            if (spinning) {
                sched.idle.stopSpinning();
            }
            sched.lock.unlock();
        }
    }

    /** {@link FindRunnable#find} of an M that spins, and then gives up. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "found by the M")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "not found, and somebody was woken")
    @Outcome(id = ".*, 1", expect = Expect.FORBIDDEN, desc = "it waits beside an idle P, and nobody comes")
    @State
    public static class SubmitAgainstFind extends TwoOwned {
        /** The goroutine on the other P goes on for long. */
        public SubmitAgainstFind() {
            other.status(PState.RUNNING);
        }

        /** Looks for work, and gives up. */
        @Actor
        public void find(II_Result r) {
            r.r1 = sched.findRunnable.find(m) != null ? 1 : 0;
        }

        /** A mounted goroutine readies another. */
        @Actor
        public void submitter() {
            submit();
        }

        /** Whether anybody comes. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = strandedOn(other.p);
        }
    }

    /** The twin of {@link SubmitAgainstFind}: the M does not look again when it has ceased to spin. */
    @JCStressTest
    @Outcome(id = ".*, 0", expect = Expect.ACCEPTABLE, desc = "found, or somebody was woken")
    @Outcome(id = ".*, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "nobody comes: the mistake shows")
    @State
    public static class BrokenFindWithoutRecheck extends TwoOwned {
        /** The goroutine on the other P goes on for long, and the M spins. */
        public BrokenFindWithoutRecheck() {
            other.status(PState.RUNNING);
            sched.idle.becomeSpinning(m);
        }

        /** Looks for work, and gives up. */
        @Actor
        public void find(II_Result r) {
            if (m.p.runq.stealFrom(other.p.runq, true, () -> {}) != null) {
                sched.idle.resetspinning(m);
                r.r1 = 1;
            } else {
                release(true);
            }
        }

        /** A mounted goroutine readies another. */
        @Actor
        public void submitter() {
            submit();
        }

        /** Whether anybody comes. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = strandedOn(other.p);
        }
    }

    /**
     * An M that has not been spinning gives its P up, while a submitter finds neither an idle P nor a spinning M: it leaves
     * word in {@link Idle#needspinning} (golang/go#45867).
     */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the M goes on looking")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the P was idle before, and somebody was woken")
    @Outcome(id = ".*, 1", expect = Expect.FORBIDDEN, desc = "it waits beside an idle P, and nobody comes")
    @State
    public static class SubmitAgainstRelease extends TwoOwned {
        /** The goroutine on the other P goes on for long. */
        public SubmitAgainstRelease() {
            other.status(PState.RUNNING);
        }

        /** As FindRunnable.releaseOrContinue. */
        @Actor
        public void release(II_Result r) {
            sched.lock.lock();
            if (sched.idle.needspinning()) {
                sched.idle.becomeSpinning(m);
                r.r1 = 1;
            } else {
                sched.idle.put(m.releasep());
            }
            sched.lock.unlock();
        }

        /** A mounted goroutine readies another. */
        @Actor
        public void submitter() {
            submit();
        }

        /** Whether anybody comes. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = strandedOn(other.p);
        }
    }

    /** The twin of {@link SubmitAgainstRelease}: the M looks for word before it takes the lock. */
    @JCStressTest
    @Outcome(id = ".*, 0", expect = Expect.ACCEPTABLE, desc = "seen, or somebody was woken")
    @Outcome(id = ".*, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "nobody comes: the mistake shows")
    @State
    public static class BrokenReleaseLooksTooEarly extends TwoOwned {
        /** The goroutine on the other P goes on for long. */
        public BrokenReleaseLooksTooEarly() {
            other.status(PState.RUNNING);
        }

        /** Check, then act. */
        @Actor
        public void release(II_Result r) {
            if (sched.idle.needspinning()) {
                sched.idle.becomeSpinning(m);
                r.r1 = 1;
            } else {
                release(false);
            }
        }

        /** A mounted goroutine readies another. */
        @Actor
        public void submitter() {
            submit();
        }

        /** Whether anybody comes. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = strandedOn(other.p);
        }
    }

    /** An M that gives its P away while a goroutine is woken that ran there last, and the M on the other P finds work. */
    private abstract static class HandedOff extends TwoOwned {
        final P p = m.p;

        HandedOff() {
            sched.idle.becomeSpinning(other);
            g.lastP = p;
        }

        /** As resetspinning, whose look at all queues finds nothing yet; then the wake-up. */
        void wakeAfterTheLastSpinner() {
            sched.idle.stopSpinning();
            sched.enqueue(null, g);
        }
    }

    /** {@link Handoff#handoffp} against a wake-up by a foreign thread. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "somebody runs it, or no P is idle")
    @Outcome(id = "1", expect = Expect.FORBIDDEN, desc = "it waits beside an idle P, and nobody comes")
    @State
    public static class WakeAgainstHandoff extends HandedOff {
        /** Its goroutine waits, and it serves no other; or it was in a call for too long. */
        @Actor
        public void m() {
            m.handoffp();
        }

        /** A foreign thread. */
        @Actor
        public void waker() {
            wakeAfterTheLastSpinner();
        }

        /** Whether anybody comes. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = strandedOn(p);
        }
    }

    /** The twin of {@link WakeAgainstHandoff}: the M looks what there is to do before it takes the lock, and not again. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "somebody runs it, or no P is idle")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "nobody comes: the mistake shows")
    @State
    public static class BrokenHandoffLooksTooEarly extends HandedOff {
        /** Check, then act. */
        @Actor
        public void m() {
            boolean work = !p.isEmpty() || sched.idle.needspinning();
            if (work || sched.idle.nmspinning() == 0 && sched.idle.trySpin(p)) {
                sched.spares.startm(m.releasep());
            } else {
                release(false);
            }
        }

        /** A foreign thread. */
        @Actor
        public void waker() {
            wakeAfterTheLastSpinner();
        }

        /** Whether anybody comes. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = strandedOn(p);
        }
    }
}
