package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Once, and over when anybody returns; after Go's {@code once_test.go}. There is no counterpart of OnceFunc and its tests. */
@Timeout(120)
class OnceTest {
    /** {@code TestOnce}. */
    @ParameterizedTest
    @EnumSource
    void once(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            for (int round = 0; round < 50; round++) {
                Once once = new Once();
                int[] runs = new int[1];
                for (int i = 0; i < 10; i++) {
                    crew.go(() -> {
                        once.run(() -> {
                            Thread.yield();
                            runs[0]++;
                        });
                        assertEquals(1, runs[0], "once failed inside run");
                    });
                }
                crew.join();
                assertTrue(once.isDone());
            }
        }
    }

    /** {@code TestOncePanic}. */
    @Test
    void anExceptionCountsAsDone() {
        Once once = new Once();
        AtomicInteger runs = new AtomicInteger();
        assertFalse(once.isDone());
        assertThrows(IllegalArgumentException.class, () -> once.run(() -> {
            runs.incrementAndGet();
            throw new IllegalArgumentException();
        }));
        once.run(runs::incrementAndGet);
        assertEquals(1, runs.get());
    }

    @Test
    void whatIsNoBodyIsNotDone() {
        Once once = new Once();
        assertThrows(NullPointerException.class, () -> once.run(null));
        assertFalse(once.isDone());
        AtomicInteger runs = new AtomicInteger();
        once.run(runs::incrementAndGet);
        assertEquals(1, runs.get());
        assertThrows(NullPointerException.class, () -> once.run(null));
    }
}
