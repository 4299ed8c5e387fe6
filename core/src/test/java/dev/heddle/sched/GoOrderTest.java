package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who runs next on one P, in exact order: {@code go}, {@code ready}, both yields, the global queue, overflow. */
@Timeout(60)
class GoOrderTest {
    private final List<String> order = Collections.synchronizedList(new ArrayList<>());

    private Runnable note(String name) {
        return () -> order.add(name);
    }

    private void endsIn(Scheduler s, String... names) {
        Quiet.afterEnd(s);
        assertEquals(List.of(names), order);
    }

    @Test
    void theLastOneStartedRunsFirstTheOthersInOrder() {
        try (Scheduler s = Started.unhurried(1)) {
            s.go(() -> {
                for (int i = 1; i <= 5; i++) {
                    s.go(note("g" + i));
                }
                order.add("parent");
            });
            endsIn(s, "parent", "g5", "g1", "g2", "g3", "g4");
        }
    }

    @Test
    void aGoroutineReadiedByAGoroutineRunsNext() {
        try (Scheduler s = Started.unhurried(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine waiter = s.go(() -> {
                semaphore.acquire(WaitReason.SEMACQUIRE);
                order.add("waiter");
            });
            Waiting.until(s, "it waits", () -> waiter.state() == Goroutine.State.WAITING);
            s.go(() -> {
                s.go(note("a"));
                s.go(note("b"));
                semaphore.release();
                order.add("parent");
            });
            endsIn(s, "parent", "waiter", "a", "b");
        }
    }

    @Test
    void goschedGoesBehindEverybody() {
        try (Scheduler s = Started.unhurried(1)) {
            Runnable startFromOutside = outside(s, "outside");
            s.go(() -> {
                s.go(note("a"));
                s.go(note("b"));
                startFromOutside.run();
                Goroutine.gosched();
                order.add("parent");
            });
            endsIn(s, "b", "a", "outside", "parent");
        }
    }

    @Test
    void goyieldGoesBehindTheOwnQueueOnly() {
        try (Scheduler s = Started.unhurried(1)) {
            Runnable startFromOutside = outside(s, "outside");
            s.go(() -> {
                s.go(note("a"));
                s.go(note("b"));
                startFromOutside.run();
                Goroutine.goyield();
                order.add("parent");
            });
            endsIn(s, "b", "a", "parent", "outside");
        }
    }

    /** {@code Thread.yield} is a yield without a word of ours. */
    @Test
    void yieldOfTheThreadIsGoyield() {
        try (Scheduler s = Started.unhurried(1)) {
            Runnable startFromOutside = outside(s, "outside");
            s.go(() -> {
                s.go(note("a"));
                startFromOutside.run();
                Thread.yield();
                order.add("parent");
            });
            endsIn(s, "a", "parent", "outside");
        }
    }

    /**
     * Another thread is to start one, which goes to the global queue, since that thread has no P. The thread is there already: to
     * start it takes a wait in the kernel, in which the goroutine could lose its P.
     */
    private Runnable outside(Scheduler s, String name) {
        AtomicBoolean now = new AtomicBoolean();
        Thread.ofPlatform().daemon().start(() -> {
            Busy.until(now::get);
            s.go(note(name));
        });
        return () -> {
            now.set(true);
            Busy.until(() -> s.sched().global.size() == 1);
        };
    }

    @Test
    void theGlobalQueueIsFirstInFirstOut() {
        try (Scheduler s = Started.unhurried(1)) {
            AtomicBoolean go = new AtomicBoolean();
            s.go(() -> Busy.until(go::get));
            Waiting.until(s, "the P is taken", () -> s.stats().goroutines().running() == 1);
            List<String> names = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                names.add("g" + i);
                s.go(note("g" + i));
            }
            assertEquals(20, s.stats().globalQueueDepth());
            go.set(true);
            endsIn(s, names.toArray(String[]::new));
        }
    }

