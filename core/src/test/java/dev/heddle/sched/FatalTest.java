package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A scheduler that cannot go on says so, and ends its process with a status of its own. */
@Timeout(120)
class FatalTest {
    /** What the other JVM runs. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("a hook has run")));
            Scheduler s = Scheduler.start(SchedulerConfig.defaults().withProcs(1));
            switch (args[0]) {
                case "system" -> s.goSystem("broken", () -> {
                    throw new IllegalStateException("a test");
                });
                case "again" -> {
                    Timer[] timer = new Timer[1];
                    s.go(() -> {
                        timer[0] = new Timer(_ -> {
                            s.sched().startTimer(timer[0], 0);
                            throw new IllegalStateException("a test");
                        }, null);
                        s.sched().startTimer(timer[0], 0);
                    });
                }
                default -> throw new AssertionError(args[0]);
            }
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    @ParameterizedTest
    @CsvSource({"system, a goroutine that serves all others has thrown", "again, the scheduler throws again and again"})
    void endsTheProcess(String how, String why) throws Exception {
        List<String> flags = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--"))
                .toList();
        Process process = OtherJvm.start(flags, Main.class, how);
        try {
            String output = new String(process.getInputStream().readAllBytes());
            assertEquals(2, process.waitFor(), output);
            assertTrue(output.contains("fatal error: heddle: " + why + "\n"), output);
            assertTrue(output.contains("IllegalStateException: a test"), output);
            assertFalse(output.contains("a hook has run"), output);
        } finally {
            process.destroyForcibly();
        }
    }
}
