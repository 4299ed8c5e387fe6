package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** The word of a P: whoever is inside scheduler code with it is alone, and it is never lost. */
public class PStateStress {
    /** What an M does around a ready, twice, so that there is a second slice. {@code inside} is plain on purpose. */
    private abstract static class Contest {
        final P p = new P(0, null);
        int inside;
        long word;

        Contest(int status) {
            word = PState.with(0, status);
            p.word(word);
        }

        int owner(int back) {
            int entered = 0;
            for (int i = 0; i < 2; i++) {
                long to = PState.with(word, PState.SCHED);
                if (!p.cas(word, to)) {
                    break;
                }
                inside++;
                entered++;
                word = PState.nextSlice(to, back);
                p.word(word);
            }
            return entered;
        }

        int sysmon(int status) {
            long seen = p.word();
            if (PState.status(seen) == status && p.cas(seen, PState.nextEpoch(seen, PState.SCHED))) {
                inside++;
                return 1;
            }
            return 0;
        }
    }

    /** Preemption against the owner's own scheduler code. */
    @JCStressTest
    @Outcome(id = "2, 0, 2", expect = Expect.ACCEPTABLE, desc = "sysmon came too late")
    @Outcome(id = "2, 1, 3", expect = Expect.ACCEPTABLE, desc = "taken after both")
    @Outcome(id = "1, 1, 2", expect = Expect.ACCEPTABLE, desc = "taken between")
    @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "taken before")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or two owners at once")
    @State
    public static class Retake extends Contest {
        /** The P runs. */
        public Retake() {
            super(PState.RUNNING);
        }

        /** The M. */
        @Actor
        public void owner(III_Result r) {
            r.r1 = owner(PState.RUNNING);
        }

        /** Sysmon. */
        @Actor
        public void sysmon(III_Result r) {
            r.r2 = sysmon(PState.RUNNING);
        }

        /** How often anybody was inside. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = inside;
        }
    }

    /** Handoff against the return from a blocking call. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "the M was faster")
    @Outcome(id = "0, 1, 1", expect = Expect.ACCEPTABLE, desc = "handed off")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or two owners at once")
    @State
    public static class Handoff extends Contest {
        /** The P is in a call. */
        public Handoff() {
            super(PState.SYSCALL);
        }

        /** Exitsyscall. */
        @Actor
        public void owner(III_Result r) {
            if (p.cas(word, PState.nextSlice(word, PState.RUNNING))) {
                inside++;
                r.r1 = 1;
            }
        }

        /** Sysmon. */
        @Actor
        public void sysmon(III_Result r) {
            r.r2 = sysmon(PState.SYSCALL);
        }

        /** How often anybody was inside. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r3 = inside;
        }
    }

    /** The twin of {@link Retake}: sysmon measures one slice and takes whatever runs then. */
    @JCStressTest
    @Outcome(id = "1, .*, .*", expect = Expect.ACCEPTABLE, desc = "the slice that was measured")
    @Outcome(id = "2, .*, .*", expect = Expect.ACCEPTABLE_INTERESTING, desc = "another slice: the mistake shows")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "not taken")
    @State
    public static class BrokenWithoutSlice {
        private final P p = new P(0, null);
        private volatile int slice = 1;

        /** The P runs its first slice. */
        public BrokenWithoutSlice() {
            p.word(PState.with(0, PState.RUNNING));
        }

        /** Two slices with the same word. */
        @Actor
        public void owner() {
            if (p.cas(PState.RUNNING, PState.SCHED)) {
                slice = 2;
                p.word(PState.RUNNING);
            }
        }

        /** Measures, then takes. */
        @Actor
        public void sysmon(III_Result r) {
            long seen = p.word();
            int measured = slice;
            if (seen == PState.RUNNING && p.cas(seen, PState.nextEpoch(seen, PState.SCHED))) {
                r.r1 = slice - measured + 1;
            }
        }
    }
}
