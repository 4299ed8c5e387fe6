package dev.heddle.sync;

import dev.heddle.sched.PrivateField;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** A select that waits for several channels: one case goes ahead, and only one. */
public class SelectStress {
    /** A select that waits on two channels, and a sender on each: one of them, and only one, is heard. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "the first")
    @Outcome(id = "0, 1, 2", expect = Expect.ACCEPTABLE, desc = "the second")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, none, or not the one that was chosen")
    @State
    public static class SelectAgainstTwoSenders {
        private final Chan<Integer> a = new Chan<>();
        private final Chan<Integer> b = new Chan<>();
        private final Select.Case<Integer> fromA = Select.receive(a);
        private final Select.Case<Integer> fromB = Select.receive(b);
        private final Select select = Select.of(fromA, fromB);

        /** It waits. */
        public SelectAgainstTwoSenders() {
            select.enqueueAll();
        }

        /** To one. */
        @Actor
        public void sendToA(III_Result r) {
            r.r1 = ChanStress.send(a, 1);
        }

        /** To the other. */
        @Actor
        public void sendToB(III_Result r) {
            r.r2 = ChanStress.send(b, 2);
        }

        /** The select wakes. */
        @Arbiter
        public void select(III_Result r) {
            Integer value = select.waitForOne(Long.MAX_VALUE) == fromA ? fromA.value() : fromB.value();
            r.r3 = value;
        }
    }

    /** The twin of {@link SelectAgainstTwoSenders}: no claim, each sender is content with the lock of its own channel. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the first")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the second")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "both: the mistake shows")
    @State
    public static class BrokenSelectWithoutClaim {
        private volatile int done;

        /** Looks, then takes. */
        @Actor
        public void sendToA(II_Result r) {
            if (done == 0) {
                done = 1;
                r.r1 = 1;
            }
        }

        /** Looks, then takes. */
        @Actor
        public void sendToB(II_Result r) {
            if (done == 0) {
                done = 1;
                r.r2 = 1;
            }
        }
    }

    /** A select that waits, and whose time is over. */
    private abstract static class TimeIsOver {
        final Chan<Integer> c = new Chan<>();
        final Select select = Select.of(Select.receive(c));

        TimeIsOver() {
            select.enqueueAll();
        }
    }

    /** The end of the time against a sender: both must claim the select. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the time was over; nobody takes the value")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "it was given the value in the last moment")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a value that nobody has, or neither")
    @State
    public static class TimeoutAgainstSender extends TimeIsOver {
        /** The select. */
        @Actor
        public void select(II_Result r) {
            r.r1 = select.claim(null) ? 1 : 0;
        }

        /** The sender. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = ChanStress.send(c, 7);
        }
    }

    /** The twin of {@link TimeoutAgainstSender}: the select looks whether anybody has claimed it, and then leaves. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a value that nobody has: the mistake shows")
    @State
    public static class BrokenTimeoutAgainstSender extends TimeIsOver {
        private static final VarHandle DONE = PrivateField.of(Select.class, "done", int.class);

        /** Check, then act. */
        @Actor
        public void select(II_Result r) {
            if ((int) DONE.getVolatile(select) == 0) {
                DONE.setVolatile(select, 1);
                r.r1 = 1;
            }
        }

        /** The sender. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = ChanStress.send(c, 7);
        }
    }
}
