package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Recording an event allocates nothing: it happens where nothing may. */
@Timeout(120)
class TraceCostTest {
    private static final int YIELDS = 100_000;

    @Test
    void recordingAllocatesNothing() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            allocatedByYields(s); // code, classes and the stack's chunk
            long off = allocatedByYields(s);
            s.flightRecorder().start();
            long on = allocatedByYields(s);
            assertTrue(on - off < YIELDS / 10, () -> "off " + off + " bytes, on " + on);
        }
    }

    private static long allocatedByYields(Scheduler s) throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Started.call(s, () -> {
            long machine = M.current().threadId();
            long before = threads.getThreadAllocatedBytes(machine);
            for (int i = 0; i < YIELDS; i++) {
                Goroutine.goyield();
            }
            return threads.getThreadAllocatedBytes(machine) - before;
        });
    }
}
