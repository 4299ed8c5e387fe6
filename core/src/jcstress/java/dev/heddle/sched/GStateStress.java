package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The state of a goroutine: it is on one queue, or in the hands of one M, or parked and not woken. */
public class GStateStress {
    private static final VarHandle STATE = PrivateField.of(G.class, "state", int.class);
    private static final int FREE = 0;
    private static final int QUEUED = 1;
    private static final int TAKEN = 2;

    /** A goroutine that an M has taken from a queue and run; its wake-ups go to the inbox of a P of its own. */
    private abstract static class Taken {
        final G g = Goroutines.dequeued(() -> {});

        Taken() {
            g.taken(g.lastP);
        }

        int queuedByWaker() {
            return Goroutines.count(g.lastP.inboxTake());
        }
    }

    /** {@link G#letGo} of an M whose goroutine was parked by the JDK, against its wake-up. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "let go, then queued by the waker")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "woken first: the M queues it")
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "lost wake-up")
    @Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "queued twice")
    @State
    public static class WakeAgainstLetGo extends Taken {
        /** On g0. */
        @Actor
        public void m(II_Result r) {
            r.r1 = g.letGo() ? 1 : 0;
        }

        /** Anybody. */
        @Actor
        public void waker() {
            g.wake(null);
        }

        /** Counts what the waker has queued. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = queuedByWaker();
        }
    }

    /** The twin of {@link WakeAgainstLetGo}: the M looks whether it was woken, and then lets go. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "let go, then queued by the waker")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "woken first: the M queues it")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost wake-up: the mistake shows")
    @State
    public static class BrokenLetGo extends Taken {
        /** Check, then act. */
        @Actor
        public void m(II_Result r) {
            if ((int) STATE.getVolatile(g) == TAKEN) {
                STATE.setVolatile(g, FREE);
                r.r1 = 1;
            }
        }

        /** Anybody. */
        @Actor
        public void waker() {
            g.wake(null);
        }

        /** Counts what the waker has queued. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = queuedByWaker();
        }
    }

    /** A goroutine that was taken from a queue, and an M that is about to run it: it looks at what its waker did. */
    private abstract static class Queued {
        final P p = new P(0, Goroutines.BUSY);
        final M m = new M(Goroutines.BUSY, 0, null);
        final G g = Goroutines.dequeued(this::run);
        int data;
        int seen;

        Queued() {
            p.word(PState.with(0, PState.SCHED));
            m.acquirep(p);
        }

        void run() {
            seen = data;
        }

        /** Whether it will run again. */
        int queued() {
            return Goroutines.count(g.lastP.inboxTake()) + (p.runq.getNext() == null ? 0 : 1);
        }
    }

    /** {@link M#execute} against a wake-up that may find the goroutine queued, and is dropped then. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "dropped: the run sees what the waker did")
    @Outcome(id = {"0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "it runs again")
    @Outcome(expect = Expect.FORBIDDEN, desc = "it has not seen what the waker did, and will not run again")
    @State
    public static class WakeOfQueuedAgainstRun extends Queued {
        /** On g0. */
        @Actor
        public void m() {
            m.execute(g);
        }

        /** Anybody. */
        @Actor
        public void waker() {
            data = 1;
            VarHandle.fullFence();
            g.wake(null);
        }

        /** Counts. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = seen;
            r.r2 = queued();
        }
    }

    /** The twin of {@link WakeOfQueuedAgainstRun}: no fence between the new state and the run. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost wake-up: the mistake shows")
    @State
    public static class BrokenRunWithoutFence extends Queued {
        /** On g0. */
        @Actor
        public void m() {
            g.taken(p);
            run();
            if (!g.letGo()) {
                p.runqput(g, true);
            }
        }

        /** Anybody. */
        @Actor
        public void waker() {
            data = 1;
            VarHandle.fullFence();
            g.wake(null);
        }

        /** Counts. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = seen;
            r.r2 = queued();
        }
    }

    private abstract static class Parked extends Taken {
        Parked() {
            g.letGo();
        }
    }

    /** Two threads wake a parked goroutine: it is queued once. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "queued once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or queued twice")
    @State
    public static class TwoWakers extends Parked {
        /** One. */
        @Actor
        public void first() {
            g.wake(null);
        }

        /** Another. */
        @Actor
        public void second() {
            g.wake(null);
        }

        /** Counts. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = queuedByWaker();
        }
    }

    /** The twin of {@link TwoWakers}: a waker looks whether the goroutine is free, and then takes it. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "queued once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "queued twice: the mistake shows")
    @State
    public static class BrokenTwoWakers extends Parked {
        private void wake() {
            if ((int) STATE.getVolatile(g) == FREE) {
                STATE.setVolatile(g, QUEUED);
                g.lastP.inboxPut(g);
            }
        }

        /** One. */
        @Actor
        public void first() {
            wake();
        }

        /** Another. */
        @Actor
        public void second() {
            wake();
        }

        /** Counts. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = queuedByWaker();
        }
    }
}
