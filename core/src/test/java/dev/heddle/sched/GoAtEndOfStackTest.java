package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/** Where the stack is nearly used up a goroutine is started, or the caller gets the error; nothing stays behind. */
@Timeout(120)
class GoAtEndOfStackTest {
    @RepeatedTest(10)
    void whatIsStartedRuns() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            AtomicInteger started = new AtomicInteger();
            AtomicInteger ran = new AtomicInteger();
            Started.call(s, () -> {
                EndOfStack.run(() -> {
                    s.go(ran::incrementAndGet);
                    started.incrementAndGet();
                });
                return null;
            });
            Quiet.afterEnd(s);
            assertTrue(started.get() > 0);
            assertEquals(started.get(), ran.get());
        }
    }
}
