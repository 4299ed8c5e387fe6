package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/** Where the stack is nearly used up a goroutine is started, or the caller gets the error; nothing stays behind. */
@Timeout(120)
class GoAtEndOfStackTest {
    private static final int LEVELS = 400;

    private int deepest;

    private void atTheEndOfTheStack(Runnable action, int level) {
        try {
            atTheEndOfTheStack(action, level + 1);
        } catch (StackOverflowError e) {
            deepest = level;
        }
        if (deepest - level < LEVELS) {
            try {
                action.run();
            } catch (StackOverflowError e) {
                // it has done nothing
            }
        }
    }

    @RepeatedTest(10)
    void whatIsStartedRuns() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            AtomicInteger started = new AtomicInteger();
            AtomicInteger ran = new AtomicInteger();
            Started.call(s, () -> {
                atTheEndOfTheStack(
                        () -> {
                            s.go(ran::incrementAndGet);
                            started.incrementAndGet();
                        },
                        0);
                return null;
            });
            Quiet.afterEnd(s);
            assertEquals(started.get(), ran.get());
        }
    }
}
