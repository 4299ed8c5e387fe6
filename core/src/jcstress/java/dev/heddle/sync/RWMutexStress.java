package dev.heddle.sync;

import dev.heddle.sched.PrivateField;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** The lock for readers or a writer: they keep each other out, and the one whose turn it is is let in. */
public class RWMutexStress {
    /** A reader and a writer want a lock that is free. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, or neither")
    @State
    public static class ReaderAgainstWriter {
        private final RWMutex rw = new RWMutex();

        /** Reads. */
        @Actor
        public void reader(II_Result r) {
            r.r1 = rw.tryReadLock() ? 1 : 0;
        }

        /** Writes. */
        @Actor
        public void writer(II_Result r) {
            r.r2 = rw.tryLock() ? 1 : 0;
        }
    }

    /** The twin of {@link ReaderAgainstWriter}: a reader looks whether there is a writer, and then adds itself. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "one of them")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "both: the mistake shows")
    @State
    public static class BrokenReaderByAddition {
        private static final VarHandle STATE = PrivateField.of(RWMutex.class, "state", int.class);
        private static final int READER = 4;

        private final RWMutex rw = new RWMutex();

        /** Check, then act. */
        @Actor
        public void reader(II_Result r) {
            if ((int) STATE.getVolatile(rw) == 0) {
                STATE.getAndAdd(rw, READER);
                r.r1 = 1;
            }
        }

        /** Writes. */
        @Actor
        public void writer(II_Result r) {
            r.r2 = rw.tryLock() ? 1 : 0;
        }
    }

    /** A reader has it, and a writer comes. */
    private abstract static class LastReader {
        final RWMutex rw = new RWMutex();
        final Sudog writer = new Sudog();

        LastReader() {
            rw.readLock();
        }

        /** Whether the writer still waits, and whether it keeps readers out. */
        void result(III_Result r) {
            r.r2 = writer.queued ? 1 : 0;
            r.r3 = rw.tryReadLock() ? 0 : 1;
        }
    }

    /** The last reader leaves while a writer comes: it is found free, or the reader lets the writer in. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "found it free, and has it")
    @Outcome(id = "0, 0, 1", expect = Expect.ACCEPTABLE, desc = "queued, and was given it")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits beside a lock that nobody has, or has one that readers have, too")
    @State
    public static class LastReaderAgainstWriter extends LastReader {
        /** May see the writer. */
        @Actor
        public void reader() {
            rw.readUnlock();
        }

        /** May see that it is free. */
        @Actor
        public void writer(III_Result r) {
            r.r1 = rw.takeOrEnqueue(writer, false) ? 1 : 0;
        }

        /** What has become of it. */
        @Arbiter
        public void after(III_Result r) {
            result(r);
        }
    }

    /** The twin of {@link LastReaderAgainstWriter}: looks whether it is free, and then goes on the queue, without PENDING. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "found it free, and has it")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "waits beside a lock that nobody has: the mistake shows")
    @State
    public static class BrokenWithoutPending extends LastReader {
        /** May see the writer. */
        @Actor
        public void reader() {
            rw.readUnlock();
        }

        /** Check, then act. */
        @Actor
        public void writer(III_Result r) {
            if (rw.tryLock()) {
                r.r1 = 1;
            } else {
                rw.writers.enqueue(writer);
            }
        }

        /** What has become of it. */
        @Arbiter
        public void after(III_Result r) {
            result(r);
        }
    }

    /** A reader has it; a writer waits, whose time is over; another reader comes. */
    private abstract static class WriterGivesUp {
        final RWMutex rw = new RWMutex();
        final Sudog writer = new Sudog();
        private final Sudog reader = new Sudog();

        WriterGivesUp() {
            rw.readLock();
            rw.takeOrEnqueue(writer, false);
        }

        int read() {
            return rw.takeOrEnqueue(reader, true) ? 1 : 0;
        }

        int stillWaits() {
            return reader.queued ? 1 : 0;
        }
    }

    /** The writer was all that kept the second reader out, so it lets that one in. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "came when the writer had left")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "queued, and let in")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits for a writer that has left")
    @State
    public static class ReaderAgainstGiveUp extends WriterGivesUp {
        /** Leaves. */
        @Actor
        public void writer() {
            rw.giveUp(writer, rw.writers);
        }

        /** Comes. */
        @Actor
        public void reader(II_Result r) {
            r.r1 = read();
        }

        /** What has become of it. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWaits();
        }
    }

    /** The twin of {@link ReaderAgainstGiveUp}: the writer leaves the queue, and that is all. */
    @JCStressTest
    @Outcome(id = ".*, 0", expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = ".*, 1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "waits for a writer that has left: the mistake shows")
    @State
    public static class BrokenGiveUpWithoutGrant extends WriterGivesUp {
        /** Leaves. */
        @Actor
        public void writer() {
            rw.writers.remove(writer);
        }

        /** Comes. */
        @Actor
        public void reader(II_Result r) {
            r.r1 = read();
        }

        /** What has become of it. */
        @Arbiter
        public void after(II_Result r) {
            r.r2 = stillWaits();
        }
    }
}
