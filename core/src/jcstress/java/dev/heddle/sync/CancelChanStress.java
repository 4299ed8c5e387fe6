package dev.heddle.sync;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.PrivateField;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** The end of a context against channels: a value is handed over, or nobody has sent it. */
public class CancelChanStress {
    /** A channel without a buffer, from which nobody is served before the context has ended. */
    private abstract static class OneChan extends Cancelled {
        final Chan<Integer> c = new Chan<>();

        int cancelAndSend() {
            context.cancel();
            return ChanStress.send(c, 7);
        }

        int cancelAndReceive() {
            context.cancel();
            return c.tryReceive() == null ? 0 : 1;
        }

        /** What the twins do. */
        void leave(WaitQueue queue, Sudog me) {
            c.lock.lock();
            queue.remove(me);
            c.lock.unlock();
        }
    }

    /** A receiver that is cancelled, and a sender. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "ended; nobody took the value")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a value that nobody has")
    @State
    public static class Receive extends OneChan {
        /** Waits. */
        @Actor
        public void receiver(II_Result r) {
            r.r1 = had(c::receive);
        }

        /** Hands over, if somebody waits. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = cancelAndSend();
        }
    }

    /** The twin of {@link Receive}. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a value that nobody has: the mistake shows")
    @State
    public static class BrokenReceive extends OneChan {
        private final Sudog me = new Sudog();

        /** Is on the queue. */
        public BrokenReceive() {
            c.recvq.enqueue(me);
        }

        /** Waits. */
        @Actor
        public void receiver(II_Result r) {
            r.r1 = hadOrLeft(me, () -> leave(c.recvq, me));
        }

        /** Hands over, if somebody waits. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = cancelAndSend();
        }
    }

    /** A sender that is cancelled, and a receiver. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "ended; nobody got the value")
    @Outcome(expect = Expect.FORBIDDEN, desc = "received but not sent, or the other way round")
    @State
    public static class Send extends OneChan {
        /** Waits. */
        @Actor
        public void sender(II_Result r) {
            r.r1 = had(() -> c.send(7));
        }

        /** Takes it, if somebody waits. */
        @Actor
        public void receiver(II_Result r) {
            r.r2 = cancelAndReceive();
        }
    }

    /** The twin of {@link Send}. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "received but not sent: the mistake shows")
    @State
    public static class BrokenSend extends OneChan {
        private final Sudog me = new Sudog();

        /** Is on the queue. */
        public BrokenSend() {
            me.elem = 7;
            c.sendq.enqueue(me);
        }

        /** Waits. */
        @Actor
        public void sender(II_Result r) {
            r.r1 = hadOrLeft(me, () -> leave(c.sendq, me));
        }

        /** Takes it, if somebody waits. */
        @Actor
        public void receiver(II_Result r) {
            r.r2 = cancelAndReceive();
        }
    }

    /** A select of two channels that is cancelled, and a sender. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "ended; nobody took the value")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a value that nobody has")
    @State
    public static class SelectTwo extends OneChan {
        private final Select select = Select.of(Select.receive(new Chan<Integer>()), Select.receive(c));

        /** Waits. */
        @Actor
        public void select(II_Result r) {
            r.r1 = had(select::await);
        }

        /** Hands over, if somebody waits. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = cancelAndSend();
        }
    }

    /** The twin of {@link SelectTwo}: says that it is over, and does not ask whether a case has gone ahead. */
    @JCStressTest
    @Outcome(id = {"1, 1", "0, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a value that nobody has: the mistake shows")
    @State
    public static class BrokenSelectTwo extends OneChan {
        private static final VarHandle DONE = PrivateField.of(Select.class, "done", int.class);

        private final Select select = Select.of();
        private final Sudog me = new Sudog(select, new BinarySemaphore());

        /** Its case is on the queue. */
        public BrokenSelectTwo() {
            c.recvq.enqueue(me);
        }

        /** Waits. */
        @Actor
        public void select(II_Result r) {
            r.r1 = hadOrLeft(me, () -> DONE.setVolatile(select, 1));
        }

        /** Hands over, if somebody waits. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = cancelAndSend();
        }
    }
}
