package dev.heddle.sync;

import dev.heddle.sched.PrivateField;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** The wait group: who comes to wait while the last one is done is let through. */
public class WaitGroupStress {
    /** One is to be done, and somebody waits for it. */
    private abstract static class One {
        final WaitGroup group = new WaitGroup();
        final Sudog waiter = new Sudog();

        One() {
            group.add(1);
        }

        int stillWaits() {
            return waiter.queued ? 1 : 0;
        }
    }

    /** {@link WaitGroup#done} against {@link WaitGroup#await()}. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "nothing to wait for")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "queued, and woken")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits for nothing")
    @State
    public static class DoneAgainstAwait extends One {
        /** The last. */
        @Actor
        public void done() {
            group.done();
        }

        /** Comes. */
        @Actor
        public void await(II_Result r) {
            r.r1 = group.enqueue(waiter) ? 1 : 0;
        }

        /** Whether it still waits. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWaits();
        }
    }

    /** The twin of {@link DoneAgainstAwait}: looks at the counter, and then goes on the queue without being counted. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "nothing to wait for")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "waits for nothing: the mistake shows")
    @State
    public static class BrokenDoneAgainstAwait extends One {
        private static final VarHandle STATE = PrivateField.of(WaitGroup.class, "state", long.class);
        private static final VarHandle WAITERS = PrivateField.of(WaitGroup.class, "waiters", WaitQueue.class);

        /** The last. */
        @Actor
        public void done() {
            group.done();
        }

        /** Check, then act. */
        @Actor
        public void await(II_Result r) {
            if ((long) STATE.getVolatile(group) != 0) {
                ((WaitQueue) WAITERS.get(group)).enqueue(waiter);
                r.r1 = 1;
            }
        }

        /** Whether it still waits. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWaits();
        }
    }
}
