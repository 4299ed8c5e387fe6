package dev.heddle.sync;

import dev.heddle.context.CancellableContext;
import dev.heddle.context.Context;
import dev.heddle.sched.PrivateField;
import dev.heddle.sched.WaitReason;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CancellationException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Whole operations, by threads that really wait, against the end of their context: what was handed over is had, and what was
 * not is still there. The twins leave their queue as the shipped classes do, but do not ask whether they were on it.
 *
 * <p>The one who serves cancels first: whoever waits is then on its way out when it is served. Two actors, since more need
 * more processors.
 */
public class CancelStress {
    /** A context in which one waits. */
    private abstract static class Cancelled {
        final CancellableContext context = Context.background().withCancel();

        /** 1: it had what it waited for; 0: the wait was ended. */
        int had(Runnable wait) {
            try {
                context.run(wait);
                return 1;
            } catch (CancellationException e) {
                return 0;
            }
        }

        /** How the twins wait. */
        int hadOrLeft(Sudog me, Runnable leave) {
            try {
                context.run(() -> me.await(WaitReason.SEMACQUIRE, Long.MAX_VALUE));
                return 1;
            } catch (CancellationException e) {
                leave.run();
                return 0;
            }
        }
    }

    /** A receiver that is cancelled, and a sender. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "ended; nobody took the value")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a value that nobody has")
    @State
    public static class Receive extends Cancelled {
        private final Chan<Integer> c = new Chan<>();

        /** Waits. */
        @Actor
        public void receiver(II_Result r) {
            r.r1 = had(c::receive);
        }