    /** The ring is full with the 257th in runnext: the next one pushes half of the ring to the global queue. */
    @Test
    void afterOverflowTheOlderHalfIsOnTheGlobalQueue() throws Exception {
        int fits = RunQueue.CAPACITY + 1;
        try (Scheduler s = Started.unhurried(1)) {
            long[] seen = Started.call(s, () -> {
                for (int i = 1; i <= fits; i++) {
                    s.go(note("g" + i));
                }
                long before = s.stats().overflows();
                s.go(note("g" + (fits + 1)));
                return new long[] {before, s.stats().overflows(), s.stats().globalQueueDepth()};
            });
            assertEquals(0, seen[0]);
            assertEquals(1, seen[1]);
            assertEquals(RunQueue.CAPACITY / 2 + 1, seen[2], "half of the ring and the one that did not fit");
            Quiet.afterEnd(s);
            List<String> moved = new ArrayList<>();
            for (int i = 1; i <= RunQueue.CAPACITY / 2; i++) {
                moved.add("g" + i);
            }
            moved.add("g" + fits);
            List<String> kept = new ArrayList<>();
            for (int i = RunQueue.CAPACITY / 2 + 1; i <= RunQueue.CAPACITY; i++) {
                kept.add("g" + i);
            }
            assertEquals("g" + (fits + 1), order.getFirst(), "runnext");
            assertEquals(moved, order.stream().filter(moved::contains).toList());
            assertEquals(kept, order.stream().filter(kept::contains).toList());
            assertTrue(order.indexOf(kept.getLast()) < order.indexOf("g10"), "what was kept runs before what was moved");
            assertEquals(fits + 1, order.size());
        }
    }

    /**
     * The fairness rule: two goroutines that yield to each other keep the ring from ever being empty; one on the global
     * queue runs within 61 slices all the same.
     */
    @Test
    void theGlobalQueueGetsOneOf61Slices() {
        try (Scheduler s = Started.unhurried(1)) {
            P p = s.sched().procs[0];
            AtomicBoolean queued = new AtomicBoolean();
            AtomicBoolean end = new AtomicBoolean();
            long[] ticks = new long[2];
            Runnable yielder = () -> {
                while (!end.get()) {
                    if (ticks[0] == 0 && queued.get()) {
                        ticks[0] = p.schedtick; // on this P, by its owner
                    }
                    Goroutine.goyield();
                }
            };
            s.go(() -> {
                s.go(yielder);
                s.go(yielder);
            });
            Waiting.until(s, "both yield", () -> p.schedtick > 1_000);
            s.go(() -> {
                ticks[1] = p.schedtick;
                end.set(true);
            });
            queued.set(true);
            Quiet.afterEnd(s);
            assertTrue(
                    ticks[0] == 0 || ticks[1] - ticks[0] <= FindRunnable.FAIRNESS,
                    "queued in slice " + ticks[0] + ", ran in slice " + ticks[1]);
        }
    }

    /** A chain of goroutines that each start the next through runnext is one slice: the tick does not move. */
    @Test
    void runnextInheritsTheSlice() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            P p = s.sched().procs[0];
            List<Long> ticks = Collections.synchronizedList(new ArrayList<>());
            s.go(() -> {
                ticks.add(p.schedtick);
                s.go(() -> {
                    ticks.add(p.schedtick);
                    s.go(() -> {
                        ticks.add(p.schedtick);
                        Goroutine.goyield(); // by the ring: a new slice
                        ticks.add(p.schedtick);
                    });
                });
            });
            Quiet.afterEnd(s);
            long first = ticks.getFirst();
            assertEquals(List.of(first, first, first, first + 1), ticks);
        }
    }

    /** When the slice is over, runnext goes behind the ring. */
    @Test
    void runnextIsDemotedWhenTheSliceIsOver() {
        try (Scheduler s = Started.unhurried(1)) {
            P p = s.sched().procs[0];
            s.go(() -> {
                s.go(note("a"));
                s.go(note("b"));
                s.go(note("next"));
                p.preempt = true; // what sysmon does
                order.add("parent");
            });
            endsIn(s, "parent", "a", "b", "next");
            assertSame(false, p.preempt, "the next slice begins without the flag");
        }
    }
}
