package dev.heddle.sync;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Channels, selects and the mutex: what changes hands does so once. */
public class ChanStress {
    private static int receive(Chan<Integer> c) {
        try {
            Integer value = c.tryReceive();
            return value == null ? 0 : value;
        } catch (ChanClosedException e) {
            return -1;
        }
    }

    private static int send(Chan<Integer> c, int value) {
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

    /** The twin: the close sets its flag, and the send has looked at it, without the lock. */
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

    /** A select that waits on two channels, and a sender on each: one of them, and only one, is heard. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "the first")
    @Outcome(id = "0, 1, 2", expect = Expect.ACCEPTABLE, desc = "the second")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, none, or not the one that was chosen")
    @State
    public static class SelectAgainstTwoSenders {
        private final Chan<Integer> a = new Chan<>();
        private final Chan<Integer> b = new Chan<>();
        private final Select.Case<Integer> fromA = Select.receive(a);
        private final Select.Case<Integer> fromB = Select.receive(b);
        private final Select select = Select.of(fromA, fromB);

        /** It waits. */
        public SelectAgainstTwoSenders() {
            select.enqueueAll();
        }

        /** To one. */
        @Actor
        public void sendToA(III_Result r) {
            r.r1 = send(a, 1);
        }

        /** To the other. */
        @Actor
        public void sendToB(III_Result r) {
            r.r2 = send(b, 2);
        }

        /** The select wakes. */
        @Arbiter
        public void select(III_Result r) {
            Integer value = select.waitForOne(Long.MAX_VALUE) == fromA ? fromA.value() : fromB.value();
            r.r3 = value;
        }
    }

    /** The twin: no claim, each sender is content with the lock of its own channel. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the first")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the second")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "both: the mistake shows")
    @State
    public static class BrokenSelectWithoutClaim {
        private volatile int done;

        /** Looks, then takes. */
        @Actor
        public void sendToA(II_Result r) {
            if (done == 0) {
                done = 1;
                r.r1 = 1;
            }
        }

        /** Looks, then takes. */
        @Actor
        public void sendToB(II_Result r) {
            if (done == 0) {
                done = 1;
                r.r2 = 1;
            }
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

    /** The twin: looks at the flag first and at the value then. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "nothing yet: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "right")
    @State
    public static class BrokenTryReceive {
        private volatile int value = 7;
        private volatile boolean closed;

        /** In the wrong order. */
        @Actor
        public void tryReceive(org.openjdk.jcstress.infra.results.I_Result r) {
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

    /** An unlock with a waiter on the queue, against one that barges in: one has it, and the waiter is not forgotten. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "barged in; the waiter is awake, or the next unlock wakes it")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "too early; the waiter is awake")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the waiter is forgotten")
    @State
    public static class UnlockAgainstBarging {
        private final Mutex m = new Mutex();
        private final Sudog waiter = new Sudog();

        /** Locked, and one waits. */
        public UnlockAgainstBarging() {
            m.lock();
            m.takeOrEnqueue(waiter, false, false);
        }

        /** Wakes the waiter. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** Takes what the waiter was woken for. */
        @Actor
        public void barge(II_Result r) {
            r.r1 = m.tryLock() ? 1 : 0;
        }

        /** The waiter must be awake: it was the only one. */
        @Arbiter
        public void waiter(II_Result r) {
            r.r2 = waiter.queued ? 1 : 0;
        }
    }

    /** Two that come to wait, one unlock: it sees one of them or they see it free. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "found it free")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "queued, and woken by the unlock")
    @Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "waits beside a free mutex")
    @State
    public static class UnlockAgainstWaiting {
        private final Mutex m = new Mutex();
        private final Sudog waiter = new Sudog();

        /** Locked. */
        public UnlockAgainstWaiting() {
            m.lock();
        }

        /** May see the waiter. */
        @Actor
        public void unlock() {
            m.unlock();
        }

        /** May see that it is free. */
        @Actor
        public void await(II_Result r) {
            r.r1 = m.takeOrEnqueue(waiter, false, false) ? 1 : 0;
        }

        /** Whether it still is on the queue. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = waiter.queued ? 1 : 0;
        }
    }

    /** The twin: looks whether it is free, then says that it waits. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "waits beside a free mutex: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "right")
    @State
    public static class BrokenUnlockAgainstWaiting {
        private volatile boolean locked = true;
        private volatile boolean waits;

        /** Looks for a waiter after it has unlocked; or rather before. */
        @Actor
        public void unlock() {
            boolean wakes = waits;
            locked = false;
            if (wakes) {
                waits = false;
            }
        }

        /** Checks, then acts. */
        @Actor
        public void await(II_Result r) {
            r.r1 = locked ? 0 : 1;
            if (r.r1 == 0) {
                waits = true;
            }
        }

        /** Whether it still waits. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = waits ? 1 : 0;
        }
    }
}
