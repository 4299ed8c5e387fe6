package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing in the scheduler costs more than in proportion to the number of Ps, and what each switch does costs the same. */
@Tag("simulation")
@Timeout(120)
class BigMachineTest {
    private static final BiFunction<String, Integer, Long> COST = cost();

    @SuppressWarnings("unchecked")
    private static BiFunction<String, Integer, Long> cost() {
        SimLoader loader = new SimLoader();
        return (BiFunction<String, Integer, Long>) loader.make("SimCost", loader.sites());
    }

    private static List<Long> costs(String operation) {
        List<Long> costs = new ArrayList<>();
        for (int procs : new int[] {4, 64, 256, 1024}) {
            costs.add(COST.apply(operation, procs));
        }
        System.out.println("accesses with 4, 64, 256, 1024 Ps: " + operation + " " + costs);
        return costs;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ready while all Ps are busy",
                "ready while others are idle",
                "wake-up by a foreign thread",
                "switch to the next of the own ring",
                "enter a call and return",
                "hand a P off"
            })
    void costsTheSameOnEveryMachine(String operation) {
        List<Long> costs = costs(operation);
        assertTrue(costs.getFirst() > 0);
        assertEquals(1, costs.stream().distinct().count(), operation + " " + costs);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "find nothing and park",
                "a round of sysmon, every P held by a hog"
            })
    void growsWithTheNumberOfPsAtMost(String operation) {
        List<Long> costs = costs(operation);
        assertTrue(costs.get(3) <= 4.2 * costs.get(2), "from 256 to 1024: " + operation + " " + costs);
        assertTrue(costs.get(2) <= 4.2 * costs.get(1), "from 64 to 256: " + operation + " " + costs);
    }

    /** The victim is found at a random place of the first pass: after half of the others on average, after all at most. */
    @Test
    void stealingLooksAtEachPOnceAtMost() {
        List<Long> costs = costs("steal from the only P that has work");
        assertTrue(costs.getLast() <= 8 * 1024 + 100, "1024 Ps: " + costs);
    }

    /** 64 goroutines that wait for each other need 64 threads with a P each, on however few processors. */
    @Test
    void sixtyFourRunAtOnce() {
        try (Scheduler s = Started.unhurried(64)) {
            for (int round = 0; round < 20; round++) {
                AtomicInteger here = new AtomicInteger();
                for (int i = 0; i < 64; i++) {
                    s.go(() -> {
                        here.incrementAndGet();
                        Busy.blockedUntil(() -> here.get() == 64); // gives the processor away, and keeps the P
                    });
                }
                Waiting.until(s, "all are there", () -> here.get() == 64);
                Quiet.afterEnd(s);
            }
        }
    }
}
