package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Test;

/**
 * The ring and the timers against what they are to be when used by one thread: Lincheck makes small programs of their
 * operations, runs them in many interleavings, and looks for an order of the operations that explains what they returned.
 * {@code -Dheddle.lincheck.iterations} is how many programs.
 */
class LinearizabilityTest {
    private static final int PROGRAMS = Integer.getInteger("heddle.lincheck.iterations", 3);

    private static ModelCheckingOptions modelChecking(Class<?> specification) {
        return new ModelCheckingOptions()
                .iterations(PROGRAMS)
                .invocationsPerIteration(300)
                .threads(3)
                .actorsPerThread(3)
                .actorsBefore(3)
                .actorsAfter(2)
                .sequentialSpecification(specification);
    }

    private static StressOptions stress(Class<?> specification) {
        return new StressOptions()
                .iterations(PROGRAMS)
                .invocationsPerIteration(1_000)
                .threads(3)
                .actorsPerThread(3)
                .actorsBefore(3)
                .actorsAfter(2)
                .sequentialSpecification(specification);
    }

    /**
     * The ring at capacity 4: one owner puts and gets, anybody steals and looks. Without {@code runnext}, which is a second
     * place beside the ring: a goroutine that is kicked out is in neither for a moment, see {@link RunQueue#isEmpty}.
     */
    @Param(name = "g", gen = IntGen.class, conf = "0:7")
    public static class Ring {
        private static final G[] GOROUTINES = Started.goroutines(Started.unstarted(1), 8);

        private final RunQueue queue = new RunQueue(4);

        /** Returns what overflowed. */
        @Operation(nonParallelGroup = "owner")
        public String put(@Param(name = "g") int g) {
            List<Integer> out = new ArrayList<>();
            queue.put(GOROUTINES[g], false, (batch, count) -> {
                for (int i = 0; i < count; i++) {
                    out.add(number(batch[i]));
                }
            });
            return out.toString();
        }

        /** Returns the number of the oldest, or -1. */
        @Operation(nonParallelGroup = "owner")
        public int get() {
            return number(queue.get());
        }

        /** Returns what a thief then has: the one that it runs, and its ring. */
        @Operation
        public String steal() {
            RunQueue thief = new RunQueue(4);
            int runs = number(thief.stealFrom(queue, false, () -> {}));
            List<Integer> ring = new ArrayList<>();
            for (G g = thief.get(); g != null; g = thief.get()) {
                ring.add(number(g));
            }
            return runs + " " + ring;
        }

        /** Returns whether there is nothing. */
        @Operation
        public boolean isEmpty() {
            return queue.isEmpty();
        }

        private static int number(G g) {
            return Arrays.asList(GOROUTINES).indexOf(g);
        }
    }

    /** What the ring is to be. */
    public static class RingSpecification {
        private final ArrayDeque<Integer> ring = new ArrayDeque<>();

        /** Half of a full ring and the new one overflow. */
        public String put(int g) {
            List<Integer> out = new ArrayList<>();
            if (ring.size() == 4) {
                out.add(ring.poll());
                out.add(ring.poll());
                out.add(g);
            } else {
                ring.add(g);
            }
            return out.toString();
        }

        /** First in, first out. */
        public int get() {
            return ring.isEmpty() ? -1 : ring.poll();
        }

        /** The older half, rounded up; the youngest of it is run at once. */
        public String steal() {
            List<Integer> stolen = new ArrayList<>();
            for (int n = ring.size() - ring.size() / 2; n > 0; n--) {
                stolen.add(ring.poll());
            }
            int runs = stolen.isEmpty() ? -1 : stolen.removeLast();
            return runs + " " + stolen;
        }

        /** Nothing there. */
        public boolean isEmpty() {
            return ring.isEmpty();
        }
    }

    @Test
    void theRingUnderModelChecking() {
        modelChecking(RingSpecification.class).check(Ring.class);
    }

    @Test
    void theRingUnderStress() {
        stress(RingSpecification.class).check(Ring.class);
    }

    /** The twin: two owners put at the same time. */
    @Param(name = "g", gen = IntGen.class, conf = "0:7")
    public static class RingOfTwoOwners {
        private final Ring ring = new Ring();

        /** Anybody. */
        @Operation
        public String put(@Param(name = "g") int g) {
            return ring.put(g);
        }

        /** Anybody. */
        @Operation
        public int get() {
            return ring.get();
        }
    }

    @Test
    void twoOwnersAreFound() {
        ModelCheckingOptions options = modelChecking(RingSpecification.class).minimizeFailedScenario(false);
        assertThrows(AssertionError.class, () -> options.check(RingOfTwoOwners.class));
    }

    /**
     * Starting and stopping timers. Not firing: that takes one timer after the other, and a start or stop may come in
     * between.
     */
    @Param(name = "timer", gen = IntGen.class, conf = "0:5")
    public static class Heap {
        private final Timers timers = new Timers();
        private final Timer[] all = new Timer[6];

        /** Six timers. */
        public Heap() {
            Arrays.setAll(all, i -> new Timer(arg -> {}, null));
        }

        /** Starts a timer unless it runs; returns whether it is the first. */
        @Operation(nonParallelGroup = "starter")
        public boolean start(@Param(name = "timer") int timer) {
            return all[timer].owner == null && timers.add(all[timer], 100 - timer);
        }

        /** Returns whether it was stopped. */
        @Operation
        public boolean stop(@Param(name = "timer") int timer) {
            return all[timer].stop();
        }

        /** Returns when the first is due. */
        @Operation
        public long minWhen() {
            return timers.minWhen();
        }
    }

    /** What timers are to be: each is started once. */
    public static class HeapSpecification {
        private final TreeMap<Long, Integer> running = new TreeMap<>();
        private final boolean[] started = new boolean[6];

        /** In order of time. */
        public boolean start(int timer) {
            if (started[timer]) {
                return false;
            }
            started[timer] = true;
            running.put(100L - timer, timer);
            return running.firstEntry().getValue() == timer;
        }

        /** Once. */
        public boolean stop(int timer) {
            return running.remove(100L - timer) != null;
        }

        /** The least. */
        public long minWhen() {
            return running.isEmpty() ? Timers.NONE : running.firstKey();
        }
    }

    @Test
    void timersUnderModelChecking() {
        modelChecking(HeapSpecification.class).check(Heap.class);
    }

    @Test
    void timersUnderStress() {
        stress(HeapSpecification.class).check(Heap.class);
    }
}
