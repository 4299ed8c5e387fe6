package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Who may go into a blocking call: not so many that the threads of the others are gone, and nobody waits who need not. The
 * threads are not started: the actors do what their goroutines, sysmon and those who start them do.
 */
public class ReserveStress {
    private static final VarHandle LIVE = PrivateField.of(Threads.class, "live", int.class);
    private static final VarHandle SPARES = PrivateField.of(Spares.class, "count", int.class);
    private static final VarHandle FIRST_SPARE = PrivateField.of(Spares.class, "first", M.class);

    /** Two Ps, of which one belongs to an M that runs a goroutine. */
    private abstract static class TwoPs {
        final Sched sched;
        final Reserve reserve;
        final M one;

        TwoPs(int maxThreads, int live, int spares) {
            sched = new Sched(null, SchedulerConfig.defaults().withProcs(2).withMaxThreads(maxThreads));
            LIVE.set(sched.threads, live);
            SPARES.set(sched.spares, spares);
            reserve = sched.reserve;
            reserve.changed(); // nobody waits: nothing is scarce
            one = running(0);
        }

        /** An M that runs a goroutine on the P that is idle. */
        M running(int id) {
            M m = Goroutines.withP(sched, id);
            m.status(PState.RUNNING);
            return m;
        }

        M inCall(int id) {
            M m = running(id);
            m.call.declare();
            return m;
        }

        /** As {@link DeclaredCall#enter}, but for the wait. 1: it is in, or may go in. */
        int enter(M m) {
            return m.call.enterUnasked() || reserve.tryAcquire(m) ? 1 : 0;
        }

        /** As the short way, without a second look. */
        int enterAtOnce(M m) {
            if (reserve.mustAsk()) {
                return reserve.tryAcquire(m) ? 1 : 0;
            }
            m.call.declare();
            return 1;
        }
    }

    /** Two threads live: an M that runs, and a spare, which is handed the other P. */
    private abstract static class LastSpare extends TwoPs {
        private final M spare = new M(sched, 1, null);

        LastSpare() {
            super(16, 2, 1);
            FIRST_SPARE.set(sched.spares, spare);
            spare.isSpare = true;
        }

        /** The spare gets going, and its goroutine wants to go into a call, too. */
        int startAndEnter() {
            P p = sched.idle.pidleget();
            sched.spares.startm(p);
            spare.acquirep(p);
            spare.status(PState.RUNNING);
            return enter(spare);
        }
    }

    /** The last spare is started while the one who has seen it goes into a call: of the two threads, one is kept. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them goes in")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both: no thread is left for the others; or neither")
    @State
    public static class SpareIsStarted extends LastSpare {
        /** Has seen the spare. */
        @Actor
        public void one(II_Result r) {
            r.r1 = enter(one);
        }

