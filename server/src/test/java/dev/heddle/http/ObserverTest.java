package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.RequestObserver.Finished;
import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What observers see of requests. */
@HttpTest
class ObserverTest {
    private final List<String> started = new CopyOnWriteArrayList<>();
    private final List<Finished> finished = new CopyOnWriteArrayList<>();
    private Logs logs;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        logs = new Logs();
        server = Servers.start(App.create()
                .observe(new RequestObserver() {
                    @Override
                    public void started(String method, String scheme) {
                        started.add(method + " " + scheme);
                    }

                    @Override
                    public void finished(Finished request) {
                        finished.add(request);
                    }
                })
                .observe(_ -> {
                    throw new IllegalStateException("an observer that fails");
                })
                .get("/users/{id}", c -> {
                    Goroutine.sleep(Duration.ofMillis(5));
                    c.status(201).text("user");
                })
                .get("/bug", c -> {
                    throw new IllegalStateException("bug");
                })
                .get("/503", c -> c.status(503).text("later"))
                .get("/half", c -> c.stream("text/plain", out -> {
                    out.flush();
                    throw new IOException("half");
                }))
                .get("/gone", c -> {
                    while (!c.isClientGone()) {
                        Goroutine.sleep(Duration.ofMillis(1));
                    }
                })
                .route("BREW", "/coffee", c -> c.text("coffee")));
    }

    @AfterEach
    void stop() {
        server.close();
        logs.close();
    }

    private Finished send(String request) throws IOException {
        int before = finished.size();
        try (RawClient client = RawClient.to(server)) {
            client.send(request).line();
            Await.until("the request is over", () -> finished.size() > before);
        }
        assertEquals(started.size(), finished.size());
        return finished.getLast();
    }

    private Finished get(String target) throws IOException {
        return send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n");
    }

    @Test
    void routesNotPaths() throws IOException {
        Finished user = get("/users/12?x=y");
        assertEquals("/users/{id}", user.route());
        assertEquals("GET", user.method());
        assertEquals(201, user.status());
        assertEquals("1.1", user.protocolVersion());
        assertEquals("http", user.scheme());
        assertNull(user.errorType());
        assertTrue(user.durationNanos() >= 5_000_000 && user.durationNanos() < 60_000_000_000L, user::toString);
        assertEquals("GET http", started.getLast());
        Finished none = get("/some/where/else");
        assertEquals("unmatched", none.route());
        assertEquals(404, none.status());
        assertNull(none.errorType());
    }

    @Test
    void methodsAreFew() throws IOException {
        Finished brew = send("BREW /coffee HTTP/1.0\r\n\r\n");
        assertEquals("_OTHER", brew.method());
        assertEquals("1.0", brew.protocolVersion());
        assertEquals("/coffee", brew.route());
        assertEquals("_OTHER", send("nonsense\r\n\r\n").method());
        assertEquals(400, finished.getLast().status());
        assertEquals("POST", send("POST /coffee HTTP/1.1\r\nHost: a\r\n\r\n").method());
        assertEquals(405, finished.getLast().status());
        assertEquals("unmatched", finished.getLast().route());
        assertEquals("GET", send("GET / HTTP/1.1\r\n\r\n").method(), "only the Host is missing");
    }

    @Test
    void errors() throws IOException {
        Finished bug = get("/bug");
        assertEquals(500, bug.status());
        assertEquals("java.lang.IllegalStateException", bug.errorType());
        assertEquals("503", get("/503").errorType());
        Finished half = get("/half");
        assertEquals(200, half.status());
        assertEquals("java.io.IOException", half.errorType());
    }

    @Test
    void clientsThatLeave() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/gone");
            Await.until("it is served", () -> started.size() == 1);
            client.reset(); // who only closes might still read the answer
        }
        Await.until("it is over", () -> finished.size() == 1);
        assertEquals(0, finished.getFirst().status());
        assertEquals("client_gone", finished.getFirst().errorType());
    }

    @Test
    void failuresOfObserversAreLoggedOnce() throws IOException {
        for (int i = 0; i < 5; i++) {
            assertEquals(201, get("/users/1").status());
        }
        assertEquals(1, logs.with("observer").size());
    }
}
