package dev.heddle.sched;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A chunk that is copied while it is written again: the copy is of one generation, or dropped. */
public class TraceChunkStress {
    private static final int DROPPED = -1;
    private static final int MIXTURE = 9;

    /** Two events of generation 1. */
    private static TraceChunk twoEvents() {
        TraceChunk chunk = new TraceChunk(4);
        chunk.write(TraceChunk.head(TraceEvent.Type.GO_BLOCK, 0, 0, 0), 1, 1, null);
        chunk.write(TraceChunk.head(TraceEvent.Type.GO_BLOCK, 0, 0, 0), 1, 1, null);
        return chunk;
    }

    private static void writeAgain(TraceChunk chunk) {
        chunk.recycle();
        chunk.write(TraceChunk.head(TraceEvent.Type.GO_BLOCK, 0, 0, 0), 2, 2, null);
        chunk.write(TraceChunk.head(TraceEvent.Type.GO_BLOCK, 0, 0, 0), 2, 2, null);
        chunk.write(TraceChunk.head(TraceEvent.Type.GO_BLOCK, 0, 0, 0), 2, 2, null);
    }

    /** How many events, and of which generation. */
    private static void look(TraceChunk.Copy copy, II_Result r) {
        if (copy == null) {
            r.r1 = DROPPED;
            return;
        }
        r.r1 = copy.count();
        for (int i = 0; i < copy.count(); i++) {
            TraceEvent e = copy.event(i);
            boolean one = e.goroutine() == e.detail() && (r.r2 == 0 || r.r2 == e.detail());
            r.r2 = one ? (int) e.detail() : MIXTURE;
        }
    }

    /** The writer against one reader. */
    @JCStressTest
    @Outcome(id = "-1, 0", expect = Expect.ACCEPTABLE, desc = "dropped")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "between")
    @Outcome(id = "2, 1", expect = Expect.ACCEPTABLE, desc = "before")
    @Outcome(id = {"1, 2", "2, 2", "3, 2"}, expect = Expect.ACCEPTABLE, desc = "after")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a mixture")
    @State
    public static class Recycle {
        private final TraceChunk chunk = twoEvents();

        /** The thread whose chunk it is now. */
        @Actor
        public void writer() {
            writeAgain(chunk);
        }

        /** Somebody who wants to see the events. */
        @Actor
        public void reader(II_Result r) {
            look(chunk.copy(), r);
        }
    }

    /** Without a look at the generation. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "between")
    @Outcome(id = "2, 1", expect = Expect.ACCEPTABLE, desc = "before")
    @Outcome(id = {"1, 2", "2, 2", "3, 2"}, expect = Expect.ACCEPTABLE, desc = "after")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "a mixture")
    @State
    public static class BrokenRecycle {
        private final TraceChunk chunk = twoEvents();

        /** The thread whose chunk it is now. */
        @Actor
        public void writer() {
            writeAgain(chunk);
        }

        /** Somebody who wants to see the events, whatever they are. */
        @Actor
        public void reader(II_Result r) {
            look(chunk.copyUnchecked(), r);
        }
    }
}
