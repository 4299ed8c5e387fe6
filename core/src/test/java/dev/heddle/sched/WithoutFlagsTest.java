package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A test of a project that knows nothing of the JVM's flags: run by an execution of Surefire of its own. */
@Tag("without-flags")
@Timeout(60)
class WithoutFlagsTest {
    @Test
    void goroutinesRun() throws Exception {
        List<String> arguments = ManagementFactory.getRuntimeMXBean().getInputArguments();
        assertTrue(arguments.stream().noneMatch(each -> each.contains("java.base")), arguments::toString);
        AtomicReference<Scheduler> seen = new AtomicReference<>();
        try (Scheduler scheduler = Scheduler.start()) {
            scheduler.go(() -> seen.set(Scheduler.current())).join();
            assertEquals(scheduler, seen.get());
        }
    }
}
