package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.WaitGroup;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/** Where the stack is nearly used up goroutines are counted and started, or neither: else whoever waits for them hangs. */
@Timeout(120)
class EndOfStackTest {
    private static final int LEVELS = 400;
    /** Until the code is compiled, frames are of another size. */
    private static final int ROUNDS = 5;

    private int deepest;

    /** Recurses until the stack is used up, then acts on each level of the way back. */
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

    @RepeatedTest(ROUNDS)
    void aGroupCountsWhatItStarts() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                AtomicInteger ran = new AtomicInteger();
                AtomicInteger forked = new AtomicInteger();
                try (TaskGroup group = TaskGroup.open()) {
                    atTheEndOfTheStack(
                            () -> {
                                group.fork(ran::incrementAndGet);
                                forked.incrementAndGet();
                            },
                            0);
                    group.join();
                }
                assertTrue(forked.get() > 0);
                assertTrue(ran.get() >= forked.get(), forked + " forked, " + ran + " ran");
            });
        }
    }

    @RepeatedTest(ROUNDS)
    void aWaitGroupCountsWhatItStarts() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                WaitGroup wg = new WaitGroup();
                atTheEndOfTheStack(() -> wg.go(() -> {}), 0);
                assertTrue(wg.await(Duration.ofSeconds(20)), wg.toString());
            });
        }
    }
}
