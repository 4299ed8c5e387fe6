package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** A timer that is due, against stop and reset: each arming fires or is withdrawn. */
public class RuntimeTimerStress {
    private static final long FAR_NANOS = 1_000_000_000_000L;

    /** A scheduler whose threads are these actors. */
    private abstract static class Contest implements RuntimeTimer.Event {
        final Scheduler scheduler = new Scheduler(SchedulerConfig.defaults().withProcs(1));
        final Timers heap = scheduler.sched().procs[0].timers;
        final RuntimeTimer timer = RuntimeTimer.of(scheduler, this);
        int fired;

        Contest() {
            timer.reset(0, 0);
        }

        @Override
        public void fire() {
            fired++; // under the lock of the timer
        }

        @Override
        public boolean withdraw() {
            return false;
        }
    }

    /** Stop says what happens. */
    @JCStressTest
    @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "stopped in time")
    @Outcome(id = "0, 0, 1", expect = Expect.ACCEPTABLE, desc = "too late")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both or neither")
    @State
    public static class Stop extends Contest {
        /** Withdraws. */
        @Actor
        public void stopper(III_Result r) {
            r.r1 = timer.stop() ? 1 : 0;
        }

        /** The P. */
        @Actor
        public void p() {
            heap.runDue(Clock.nanotime());
        }

        /** How often it has fired. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = fired;
        }
    }

    /** Armed again by one, and found due by another P. It must stay on the heap for the time that was asked for. */
    @JCStressTest
    @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE, desc = "replaced in time")
    @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "fired, then armed again")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, early or twice")
    @State
    public static class Reset extends Contest {
        /** Arms for a time that does not come. */
        @Actor
        public void resetter(III_Result r) {
            r.r1 = timer.reset(FAR_NANOS, 0) ? 1 : 0;
        }

        /** The P. */
        @Actor
        public void p() {
            heap.runDue(Clock.nanotime());
        }

        /** What is left. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r2 = heap.size();
            r.r3 = fired;
        }
    }

    /** The twin of {@link Reset}: a firing asks whether the timer is armed, but not whether that is for a later time. */
    @JCStressTest
    @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE, desc = "replaced in time")
    @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "fired, then armed again")
    @Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "fired early: the mistake shows")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or twice")
    @State
    public static class BrokenResetFiresEarly {
        private final Timers heap = new Timers();
        private final SchedLock mu = new SchedLock();
        private final Timer timer = new Timer(_ -> fire(), null);
        private boolean pending = true;
        private int fired;

        /** Due. */
        public BrokenResetFiresEarly() {
            heap.add(timer, 0);
        }

        private void fire() {
            mu.lock();
            if (pending) {
                pending = false;
                fired++;
            }
            mu.unlock();
        }

        /** Arms for a time that does not come. */
        @Actor
        public void resetter(III_Result r) {
            mu.lock();
            r.r1 = pending ? 1 : 0;
            timer.stop();
            heap.add(timer, FAR_NANOS);
            pending = true;
            mu.unlock();
        }

        /** The P. */
        @Actor
        public void p() {
            heap.runDue(1);
        }

        /** What is left. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r2 = heap.size();
            r.r3 = fired;
        }
    }

    /** The twin of {@link Stop}: the heap alone decides, so a timer that is off the heap and has not fired is overlooked. */
    @JCStressTest
    @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "stopped in time")
    @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "too late, and it has fired")
    @Outcome(id = "0, 0, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "fires after stop has returned")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both or neither")
    @State
    public static class BrokenWithoutPending {
        private final Timers heap = new Timers();
        private volatile int fired;
        private final Timer timer = new Timer(_ -> fired = 1, null);

        /** Due. */
        public BrokenWithoutPending() {
            heap.add(timer, 0);
        }

        /** Withdraws, and looks whether it has fired if that was too late. */
        @Actor
        public void stopper(III_Result r) {
            r.r1 = timer.stop() ? 1 : 0;
            r.r2 = fired;
        }

        /** The P. */
        @Actor
        public void p() {
            heap.runDue(1);
        }

        /** Whether it has fired in the end. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = fired;
        }
    }
}
