package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.EndOfStack;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.WaitGroup;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/** Where the stack is nearly used up goroutines are counted and started, or neither: else whoever waits for them hangs. */
@Timeout(120)
class EndOfStackTest {
    /** Until the code is compiled, frames are of another size. */
    private static final int ROUNDS = 5;

    @RepeatedTest(ROUNDS)
    void aGroupCountsWhatItStarts() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                AtomicInteger ran = new AtomicInteger();
                AtomicInteger forked = new AtomicInteger();
                try (TaskGroup group = TaskGroup.open()) {
                    EndOfStack.run(() -> {
                        group.fork(ran::incrementAndGet);
                        forked.incrementAndGet();
                    });
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
                EndOfStack.run(() -> wg.go(() -> {}));
                assertTrue(wg.await(Duration.ofSeconds(20)), wg.toString());
            });
        }
    }
}
