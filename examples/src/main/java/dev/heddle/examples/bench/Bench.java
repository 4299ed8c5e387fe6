package dev.heddle.examples.bench;

import dev.heddle.context.TaskGroup;
import dev.heddle.http.App;
import dev.heddle.http.Ctx;
import dev.heddle.http.debug.Profiles;
import dev.heddle.http.debug.Traces;
import dev.heddle.http.files.StaticFiles;
import dev.heddle.http.metrics.Metrics;
import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The routes of the bench server. */
public final class Bench {
    private static final String INDEX =
            """
            GET  /plaintext      Hello, World!
            GET  /json           the same as JSON, serialised for each request
            GET  /sleep?ms=N     sleeps in the handler
            GET  /cpu?ms=N       uses the processor
            GET  /fanout?n=K     starts K goroutines that sleep 5 ms each, and joins them
            POST /echo           streams the body back
            GET  /metrics        for Prometheus
            GET  /debug/trace?seconds=N  records what the scheduler does, for ui.perfetto.dev
            GET  /debug/pprof/block?seconds=N  what goroutines wait for; mutex?seconds=N, goroutine; for go tool pprof
            """;

    private static final String FILES_INDEX =
            """
            GET  /file?name=F    reads a file of --dir by ordinary blocking calls
            GET  /static/F       static files of --dir
            """;

    private static final byte[] HELLO = "Hello, World!".getBytes(StandardCharsets.US_ASCII);
    private static final String TEXT = "text/plain";

    /** Longest {@code ms}: a minute, which is longer than any client of the load tests waits. */
    private static final int MAX_MILLIS = 60_000;

    /** Most children of one request, so that one request cannot fill the heap. */
    private static final int MAX_CHILDREN = 10_000;

    private static final Duration CHILD_SLEEP = Duration.ofMillis(5);

    private Bench() {}

    /** What {@code /json} serialises. */
    record Message(String message) {}

    /**
     * Returns the routes.
     *
     * @param directory whose files {@code /file} and {@code /static} serve; without it there are no such routes
     * @throws IOException if the directory cannot be read
     */
    public static App app(Optional<Path> directory) throws IOException {
        App app = App.create()
                .get("/", c -> c.text(directory.isPresent() ? INDEX + FILES_INDEX : INDEX))
                .get("/plaintext", c -> c.bytes(TEXT, HELLO))
                .get("/json", c -> c.json(new Message("Hello, World!")))
                .get("/sleep", Bench::sleep)
                .get("/cpu", Bench::cpu)
                .get("/fanout", Bench::fanout)
                .post("/echo", Bench::echo)
                .install(Metrics.at("/metrics"))
                .install(Traces.at("/debug/trace"))
                .install(Profiles.at("/debug/pprof"));
        if (directory.isPresent()) {
            app.get("/file", new FileHandler(directory.get())).install(StaticFiles.at("/static", directory.get()));
        }
        return app;
    }

    private static void sleep(Ctx c) throws InterruptedException {
        int millis = c.query("ms").inRange(0, MAX_MILLIS);
        Goroutine.sleep(Duration.ofMillis(millis));
        c.text("slept " + millis + " ms\n");
    }

    /** Spins by the wall clock, as the peers that it is compared with do. */
    private static void cpu(Ctx c) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(c.query("ms").inRange(0, MAX_MILLIS));
        long rounds = 0;
        while (System.nanoTime() - end < 0) {
            rounds++;
        }
        c.text(rounds + " rounds\n");
    }

    private static void fanout(Ctx c) throws InterruptedException {
        int n = c.query("n").inRange(0, MAX_CHILDREN);
        try (TaskGroup group = TaskGroup.open()) {
            for (int i = 0; i < n; i++) {
                group.fork(() -> Goroutine.sleep(CHILD_SLEEP));
            }
            group.join();
        }
        c.text("joined " + n + "\n");
    }

    /** Sends each part of the body as it comes, so a body of any length needs one buffer only. */
    private static void echo(Ctx c) throws Exception {
        String type = c.header("Content-Type").orElse("application/octet-stream");
        long length = c.contentLength();
        if (length < 0) {
            c.stream(type, out -> c.bodyStream().transferTo(out));
        } else {
            c.stream(type, length, out -> c.bodyStream().transferTo(out));
        }
    }
}
