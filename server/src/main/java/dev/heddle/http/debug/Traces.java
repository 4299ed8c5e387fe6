package dev.heddle.http.debug;

import dev.heddle.http.App;
import dev.heddle.http.Ctx;
import dev.heddle.http.HttpException;
import dev.heddle.http.Param;
import dev.heddle.sched.FlightRecorder;
import dev.heddle.sched.Goroutine;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Serves traces of the scheduler for {@code ui.perfetto.dev} and {@code chrome://tracing}, as Go's {@code /debug/pprof/trace}
 * does: {@code app.install(Traces.at("/debug/trace"))}, then {@code curl -o trace.json 'localhost:8080/debug/trace?seconds=2'}.
 *
 * <p>The flight recorder is on for those seconds only; if the application has it on anyway, the answer goes back as far as
 * that one's memory, and without {@code seconds} comes at once. One at a time: a second request meanwhile is answered with 409.
 *
 * <p>A trace names what the server runs and costs it some processor time. So this belongs where only operators come: in a
 * group with middleware that checks who asks, or in an application of its own on another port.
 */
public final class Traces implements Consumer<App> {
    /** How long to record if the request does not say: Go's default. */
    private static final int DEFAULT_SECONDS = 1;

    /** The longest recording, so that a typing error does not keep it on. A guess. */
    private static final int MAX_SECONDS = 60;

    /** How far back a recording goes: to its beginning, also if its end is late. It ends before, or memory does. */
    private static final Duration ALL = Duration.ofDays(1);

    /** Memory while it records: three seconds of a busy server, which make some 120 MB of JSON. A guess. */
    private static final long MAX_BYTES = 32 << 20;

    private final String path;
    private final AtomicBoolean recording = new AtomicBoolean();

    private Traces(String path) {
        this.path = Objects.requireNonNull(path, "path");
    }

    /**
     * Returns a feature that serves traces.
     *
     * @param path the template of the route, such as {@code /debug/trace}; inside a group without the group's prefix
     */
    public static Traces at(String path) {
        return new Traces(path);
    }

    /** Adds the route. */
    @Override
    public void accept(App app) {
        app.get(path, this::serve);
    }

    private void serve(Ctx c) throws Exception {
        if (recording.getAndSet(true)) {
            throw new HttpException(409, "another trace is being recorded or sent");
        }
        try {
            FlightRecorder recorder = c.scheduler().flightRecorder();
            if (recorder.isEnabled()) {
                answer(c, recorder::writeTo, seconds(c, 0, 0));
            } else {
                record(c, recorder, seconds(c, 1, DEFAULT_SECONDS));
            }
        } finally {
            recording.set(false);
        }
    }

    private static int seconds(Ctx c, int min, int other) {
        Param seconds = c.query("seconds");
        return seconds.isPresent() ? seconds.inRange(min, MAX_SECONDS) : other;
    }

    private static void record(Ctx c, FlightRecorder recorder, int seconds) throws Exception {
        AtomicBoolean stopped = new AtomicBoolean();
        recorder.start(ALL, MAX_BYTES);
        try {
            answer(
                    c,
                    out -> {
                        stopped.set(true); // from then on the recorder is free for others, however slow the client is
                        recorder.stopAndWriteTo(out);
                    },
                    seconds);
        } finally {
            if (!stopped.get()) { // interrupted
                recorder.stop();
            }
        }
    }

    private static void answer(Ctx c, Ctx.StreamBody trace, int seconds) throws Exception {
        Goroutine.sleep(Duration.ofSeconds(seconds));
        c.header("Content-Disposition", "attachment; filename=\"trace.json\"");
        c.stream("application/json", trace);
    }
}
