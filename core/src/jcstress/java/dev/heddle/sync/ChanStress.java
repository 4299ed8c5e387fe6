package dev.heddle.sync;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Channels: a value changes hands once, whatever else happens to the channel. */
public class ChanStress {
    private static int receive(Chan<Integer> c) {
        try {
            Integer value = c.tryReceive();
            return value == null ? 0 : value;
        } catch (ChanClosedException e) {
            return -1;
        }
    }

    static int send(Chan<Integer> c, int value) {
        try {
            return c.trySend(value) ? 1 : 0;
        } catch (ChanClosedException e) {
            return -1;
        }
    }

    /** A hand-off to a receiver on the queue, against a close: the value is there, or nobody believes that it is. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over, then closed")
    @Outcome(id = "-1, 0", expect = Expect.ACCEPTABLE, desc = "closed first: the send has failed")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or both have served the receiver")
    @State
    public static class HandOffAgainstClose {
        private final Chan<Integer> c = new Chan<>();
        private final Sudog receiver = new Sudog();

        /** One waits. */
        public HandOffAgainstClose() {
            c.recvq.enqueue(receiver);
        }

        /** To the one who waits. */
        @Actor
        public void send(II_Result r) {
            r.r1 = ChanStress.send(c, 7);
        }

        /** Serves the one who waits as well. */
        @Actor
        public void close() {
            c.close();
        }

        /** What the receiver sees. */
        @Arbiter
        public void receiver(II_Result r) {
            r.r2 = receiver.success && receiver.elem != null ? 1 : 0;
        }
    }

    /** The twin of {@link HandOffAgainstClose}: the close sets its flag, and the send has looked at it, without the lock. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
    @Outcome(id = "-1, 0", expect = Expect.ACCEPTABLE, desc = "closed first")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "sent to nobody: the mistake shows")
    @State
    public static class BrokenHandOffAgainstClose {
        private final Object receiver = new Object();
        private volatile Object waiting = receiver;
        private volatile boolean closed;
        private volatile int elem;

        /** Checks, then acts. */
        @Actor
        public void send(II_Result r) {
            r.r1 = -1;
            if (!closed) {
                if (waiting != null) {
                    elem = 7;
                    waiting = null;
                }
                r.r1 = 1;
            }
        }

        /** Takes the receiver as well, and tells it that the channel is closed. */
        @Actor
        public void close() {
            closed = true;
            if (waiting != null) {
                waiting = null;
                elem = -1;
            }
        }

        /** What the receiver sees. */
        @Arbiter
        public void receiver(II_Result r) {
            r.r2 = elem == 7 ? 1 : 0;
        }
    }

    /** A try that overlaps a close and a last receive: at no moment is the channel open and empty. */
    @JCStressTest
    @Outcome(id = "7, -1", expect = Expect.ACCEPTABLE, desc = "the try got it")
    @Outcome(id = "-1, 7", expect = Expect.ACCEPTABLE, desc = "the other got it, after the close")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the try says nothing yet")
    @State
    public static class TryReceiveAgainstClose {
        private final Chan<Integer> c = new Chan<>(1);

        /** Holds one value. */
        public TryReceiveAgainstClose() {
            c.send(7);
        }

        /** Go's TestNonblockRecvRace. */
        @Actor
        public void tryReceive(II_Result r) {
            r.r1 = receive(c);
        }

        /** Closes, then receives. */
        @Actor
        public void closeAndReceive(II_Result r) {
            c.close();
            r.r2 = receive(c);
        }
    }

    /** The twin of {@link TryReceiveAgainstClose}: looks at the flag first and at the value then. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "nothing yet: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "right")
    @State
    public static class BrokenTryReceive {
        private volatile int value = 7;
        private volatile boolean closed;

        /** In the wrong order. */
        @Actor
        public void tryReceive(I_Result r) {
            boolean wasClosed = closed;
            int seen = value;
            r.r1 = seen != 0 ? seen : wasClosed ? -1 : 0;
        }

        /** Closes, then receives. */
        @Actor
        public void closeAndReceive() {
            closed = true;
            value = 0;
        }
    }

    /** A channel that holds two values, and two who want one each. */
    private abstract static class TwoValues {
        final Chan<Integer> c = new Chan<>(2);

        TwoValues() {
            c.send(1);
            c.send(2);
        }
    }

    /** Two receivers at a buffer: each value goes to one. */
    @JCStressTest
    @Outcome(id = {"1, 2", "2, 1"}, expect = Expect.ACCEPTABLE, desc = "one each")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, doubled, or nothing yet")
    @State
    public static class TwoReceivers extends TwoValues {
        /** One. */
        @Actor
        public void first(II_Result r) {
            r.r1 = receive(c);
        }

        /** The other. */
        @Actor
        public void second(II_Result r) {
            r.r2 = receive(c);
        }
    }

    /** The twin of {@link TwoReceivers}: they do not take the lock. */
    @JCStressTest
    @Outcome(id = {"1, 2", "2, 1"}, expect = Expect.ACCEPTABLE, desc = "one each")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost or doubled: the mistake shows")
    @State
    public static class BrokenTwoReceivers extends TwoValues {
        private int take() {
            return c.take(null) instanceof Integer value ? value : 0;
        }

        /** One. */
        @Actor
        public void first(II_Result r) {
            r.r1 = take();
        }

        /** The other. */
        @Actor
        public void second(II_Result r) {
            r.r2 = take();
        }
    }

    /** A receiver that waits, and whose time is over. */
    private abstract static class TimeIsOver {
        final Chan<Integer> c = new Chan<>();
        final Sudog receiver = new Sudog();

        TimeIsOver() {
            c.recvq.enqueue(receiver);
        }

        /** As at the end of a wait that ended by itself. */
        boolean withdraw() {
            c.lock.lock();
            boolean removed = c.recvq.remove(receiver);
            c.lock.unlock();
            return removed;
        }
    }

    /** The end of the time against a send: the receiver goes without a value, or it has been given one. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "it has left; nobody takes the value")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "it was given the value in the last moment")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a value that nobody has, or a send that has not seen the receiver")
    @State
    public static class TimeoutAgainstSend extends TimeIsOver {
        /** The receiver. */
        @Actor
        public void receiver(II_Result r) {
            r.r1 = withdraw() ? 1 : 0;
        }

        /** The sender. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = send(c, 7);
        }
    }

    /** The twin of {@link TimeoutAgainstSend}: the receiver looks whether it still waits, and then leaves. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a value that nobody has: the mistake shows")
    @State
    public static class BrokenTimeoutAgainstSend extends TimeIsOver {
        /** Check, then act. */
        @Actor
        public void receiver(II_Result r) {
            r.r1 = receiver.queued ? 1 : 0;
            withdraw();
        }

        /** The sender. */
        @Actor
        public void sender(II_Result r) {
            r.r2 = send(c, 7);
        }
    }
}
