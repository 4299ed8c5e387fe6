package dev.heddle.sched;

import java.util.Arrays;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * The number of Ps is changed while others use them. A surplus P dies once, whoever it is that gives it up, and what was
 * queued on it or comes too late goes on elsewhere; new Ps are seen as a whole.
 */
public class ProcresizeStress {
    /** Two Ps, of which P 1 is to die. */
    private abstract static class Shrinking {
        final Sched sched = Goroutines.unstarted(2);
        final P stays = sched.procs[0];
        final P dies = sched.procs[1];

        /** Returns when it is dead. */
        void shrink() {
            sched.procresize.set(1);
        }

        /** 1 if it is dead and neither idle nor counted as such. */
        int isGone() {
            boolean alone = sched.idle.count() == sched.idle.npidle() && sched.idle.count() <= 1;
            P idle = sched.idle.get();
            return alone && idle != dies && dies.status() == PState.DEAD ? 1 : 0;
        }
    }

    /** A goroutine that ran last on the P that dies, and is woken by a foreign thread. */
    private abstract static class Woken extends Shrinking {
        final G g = Goroutines.make(() -> {});

        Woken() {
            g.lastP = dies;
        }

        /** Whether it is where living Ps look, and whether one is on its way. */
        void result(II_Result r) {
            r.r1 = sched.global.get() == g && sched.global.size() == 0 && dies.inboxEmpty() ? 1 : 0;
            r.r2 = sched.idle.nmspinning();
        }
    }

    /** {@link Sched#enqueue} of a foreign thread, into the inbox of a P that dies. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "in the global queue, and somebody was woken")
    @Outcome(expect = Expect.FORBIDDEN, desc = "left with the dead P, or nobody comes")
    @State
    public static class SubmitAgainstDeath extends Woken {
        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrink();
        }

        /** A foreign thread. */
        @Actor
        public void waker() {
            sched.enqueue(null, g);
        }

