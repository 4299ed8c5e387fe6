package dev.heddle.examples.hello;

import dev.heddle.http.App;
import dev.heddle.http.ServerConfig;
import dev.heddle.sched.Goroutine;
import java.time.Duration;

/** The server of the README. */
public final class Hello {
    private Hello() {}

    /** Serves until the process is told to end; settings come from {@code HEDDLE_*} variables. */
    public static void main(String[] args) throws Exception {
        app().with(ServerConfig.fromEnvironment()).run();
    }

    /** Returns the routes. */
    public static App app() {
        return App.create()
                .get("/", c -> c.text("Hello, World!\n"))
                .get("/hello/{name}", c -> c.text("Hello, " + c.path("name").get() + "!\n"))
                .get("/slow", c -> {
                    Goroutine.sleep(Duration.ofSeconds(1)); // parks this request's goroutine, not a thread
                    c.text("That took a second.\n");
                });
    }
}