        /** The spare. */
        @Actor
        public void spare(II_Result r) {
            r.r2 = startAndEnter();
        }
    }

    /** The twin of {@link SpareIsStarted}: looks for a spare, and then says that it is in a call. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "both: the mistake shows")
    @State
    public static class BrokenSpareIsStarted extends LastSpare {
        /** Check, then act. */
        @Actor
        public void one(II_Result r) {
            r.r1 = enterAtOnce(one);
        }

        /** The spare. */
        @Actor
        public void spare(II_Result r) {
            r.r2 = startAndEnter();
        }
    }

    /** {@code maxThreads} allows two calls, and one of the two Ms that have a P is in one. Two other Ms have none. */
    private abstract static class AtMaxThreads extends TwoPs {
        private final M caller = inCall(1);
        private final M next = new M(sched, 2, null);

        AtMaxThreads() {
            super(4, 4, 1);
        }

        /** Sysmon takes the P of the one in a call and gives it to the next, whose goroutine wants to go into one, too. */
        int handOffAndEnter() {
            P p = caller.p;
            sched.sysmon.retake.takeFrom(caller, p, p.word(), true);
            next.acquirep(p);
            next.status(PState.RUNNING);
            return enter(next);
        }
    }

    /** At the limit that {@code maxThreads} sets: one more may go in, and only one. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them goes in")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both: beyond the limit; or neither")
    @State
    public static class LastCall extends AtMaxThreads {
        /** Nothing was scarce. */
        @Actor
        public void one(II_Result r) {
            r.r1 = enter(one);
        }

        /** Sysmon, and an M that had no P. */
        @Actor
        public void next(II_Result r) {
            r.r2 = handOffAndEnter();
        }
    }

    /** The twin of {@link LastCall}: looks whether something is scarce, and then says that it is in a call. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "both: the mistake shows")
    @State
    public static class BrokenLastCall extends AtMaxThreads {
        /** Check, then act. */
        @Actor
        public void one(II_Result r) {
            r.r1 = enterAtOnce(one);
        }

        /** Sysmon, and an M that had no P. */
        @Actor
        public void next(II_Result r) {
            r.r2 = handOffAndEnter();
        }
    }

    /** Two Ms with a P each, one of them in a call. */
    private abstract static class OneInCall extends TwoPs {
        final M caller = inCall(1);
        final P p = caller.p;

        OneInCall(int live) {
            super(16, live, 0);
        }

        /** Says that the M will be away before it takes the P, as shipped. */
        int retake() {
            return sched.sysmon.retake.takeFrom(caller, p, p.word(), true) ? 1 : 0;
        }
    }

    /** Nothing may go in beside the one that is in a call; its P is taken meanwhile, so that it is counted otherwise. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both: no thread is left for the others")
    @State
    public static class RetakeAgainstAsk extends OneInCall {
        /** Two threads live. */
        public RetakeAgainstAsk() {
            super(2);
        }

        /** Wants to go in. */
        @Actor
        public void one(II_Result r) {
            r.r1 = enter(one);
        }

        /** Sysmon. */
        @Actor
        public void sysmon(II_Result r) {
            r.r2 = retake();
        }
    }

    /** The twin of {@link RetakeAgainstAsk}: takes the P, and then says that its M is away. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "both: the mistake shows")
    @State
    public static class BrokenRetakeThenCount extends OneInCall {
        /** Two threads live. */
        public BrokenRetakeThenCount() {
            super(2);
        }

        /** Wants to go in. */
        @Actor
        public void one(II_Result r) {
            r.r1 = enter(one);
        }

        /** In the wrong order. */
        @Actor
        public void sysmon(II_Result r) {
            r.r2 = Retake.take(p, p.word()) ? 1 : 0;
            reserve.leaves(caller, true, false);
        }
    }

    /** A goroutine that goes on the queue. The results: whether the commit parked it, and how many wait in the end. */
    private abstract static class OneWaits extends OneInCall {
        private final G g = Goroutines.of(sched, () -> {});

        OneWaits(int live) {
            super(live);
            g.waiting();
        }

        int park() {
            return reserve.enqueue(g) ? 1 : 0;
        }
    }

    /** The only call ends while a goroutine goes on the queue: {@link DeclaredCall#exit}. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "parked, then let in")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "there was room after all")
    @Outcome(expect = Expect.FORBIDDEN, desc = "it waits in vain")
    @State
    public static class ExitAgainstWait extends OneWaits {
        /** Two threads live. */
        public ExitAgainstWait() {
            super(2);
        }

        /** On g0. */
        @Actor
        public void commit(II_Result r) {
            r.r1 = park();
        }

        /** The call has returned. */
        @Actor
        public void exit() {
            caller.call.exit();
        }

        /** Whether it waits. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = reserve.waiting();
        }
    }

    /** The twin of {@link ExitAgainstWait}: looks whether somebody waits, and then says that it is no longer in a call. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "it waits in vain: the mistake shows")
    @State
    public static class BrokenExit extends OneWaits {
        /** Two threads live. */
        public BrokenExit() {
            super(2);
        }

        /** On g0. */
        @Actor
        public void commit(II_Result r) {
            r.r1 = park();
        }

        /** In the wrong order. */
        @Actor
        public void exit() {
            boolean scarce = reserve.isScarce();
            caller.where(M.Where.RUNNING);
            caller.casStatus(p, PState.RUNNING);
            if (scarce) {
                reserve.look();
            }
        }

        /** Whether it waits. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = reserve.waiting();
        }
    }

    /** There is room for one beside the call, but while its P is taken it is counted twice. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "parked, then let in")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "there was room")
    @Outcome(expect = Expect.FORBIDDEN, desc = "it waits in vain")
    @State
    public static class RetakeAgainstWait extends OneWaits {
        /** Three threads live. */
        public RetakeAgainstWait() {
            super(3);
        }

        /** On g0. */
        @Actor
        public void commit(II_Result r) {
            r.r1 = park();
        }

        /** Sysmon. */
        @Actor
        public void sysmon() {
            retake();
        }

        /** Whether it waits. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = reserve.waiting();
        }
    }

    /** The twin of {@link RetakeAgainstWait}: does not count again afterwards. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "it waits in vain: the mistake shows")
    @State
    public static class BrokenRetakeWithoutLook extends OneWaits {
        /** Three threads live. */
        public BrokenRetakeWithoutLook() {
            super(3);
        }

        /** On g0. */
        @Actor
        public void commit(II_Result r) {
            r.r1 = park();
        }

        /** Does not look again. */
        @Actor
        public void sysmon() {
            reserve.leaves(caller, true, false);
            Retake.take(p, p.word());
        }

        /** Whether it waits. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = reserve.waiting();
        }
    }
}
