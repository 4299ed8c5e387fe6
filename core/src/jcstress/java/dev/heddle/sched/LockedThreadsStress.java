package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A goroutine that is locked to its M: the M gives its P to others, and an M that has taken the goroutine from a queue brings
 * the P that it runs with. Each P has one owner all the time, and none is lost. That no work is left behind with the P that is
 * given away is for {@link IdleStress.WakeAgainstHandoff} to see.
 */
public class LockedThreadsStress {
    /**
     * A goroutine that has left the stack of its M and is in the hands of another M already. The first M has its P 0 still,
     * the other one comes with P 1, and P 2 is idle.
     */
    private abstract static class Locked {
        static final int NEVER_RAN = -1;

        final Sched sched = Goroutines.unstarted(3);
        final M m = Goroutines.withP(sched, 0);
        final M thief = Goroutines.withP(sched, 1);
        final G g = Goroutines.dequeued(this::body);
        private volatile Thread thread;
        private int ranWith = NEVER_RAN;

        Locked() {
            g.lockedm = m;
            m.lockedg = g;
        }

        /** Unlocks, so that its M need not serve it again. */
        private void body() {
            ranWith = m.p.id;
            g.lockedm = null;
            m.lockedg = null;
        }

        /** By an actor in the place of the M's thread, which is not started. */
        void serve() {
            thread = Thread.currentThread(); // pairs with the look in bring: nextp is there, or the thread is known
            sched.lockedThreads.serve(m);
        }

        /** Passes the wake-up on to that actor. */
        void bring() {
            sched.lockedThreads.startlockedm(thief, g);
            Thread sleeper = thread;
            if (sleeper != null) {
                Carrier.unparkCarrier(sleeper);
            }
        }

        /** With which P it ran, if its M still has that one and nobody brings another. */
        int ranWith() {
            return m.nextp == null && thief.p == null && m.p != null && m.p.id == ranWith ? ranWith : NEVER_RAN;
        }

        /** How many Ps are idle or wait for a thread. */
        int free() {
            return sched.idle.count() + Goroutines.waiting(sched);
        }
    }

    /** {@link LockedThreads#startlockedm} against an M that is just about to give its P away and to park. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "ran with the P that was brought; the others are free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a P is lost, or has two owners")
    @State
    public static class StartAgainstStop extends Locked {
        /** The goroutine has left its stack. */
        @Actor
        public void m() {
            serve();
        }

        /** Has taken it from a queue. */
        @Actor
        public void thief() {
            bring();
        }

        /** Where the Ps are. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = ranWith();
            r.r2 = free();
        }
    }

    /** The twin of {@link StartAgainstStop}: the M clears the place for the P before it waits, as if nobody had come yet. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "brought after that")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "the P is lost: the mistake shows")
    @State
    public static class BrokenClearedBeforeTheWait extends Locked {
        /** The goroutine has left its stack. */
        @Actor
        public void m() {
            m.handoffp();
            m.nextp = null;
        }

        /** Has taken it from a queue. */
        @Actor
        public void thief() {
            bring();
        }

        /** Where the Ps are. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = m.nextp != null ? m.nextp.id : Locked.NEVER_RAN;
            r.r2 = free();
        }
    }

    /** Somebody starts an M for a third P meanwhile: a locked M sleeps as a spare does, but is none. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "ran with the P that was brought; the others are free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a P is lost, or has two owners")
    @State
    public static class StarterAndThief extends Locked {
        private final P third = sched.idle.pidleget();

        /** The goroutine has left its stack. */
        @Actor
        public void m() {
            serve();
        }

        /** Has work for a P, and then takes the goroutine from a queue. */
        @Actor
        public void starterAndThief() {
            sched.spares.startm(third);
            bring();
        }

        /** Where the Ps are. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = ranWith();
            r.r2 = free();
        }
    }

    /** The twin of {@link StarterAndThief}: whoever sleeps without a P is handed one, so two write to the same place. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "none is lost")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a P is lost: the mistake shows")
    @State
    public static class BrokenHandedToWhoSleeps extends Locked {
        private final P third = sched.idle.pidleget();

        /** The M is parked. */
        public BrokenHandedToWhoSleeps() {
            m.handoffp();
            m.where = M.Where.LOCKED;
        }

        /** Has work for a P. */
        @Actor
        public void starter() {
            if (m.where == M.Where.LOCKED && m.nextp == null) {
                m.nextp = third;
            } else {
                sched.spares.startm(third); // there is no spare
            }
        }

        /** Has taken the goroutine from a queue. */
        @Actor
        public void thief() {
            bring();
        }

        /** Where the Ps are. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r1 = m.nextp.id;
            r.r2 = free();
        }
    }

    /** {@link LockedThreads#lock} by two goroutines where there is one thread to spare. */
    @JCStressTest
    @Outcome(id = {"1, 0, 1", "0, 1, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both: no thread is left for the others; or neither")
    @State
    public static class TwoLock {
        private final LockedThreads locked = oneToSpare().lockedThreads;

        private int lock() {
            try {
                locked.lock();
                return 1;
            } catch (IllegalStateException e) {
                return 0;
            }
        }

        /** One. */
        @Actor
        public void first(III_Result r) {
            r.r1 = lock();
        }

        /** The other. */
        @Actor
        public void second(III_Result r) {
            r.r2 = lock();
        }

        /** What is booked. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = locked.count();
        }
    }

    /** The twin of {@link TwoLock}: looks whether there is one to spare, and then books it. */
    @JCStressTest
    @Outcome(id = {"1, 0, 1", "0, 1, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "both: the mistake shows")
    @State
    public static class BrokenTwoLock {
        private static final VarHandle COUNT = PrivateField.of(LockedThreads.class, "count", int.class);

        private final Sched sched = oneToSpare();
        private final LockedThreads locked = sched.lockedThreads;

        private int lock() {
            if (locked.count() + sched.gomaxprocs >= sched.config.maxThreads()) {
                return 0;
            }
            COUNT.getAndAdd(locked, 1);
            return 1;
        }

        /** One. */
        @Actor
        public void first(III_Result r) {
            r.r1 = lock();
        }

        /** The other. */
        @Actor
        public void second(III_Result r) {
            r.r2 = lock();
        }

        /** What is booked. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = locked.count();
        }
    }

    private static Sched oneToSpare() {
        return new Sched(null, SchedulerConfig.defaults().withProcs(1).withMaxThreads(2));
    }
}
