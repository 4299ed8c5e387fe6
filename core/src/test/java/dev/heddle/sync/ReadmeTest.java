package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The snippet of the section "Channels and locks" in README.md, which must be what runs here. */
@Timeout(60)
class ReadmeTest {
    @Test
    void squares() {
        try (Crew crew = new Crew(Crew.Kind.GOROUTINES_ON_FOUR)) {
            var scheduler = crew.scheduler();
            crew.run(() -> {
                // begin
                Chan<Integer> jobs = new Chan<>(10);
                Chan<Integer> results = new Chan<>();
                Chan<Boolean> quit = new Chan<>();
                WaitGroup workers = new WaitGroup();
                for (int i = 0; i < 3; i++) {
                    workers.go(scheduler, () -> {
                        for (int job : jobs) { // until closed and drained
                            results.send(job * job);
                        }
                    });
                }
                scheduler.go(() -> {
                    for (int i = 1; i <= 10; i++) {
                        jobs.send(i);
                    }
                    jobs.close();
                    workers.await();
                    quit.close();
                });
                int[] sum = {0};
                Select select = Select.of(
                        Select.receive(results, result -> sum[0] += result),
                        Select.receive(quit));
                while (select.await() == 0) {}
                System.out.println(sum[0]); // 385
                // end
                assertEquals(385, sum[0]);
            });
        }
    }

    @Test
    void theReadmeHasWhatRuns() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        String source = Files.readString(Path.of("src/test/java/dev/heddle/sync/ReadmeTest.java"));
        String snippet = source.substring(source.indexOf("// begin\n") + 9, source.indexOf("                // end\n"));
        assertTrue(readme.contains("```java\n" + snippet.replaceAll("(?m)^ {16}", "") + "```"), "README.md differs");
    }
}
