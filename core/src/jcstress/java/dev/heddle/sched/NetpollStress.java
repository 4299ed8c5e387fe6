package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** The one M in the netpoller: no timer is slept over, and there is one only. */
public class NetpollStress {
    private static final VarHandle POLL_UNTIL;

    static {
        try {
            POLL_UNTIL = MethodHandles.privateLookupIn(Netpoller.class, MethodHandles.lookup())
                    .findVarHandle(Netpoller.class, "pollUntil", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Does not sleep, but knows whether it would have been woken: a break that comes early ends the poll as well. */
    private static final class Sleeper implements Poller {
        volatile boolean broken;
        volatile int sleepers;

        @Override
        public int poll(long delayNanos, Ready ready) {
            sleepers++;
            Thread.onSpinWait();
            return 0;
        }

        @Override
        public void wakeup() {
            broken = true;
        }

        @Override
        public boolean hasWaiters() {
            return true;
        }
    }

    /** A P whose M is on its way into the poll, and a timer that is added to it meanwhile. */
    private abstract static class Watched {
        /** Far in the future, and before the end of time. */
        static final long WHEN = Long.MAX_VALUE / 2;

        final Sched sched = Goroutines.unstarted(1);
        final Sleeper sleeper = new Sleeper();
        final M m = new M(sched, 0, null);
        final Timers timers = sched.procs[0].timers;

        Watched() {
            sched.netpoller.install(sleeper);
        }

        /** As at the end of findRunnable: the P is idle already; looks at the timers, then sleeps. Whether it knew. */
        int sleep() {
            long until = timers.minWhen();
            sched.netpoller.block(m, until);
            return until == WHEN ? 1 : 0;
        }

        boolean add() {
            return timers.add(new Timer(arg -> {}, null), WHEN);
        }
    }

    /** {@link Netpoller#block} against {@link Netpoller#wakeNetPoller}. */
    @JCStressTest
    @Outcome(id = "1, .*", expect = Expect.ACCEPTABLE, desc = "the sleeper knew of the timer")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "it did not, and was made to come back or replaced")
    @Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "the timer is slept over")
    @State
    public static class AddAgainstBlock extends Watched {
        /** The last M. */
        @Actor
        public void m(II_Result r) {
            r.r1 = sleep();
        }

        /** Anybody. */
        @Actor
        public void starter() {
            if (add()) {
                sched.netpoller.wakeNetPoller(WHEN);
            }
        }

        /** Whether the sleep was ended, or another M is on its way. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = sleeper.broken || sched.idle.nmspinning() > 0 ? 1 : 0;
        }
    }

    /** The twin: between the swap of lastpoll and its publication pollUntil 0 is taken for "comes back by itself". */
    @JCStressTest
    @Outcome(id = "1, .*", expect = Expect.ACCEPTABLE, desc = "the sleeper knew of the timer")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "it did not, and was made to come back or replaced")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "the timer is slept over: the mistake shows")
    @State
    public static class BrokenWithoutZero extends Watched {
        /** The last M. */
        @Actor
        public void m(II_Result r) {
            r.r1 = sleep();
        }

        /** Breaks only a poll that it knows to end later. */
        @Actor
        public void starter() {
            if (add()) {
                if (sched.netpoller.lastpoll() != 0) {
                    sched.idle.wakep();
                } else if ((long) POLL_UNTIL.getVolatile(sched.netpoller) > WHEN) {
                    sleeper.wakeup();
                }
            }
        }

        /** Whether the sleep was ended, or another M is on its way. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = sleeper.broken || sched.idle.nmspinning() > 0 ? 1 : 0;
        }
    }

    /** Two Ms want to block: one does, and at the end nobody is booked as blocked. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "one after the other")
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both at once, or nobody")
    @State
    public static class TwoBlock {
        private final Sched sched = Goroutines.unstarted(1);
        private final Alone alone = new Alone();
        private final M first = new M(sched, 0, null);
        private final M second = new M(sched, 1, null);

        /** Counts who is inside. */
        private static final class Alone implements Poller {
            /** Plain on purpose. */
            int inside;

            int most;

            @Override
            public int poll(long delayNanos, Ready ready) {
                inside++;
                most = Math.max(most, inside);
                inside--;
                return 0;
            }

            @Override
            public void wakeup() {}

            @Override
            public boolean hasWaiters() {
                return true;
            }
        }

        /** With a netpoller. */
        public TwoBlock() {
            sched.netpoller.install(alone);
        }

        /** One. */
        @Actor
        public void first(II_Result r) {
            r.r1 = sched.netpoller.block(first, Timers.NONE) ? 1 : 0;
        }

        /** The other. */
        @Actor
        public void second(II_Result r) {
            r.r2 = sched.netpoller.block(second, Timers.NONE) ? 1 : 0;
        }

        /** Whether they were alone. */
        @Arbiter
        public void arbiter(II_Result r) {
            if (alone.most != 1 || alone.inside != 0 || sched.netpoller.lastpoll() == 0) {
                r.r1 = 9;
            }
        }
    }
}
