package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A P is handed to a parked M: it arrives, and at one M only. */
public class HandOverStress {
    /** Two threads start an M at the same moment, each for a P of its own, and one M is about to park. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "one P for the M, the other waits for a thread")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a P is lost, or the M sleeps")
    @State
    public static class Startm {
        private final Sched sched = Goroutines.unstarted(2);
        private final M m = new M(sched, 0, null);
        private final P first = sched.idle.pidleget();
        private final P second = sched.idle.pidleget();

        /** The M has given its P up. */
        @Actor
        public void m() {
            sched.spares.stopm(m);
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
            r.r1 = m.p != null && m.nextp == null ? 1 : 0;
            P waiting = sched.threads.takeWaiting();
            r.r2 = waiting != null && waiting != m.p && sched.threads.takeWaiting() == null ? 1 : 0;
        }
    }

    /** The twin: whoever looks like a spare is handed the P. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 2"}, expect = Expect.ACCEPTABLE, desc = "none is lost")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a P is lost: the mistake shows")
    @State
    public static class BrokenHandedToWhoLooksIdle {
        private final Sched sched = Goroutines.unstarted(2);
        private final M m = new M(sched, 0, null);
        private final P first = sched.idle.pidleget();
        private final P second = sched.idle.pidleget();
        private volatile int waiting;

        /** The M is parked. */
        public BrokenHandedToWhoLooksIdle() {
            m.where = M.Where.SPARE;
        }

        private synchronized void waits() {
            waiting++;
        }

        private void start(P p) {
            if (m.where == M.Where.SPARE) {
                m.nextp = p;
                m.where = M.Where.RUNNING;
            } else {
                waits();
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
            r.r2 = waiting;
        }
    }

    /**
     * An M with a P finds nothing, while the goroutine on the other P readies one: with the fences of the shipped code
     * either the M runs it, or somebody is woken for it, or no P is idle.
     */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "found by the M")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "not found, and somebody was woken")
    @Outcome(id = ".*, 1", expect = Expect.FORBIDDEN, desc = "it waits beside an idle P, and nobody comes")
    @State
    public static class SubmitAgainstFind {
        private final Sched sched = Goroutines.unstarted(2);
        private final M m = new M(sched, 0, null);
        private final M other = new M(sched, 1, null);

        /** Both Ps are owned. */
        public SubmitAgainstFind() {
            m.acquirep(sched.idle.pidleget());
            other.acquirep(sched.idle.pidleget());
            other.status(PState.RUNNING);
        }

        /** Looks for work, and gives up. */
        @Actor
        public void find(II_Result r) {
            r.r1 = sched.findRunnable.find(m) != null ? 1 : 0;
        }

        /** A mounted goroutine readies another. */
        @Actor
        public void submit() {
            sched.enqueue(other, new G(sched, "", false, () -> {}));
        }

        /** The goroutine on the other P goes on for long: is anybody there for the one behind it? */
        @Arbiter
        public void arbiter(II_Result r) {
            boolean waits = !other.p.isEmpty();
            boolean idle = sched.idle.npidle() > 0;
            r.r2 = waits && idle && sched.idle.nmspinning() == 0 ? 1 : 0;
        }
    }
}
