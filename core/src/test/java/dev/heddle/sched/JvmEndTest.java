package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.jdk.VirtualThreads;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(VirtualThreads.FLAGS.replace(" java.base", "=java.base").split(" ")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the JVM does not end");
            assertEquals("shut down", new String(process.getInputStream().readAllBytes()).strip());
            assertEquals(STATUS, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }
}
