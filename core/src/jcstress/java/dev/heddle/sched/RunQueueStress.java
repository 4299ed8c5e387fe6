package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** The ring and {@code runnext}: the owner puts and gets, thieves steal; each goroutine comes out once. */
public class RunQueueStress {
    private static final int CAPACITY = 4;
    private static final VarHandle HEAD = PrivateField.of(RunQueue.class, "head", int.class);
    private static final VarHandle TAIL = PrivateField.of(RunQueue.class, "tail", int.class);
    private static final VarHandle RING = PrivateField.of(RunQueue.class, "ring", G[].class);

    private static final RunQueue.Overflow NONE = (batch, count) -> {
        throw new AssertionError("overflow");
    };

    /** As a thief and the owner do, but with the mistake: the head is stored behind what was copied, without a CAS. */
    static void takeByStore(RunQueue queue, G[] taken) {
        int h = (int) HEAD.getVolatile(queue);
        int t = (int) TAIL.getVolatile(queue);
        G[] ring = (G[]) RING.get(queue);
        int n = Math.min(taken.length, t - h);
        for (int i = 0; i < n; i++) {
            taken[i] = ring[(h + i) & (ring.length - 1)];
        }
        HEAD.setVolatile(queue, h + n);
    }

    /** Who steals once, and the queue for what it gets. */
    static final class Thief {
        private final RunQueue queue = new RunQueue(CAPACITY);
        private G first;

        void steal(RunQueue victim) {
            first = queue.stealFrom(victim, true, () -> {});
        }

        void giveTo(Roll roll) {
            roll.out(first);
            roll.outOf(queue);
        }
    }

    /** Some goroutines on the ring, and who takes them. */
    private abstract static class Filled {
        final Roll roll;
        final RunQueue victim = new RunQueue(CAPACITY);

        Filled(int count, int onRing) {
            roll = new Roll(count);
            for (int i = 0; i < onRing; i++) {
                victim.put(roll.get(i), false, NONE);
            }
        }
    }

    /** Two goroutines on the ring, and one more that the owner puts before it takes two. */
    private abstract static class PutAndGet extends Filled {
        private G first;
        private G second;

        PutAndGet() {
            super(3, 2);
        }

        void putAndGet() {
            victim.put(roll.get(2), false, NONE);
            first = victim.get();
            second = victim.get();
        }

        int eachOnce() {
            roll.out(first);
            roll.out(second);
            roll.outOf(victim);
            return roll.eachOnce();
        }
    }

    /** {@link RunQueue#put} and {@link RunQueue#get} against {@link RunQueue#stealFrom}. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each of the three once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or run twice")
    @State
    public static class GetAgainstSteal extends PutAndGet {
        private final Thief thief = new Thief();

        /** The owner. */
        @Actor
        public void owner() {
            putAndGet();
        }

        /** The thief. */
        @Actor
        public void thief() {
            thief.steal(victim);
        }

