package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A P is handed to a parked M: it arrives, and at one M only. Where no M is to be had, the P waits for a thread. */
public class HandOverStress {
    private static final VarHandle FIRST_SPARE = PrivateField.of(Spares.class, "first", M.class);

    /** An M without a P, and two Ps in transit. */
    private abstract static class TwoForOne {
        final Sched sched = Goroutines.unstarted(2);
        final M m = new M(sched, 0, null);
        final P first = sched.idle.pidleget();
        final P second = sched.idle.pidleget();
    }

    /** {@link Spares#startm} for two Ps, while the one M is about to park in {@link Spares#stopm}. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "one P for the M, the other waits for a thread")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a P is lost")
    @State
    public static class Startm extends TwoForOne {
        /** The M has given its P up. */
        @Actor
        public void m() {
            sched.spares.stopm(m);
        }

        /** Somebody has work. */
        @Actor
        public void starter() {
            sched.spares.startm(first);
            sched.spares.startm(second);
        }

        /** Where the two Ps are. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = m.p != null && m.nextp == null ? 1 : 0;
            r.r2 = Goroutines.waiting(sched);
        }
    }

    /** Two threads start an M at the same moment, each for a P of its own, and one M is parked. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "one P for the M, the other waits for a thread")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a P is lost")
    @State
    public static class TwoStarters extends TwoForOne {
        /** The M is a spare. */
        public TwoStarters() {
            FIRST_SPARE.set(sched.spares, m);
            m.isSpare = true;
        }

        /** Somebody has work. */
        @Actor
        public void starter1() {
            sched.spares.startm(first);
        }

        /** Somebody else has work. */
        @Actor
        public void starter2() {
            sched.spares.startm(second);
        }

        /** Where the two Ps are. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = m.nextp != null ? 1 : 0;
            r.r2 = Goroutines.waiting(sched);
        }
    }

    /** The twin of {@link Startm} and {@link TwoStarters}: whoever looks like a spare is handed the P. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "none is lost")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a P is lost: the mistake shows")
    @State
    public static class BrokenHandedToWhoLooksIdle extends TwoForOne {
        /** The M is parked. */
        public BrokenHandedToWhoLooksIdle() {
            m.where = M.Where.SPARE;
        }

        private void start(P p) {
            if (m.where == M.Where.SPARE) {
                m.nextp = p;
                m.where = M.Where.RUNNING;
            } else {
                sched.spares.startm(p); // there is no spare
            }
        }

        /** Somebody has work. */
        @Actor
        public void starter1() {
            start(first);
        }

        /** Somebody else has work. */
        @Actor
        public void starter2() {
            start(second);
        }

        /** Where the two Ps are. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = m.nextp != null ? 1 : 0;
            r.r2 = Goroutines.waiting(sched);
        }
    }

    /** An M that is parked and may end, and a P that is to be handed to it. */
    private abstract static class Leaving {
        final Sched sched = Goroutines.unstarted(1);
        final M m = new M(sched, 0, null);
        final P p = sched.idle.pidleget();

        /** 1: with the M, 2: it waits for a thread, 0: with an M that has ended. */
        int whereIsP(boolean lives) {
            return lives ? 1 : sched.threads.takeWaiting() == p ? 2 : 0;
        }
    }

    /** {@link Spares#startm} for an M that comes to its end in {@link Spares#stopm}. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over: it does not end")
    @Outcome(id = "0, 2", expect = Expect.ACCEPTABLE, desc = "it has ended, and the P waits for a thread")
    @Outcome(expect = Expect.FORBIDDEN, desc = "handed to an M that has ended")
    @State
    public static class RetireAgainstStartm extends Leaving {
        /** A spare. */
        @Actor
        public void m(II_Result r) {
            r.r1 = sched.spares.stopm(m) ? 1 : 0;
        }

        /** All spares are to end, but somebody still has work. */
        @Actor
        public void starter() {
            sched.stopping = true;
            sched.spares.startm(p);
        }

        /** Where the P is. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = whereIsP(r.r1 == 1);
        }
    }

    /** The twin of {@link RetireAgainstStartm}: the M looks whether it was handed a P, and then leaves the spares for good. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 2"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "handed to an M that has ended: the mistake shows")
    @State
    public static class BrokenRetire extends Leaving {
        private volatile boolean isSpare = true;

        /** Check, then act. */
        @Actor
        public void m(II_Result r) {
            r.r1 = m.nextp == null ? 0 : 1;
            isSpare = false;
        }

        /** Somebody has work. */
        @Actor
        public void starter() {
            if (isSpare) {
                m.nextp = p;
            } else {
                sched.spares.startm(p); // there is no spare
            }
        }

        /** Where the P is. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = whereIsP(r.r1 == 1);
        }
    }
}
