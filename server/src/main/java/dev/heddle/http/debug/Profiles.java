package dev.heddle.http.debug;

import dev.heddle.http.App;
import dev.heddle.http.Ctx;
import dev.heddle.http.HttpException;
import dev.heddle.http.Param;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.WaitProfile;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Serves profiles of the scheduler as Go's {@code net/http/pprof} does: {@code app.install(Profiles.at("/debug/pprof"))}, then
 * {@code go tool pprof -top 'http://localhost:8080/debug/pprof/block?seconds=5'}.
 *
 * <ul>
 * <li>{@code goroutine}: all goroutines by stack; {@code minutes=5}: only those that have waited for so long, which may have
 * leaked; {@code debug=1} as text, {@code debug=2} one by one
 * <li>{@code block}: what goroutines wait for, by stack; {@code mutex}: who makes others wait for a mutex; {@code debug=1} as text
 * </ul>
 *
 * <p>With {@code seconds} the latter two sum what happens in that time, one request for each at once, another is answered with
 * 409. Without, they tell what they have summed since the application has given them a rate
 * ({@link Scheduler#blockProfile}), and with it as well.
 *
 * <p>A profile names what the server runs and costs it some processor time, so it belongs where only operators come, as
 * {@link Traces} does.
 */
public final class Profiles implements Consumer<App> {
    /** The longest time, so that a typing error does not keep it on. A guess. */
    private static final int MAX_SECONDS = 60;

    private static final int MAX_MINUTES = 1_000_000;

    private final String path;

    private Profiles(String path) {
        this.path = Objects.requireNonNull(path, "path");
    }

    /**
     * Returns a feature that serves profiles.
     *
     * @param path what their routes begin with, such as {@code /debug/pprof}; inside a group without the group's prefix
     */
    public static Profiles at(String path) {
        return new Profiles(path);
    }

    /** Adds the routes. */
    @Override
    public void accept(App app) {
        app.get(path + "/goroutine", Profiles::goroutines);
        waits(app, "/block", Scheduler::blockProfile);
        waits(app, "/mutex", Scheduler::mutexProfile);
    }

    private static int number(Ctx c, String name, int max) {
        Param number = c.query(name);
        return number.isPresent() ? number.inRange(0, max) : 0;
    }

    private static void goroutines(Ctx c) throws Exception {
        Scheduler scheduler = c.scheduler();
        Duration waited = Duration.ofMinutes(number(c, "minutes", MAX_MINUTES));
        switch (number(c, "debug", 2)) {
            case 0 -> answer(c, "goroutine", out -> scheduler.writeGoroutineProfile(waited, out));
            case 1 -> c.text(scheduler.goroutineProfile(waited));
            default -> c.text(scheduler.goroutineDump());
        }
    }

    private static void answer(Ctx c, String name, Ctx.StreamBody profile) throws Exception {
        c.header("Content-Disposition", "attachment; filename=\"" + name + ".pb.gz\"");
        c.stream("application/octet-stream", profile);
    }

    private void waits(App app, String name, Function<Scheduler, WaitProfile> which) {
        AtomicBoolean on = new AtomicBoolean();
        app.get(path + name, c -> {
            WaitProfile profile = which.apply(c.scheduler());
            int seconds = number(c, "seconds", MAX_SECONDS);
            boolean text = number(c, "debug", 1) == 1;
            if (seconds > 0) {
                sum(profile, seconds, on);
            }
            if (text) {
                c.text(profile.text());
            } else {
                answer(c, name.substring(1), profile::writeTo);
            }
        });
    }

    private static void sum(WaitProfile profile, int seconds, AtomicBoolean on) throws Exception {
        if (on.getAndSet(true)) {
            throw new HttpException(409, "another profile of this kind is being made");
        }
        try {
            boolean off = profile.rate() == 0;
            if (off) {
                profile.reset();
                profile.rate(1);
            }
            try {
                Goroutine.sleep(Duration.ofSeconds(seconds));
            } finally {
                if (off) {
                    profile.rate(0);
                }
            }
        } finally {
            on.set(false);
        }
    }
}
