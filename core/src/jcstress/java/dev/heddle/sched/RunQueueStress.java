package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The ring: the owner gets, two thieves steal; each goroutine comes out once. */
public class RunQueueStress {
    private static final RunQueue.Overflow NONE = (batch, count) -> {
        throw new AssertionError("overflow");
    };

    /** One bit for each goroutine that came out, and 8 for each that came out twice. */
    private static int sum(int... out) {
        int seen = 0;
        for (int g : out) {
            if (g != 0) {
                int bit = 1 << g;
                seen = (seen & bit) != 0 ? seen | 256 : seen | bit;
            }
        }
        return seen;
    }

    /** Three goroutines on the ring, one owner, two thieves. */
    @JCStressTest
    @Outcome(id = "14", expect = Expect.ACCEPTABLE, desc = "each of the three once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or run twice")
    @State
    public static class GetAndSteal {
        private final RunQueue victim = new RunQueue(4);
        private final RunQueue thief1 = new RunQueue(4);
        private final RunQueue thief2 = new RunQueue(4);
        private int owner1;
        private int owner2;
        private int stolen1;
        private int stolen2;

        /** Fills the ring. */
        public GetAndSteal() {
            victim.put(Goroutines.A, false, NONE);
            victim.put(Goroutines.B, false, NONE);
        }

        /** The owner puts one and gets two. */
        @Actor
        public void owner() {
            victim.put(Goroutines.C, false, NONE);
            owner1 = Goroutines.number(victim.get());
            owner2 = Goroutines.number(victim.get());
        }

        /** A thief. */
        @Actor
        public void thief1() {
            stolen1 = Goroutines.number(thief1.stealFrom(victim, false, () -> {}));
        }

        /** Another thief. */
        @Actor
        public void thief2() {
            stolen2 = Goroutines.number(thief2.stealFrom(victim, false, () -> {}));
        }

        /** Collects what is left anywhere. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = sum(
                    owner1, owner2, stolen1, stolen2,
                    Goroutines.number(victim.get()), Goroutines.number(victim.get()), Goroutines.number(victim.get()),
                    Goroutines.number(thief1.get()), Goroutines.number(thief1.get()),
                    Goroutines.number(thief2.get()), Goroutines.number(thief2.get()));
        }
    }

    /** {@code runnext}: the owner replaces and takes it, a thief takes it. */
    @JCStressTest
    @Outcome(id = "6", expect = Expect.ACCEPTABLE, desc = "both once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or run twice")
    @State
    public static class Next {
        private final RunQueue victim = new RunQueue(4);
        private final RunQueue thief = new RunQueue(4);
        private int owner;
        private int stolen;

        /** One in runnext. */
        public Next() {
            victim.put(Goroutines.A, true, NONE);
        }

        /** Kicks A out to the ring, and takes what is next. */
        @Actor
        public void owner() {
            victim.put(Goroutines.B, true, NONE);
            owner = Goroutines.number(victim.getNext());
        }

        /** Steals, runnext included. */
        @Actor
        public void thief() {
            stolen = Goroutines.number(thief.stealFrom(victim, true, () -> {}));
        }

        /** Collects what is left anywhere. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = sum(
                    owner, stolen, Goroutines.number(victim.getNext()), Goroutines.number(victim.get()),
                    Goroutines.number(victim.get()), Goroutines.number(thief.get()));
        }
    }

    /** The twin of {@link Next}: the owner looks what is next, and then empties the place. */
    @JCStressTest
    @Outcome(id = "6", expect = Expect.ACCEPTABLE, desc = "both once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or run twice: the mistake shows")
    @State
    public static class BrokenNext {
        private volatile G next = Goroutines.A;
        private G kicked;
        private G owner;
        private G stolen;

        private G take() {
            G g = next;
            if (g != null) {
                next = null;
            }
            return g;
        }

        /** Kicks A out, and takes what is next. */
        @Actor
        public void owner() {
            kicked = next;
            next = Goroutines.B;
            owner = take();
        }

        /** Steals. */
        @Actor
        public void thief() {
            stolen = take();
        }

        /** Collects. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = sum(
                    Goroutines.number(kicked), Goroutines.number(owner), Goroutines.number(stolen), Goroutines.number(next));
        }
    }

    /** {@code isEmpty} must not say empty while put moves a goroutine from runnext to the ring and get takes another. */
    @JCStressTest
    @Outcome(id = "0, .*, .*, .*", expect = Expect.ACCEPTABLE, desc = "not empty: one was there all the time")
    @Outcome(id = "1, .*, .*, .*", expect = Expect.FORBIDDEN, desc = "said empty")
    @State
    public static class NeverFalselyEmpty {
        private final RunQueue queue = new RunQueue(4);

        /** One in runnext. */
        public NeverFalselyEmpty() {
            queue.put(Goroutines.A, true, NONE);
        }

        /** A goes to the ring, B is taken again; A stays. */
        @Actor
        public void owner(IIII_Result r) {
            queue.put(Goroutines.B, true, NONE);
            r.r2 = Goroutines.number(queue.getNext());
        }

        /** Looks. */
        @Actor
        public void looker(IIII_Result r) {
            r.r1 = queue.isEmpty() ? 1 : 0;
        }
    }

    /** The twin of {@link NeverFalselyEmpty}: looks once, at the ring and then at runnext. */
    @JCStressTest
    @Outcome(id = "0, .*, .*, .*", expect = Expect.ACCEPTABLE, desc = "not empty")
    @Outcome(id = "1, .*, .*, .*", expect = Expect.ACCEPTABLE_INTERESTING, desc = "said empty: the mistake shows")
    @State
    public static class BrokenFalselyEmpty {
        private final RunQueue queue = new RunQueue(4);

        /** One in runnext. */
        public BrokenFalselyEmpty() {
            queue.put(Goroutines.A, true, NONE);
        }

        /** A goes to the ring, B is taken again; A stays. */
        @Actor
        public void owner(IIII_Result r) {
            queue.put(Goroutines.B, true, NONE);
            r.r2 = Goroutines.number(queue.getNext());
        }

        /** Looks without a second look at the tail. */
        @Actor
        public void looker(IIII_Result r) {
            r.r1 = queue.size() == 0 && !queue.hasNext() ? 1 : 0;
        }
    }
}
