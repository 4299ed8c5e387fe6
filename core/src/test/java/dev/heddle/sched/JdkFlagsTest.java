package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.jdk.VirtualThreads;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A JVM that was started without the flags says which ones to add; with exactly those it works. */
@Timeout(120)
class JdkFlagsTest {
    /** What the other JVM runs. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            try (Scheduler s = Scheduler.start()) {
                s.go(() -> System.out.println("hello from a goroutine")).join();
            } catch (IllegalStateException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String outputWith(List<String> flags) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    private static List<String> allFlags() {
        return List.of(VirtualThreads.FLAGS.replace(" java.base", "=java.base").split(" "));
    }

    @Test
    void withTheFlagsOfTheMessageItWorks() throws Exception {
        assertEquals("hello from a goroutine", outputWith(allFlags()).strip());
    }

    @Test
    void withoutFlagsTheMessageNamesThem() throws Exception {
        String output = outputWith(List.of());
        assertTrue(output.contains("Start the JVM with: " + VirtualThreads.FLAGS), output);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void eachSingleFlagIsMissed(int missing) throws Exception {
        List<String> flags = new ArrayList<>(allFlags());
        assertEquals(4, flags.size());
        flags.remove(missing);
        String output = outputWith(flags);
        assertTrue(output.contains("Start the JVM with: " + VirtualThreads.FLAGS), output);
    }
}
