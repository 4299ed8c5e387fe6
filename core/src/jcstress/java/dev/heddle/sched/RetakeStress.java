package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The word of a P: sysmon takes a P while its M wants it back. One of them has it afterwards, only one was ever inside, and
 * nobody loses a P for what an earlier owner or slice did.
 */
public class RetakeStress {
    /** An M with a P of its own; {@code inside} is plain on purpose. */
    private abstract static class Owned {
        final P p = new P(0, Goroutines.BUSY);
        final M m = new M(Goroutines.BUSY, 0, null);
        final long measured;
        int inside;

        Owned() {
            p.word(PState.with(0, PState.SCHED));
            m.acquirep(p);
            m.status(PState.RUNNING);
            measured = p.word();
        }

        /** What sysmon does once it has decided, about the word that it sees now. */
        int take(int status) {
            long seen = p.word();
            return PState.status(seen) == status ? take(seen) : 0;
        }

        int take(long word) {
            if (Retake.take(p, word)) {
                inside++;
                return 1;
            }
            return 0;
        }
    }

    /** Against a goroutine that readies two others: {@link M#enterSched} and {@link M#leaveSched}. */
    @JCStressTest
    @Outcome(id = "2, 0, 2", expect = Expect.ACCEPTABLE, desc = "sysmon came while the M was inside")
    @Outcome(id = "2, 1, 3", expect = Expect.ACCEPTABLE, desc = "taken after both")
    @Outcome(id = "1, 1, 2", expect = Expect.ACCEPTABLE, desc = "taken between")
    @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "taken before")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or two owners at once")
    @State
    public static class Ready extends Owned {
        /** The M. */
        @Actor
        public void owner(III_Result r) {
            for (int i = 0; i < 2; i++) {
                int status = m.enterSched();
                if (status != M.NO_P) {
                    inside++;
                    r.r1++;
                    m.leaveSched(status);
                }
            }
        }

        /** Sysmon. */
        @Actor
        public void sysmon(III_Result r) {
            r.r2 = take(PState.RUNNING);
        }

        /** How often anybody was inside. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = inside;
        }
    }

    /** The twin of {@link Ready}: the owner looks, then stores. */
    @JCStressTest
    @Outcome(id = {"1, 0, 1", "1, 1, 2", "0, 1, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "two owners at once: the mistake shows")
    @State
    public static class BrokenReadyByStore extends Owned {
        /** Check, then act. */
        @Actor
        public void owner(III_Result r) {
            long word = p.word();
            if (p.m == m && PState.status(word) == PState.RUNNING) {
                p.word(PState.with(word, PState.SCHED));
                inside++;
                r.r1 = 1;
                p.word(word);
            }
        }

        /** Sysmon. */
        @Actor
        public void sysmon(III_Result r) {
            r.r2 = take(PState.RUNNING);
        }

        /** Who has the P: an epoch that went back is an owner who does not know that he was robbed. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = r.r2 == 1 && PState.status(p.word()) == PState.RUNNING ? 9 : inside;
        }
    }

    /** An M in a declared call. */
    private abstract static class InCall extends Owned {
        InCall() {
            m.call.declare();
        }
    }

    /** Against the return from a declared call: {@link M#endBlocking}. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "the M was faster")
    @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "handed off")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or two owners at once")
    @State
    public static class SyscallExit extends InCall {
        /** The call has returned; no other P is idle. */
        @Actor
        public void owner(III_Result r) {
            m.endBlocking();
            if (m.p != null) {
                inside++;
                r.r1 = 1;
            }
        }

        /** Sysmon. */
        @Actor
        public void sysmon(III_Result r) {
            r.r2 = take(PState.SYSCALL);
        }

        /** How often anybody was inside. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = inside;
        }
    }

    /** The twin of {@link SyscallExit}: the M looks whether the P is still there, then stores. */
    @JCStressTest
    @Outcome(id = {"1, 0, 1", "0, 1, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "two owners at once: the mistake shows")
    @State
    public static class BrokenSyscallExitByStore extends InCall {
        /** Check, then act. */
        @Actor
        public void owner(III_Result r) {
            long word = p.word();
            if (PState.status(word) == PState.SYSCALL) {
                p.word(PState.with(word, PState.RUNNING));
                inside++;
                r.r1 = 1;
            }
        }

        /** Sysmon. */
        @Actor
        public void sysmon(III_Result r) {
            r.r2 = take(PState.SYSCALL);
        }

        /** How often anybody was inside. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = inside;
        }
    }

    /** Against the release of the P, which another M then has in the same status: the epoch tells them apart. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the M was faster; the new owner keeps it")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "taken before")
    @Outcome(expect = Expect.FORBIDDEN, desc = "taken from the new owner, who was not measured")
    @State
    public static class Release extends Owned {
        private final M next = new M(Goroutines.BUSY, 1, null);

        /** The M gives the P up, another takes it over and runs a goroutine. */
        @Actor
        public void owner(II_Result r) {
            if (m.enterSched() != M.NO_P) {
                P out = m.releasep();
                next.acquirep(out);
                next.status(PState.RUNNING);
                r.r1 = 1;
            }
        }

        /** Sysmon, with the word that it saw a round ago. */
        @Actor
        public void sysmon(II_Result r) {
            r.r2 = take(measured);
        }
    }

    /** The twin of {@link Release}: the change of owner leaves the word as it was. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "taken from the new owner: the mistake shows")
    @State
    public static class BrokenReleaseWithoutEpoch extends Owned {
        /** The next owner writes the same word. */
        @Actor
        public void owner(II_Result r) {
            if (m.enterSched() != M.NO_P) {
                p.word(measured);
                r.r1 = 1;
            }
        }

        /** Sysmon, with the word that it saw a round ago. */
        @Actor
        public void sysmon(II_Result r) {
            r.r2 = take(measured);
        }
    }

    /** Against the next goroutine of the same M, which runs in the same status: the slice tells them apart. */
    private abstract static class TwoSlices extends Owned {
        private final G next = Goroutines.dequeued(() -> {});

        /** The goroutine that was measured leaves its stack, and the next runs. */
        int runNext(boolean inherits) {
            if (m.enterSched() == M.NO_P) {
                return 0;
            }
            m.findInherits = inherits;
            m.execute(next);
            return 1;
        }
    }

    /** {@link M#execute} begins a slice. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the slice was over; the next goroutine keeps the P")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "taken before")
    @Outcome(expect = Expect.FORBIDDEN, desc = "taken from the next goroutine, which was not measured")
    @State
    public static class Slice extends TwoSlices {
        /** The M. */
        @Actor
        public void owner(II_Result r) {
            r.r1 = runNext(false);
        }

        /** Sysmon, with the word that it saw a round ago. */
        @Actor
        public void sysmon(II_Result r) {
            r.r2 = take(measured);
        }
    }

    /** The twin of {@link Slice}: the next goroutine goes on with the slice of the one before. */
    @JCStressTest
    @Outcome(id = {"1, 0", "0, 1"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "taken from the next goroutine: the mistake shows")
    @State
    public static class BrokenWithoutSlice extends TwoSlices {
        /** The M. */
        @Actor
        public void owner(II_Result r) {
            r.r1 = runNext(true);
        }

        /** Sysmon, with the word that it saw a round ago. */
        @Actor
        public void sysmon(II_Result r) {
            r.r2 = take(measured);
        }
    }
}
