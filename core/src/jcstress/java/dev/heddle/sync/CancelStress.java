package dev.heddle.sync;

import dev.heddle.sched.PrivateField;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** The end of a context against those who give something back: no lock, unit or signal is lost with a waiter who goes. */
public class CancelStress {
    /** A semaphore whose only unit is taken. */
    private abstract static class TakenSemaphore extends Cancelled {
        final Semaphore s = new Semaphore(1);

        TakenSemaphore() {
            s.acquire();
        }

        void cancelAndRelease() {
            context.cancel();
            s.release();
        }

        int isFree() {
            return s.tryAcquire(1) ? 1 : 0;
        }
    }

    /** Somebody waits for the only unit and is cancelled, while it is given back. The second result: whether it is free. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "it is had by the waiter or free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the unit is lost, or there are two")
    @State
    public static class Acquire extends TakenSemaphore {
        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(s::acquire);
        }

        /** Gives it back. */
        @Actor
        public void release() {
            cancelAndRelease();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** The twin of {@link Acquire}. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "the unit is lost: the mistake shows")
    @State
    public static class BrokenAcquire extends TakenSemaphore {
        private final Sudog me = new Sudog();

        /** One waits. */
        public BrokenAcquire() {
            me.number = 1;
            s.takeOrEnqueue(1, me);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = hadOrLeft(me, () -> s.giveUp(me));
        }

        /** Gives it back. */
        @Actor
        public void release() {
            cancelAndRelease();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** A mutex that is locked. */
    private abstract static class LockedMutex extends Cancelled {
        final Mutex m = new Mutex();

        LockedMutex() {
            m.lock();
        }

        void cancelAndRelease() {
            context.cancel();
            m.unlock();
        }

        int isFree() {
            return m.tryLock() ? 1 : 0;
        }
    }

    /** The same with a mutex. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "it is had by the waiter or free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "locked by nobody, or by two")
    @State
    public static class Lock extends LockedMutex {
        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(() -> m.lock(context));
        }

        /** Gives it back. */
        @Actor
        public void release() {
            cancelAndRelease();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** The twin of {@link Lock}: a starving mutex is handed over, and whoever is cancelled does not ask whether it was. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "locked by nobody: the mistake shows")
    @State
    public static class BrokenLock extends LockedMutex {
        private final Sudog me = new Sudog();

        /** One starves. */
        public BrokenLock() {
            m.takeOrEnqueue(me, false, true);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = hadOrLeft(me, () -> m.giveUp(me));
        }

        /** Gives it back. */
        @Actor
        public void release() {
            cancelAndRelease();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** A lock that a reader has. */
    private abstract static class ReadLocked extends Cancelled {
        final RWMutex m = new RWMutex();

        ReadLocked() {
            m.readLock();
        }

        void cancelAndRelease() {
            context.cancel();
            m.readUnlock();
        }

        int isFree() {
            return m.tryLock() ? 1 : 0;
        }
    }

    /** The same with a writer. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "it is had by the waiter or free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "locked by nobody, or by two")
    @State
    public static class WriteLock extends ReadLocked {
        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(() -> m.lock(context));
        }

        /** Gives it back. */
        @Actor
        public void release() {
            cancelAndRelease();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** The twin of {@link WriteLock}. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "locked by nobody: the mistake shows")
    @State
    public static class BrokenWriteLock extends ReadLocked {
        private final Sudog me = new Sudog();

        /** A writer waits. */
        public BrokenWriteLock() {
            m.takeOrEnqueue(me, false);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = hadOrLeft(me, () -> m.giveUp(me, m.writers));
        }

        /** Gives it back. */
        @Actor
        public void release() {
            cancelAndRelease();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** A group of one; it can be used again when nobody is counted any more. */
    private abstract static class GroupOfOne extends Cancelled {
        final WaitGroup group = new WaitGroup();

        GroupOfOne() {
            group.add(1);
        }

        void cancelAndDone() {
            context.cancel();
            group.done();
        }

        int isFree() {
            return group.toString().equals("waitgroup(0, 0 waiters)") ? 1 : 0;
        }
    }

    /** A wait for a group and its end; the second result: whether the group can be used again. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "nobody waits any more")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a waiter is counted who has gone")
    @State
    public static class AwaitGroup extends GroupOfOne {
        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(group::await);
        }

        /** It has ended. */
        @Actor
        public void done() {
            cancelAndDone();
        }

        /** What is left. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** The twin of {@link AwaitGroup}: is no longer counted, and does not ask whether it still was. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "one is not counted who never came: the mistake shows")
    @State
    public static class BrokenAwaitGroup extends GroupOfOne {
        private static final VarHandle STATE = PrivateField.of(WaitGroup.class, "state", long.class);

        private final Sudog me = new Sudog();

        /** One waits. */
        public BrokenAwaitGroup() {
            group.enqueue(me);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = hadOrLeft(me, () -> STATE.getAndAdd(group, -1L));
        }

        /** It has ended. */
        @Actor
        public void done() {
            cancelAndDone();
        }

        /** What is left. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = isFree();
        }
    }

    /** A condition with one signal, which is for whoever came first: the one who is cancelled, or another one. */
    private abstract static class OneSignal extends Cancelled {
        private static final VarHandle WAITERS = PrivateField.of(Cond.class, "waiters", WaitQueue.class);

        final Mutex m = new Mutex();
        final Cond c = new Cond(m);
        private final Sudog other = new Sudog();

        void cancelAndSignal() {
            context.cancel();
            c.enqueue(other);
            c.signal();
        }

        /** How many still wait, if the mutex is free. */
        int stillWait() {
            return m.tryLock() ? ((WaitQueue) WAITERS.get(c)).size() : -1;
        }
    }

    /** Somebody waits for a signal and is cancelled. The second result: how many still wait, and the mutex is free. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "signalled; the other still waits")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "ended; the other is signalled")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the signal is lost, or was for both, or the mutex is held")
    @State
    public static class AwaitCond extends OneSignal {
        private void lockAndAwait() {
            m.lock();
            try {
                c.await();
            } finally {
                m.unlock();
            }
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(this::lockAndAwait);
        }

        /** One signal. */
        @Actor
        public void signal() {
            cancelAndSignal();
        }

        /** What is left. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWait();
        }
    }

    /** The twin of {@link AwaitCond}. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "the signal is lost: the mistake shows")
    @State
    public static class BrokenAwaitCond extends OneSignal {
        private final Sudog me = new Sudog();

        /** One waits. */
        public BrokenAwaitCond() {
            c.enqueue(me);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = hadOrLeft(me, () -> c.giveUp(me));
        }

        /** One signal. */
        @Actor
        public void signal() {
            cancelAndSignal();
        }

        /** What is left. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWait();
        }
    }
}