        /** Where it is. */
        @Arbiter
        public void arbiter(II_Result r) {
            result(r);
        }
    }

    /** The twin of {@link SubmitAgainstDeath}: looks whether the P is dead, and then puts the goroutine into its inbox. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "in the global queue, and somebody was woken")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "left with the dead P: the mistake shows")
    @State
    public static class BrokenSubmitLooksFirst extends Woken {
        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrink();
        }

        /** Check, then act. */
        @Actor
        public void waker() {
            if (dies.status() == PState.DEAD) {
                sched.globrunqput(g, false);
            } else {
                dies.inboxPut(g);
            }
            sched.idle.wakep();
        }

        /** Where it is. */
        @Arbiter
        public void arbiter(II_Result r) {
            result(r);
        }
    }

    /** A timer that a goroutine puts on the heap of the P that it has lost, and that dies. */
    private abstract static class Timed extends Shrinking {
        private static final long FAR = Timers.NONE / 2;

        private final Timer timer = new Timer(arg -> {}, null);

        void add() {
            dies.timers.add(timer, FAR);
        }

        boolean isDead() {
            return dies.status() == PState.DEAD;
        }

        void result(II_Result r) {
            r.r1 = stays.timers.size();
            r.r2 = dies.timers.size();
        }
    }

    /** {@link Procresize#moveTimers} by whoever comes later. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "on the heap of the P that stays")
    @Outcome(expect = Expect.FORBIDDEN, desc = "left with the dead P, or lost")
    @State
    public static class TimerAgainstDeath extends Timed {
        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrink();
        }

        /** As Sched.addTimer of a goroutine whose M had this P. */
        @Actor
        public void adder() {
            add();
            if (isDead()) {
                sched.procresize.moveTimers(dies);
            }
        }

        /** Where it is. */
        @Arbiter
        public void arbiter(II_Result r) {
            result(r);
        }
    }

    /** The twin of {@link TimerAgainstDeath}: looks whether the P is dead, and then adds. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "on the heap of the P that stays")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "left with the dead P: the mistake shows")
    @State
    public static class BrokenTimerLooksFirst extends Timed {
        /** Fewer Ps; only what concerns this one. */
        @Actor
        public void shrinker() {
            dies.word(PState.nextEpoch(dies.word(), PState.DEAD));
            sched.procresize.moveTimers(dies);
        }

        /** Check, then act. */
        @Actor
        public void adder() {
            boolean dead = isDead();
            add();
            if (dead) {
                sched.procresize.moveTimers(dies);
            }
        }

        /** Where it is. */
        @Arbiter
        public void arbiter(II_Result r) {
            result(r);
        }
    }

    /** Three goroutines on the ring of a surplus P that its M gives up, and a fourth in runnext; a thief comes for half. */
    private abstract static class Laden extends Shrinking {
        private static final int COUNT = 4;

        final Roll roll = new Roll(COUNT);
        final M m = new M(sched, 0, null);
        final RunQueueStress.Thief thief = new RunQueueStress.Thief();

        Laden() {
            sched.idle.pidleget(); // P 0: somebody else's
            m.acquirep(sched.idle.pidleget());
            for (int i = 0; i < COUNT; i++) {
                dies.runqput(roll.get(i), i == 0);
            }
            sched.gomaxprocs = 1;
        }

        int eachOnce() {
            thief.giveTo(roll);
            roll.outOf(sched.global);
            return dies.status() == PState.DEAD ? roll.eachOnce() : 0;
        }
    }

    /** {@link FindRunnable#find} with a surplus P, all of whose goroutines go to the global queue or to the thief. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each once")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost or twice")
    @State
    public static class StealAgainstDeath extends Laden {
        /** Comes round. */
        @Actor
        public void m() {
            sched.findRunnable.find(m);
        }

        /** A thief. */
        @Actor
        public void thief() {
            thief.steal(dies.runq);
        }

        /** Collects them. */
        @Arbiter
        public void arbiter(I_Result r) {
            r.r1 = eachOnce();
        }
    }

    /** The twin of {@link StealAgainstDeath}: what is on the ring is moved as if a dead P had no thieves. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each once")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or twice: the mistake shows")
    @State
    public static class BrokenDrainByStore extends Laden {
        private final G[] moved = new G[3];

        /** Comes round. */
        @Actor
        public void m() {
            RunQueueStress.takeByStore(dies.runq, moved);
            sched.findRunnable.find(m);
        }

        /** A thief. */
        @Actor
        public void thief() {
            thief.steal(dies.runq);
        }

        /** Collects them. */
        @Arbiter
        public void arbiter(I_Result r) {
            for (G g : moved) {
                roll.out(g);
            }
            r.r1 = eachOnce();
        }
    }

    /** A hog with the P that dies, beside an idle P. */
    private abstract static class Running extends Shrinking {
        final M m = new M(sched, 0, null);

        Running() {
            P idle = sched.idle.pidleget();
            m.acquirep(sched.idle.pidleget());
            m.status(PState.RUNNING);
            sched.lock.lock();
            sched.idle.put(idle);
            sched.lock.unlock();
        }

        /** As sysmon, with the word that it sees now: 1 if it has got the P, 9 if somebody else has it as well. */
        int retake() {
            long seen = dies.word();
            if (PState.status(seen) != PState.RUNNING || !Retake.take(dies, seen)) {
                return 0;
            }
            return stillHas(PState.nextEpoch(seen, PState.SCHED));
        }

        /** As the M, when its goroutine leaves its stack: 1 if it has the P, 9 if somebody else has it as well. */
        int enter() {
            if (m.enterSched() == M.NO_P) {
                return 0;
            }
            return stillHas(dies.word());
        }

        private int stillHas(long mine) {
            boolean alone = true;
            for (int i = 0; i < 10; i++) {
                Thread.onSpinWait();
                alone &= dies.word() == mine;
            }
            return alone ? 1 : 9;
        }

        /** The mistake: looks whether the goroutine runs, and then takes the P from it. */
        void shrinkByStore() {
            sched.gomaxprocs = 1;
            long seen = dies.word();
            if (PState.status(seen) == PState.RUNNING) {
                dies.word(PState.nextEpoch(seen, PState.SCHED));
                sched.lock.lock();
                sched.idle.put(dies);
                sched.lock.unlock();
            }
        }
    }

    /** The change takes a P from a hog, and so does {@link Retake#take}. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "sysmon was faster, and its hand-off was the end of the P")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "sysmon came too late")
    @Outcome(expect = Expect.FORBIDDEN, desc = "two owners at once, or it lives on")
    @State
    public static class RetireAgainstRetake extends Running {
        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrink();
        }

        /** Sysmon. */
        @Actor
        public void sysmon(II_Result r) {
            r.r1 = retake();
            if (r.r1 != 0) {
                sched.handoff.handoffp(dies);
            }
        }

        /** What has become of it. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = isGone();
        }
    }

    /** The change takes a P from a hog, while its M comes back into the scheduler and to findRunnable. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "the M was faster, and has given it up")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the M goes on without")
    @Outcome(expect = Expect.FORBIDDEN, desc = "two owners at once, or it lives on")
    @State
    public static class RetireAgainstReturn extends Running {
        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrink();
        }

        /** The M. */
        @Actor
        public void m(II_Result r) {
            r.r1 = enter();
            if (r.r1 != 0) {
                sched.findRunnable.find(m);
            }
        }

        /** What has become of it. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = isGone();
        }
    }

    /** The twin of {@link RetireAgainstRetake}: the change takes the P by a store. */
    @JCStressTest
    @Outcome(id = "9", expect = Expect.ACCEPTABLE_INTERESTING, desc = "two owners at once: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "one of them")
    @State
    public static class BrokenRetireAgainstRetake extends Running {
        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrinkByStore();
        }

        /** Sysmon. */
        @Actor
        public void sysmon(I_Result r) {
            r.r1 = retake();
        }
    }

    /** The twin of {@link RetireAgainstReturn}: the change takes the P by a store. */
    @JCStressTest
    @Outcome(id = "9", expect = Expect.ACCEPTABLE_INTERESTING, desc = "two owners at once: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "one of them")
    @State
    public static class BrokenRetireAgainstReturn extends Running {
        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrinkByStore();
        }

        /** The M. */
        @Actor
        public void m(I_Result r) {
            r.r1 = enter();
        }
    }

    /** {@link Idle#put} of somebody who has taken the surplus P off the idle list, and does not need it. */
    @JCStressTest
    @Outcome(id = {"0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "dead, by whoever of the two came later")
    @Outcome(expect = Expect.FORBIDDEN, desc = "idle beyond the number of Ps")
    @State
    public static class IdleAgainstShrink extends Shrinking {
        /** P 0 is busy. */
        public IdleAgainstShrink() {
            sched.idle.pidleget();
        }

        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            shrink();
        }

        /** Takes a P, and gives it back. */
        @Actor
        public void taker(II_Result r) {
            P p = sched.idle.pidleget();
            if (p != null) {
                r.r1 = 1;
                sched.lock.lock();
                sched.idle.put(p);
                sched.lock.unlock();
            }
        }

        /** What has become of it. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = isGone();
        }
    }

    /** The twin of {@link IdleAgainstShrink}: who gives a P back looks how many there are before it takes the lock. */
    @JCStressTest
    @Outcome(id = {"0, 1", "1, 1"}, expect = Expect.ACCEPTABLE, desc = "dead")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "idle beyond the number of Ps: the mistake shows")
    @State
    public static class BrokenPutLooksTooEarly {
        private final SchedLock lock = new SchedLock();
        private volatile int procs = 2;
        /** P 1 is on the list. */
        private volatile boolean idle = true;

        private boolean take() {
            lock.lock();
            boolean was = idle;
            idle = false;
            lock.unlock();
            return was;
        }

        /** Fewer Ps. */
        @Actor
        public void shrinker() {
            lock.lock();
            procs = 1;
            idle = false;
            lock.unlock();
        }

        /** Takes it, and gives it back. */
        @Actor
        public void taker(II_Result r) {
            if (take()) {
                r.r1 = 1;
                boolean lives = procs > 1;
                lock.lock();
                idle = lives;
                lock.unlock();
            }
        }

        /** What has become of it. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = idle ? 0 : 1;
        }
    }

    /** One P, whose M looks for work with all others. */
    private abstract static class Growing {
        final Sched sched = Goroutines.unstarted(1);
        private final M m = Goroutines.withP(sched, 0);

        /** 1 if it came to an end, 0 if it looked for a P that is not there. */
        int steal() {
            try {
                sched.findRunnable.find(m);
                return 1;
            } catch (ArrayIndexOutOfBoundsException e) {
                return 0;
            }
        }
    }

    /** {@link Procresize#change} to more Ps against {@link FindRunnable#find}, which goes through all of them. */
    @JCStressTest
    @Outcome(id = "1, 4, 1", expect = Expect.ACCEPTABLE, desc = "all are idle but those that somebody was woken for")
    @Outcome(expect = Expect.FORBIDDEN, desc = "it looked for a P that is not there, or one is lost")
    @State
    public static class GrowAgainstSteal extends Growing {
        /** More Ps. */
        @Actor
        public void grower() {
            sched.procresize.set(4);
        }

        /** The M. */
        @Actor
        public void thief(III_Result r) {
            r.r1 = steal();
        }

        /** How many are idle or wait for a thread, and whether the list is counted right. */
        @Arbiter
        public void arbiter(III_Result r) {
            int idle = sched.idle.count();
            r.r2 = idle + Goroutines.waiting(sched);
            r.r3 = idle == sched.idle.npidle() ? 1 : 0;
        }
    }

    /** The twin of {@link GrowAgainstSteal}: says how to go through the Ps before they are there. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "it went through one P or through all")
    @Outcome(id = "0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "looked for a P that is not there: the mistake shows")
    @State
    public static class BrokenOrderBeforeProcs extends Growing {
        /** More Ps. */
        @Actor
        public void grower() {
            sched.findRunnable.order(new StealOrder(4));
            P[] made = Arrays.copyOf(sched.procs, 4);
            for (int i = 1; i < made.length; i++) {
                made[i] = new P(i, sched);
            }
            sched.procs = made;
        }

        /** The M. */
        @Actor
        public void thief(I_Result r) {
            r.r1 = steal();
        }
    }
}