        /** Collects what is left anywhere. */
        @Arbiter
        public void arbiter(I_Result r) {
            thief.giveTo(roll);
            r.r1 = eachOnce();
        }
    }

    /** The twin of {@link GetAgainstSteal}: the thief moves the head by a store. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each of the three once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or run twice: the mistake shows")
    @State
    public static class BrokenStealByStore extends PutAndGet {
        private final G[] stolen = new G[1];

        /** The owner. */
        @Actor
        public void owner() {
            putAndGet();
        }

        /** The thief. */
        @Actor
        public void thief() {
            takeByStore(victim, stolen);
        }

        /** Collects what is left. */
        @Arbiter
        public void arbiter(I_Result r) {
            roll.out(stolen[0]);
            r.r1 = eachOnce();
        }
    }

    /** Three goroutines on the ring, for two thieves. */
    private abstract static class ForTwoThieves extends Filled {
        ForTwoThieves() {
            super(3, 3);
        }
    }

    /** {@link RunQueue#stealFrom} against itself. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each of the three once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or run twice")
    @State
    public static class TwoThieves extends ForTwoThieves {
        private final Thief first = new Thief();
        private final Thief second = new Thief();

        /** One. */
        @Actor
        public void first() {
            first.steal(victim);
        }

        /** The other. */
        @Actor
        public void second() {
            second.steal(victim);
        }

        /** Collects what is left anywhere. */
        @Arbiter
        public void arbiter(I_Result r) {
            first.giveTo(roll);
            second.giveTo(roll);
            roll.outOf(victim);
            r.r1 = roll.eachOnce();
        }
    }

    /** The twin of {@link TwoThieves}: both move the head by a store. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each of the three once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or run twice: the mistake shows")
    @State
    public static class BrokenTwoThievesByStore extends ForTwoThieves {
        private final G[] first = new G[1];
        private final G[] second = new G[1];

        /** One. */
        @Actor
        public void first() {
            takeByStore(victim, first);
        }

        /** The other. */
        @Actor
        public void second() {
            takeByStore(victim, second);
        }

        /** Collects what is left. */
        @Arbiter
        public void arbiter(I_Result r) {
            roll.out(first[0]);
            roll.out(second[0]);
            roll.outOf(victim);
            r.r1 = roll.eachOnce();
        }
    }

    /** A full ring, and one more that the owner wants to put; a thief takes half. */
    private abstract static class Full extends Filled {
        final Thief thief = new Thief();

        Full() {
            super(CAPACITY + 1, CAPACITY);
        }

        int eachOnce(G[] overflow) {
            for (G g : overflow) {
                roll.out(g);
            }
            thief.giveTo(roll);
            roll.outOf(victim);
            return roll.eachOnce();
        }
    }

    /** {@link RunQueue#put} into a full ring, half of which goes to the global queue or to the thief. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each of the five once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or run twice")
    @State
    public static class OverflowAgainstSteal extends Full {
        private final G[] overflow = new G[CAPACITY / 2 + 1];

        /** The owner. */
        @Actor
        public void owner() {
            victim.put(roll.get(CAPACITY), false, (batch, count) -> System.arraycopy(batch, 0, overflow, 0, count));
        }

        /** A thief. */
        @Actor
        public void thief() {
            thief.steal(victim);
        }

        /** Collects what is left anywhere. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = eachOnce(overflow);
        }
    }

    /** The twin of {@link OverflowAgainstSteal}: the owner of the ring takes its older half without asking the thieves. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each of the five once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or run twice: the mistake shows")
    @State
    public static class BrokenOverflowByStore extends Full {
        private final G[] overflow = new G[CAPACITY / 2];

        /** The owner. */
        @Actor
        public void owner() {
            takeByStore(victim, overflow);
            victim.put(roll.get(CAPACITY), false, NONE);
        }

        /** A thief. */
        @Actor
        public void thief() {
            thief.steal(victim);
        }

        /** Collects what is left anywhere. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = eachOnce(overflow);
        }
    }

    /** {@code runnext}: the owner replaces and takes it, a thief takes it. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "both once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or run twice")
    @State
    public static class Next {
        private final Roll roll = new Roll(2);
        private final RunQueue victim = new RunQueue(CAPACITY);
        private final Thief thief = new Thief();
        private G owner;

        /** One in runnext. */
        public Next() {
            victim.put(roll.get(0), true, NONE);
        }

        /** Kicks the first out to the ring, and takes what is next. */
        @Actor
        public void owner() {
            victim.put(roll.get(1), true, NONE);
            owner = victim.getNext();
        }

        /** Steals, runnext included. */
        @Actor
        public void thief() {
            thief.steal(victim);
        }

        /** Collects what is left anywhere. */
        @Arbiter
        public void arbiter(I_Result r) {
            roll.out(owner);
            thief.giveTo(roll);
            roll.outOf(victim);
            r.r1 = roll.eachOnce();
        }
    }

    /** The twin of {@link Next}: the owner looks what is next, and then empties the place. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "both once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or run twice: the mistake shows")
    @State
    public static class BrokenNext {
        private final Roll roll = new Roll(2);
        private volatile G next = roll.get(0);
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

        /** Kicks the first out, and takes what is next. */
        @Actor
        public void owner() {
            kicked = next;
            next = roll.get(1);
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
            roll.out(kicked);
            roll.out(owner);
            roll.out(stolen);
            roll.out(next);
            r.r1 = roll.eachOnce();
        }
    }

    /** A queue that is never empty, although its goroutine moves from runnext to the ring when a second one comes and goes. */
    private abstract static class NeverEmpty {
        final RunQueue queue = new RunQueue(CAPACITY);

        NeverEmpty() {
            queue.put(Goroutines.ANY, true, NONE);
        }

        void comeAndGo() {
            queue.put(Goroutines.ANY, true, NONE);
            queue.getNext();
        }
    }

    /** {@link RunQueue#isEmpty} while {@link RunQueue#put} moves a goroutine from runnext to the ring. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not empty: one was there all the time")
    @Outcome(id = "1", expect = Expect.FORBIDDEN, desc = "said empty")
    @State
    public static class NeverFalselyEmpty extends NeverEmpty {
        /** One comes and goes, the other stays. */
        @Actor
        public void owner() {
            comeAndGo();
        }

        /** Looks. */
        @Actor
        public void looker(I_Result r) {
            r.r1 = queue.isEmpty() ? 1 : 0;
        }
    }

    /** The twin of {@link NeverFalselyEmpty}: looks once, at the ring and then at runnext. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not empty")
    @Outcome(id = "1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "said empty: the mistake shows")
    @State
    public static class BrokenFalselyEmpty extends NeverEmpty {
        /** One comes and goes, the other stays. */
        @Actor
        public void owner() {
            comeAndGo();
        }

        /** Looks without a second look at the tail. */
        @Actor
        public void looker(I_Result r) {
            r.r1 = queue.size() == 0 && !queue.hasNext() ? 1 : 0;
        }
    }
}
