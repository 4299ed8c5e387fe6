package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The shipped scheduler on a simulated machine, see {@link Sim}: as many seeds as fit into {@code -Dheddle.sim.seconds},
 * beginning with {@code -Dheddle.sim.first}; or {@code -Dheddle.sim.seed} once, with the last steps of a run that fails.
 */
@Tag("simulation")
class SimulationTest {
    private static final long SECONDS = Long.getLong("heddle.sim.seconds", 5);
    private static final long FIRST = Long.getLong("heddle.sim.first", 1);
    private static final Long SEED = Long.getLong("heddle.sim.seed");

    /** Within so many seeds each twin must be found; the hardest takes some 10,000 on average, the others hundreds. */
    private static final int SEEDS_FOR_A_TWIN = 200_000;

    /** Within so many seeds everything that is counted happens. */
    private static final int SEEDS_TO_REACH_ALL = 10_000;

    private static final Map<String, Long> FIGURES = new LinkedHashMap<>();
    private static final Function<Map<String, Object>, String> SIMULATION = simulation();

    @SuppressWarnings("unchecked")
    private static Function<Map<String, Object>, String> simulation() {
        SimLoader loader = new SimLoader();
        return (Function<Map<String, Object>, String>) loader.make("SimRun", loader.sites(), FIGURES);
    }

    private static String run(long seed, SimTwin twin) {
        Map<String, Object> command = new HashMap<>();
        command.put("seed", seed);
        command.put("twin", twin == null ? null : twin.name());
        return SIMULATION.apply(command);
    }

    @Test
    void noInterleavingBreaksAnything() {
        if (SEED != null) {
            String failure = run(SEED, null);
            if (failure != null) {
                fail(failure);
            }
            return;
        }
        FIGURES.clear();
        long begin = System.nanoTime();
        // beyond the time until everything was reached once: some things are rare, and the machine may be slow
        for (long seed = FIRST;
                System.nanoTime() - begin < SECONDS * 1_000_000_000L
                        || FIGURES.containsValue(0L) && seed < FIRST + SEEDS_TO_REACH_ALL;
                seed++) {
            String failure = run(seed, null);
            if (failure != null) {
                fail(failure + "\nagain: -Dtest=SimulationTest -Dheddle.sim.seed=" + seed);
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf("simulation: %.0f interleavings/s, %.0f steps/s; %s%n",
                FIGURES.get("runs") / seconds, FIGURES.get("steps") / seconds, FIGURES);
        FIGURES.forEach((what, count) -> assertNotEquals(0L, count, "never reached: " + what));
    }

    @Test
    void aSeedIsOneInterleaving() {
        for (long seed = 1; seed <= 50; seed++) {
            FIGURES.clear();
            run(seed, null);
            Map<String, Long> first = new HashMap<>(FIGURES);
            FIGURES.clear();
            run(seed, null);
            assertEquals(first, FIGURES, "seed " + seed);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyTwinIsFound(SimTwin twin) {
        String found = null;
        long seed = 0;
        while (found == null && seed < SEEDS_FOR_A_TWIN) {
            found = run(++seed, twin);
        }
        assertNotNull(found, twin + " was not found in " + seed + " seeds");
        System.out.println("simulation: " + twin + " found by seed " + found.replaceAll("(?s)^(.*?)\n  seed (\\d+).*", "$2: $1"));
    }
}
