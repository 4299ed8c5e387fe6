package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is taken for asleep after a few looks, and who is not. */
class SleepWatchTest {
    /** Between two looks: a round of sysmon. */
    private static final long ROUND = 70_000;

    private final SleepWatch watch = new SleepWatch();
    private final AtomicInteger asked = new AtomicInteger();
    private long now = 5_000_000_000L;
    private long used = 1_000;
    private boolean inKernel;

    @BeforeEach
    void anotherSlice() {
        watch.reset();
    }

    private boolean look(boolean old, boolean streak) {
        now += ROUND;
        return watch.look(now, used, old, streak, () -> {
            asked.incrementAndGet();
            return inKernel;
        });
    }

    private int looksUntilAsleep(boolean old, boolean streak) {
        for (int looks = 1; looks <= 100; looks++) {
            if (look(old, streak)) {
                return looks;
            }
        }
        return -1;
    }

    @Test
    void whoSleepsIsFoundAfterAFewLooks() {
        inKernel = true;
        assertEquals(5, looksUntilAsleep(false, false), "one for the processor time, four over 210 us");
    }

    @Test
    void aSliceThatIsOldIsAskedAboutAtOnce() {
        inKernel = true;
        assertEquals(4, looksUntilAsleep(true, false));
    }

    @Test
    void inAStreakTwoLooksWillDo() {
        inKernel = true;
        assertEquals(3, looksUntilAsleep(false, true));
    }

    /** A thread that computes is never asked about: its processor time says enough. */
    @Test
    void whoComputesIsNotAskedAbout() {
        inKernel = true;
        for (int i = 0; i < 100; i++) {
            used++;
            assertFalse(look(false, true));
        }
        assertEquals(0, asked.get());
    }

    /** Used nothing, and does not sleep: the system has not run it. Asked about less and less often. */
    @Test
    void whoWaitsForAProcessorIsLeftAlone() {
        for (int i = 0; i < 1_000; i++) { // 70 ms
            assertFalse(look(true, true));
            assertFalse(watch.isSuspicious());
        }
        assertTrue(asked.get() <= 11, asked + " questions"); // 100 us * 2^10 = 102 ms
        inKernel = true;
        used++; // runs at last, and goes to sleep
        assertEquals(3, looksUntilAsleep(false, true));
    }

    /** A pause stops the thread and sysmon: one look in it, one before its end has reached the thread, and then it runs. */
    @Test
    void aPauseIsNoSleep() {
        for (int pause = 0; pause < 10; pause++) {
            inKernel = true;
            assertFalse(look(true, false));
            now += 50_000_000;
            assertFalse(look(true, false));
            inKernel = false;
            used += 10_000;
            assertFalse(look(true, false));
        }
    }

    @Test
    void aShortSleepBetweenOthersIsNoLongOne() {
        inKernel = true;
        for (int i = 0; i < 100; i++) {
            look(false, false);
            assertFalse(look(false, false));
            assertTrue(watch.isSuspicious());
            assertFalse(look(false, false));
            used += 5_000;
            assertFalse(look(false, false));
            assertFalse(watch.isSuspicious());
        }
    }
}
