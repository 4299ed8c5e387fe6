package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The limits of each setting, and what is said when they are not kept. */
class SchedulerConfigTest {
    private final SchedulerConfig config = SchedulerConfig.defaults();

    private static void refused(String message, Executable setting) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, setting).getMessage());
    }

    @Test
    void defaultsAreGosFigures() {
        assertEquals("heddle", config.name());
        assertEquals(0, config.procs());
        assertEquals(10_000, config.maxThreads());
        assertEquals(10_000, config.maxHogs());
        assertEquals(0.05, config.hogShare());
        assertEquals(Duration.ofMillis(10), config.quantum());
        assertEquals(Duration.ofSeconds(60), config.spareKeepAlive());
    }

    @Test
    void eachSettingCanBeChangedAlone() {
        SchedulerConfig changed = config.withName("n")
                .withProcs(3)
                .withMaxThreads(99)
                .withMaxHogs(7)
                .withHogShare(0.5)
                .withQuantum(Duration.ofMillis(5))
                .withSpareKeepAlive(Duration.ofSeconds(1))
                .withReportDeadlock(true);
        assertEquals(new SchedulerConfig("n", 3, 99, 7, 0.5, Duration.ofMillis(5), Duration.ofSeconds(1), true), changed);
    }

    @Test
    void limits() {
        refused("name: got  , need a name that is not blank", () -> config.withName(" "));
        refused("procs: got -1, need 0 to 1024", () -> config.withProcs(-1));
        refused("procs: got 1025, need 0 to 1024", () -> config.withProcs(1025));
        refused("maxThreads: got 1, need procs + 1 = 2 to 10000", () -> config.withMaxThreads(1));
        SchedulerConfig four = config.withProcs(4);
        refused("maxThreads: got 4, need procs + 1 = 5 to 10000", () -> four.withMaxThreads(4));
        refused("maxThreads: got 10001, need procs + 1 = 5 to 10000", () -> four.withMaxThreads(10_001));
        refused("maxHogs: got -1, need 0 or more", () -> config.withMaxHogs(-1));
        refused("hogShare: got 0.0, need more than 0, at most 1", () -> config.withHogShare(0));
        refused("hogShare: got 1.01, need more than 0, at most 1", () -> config.withHogShare(1.01));
        refused("hogShare: got NaN, need more than 0, at most 1", () -> config.withHogShare(Double.NaN));
        refused("quantum: got PT0.000999S, need 1 ms or more", () -> config.withQuantum(Duration.ofNanos(999_000)));
        refused("quantum: got PT-1S, need 1 ms or more", () -> config.withQuantum(Duration.ofSeconds(-1)));
        refused("spareKeepAlive: got PT0S, need 1 ms or more", () -> config.withSpareKeepAlive(Duration.ZERO));
    }

    @Test
    void limitsThemselvesAreAllowed() {
        config.withProcs(1).withMaxThreads(2).withMaxHogs(0).withHogShare(1).withQuantum(Duration.ofMillis(1));
        config.withProcs(1024).withMaxThreads(10_000).withSpareKeepAlive(Duration.ofMillis(1));
    }

    @Test
    void nullsAreRefusedByName() {
        assertEquals("name", assertThrows(NullPointerException.class, () -> config.withName(null)).getMessage());
        assertEquals("quantum", assertThrows(NullPointerException.class, () -> config.withQuantum(null)).getMessage());
        assertEquals(
                "spareKeepAlive",
                assertThrows(NullPointerException.class, () -> config.withSpareKeepAlive(null)).getMessage());
    }

    /** "For ever" is a sensible setting and must not overflow. */
    @Test
    void theLongestDurationsWork() throws Exception {
        Duration longest = Duration.ofSeconds(Long.MAX_VALUE);
        try (Scheduler s = Started.with(1, c -> c.withQuantum(longest).withSpareKeepAlive(longest))) {
            assertEquals(1, Started.call(s, () -> 1));
        }
    }
}
