package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of the JVM, by a goroutine, with a shutdown hook that ends the scheduler. */
@Timeout(120)
class JvmEndTest {
    private static final int STATUS = 7;

    /** What the other JVM runs. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            Scheduler s = Scheduler.start(SchedulerConfig.defaults().withProcs(1));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                s.shutdown(Duration.ofMillis(50));
                System.out.println("shut down");
            }));
            s.go(() -> System.exit(STATUS)).join();
        }
    }

    /** Whoever calls exit waits for the hooks, with a lock that every other way to end the JVM needs. */
    @Test
    void aGoroutineThatCallsExitComesToIt() throws Exception {
        Process process = OtherJvm.start(List.of(), Main.class);
        try {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the JVM does not end");
            String output = new String(process.getInputStream().readAllBytes());
            assertTrue(output.endsWith("shut down\n"), output);
            assertEquals(STATUS, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }
}
