package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Timers: each fires once or is stopped, whoever comes first. */
public class TimersStress {
    private static final class Fired {
        volatile int count;
    }

    private static final Timer.Callback COUNT = fired -> ((Fired) fired).count++;

    /** Stop against the owner or thief that fires what is due; another timer keeps the heap busy. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "stopped")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "fired")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, or neither")
    @State
    public static class StopAgainstFire {
        private final Timers timers = new Timers();
        private final Fired fired = new Fired();
        private final Timer timer = new Timer(COUNT, fired);

        /** Two timers, both due. */
        public StopAgainstFire() {
            timers.add(new Timer(COUNT, new Fired()), 1);
            timers.add(timer, 2);
        }

        /** Whoever started it. */
        @Actor
        public void stop(II_Result r) {
            r.r1 = timer.stop() ? 1 : 0;
        }

        /** The owner of the P. */
        @Actor
        public void fire() {
            timers.runDue(10);
        }

        /** How often it fired. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = fired.count;
        }
    }

    /** The twin of {@link StopAgainstFire}: stop looks whether it is on the heap, and marks it. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "stopped")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "fired")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "stopped, and fired all the same: the mistake shows")
    @State
    public static class BrokenStop {
        private volatile boolean onHeap = true;
        private volatile boolean stopped;
        private int fired;

        /** Check, then act. */
        @Actor
        public void stop(II_Result r) {
            if (onHeap) {
                stopped = true;
                r.r1 = 1;
            }
        }

        /** The same on the other side. */
        @Actor
        public void fire() {
            if (!stopped) {
                onHeap = false;
                fired++;
            }
        }

        /** How often it fired. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = fired;
        }
    }

    /** A timer that is due, a second one that is added, and two who fire what is due. */
    private abstract static class Adding {
        final Timers timers = new Timers();
        private final Fired early = new Fired();
        private final Fired late = new Fired();
        final Timer due = new Timer(COUNT, early);

        Adding() {
            timers.add(due, 1);
        }

        void add() {
            timers.add(new Timer(COUNT, late), 2);
        }

        void result(III_Result r) {
            r.r1 = early.count + late.count;
            r.r2 = late.count;
            r.r3 = timers.minWhen() == 2 ? 1 : timers.minWhen() == Timers.NONE ? 0 : 9;
        }
    }

    /** {@link Timers#runDue} by a thief while the owner adds a timer: it has fired, or the heap says when it will. */
    @JCStressTest
    @Outcome(id = "2, 1, 0", expect = Expect.ACCEPTABLE, desc = "both fired")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, fired twice, or minWhen is wrong")
    @State
    public static class AddAgainstFire extends Adding {
        /** The owner of the P. */
        @Actor
        public void owner() {
            add();
            timers.runDue(10);
        }

        /** A thief. */
        @Actor
        public void thief() {
            timers.runDue(10);
        }

        /** Looks at the end. */
        @Arbiter
        public void arbiter(III_Result r) {
            result(r);
        }
    }

    /** The twin of {@link AddAgainstFire}: who finds a timer due fires it, and then takes it off the heap. */
    @JCStressTest
    @Outcome(id = "2, 1, 0", expect = Expect.ACCEPTABLE, desc = "both fired")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "fired twice: the mistake shows")
    @State
    public static class BrokenFireBeforeRemove extends Adding {
        private void runFirst() {
            if (timers.minWhen() == 1) {
                due.callback.fire(due.arg);
                timers.remove(due);
            }
        }

        /** The owner of the P. */
        @Actor
        public void owner() {
            add();
            runFirst();
            timers.runDue(10);
        }

        /** A thief. */
        @Actor
        public void thief() {
            runFirst();
        }

        /** Looks at the end. */
        @Arbiter
        public void arbiter(III_Result r) {
            result(r);
        }
    }

    /** A timer on the heap of a P that is dead, from where it is moved to another. */
    private abstract static class Moved {
        final Timer timer = new Timer(COUNT, new Fired());
        private final Timers dead = new Timers();
        private final Timers alive = new Timers();

        Moved() {
            dead.add(timer, 1);
        }

        void move() {
            alive.takeAll(dead);
        }

        int left() {
            return dead.size() + alive.size();
        }
    }

    /** {@link Timer#stop} against {@link Timers#takeAll}: it is on one of the two heaps, and is found there. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "stopped")
    @Outcome(expect = Expect.FORBIDDEN, desc = "overlooked")
    @State
    public static class StopAgainstMove extends Moved {
        /** Whoever started it. */
        @Actor
        public void stop(II_Result r) {
            r.r1 = timer.stop() ? 1 : 0;
        }

        /** Who has lowered the number of Ps. */
        @Actor
        public void mover() {
            move();
        }

        /** What is left. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = left();
        }
    }

    /** The twin of {@link StopAgainstMove}: stop looks at one heap only, the one that the timer was on when it came. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "stopped")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "overlooked: the mistake shows")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost")
    @State
    public static class BrokenStopLooksOnce extends Moved {
        /** Whoever started it. */
        @Actor
        public void stop(II_Result r) {
            r.r1 = timer.owner.remove(timer) ? 1 : 0;
        }

        /** Who has lowered the number of Ps. */
        @Actor
        public void mover() {
            move();
        }

        /** What is left. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = left();
        }
    }
}
