package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The one M in the netpoller: no timer is slept over, and there is one only. */
public class NetpollStress {
    private static final VarHandle POLL_UNTIL = PrivateField.of(Netpoller.class, "pollUntil", long.class);
    private static final VarHandle LASTPOLL = PrivateField.of(Netpoller.class, "lastpoll", long.class);

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

        /** Whether the sleep was ended, or another M is on its way. */
        int isBroken() {
            return sleeper.broken || sched.idle.nmspinning() > 0 ? 1 : 0;
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

        /** Whether anybody is awake for it. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = isBroken();
        }
    }

    /**
     * The twin of {@link AddAgainstBlock}: between the swap of lastpoll and its publication pollUntil 0 is taken for "comes
     * back by itself".
     */
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

        /** Whether anybody is awake for it. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = isBroken();
        }
    }

    /** A poller that counts who is inside, and two Ms that want to be. */
    private abstract static class Alone implements Poller {
        final Sched sched = Goroutines.unstarted(1);
        final M first = new M(sched, 0, null);
        final M second = new M(sched, 1, null);
        /** Plain on purpose. */
        private int inside;

        private boolean met;

        Alone() {
            sched.netpoller.install(this);
        }

        @Override
        public int poll(long delayNanos, Ready ready) {
            inside++;
            for (int i = 0; i < 20 && !met; i++) {
                Thread.onSpinWait();
                met = inside != 1;
            }
            inside--;
            return 0;
        }

        @Override
        public void wakeup() {}

        @Override
        public boolean hasWaiters() {
            return true;
        }

        /** 1 if nobody has met anybody there, and nobody is booked as blocked. */
        int wereAlone() {
            return !met && inside == 0 && sched.netpoller.lastpoll() != 0 ? 1 : 0;
        }
    }

    /** {@link Netpoller#block} by two Ms. */
    @JCStressTest
    @Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE, desc = "one after the other")
    @Outcome(id = {"1, 0, 1", "0, 1, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both at once, or nobody")
    @State
    public static class TwoBlock extends Alone {
        /** One. */
        @Actor
        public void first(III_Result r) {
            r.r1 = sched.netpoller.block(first, Timers.NONE) ? 1 : 0;
        }

        /** The other. */
        @Actor
        public void second(III_Result r) {
            r.r2 = sched.netpoller.block(second, Timers.NONE) ? 1 : 0;
        }

        /** Whether they met. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = wereAlone();
        }
    }

    /** The twin of {@link TwoBlock}: an M looks whether another one is there, and then says that it is. */
    @JCStressTest
    @Outcome(id = {"1, 1, 1", "1, 0, 1", "0, 1, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "both at once: the mistake shows")
    @State
    public static class BrokenTwoBlock extends Alone {
        /** Check, then act. */
        private int block(M m) {
            if (sched.netpoller.lastpoll() == 0) {
                return 0;
            }
            LASTPOLL.setVolatile(sched.netpoller, 0L);
            poll(-1, m);
            LASTPOLL.setVolatile(sched.netpoller, 1L);
            return 1;
        }

        /** One. */
        @Actor
        public void first(III_Result r) {
            r.r1 = block(first);
        }

        /** The other. */
        @Actor
        public void second(III_Result r) {
            r.r2 = block(second);
        }

        /** Whether they met. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = wereAlone();
        }
    }

    /** The break of a wait without a netpoller, where the M that waits for timers parks by itself. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the wait has ended early, or did not begin")
    @Outcome(id = "1", expect = Expect.FORBIDDEN, desc = "the break was slept over")
    @State
    public static class WakeupAgainstBlock {
        /** Longer than any pause of a process. */
        private static final long LONG_NANOS = 20_000_000_000L;

        private final Sched sched = Goroutines.unstarted(1);
        private final M m = new M(sched, 0, null);

        /** Waits for a timer that is far away. */
        @Actor
        public void m(I_Result r) {
            long end = Clock.after(LONG_NANOS);
            sched.netpoller.block(m, end);
            r.r1 = Clock.nanotime() < end ? 0 : 1;
        }

        /** Anybody. */
        @Actor
        public void breaker() {
            sched.netpoller.wakeup();
        }
    }

    /** The twin of {@link WakeupAgainstBlock}: the M looks whether its wait is broken, and then says that it waits. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "the break is slept over: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "as it should be")
    @State
    public static class BrokenWakeupAgainstBlock {
        private volatile boolean broken;
        private volatile boolean blocked;

        /** Check, then act. Whether it sleeps. */
        @Actor
        public void m(II_Result r) {
            if (!broken) {
                blocked = true;
                r.r1 = 1;
            }
        }

        /** Whether it wakes anybody. */
        @Actor
        public void breaker(II_Result r) {
            broken = true;
            r.r2 = blocked ? 1 : 0;
        }
    }
}
