package dev.heddle.sched;

import java.util.concurrent.RejectedExecutionException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Starts of goroutines against a shutdown that counts them: r1 is whether it was accepted, r2 whether some were counted. */
public class LifeStress {
    /** A scheduler's list of goroutines, and its end. */
    private abstract static class Starts {
        final AllGs all = new AllGs();
        final Life life = new Life(all, "test");
        final G g = Goroutines.make(() -> {});

        /** The function of a timer, on g0. */
        int admitAccepted() {
            g.accepted = true;
            return admit(null);
        }

        int admit(G starter) {
            try {
                life.admit(g, starter);
                return 1;
            } catch (RejectedExecutionException e) {
                return 0;
            }
        }

        /** What a shutdown does that has no grace. */
        int count() {
            life.close();
            return life.awaitUntil(0) ? 0 : 1;
        }
    }

    /** {@link Life#admit} of a goroutine from outside. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "accepted, and waited for")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "refused, and counted for a moment")
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "accepted, and nobody runs it")
    @State
    public static class StartFromOutside extends Starts {
        /** An ordinary thread. */
        @Actor
        public void starter(II_Result r) {
            r.r1 = admit(null);
        }

        /** Another one. */
        @Actor
        public void shutdown(II_Result r) {
            r.r2 = count();
        }
    }

    /** The twin of {@link StartFromOutside}: looks, and then counts. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "accepted, and nobody runs it: the mistake shows")
    @State
    public static class BrokenStart extends Starts {
        /** An ordinary thread. */
        @Actor
        public void starter(II_Result r) {
            if (life.isOpen()) {
                all.add(g);
                r.r1 = 1;
            }
        }

        /** Another one. */
        @Actor
        public void shutdown(II_Result r) {
            r.r2 = count();
        }
    }

    /** {@link Life#admit} of the function of a timer, which is accepted while the shutdown waits. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "accepted, and waited for")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "refused, and counted for a moment")
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "accepted, and nobody runs it")
    @State
    public static class TimerFires extends Starts {
        /** On g0. */
        @Actor
        public void timer(II_Result r) {
            r.r1 = admitAccepted();
        }

        /** An ordinary thread. */
        @Actor
        public void shutdown(II_Result r) {
            r.r2 = count();
        }
    }

    /** The twin of {@link TimerFires}: the shutdown counts, and then accepts nothing more. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "accepted, and nobody runs it: the mistake shows")
    @State
    public static class BrokenEnd extends Starts {
        /** On g0. */
        @Actor
        public void timer(II_Result r) {
            r.r1 = admitAccepted();
        }

        /** An ordinary thread. */
        @Actor
        public void shutdown(II_Result r) {
            life.close();
            r.r2 = all.liveUsers() > 0 ? 1 : 0;
            life.end();
        }
    }

    /** A goroutine that starts another and ends, while both are counted. */
    private abstract static class Child extends Starts {
        final G parent = Goroutines.make(() -> {});

        Child() {
            parent.accepted = true;
            life.admit(parent, null);
        }

        int startAndEnd() {
            int admitted = admit(parent);
            all.remove(parent);
            return admitted;
        }
    }

    /** {@link AllGs#liveUsers} while a goroutine starts another and ends. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "accepted, and one of them is counted")
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "neither is counted")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a child is refused")
    @State
    public static class ChildOfOneThatEnds extends Child {
        /** The goroutine. */
        @Actor
        public void starter(II_Result r) {
            r.r1 = startAndEnd();
        }

        /** An ordinary thread. */
        @Actor
        public void shutdown(II_Result r) {
            r.r2 = count();
        }
    }

    /** The twin of {@link ChildOfOneThatEnds}: adds up how many live, stripe by stripe. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "neither is counted: the mistake shows")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a child is refused")
    @State
    public static class BrokenCount extends Child {
        /** The goroutine. */
        @Actor
        public void starter(II_Result r) {
            r.r1 = startAndEnd();
        }

        /** An ordinary thread. */
        @Actor
        public void shutdown(II_Result r) {
            life.close();
            r.r2 = all.live() > 0 ? 1 : 0;
        }
    }
}