        /** Hands over, if somebody waits. */
        @Actor
        public void sender(II_Result r) {
            context.cancel();
            r.r2 = ChanStress.send(c, 7);
        }
    }

    /** The twin of {@link Receive}. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a value that nobody has: the mistake shows")
    @State
    public static class BrokenReceive extends Cancelled {
        private final Chan<Integer> c = new Chan<>();
        private final Sudog me = new Sudog();

        /** Is on the queue. */
        public BrokenReceive() {
            c.recvq.enqueue(me);
        }

        /** Waits. */
        @Actor
        public void receiver(II_Result r) {
            r.r1 = hadOrLeft(me, () -> {
                c.lock.lock();
                c.recvq.remove(me);
                c.lock.unlock();
            });
        }

        /** Hands over, if somebody waits. */
        @Actor
        public void sender(II_Result r) {
            context.cancel();
            r.r2 = ChanStress.send(c, 7);
        }
    }

    /** A sender that is cancelled, and a receiver. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "ended; nobody got the value")
    @Outcome(expect = Expect.FORBIDDEN, desc = "received but not sent, or the other way round")
    @State
    public static class Send extends Cancelled {
        private final Chan<Integer> c = new Chan<>();

        /** Waits. */
        @Actor
        public void sender(II_Result r) {
            r.r1 = had(() -> c.send(7));
        }

        /** Takes it, if somebody waits. */
        @Actor
        public void receiver(II_Result r) {
            context.cancel();
            r.r2 = c.tryReceive() == null ? 0 : 1;
        }
    }

    /** The twin of {@link Send}. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "received but not sent: the mistake shows")
    @State
    public static class BrokenSend extends Cancelled {
        private final Chan<Integer> c = new Chan<>();
        private final Sudog me = new Sudog();

        /** Is on the queue. */
        public BrokenSend() {
            me.elem = 7;
            c.sendq.enqueue(me);
        }

        /** Waits. */
        @Actor
        public void sender(II_Result r) {
            r.r1 = hadOrLeft(me, () -> {
                c.lock.lock();
                c.sendq.remove(me);
                c.lock.unlock();
            });
        }

        /** Takes it, if somebody waits. */
        @Actor
        public void receiver(II_Result r) {
            context.cancel();
            r.r2 = c.tryReceive() == null ? 0 : 1;
        }
    }

    /** A select of two channels that is cancelled, and a sender: its twin is that of {@link SelectStress.TimeoutAgainstSender}. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "ended; nobody took the value")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a value that nobody has")
    @State
    public static class SelectTwo extends Cancelled {
        private final Chan<Integer> c = new Chan<>();
        private final Select select = Select.of(Select.receive(new Chan<Integer>()), Select.receive(c));

        /** Waits. */
        @Actor
        public void select(II_Result r) {
            r.r1 = had(select::await);
        }

        /** Hands over, if somebody waits. */
        @Actor
        public void sender(II_Result r) {
            context.cancel();
            r.r2 = ChanStress.send(c, 7);
        }
    }

    /** Somebody waits for the only unit and is cancelled, while it is given back. The second result: whether it is free. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "it is had by the waiter or free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the unit is lost, or there are two")
    @State
    public static class Acquire extends Cancelled {
        private final Semaphore s = new Semaphore(1);

        /** Taken. */
        public Acquire() {
            s.acquire();
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(s::acquire);
        }

        /** Gives it back. */
        @Actor
        public void release() {
            context.cancel();
            s.release();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = s.tryAcquire(1) ? 1 : 0;
        }
    }

    /** The twin of {@link Acquire}. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "the unit is lost: the mistake shows")
    @State
    public static class BrokenAcquire extends Cancelled {
        private final Semaphore s = new Semaphore(1);
        private final Sudog me = new Sudog();

        /** Taken, and one waits. */
        public BrokenAcquire() {
            s.acquire();
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
            context.cancel();
            s.release();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = s.tryAcquire(1) ? 1 : 0;
        }
    }

    /** The same with a mutex. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "it is had by the waiter or free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "locked by nobody, or by two")
    @State
    public static class Lock extends Cancelled {
        private final Mutex m = new Mutex();

        /** Taken. */
        public Lock() {
            m.lock();
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(() -> m.lock(context));
        }

        /** Unlocks. */
        @Actor
        public void unlock() {
            context.cancel();
            m.unlock();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = m.tryLock() ? 1 : 0;
        }
    }

    /** The twin of {@link Lock}: a starving mutex is handed over, and whoever is cancelled does not ask whether it was. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "locked by nobody: the mistake shows")
    @State
    public static class BrokenLock extends Cancelled {
        private final Mutex m = new Mutex();
        private final Sudog me = new Sudog();

        /** Taken, and one starves. */
        public BrokenLock() {
            m.lock();
            m.takeOrEnqueue(me, false, true);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = hadOrLeft(me, () -> m.giveUp(me));
        }

        /** Hands over. */
        @Actor
        public void unlock() {
            context.cancel();
            m.unlock();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = m.tryLock() ? 1 : 0;
        }
    }

    /** The same with a writer. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "it is had by the waiter or free")
    @Outcome(expect = Expect.FORBIDDEN, desc = "locked by nobody, or by two")
    @State
    public static class WriteLock extends Cancelled {
        private final RWMutex m = new RWMutex();

        /** Taken. */
        public WriteLock() {
            m.readLock();
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(() -> m.lock(context));
        }

        /** Unlocks. */
        @Actor
        public void unlock() {
            context.cancel();
            m.readUnlock();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = m.tryLock() ? 1 : 0;
        }
    }

    /** The twin of {@link WriteLock}. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "locked by nobody: the mistake shows")
    @State
    public static class BrokenWriteLock extends Cancelled {
        private final RWMutex m = new RWMutex();
        private final Sudog me = new Sudog();

        /** Taken, and a writer waits. */
        public BrokenWriteLock() {
            m.readLock();
            m.takeOrEnqueue(me, false);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = hadOrLeft(me, () -> m.giveUp(me, m.writers));
        }

        /** Unlocks. */
        @Actor
        public void unlock() {
            context.cancel();
            m.readUnlock();
        }

        /** Where it is. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = m.tryLock() ? 1 : 0;
        }
    }

    /** A wait for a group and its end; the second result: whether the group can be used again. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "nobody waits any more")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a waiter is counted who has gone")
    @State
    public static class AwaitGroup extends Cancelled {
        private final WaitGroup group = new WaitGroup();

        /** One is awaited. */
        public AwaitGroup() {
            group.add(1);
        }

        /** Waits. */
        @Actor
        public void waiter(II_Result r) {
            r.r1 = had(group::await);
        }

        /** It has ended. */
        @Actor
        public void done() {
            context.cancel();
            group.done();
        }

        /** What is left. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = group.toString().equals("waitgroup(0, 0 waiters)") ? 1 : 0;
        }
    }

    /** A wait for a signal: the mutex is free afterwards; the second result is 1 if it is and nobody is on the queue. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "signalled or ended")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the mutex is held, or the waiter still waits")
    @State
    public static class AwaitCond extends Cancelled {
        private static final VarHandle WAITERS = PrivateField.of(Cond.class, "waiters", WaitQueue.class);

        private final Mutex m = new Mutex();
        private final Cond c = new Cond(m);

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

        /** Wakes it, if it waits. */
        @Actor
        public void signal() {
            context.cancel();
            c.signal();
        }

        /** What is left. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = m.tryLock() && ((WaitQueue) WAITERS.get(c)).isEmpty() ? 1 : 0;
        }
    }
}
