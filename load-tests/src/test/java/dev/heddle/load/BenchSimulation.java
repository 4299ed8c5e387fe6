package dev.heddle.load;

import static io.gatling.javaapi.core.CoreDsl.StringBody;
import static io.gatling.javaapi.core.CoreDsl.bodyBytes;
import static io.gatling.javaapi.core.CoreDsl.bodyString;
import static io.gatling.javaapi.core.CoreDsl.constantConcurrentUsers;
import static io.gatling.javaapi.core.CoreDsl.exec;
import static io.gatling.javaapi.core.CoreDsl.global;
import static io.gatling.javaapi.core.CoreDsl.jsonPath;
import static io.gatling.javaapi.core.CoreDsl.scenario;
import static io.gatling.javaapi.http.HttpDsl.http;
import static io.gatling.javaapi.http.HttpDsl.status;

import io.gatling.javaapi.core.ChainBuilder;
import io.gatling.javaapi.core.Simulation;
import io.gatling.javaapi.http.HttpRequestActionBuilder;
import java.util.List;
import java.util.Random;

/**
 * Does the server answer every request of a mixed load as it should? Users ask the {@code bench} example for short
 * answers, sleeps, fan-outs, files and echoes, and check what they get; a single failed request fails the run.
 *
 * <p>{@code load.seconds} (default 5) says for how long, {@code load.users} (default 16) how many at once.
 */
public final class BenchSimulation extends Simulation {
    private static final int SECONDS = setting("load.seconds", 5);
    private static final int USERS = setting("load.users", 16);

    /** Rounds that a user makes on one connection. */
    private static final int ROUNDS = 10;

    private static final int SMALL_BYTES = 4 * 1024;
    private static final int LARGE_BYTES = 256 * 1024;
    private static final String ECHOED = "All work and no play makes Jack a dull boy. ".repeat(200);

    private final byte[] small = randomBytes(SMALL_BYTES);
    private final byte[] large = randomBytes(LARGE_BYTES);
    private final BenchServer server = BenchServer.start(List.of(
            new BenchServer.ServedFile("small.bin", small), new BenchServer.ServedFile("large.bin", large)));

    {
        setUp(scenario("mixed").repeat(ROUNDS).on(round()).injectClosed(constantConcurrentUsers(USERS).during(SECONDS)))
                // without a cache of the users' own: it would turn repeated static files into conditional requests
                .protocols(http.baseUrl(server.address().toString()).disableCaching().userAgentHeader("gatling"))
                .assertions(
                        global().failedRequests().count().is(0L),
                        global().successfulRequests().count().gt(0L));
    }

    /** Gatling calls this when the load is over. */
    @Override
    public void after() {
        server.close();
    }

    private ChainBuilder round() {
        return exec(
                get("/plaintext").check(bodyString().is("Hello, World!")),
                get("/json").check(jsonPath("$.message").is("Hello, World!")),
                get("/sleep?ms=5"),
                get("/fanout?n=3"),
                http("POST /echo")
                        .post("/echo")
                        .body(StringBody(ECHOED))
                        .check(status().is(200), bodyString().is(ECHOED)),
                get("/file?name=small.bin").check(bodyBytes().is(small)),
                get("/static/small.bin").check(bodyBytes().is(small)),
                get("/static/large.bin").check(bodyBytes().is(large)));
    }

    private static HttpRequestActionBuilder get(String path) {
        return http("GET " + path).get(path).check(status().is(200));
    }

    private static byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static int setting(String name, int standard) {
        String text = System.getProperty(name, Integer.toString(standard));
        try {
            int n = Integer.parseInt(text);
            if (n > 0) {
                return n;
            }
        } catch (NumberFormatException e) {
            // said below, together with numbers that are out of range
        }
        throw new IllegalArgumentException(name + ": got " + text + ", need a whole number above 0");
    }
}
