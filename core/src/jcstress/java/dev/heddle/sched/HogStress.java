package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** An M comes back to a P while sysmon lowers its thread: with a P, no thread is low. */
public class HogStress {
    /** The level that the system has for the thread; plain, since the state is to hand it over. */
    private static class Level extends Hog {
        int level;

        Level() {
            super(new M(Goroutines.BUSY, 0, null));
            begins();
        }

        @Override
        boolean set(int from, int to) {
            level = to;
            return true;
        }

        @Override
        void booked() {}
    }

    /** Lowers whatever has become of the M since it was looked at. */
    private static final class LowersBlindly extends Level {
        @Override
        void level(int to) {
            if (!isOver()) {
                set(0, to);
            }
        }
    }

    /** As shipped. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "at its usual priority")
    @Outcome(expect = Expect.FORBIDDEN, desc = "low, with a P")
    @State
    public static class Shipped {
        private final Level hog = new Level();

        /** Sysmon. */
        @Actor
        public void sysmon() {
            hog.level(5);
            hog.level(10);
        }

        /** The M: is it fit for a P? */
        @Actor
        public void owner(II_Result r) {
            r.r1 = hog.ends() ? 1 : 0;
        }

        /** How low it is with its P. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = hog.level;
        }
    }

    /** Its time is booked by both while sysmon finds that it sleeps: nothing is booked twice, and no more than there was. */
    @JCStressTest
    @Outcome(id = {"10, 0", "0, 10", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "once, or not at all")
    @Outcome(expect = Expect.FORBIDDEN, desc = "time that there never was")
    @State
    public static class Books {
        private final Level hog = new Level();

        public Books() {
            hog.computes(10, true);
        }

        /** Sysmon. */
        @Actor
        public void sysmon(II_Result r) {
            r.r1 = (int) hog.book(20);
            hog.computes(20, false);
        }

        /** The M. */
        @Actor
        public void owner(II_Result r) {
            r.r2 = (int) hog.book(20);
        }
    }

    /** Without the compare-and-set of sysmon. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "at its usual priority")
    @Outcome(id = "1, 5", expect = Expect.ACCEPTABLE_INTERESTING, desc = "low, with a P")
    @Outcome(id = "1, 10", expect = Expect.ACCEPTABLE_INTERESTING, desc = "low, with a P")
    @State
    public static class Twin {
        private final Level hog = new LowersBlindly();

        /** Sysmon. */
        @Actor
        public void sysmon() {
            hog.level(5);
            hog.level(10);
        }

        /** The M: is it fit for a P? */
        @Actor
        public void owner(II_Result r) {
            r.r1 = hog.ends() ? 1 : 0;
        }

        /** How low it is with its P. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = hog.level;
        }
    }
}
