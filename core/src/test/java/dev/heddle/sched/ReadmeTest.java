package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The first snippet of the module's README, and that of the flight recorder: they are here, and they run. */
@Timeout(60)
class ReadmeTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/heddle/sched/ReadmeTest.java");
    private static final String BEGIN = "// snippet ";
    private static final String END = "// end";

    @Test
    void first() throws InterruptedException {
        // snippet first
        try (Scheduler scheduler = Scheduler.start(SchedulerConfig.defaults().withProcs(2))) {
            Goroutine reader = scheduler.go(() -> {
                try {
                    String name = Syscall.call(() -> Files.readString(Path.of("/etc/hostname"))); // other goroutines go on
                    System.out.println(name + " read by " + Goroutine.current());
                } catch (IOException e) {
                    throw new UncheckedIOException(e); // ends this goroutine alone, and is logged
                }
            });
            reader.join(); // from an ordinary thread as well
        }
        // end
    }

    @Test
    void flightRecorder() throws IOException {
        try (Scheduler scheduler = Started.procs(1)) {
            // snippet flight recorder
            scheduler.flightRecorder().start();
            // ... when a request was strangely slow:
            try (OutputStream out = Files.newOutputStream(Path.of("trace.json"))) {
                scheduler.flightRecorder().writeTo(out);
            }
            // end
            assertTrue(Files.readString(Path.of("trace.json")).startsWith("{"));
        } finally {
            Files.deleteIfExists(Path.of("trace.json"));
        }
    }

    static Stream<String> snippets() throws IOException {
        List<String> found = new ArrayList<>();
        StringBuilder snippet = null;
        for (String line : Files.readAllLines(SOURCE)) {
            if (line.strip().startsWith(BEGIN)) {
                snippet = new StringBuilder();
            } else if (line.strip().equals(END) && snippet != null) {
                found.add(snippet.toString().stripTrailing().stripIndent());
                snippet = null;
            } else if (snippet != null) {
                snippet.append(line).append('\n');
            }
        }
        assertEquals(2, found.size());
        return found.stream();
    }

    @ParameterizedTest
    @MethodSource("snippets")
    void isInTheReadme(String snippet) throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        assertTrue(readme.contains(snippet + "\n```"), "not in README.md:\n" + snippet);
    }
}
