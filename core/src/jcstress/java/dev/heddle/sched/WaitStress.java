package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import java.util.concurrent.CancellationException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The enders of a wait: each is seen, and none takes a permit away. */
public class WaitStress {
    private static final VarHandle STATE = PrivateField.of(BinarySemaphore.class, "state", Object.class);

    /** An end that is brought about by hand. */
    private static final Lifetime.Ending BY_HAND = new Lifetime.Ending() {
        @Override
        public boolean add(Lifetime.Waiter waiter) {
            return true;
        }

        @Override
        public boolean forget(Lifetime.Waiter waiter) {
            return true;
        }

        @Override
        public CancellationException exception() {
            return new CancellationException();
        }
    };

    /** A wait that is not committed yet. The first result is whether the commit parked, the second whether it is there still. */
    private abstract static class Committing {
        final BinarySemaphore semaphore = new BinarySemaphore();
        final Wait wait = Wait.endable(semaphore, null, BY_HAND);

        int isThere() {
            return STATE.getVolatile(semaphore) == wait ? 1 : 0;
        }
    }

    /** The commit against the end of the lifetime. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "parked, then woken by the end")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the end came first")
    @Outcome(expect = Expect.FORBIDDEN, desc = "it waits, and nobody will end it")
    @State
    public static class CommitAgainstEnd extends Committing {
        /** On g0. */
        @Actor
        public void commit(II_Result r) {
            r.r1 = wait.park() ? 1 : 0;
        }

        /** Whoever cancels. */
        @Actor
        public void end() {
            wait.told();
        }

        /** The word. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isThere();
        }
    }

    /** The twin of {@link CommitAgainstEnd}: does not look after the wait can be found. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "nobody will end it: the mistake shows")
    @State
    public static class BrokenCommitWithoutSecondLook extends Committing {
        private static final VarHandle OVER = PrivateField.of(Wait.class, "lifetimeOver", boolean.class);

        /** Looks first. */
        @Actor
        public void commit(II_Result r) {
            r.r1 = !(boolean) OVER.getVolatile(wait) && semaphore.park(wait) ? 1 : 0;
        }

        /** Whoever cancels. */
        @Actor
        public void end() {
            wait.told();
        }

        /** The word. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isThere();
        }
    }

    /** Commit, end, time and a release: the permit is there, whoever has ended the wait, and nothing else is. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the permit is there")
    @Outcome(expect = Expect.FORBIDDEN, desc = "it is lost")
    @State
    public static class AllEnders extends Committing {
        /** On g0, and the timer. */
        @Actor
        public void commit() {
            wait.park();
            wait.expire();
        }

        /** Whoever cancels, and somebody who releases. */
        @Actor
        public void end() {
            wait.told();
            semaphore.release();
        }

        /** What the waiter, or the next one, finds. */
        @Arbiter
        public void after(I_Result r) {
            r.r1 = semaphore.takeIfThere() ? 1 : 0;
        }
    }

    /** The twin of {@link AllEnders}: who ends the wait looks whether it is there, and empties the word. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the permit is there")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "it is lost: the mistake shows")
    @State
    public static class BrokenEnder extends Committing {
        /** The wait is there. */
        public BrokenEnder() {
            wait.park();
        }

        /** Check, then act. */
        @Actor
        public void end() {
            if (isThere() == 1) {
                STATE.setVolatile(semaphore, null);
            }
        }

        /** Anybody. */
        @Actor
        public void release() {
            semaphore.release();
        }

        /** What the waiter, or the next one, finds. */
        @Arbiter
        public void after(I_Result r) {
            r.r1 = semaphore.takeIfThere() ? 1 : 0;
        }
    }
}
