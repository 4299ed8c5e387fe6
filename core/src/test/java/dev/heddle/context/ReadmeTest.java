package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Select;
import dev.heddle.time.Ticker;
import dev.heddle.time.Timer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The snippets about time, contexts and task groups in the module's README: they are here, and they run. */
@Timeout(60)
class ReadmeTest {
    private static final Path SOURCE = Path.of("src/test/java/dev/heddle/context/ReadmeTest.java");
    private static final String BEGIN = "// snippet ";
    private static final String END = "// end";

    record Page(String user, List<String> offers) {}

    private static String user(String id) {
        return "user " + id;
    }

    private static List<String> offers(String id) throws InterruptedException {
        Goroutine.sleep(id.equals("slow") ? Duration.ofHours(1) : Duration.ZERO);
        return List.of("offer for " + id);
    }

    // snippet task group
    static Page page(String id) throws InterruptedException {
        try (TaskGroup group = TaskGroup.open(Duration.ofSeconds(2))) { // or sooner, if the context around ends
            Task<String> user = group.fork(() -> user(id));
            Task<List<String>> offers = group.fork(() -> offers(id)).within(Duration.ofMillis(80), List.of());
            group.join(); // throws if one failed; the others have been cancelled then
            return new Page(user.get(), offers.get());
        }
    }
    // end

    @Test
    void taskGroup() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            assertEquals(new Page("user 1", List.of("offer for 1")), t.call(() -> page("1")));
            assertEquals(new Page("user slow", List.of()), t.call(() -> page("slow")));
            t.atRest();
        }
    }

    // snippet context
    static final Context.Key<String> REQUEST_ID = Context.Key.of("request id");

    static int countWords(Iterable<String> lines) {
        int words = 0;
        for (String line : lines) {
            Context.current().check(); // ends with an exception once nobody wants the result any more
            words += line.split(" ").length;
        }
        return words;
    }

    static int countInTime(Iterable<String> lines) {
        Context named = Context.current().withValue(REQUEST_ID, "r-17");
        try (CancellableContext context = named.withTimeout(Duration.ofSeconds(1))) {
            return context.call(() -> countWords(lines)); // goroutines that it starts inherit the context
        }
    }
    // end

    @Test
    void context() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            assertEquals(5, t.call(() -> countInTime(List.of("a b", "c d e"))));
            Throwable thrown = t.call(() -> {
                try (CancellableContext context = Context.current().withCancel()) {
                    context.cancel(new IOException("the client is gone"));
                    return context.call(() -> countInTime(List.of("a b")));
                } catch (CancelledException e) {
                    return e;
                }
            }) instanceof CancelledException e ? e.getCause() : null;
            assertTrue(thrown instanceof IOException, String.valueOf(thrown));
        }
    }

    // snippet waits
    static int sumInTime(Chan<Integer> numbers, Chan<String> log) {
        int sum = 0;
        try (CancellableContext context = Context.current().withTimeout(Duration.ofMillis(50))) {
            while (true) {
                sum += context.call(numbers::receive); // no number within the time: throws
            }
        } catch (DeadlineExceededException e) {
            Context.current().withoutCancel().run(() -> log.send("time is over")); // may wait, whatever the context says
            return sum;
        }
    }
    // end

    @Test
    void waits() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            Chan<Integer> numbers = new Chan<>(2);
            Chan<String> log = new Chan<>(1);
            numbers.send(3);
            numbers.send(4);
            assertEquals(7, t.call(() -> sumInTime(numbers, log)));
            assertEquals("time is over", log.tryReceive());
            t.atRest();
        }
    }

    private static final class Session {
        final AtomicInteger expired = new AtomicInteger();

        void expire() {
            expired.incrementAndGet();
        }
    }

    // snippet time
    static int ticksUntilDone(Session session, Context context) {
        Timer expiry = Timer.afterFunc(Duration.ofMinutes(30), session::expire); // in a goroutine of its own
        int ticks = 0;
        try (Ticker ticker = Ticker.start(Duration.ofMillis(10))) {
            Chan<Void> done = context.done();
            while (Select.of(Select.receive(done), Select.receive(ticker.c())).await() == 1) {
                ticks++;
                expiry.reset(Duration.ofMinutes(30)); // still in use
            }
        }
        expiry.stop(); // true: it had not expired
        return ticks;
    }
    // end

    @Test
    void time() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            Session session = new Session();
            long begin = System.nanoTime();
            int ticks = t.call(() -> {
                try (CancellableContext context = Context.current().withTimeout(Duration.ofMillis(100))) {
                    return ticksUntilDone(session, context);
                }
            });
            long most = (System.nanoTime() - begin) / Duration.ofMillis(10).toNanos();
            assertTrue(ticks <= most, ticks + " ticks, and there was time for " + most);
            assertEquals(0, session.expired.get());
            assertEquals(0, t.timers());
            t.atRest();
        }
    }

    static Stream<String> snippets() throws IOException {
        List<String> found = new ArrayList<>();
        StringBuilder snippet = null;
        for (String line : Files.readAllLines(SOURCE)) {
            if (line.strip().startsWith(BEGIN)) {
                snippet = new StringBuilder();
            } else if (line.strip().equals(END) && snippet != null) {
                found.add(snippet.toString());
                snippet = null;
            } else if (snippet != null) {
                snippet.append(line.startsWith("    ") ? line.substring(4) : line).append('\n');
            }
        }
        assertEquals(4, found.size());
        return found.stream();
    }

    @ParameterizedTest
    @MethodSource("snippets")
    void isInTheReadme(String snippet) throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        assertTrue(readme.contains("```java\n" + snippet + "```"), "not in README.md:\n" + snippet);
    }
}
