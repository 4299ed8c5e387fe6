package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The states of the poller goroutine that drives a loop of a netpoller, which are those of its binary semaphore: whatever
 * comes in while it makes a pass is seen by that pass, or brings another one.
 */
public class PollerStress {
    /** A loop with a task that comes in, and a poller that was notified of an earlier one. */
    private abstract static class Loop {
        private final BinarySemaphore semaphore = new BinarySemaphore();
        private volatile boolean task;

        Loop() {
            semaphore.release();
        }

        /** NOTIFIED to RUNNING: at the beginning of a pass. */
        void clear() {
            semaphore.tryAcquire();
        }

        /** The queue of tasks, which is looked at in the pass. */
        boolean hasTask() {
            return task;
        }

        /** RUNNING to IDLE, on g0. False if it was notified, and makes another pass. */
        boolean park() {
            return semaphore.park(Goroutines.ANY);
        }

        /** Queues the task, and tells the poller. 1 if that takes it out of IDLE. */
        int submit() {
            task = true;
            return semaphore.unblock() != null ? 1 : 0;
        }
    }

    /** A pass of the poller against a task: the permit is cleared before the look at the queue. */
    @JCStressTest
    @Outcome(id = {"1, 0", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "seen by the pass")
    @Outcome(id = "2, 0", expect = Expect.ACCEPTABLE, desc = "the permit brings another pass")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "parked, then woken")
    @Outcome(expect = Expect.FORBIDDEN, desc = "parked beside a task, or woken although it did not park")
    @State
    public static class TaskAgainstPass extends Loop {
        /** The poller. */
        @Actor
        public void pass(II_Result r) {
            clear();
            boolean seen = hasTask();
            boolean parked = park();
            r.r1 = seen ? 1 : parked ? 0 : 2;
        }

        /** Anybody. */
        @Actor
        public void submitter(II_Result r) {
            r.r2 = submit();
        }
    }

    /** The twin of {@link TaskAgainstPass}: the poller clears the permit after it has looked, since it is about to park. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "parked beside a task: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "as it should be")
    @State
    public static class BrokenClearAfterLook extends Loop {
        /** The poller. */
        @Actor
        public void pass(II_Result r) {
            boolean seen = hasTask();
            clear();
            boolean parked = park();
            r.r1 = seen ? 1 : parked ? 0 : 2;
        }

        /** Anybody. */
        @Actor
        public void submitter(II_Result r) {
            r.r2 = submit();
        }
    }
}
