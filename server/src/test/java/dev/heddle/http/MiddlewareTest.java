package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What runs around handlers, in which order, and what it sees. */
@HttpTest
class MiddlewareTest {
    private final List<String> order = Collections.synchronizedList(new ArrayList<>());
    private Server server;

    private Middleware note(String name) {
        return (c, next) -> {
            order.add(name + " " + c.route());
            next.proceed(c);
            order.add("/" + name);
        };
    }

    @BeforeEach
    void start() throws IOException {
        server = Servers.start(App.create()
                .use(note("first"))
                .use((c, next) -> {
                    c.header("X-Before", "1").attribute("who", "somebody");
                    next.proceed(c);
                    if (!c.isCommitted()) {
                        c.header("X-After", Integer.toString(c.status()));
                    }
                })
                .get("/", c -> {
                    order.add("handler");
                    String who = c.attribute("who");
                    c.status(202).text("hello " + who);
                })
                .group("/api/{tenant}", api -> api.use(note("api"))
                        .get("/", c -> c.text("root of " + c.path("tenant").get()))
                        .get("/users/{id}", c -> c.text(c.path("tenant").get() + c.path("id").get()))
                        .group("/admin", admin -> admin.use(note("admin"))
                                .use((c, next) -> {
                                    if (c.query("token").orElse("").equals("secret")) {
                                        next.proceed(c);
                                    } else {
                                        throw new HttpException(403, "need a token");
                                    }
                                })
                                .get("/stats", c -> c.text("stats"))))
                .use(note("late"))
                .notFound(c -> c.text("nothing at " + c.path())));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Answer get(String target) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            return client.get(target).read();
        }
    }

    @Test
    void outsideIn() throws IOException {
        Answer answer = get("/");
        assertEquals("hello somebody", answer.text());
        assertEquals("1", answer.header("x-before"));
        assertEquals("202", answer.header("x-after"), "an answer is sent only after the middleware");
        assertEquals(List.of("first /", "late /", "handler", "/late", "/first"), order);
    }

    @Test
    void groupsHaveTheirOwn() throws IOException {
        assertEquals("acme7", get("/api/acme/users/7").text());
        String route = " /api/{tenant}/users/{id}";
        assertEquals(List.of("first" + route, "late" + route, "api" + route, "/api", "/late", "/first"), order);
        order.clear();
        assertEquals("root of acme", get("/api/acme").text());
        assertEquals(404, get("/api/acme/").status());
    }

    @Test
    void theChainCanBeBroken() throws IOException {
        Answer answer = get("/api/acme/admin/stats");
        assertEquals(403, answer.status());
        assertEquals("1", answer.header("x-before"));
        assertEquals("stats", get("/api/acme/admin/stats?token=secret").text());
    }

    @Test
    void unmatchedRequestsPassTheOutermost() throws IOException {
        Answer answer = get("/none?a=b");
        assertEquals(404, answer.status());
        assertEquals("nothing at /none", answer.text());
        assertEquals("404", answer.header("x-after"));
        assertEquals(List.of("first unmatched", "late unmatched", "/late", "/first"), order);
    }

    @Test
    void groupsHaveLimits() {
        App app = App.create();
        assertThrows(IllegalArgumentException.class, () -> app.group("/a/", g -> {}));
        assertThrows(IllegalArgumentException.class, () -> app.group("a", g -> {}));
        assertThrows(IllegalArgumentException.class, () -> app.group("/{rest...}", g -> {}));
        app.group("/g", g -> {
            IllegalStateException e =
                    assertThrows(IllegalStateException.class, () -> g.with(ServerConfig.defaults()));
            assertTrue(e.getMessage().contains("got a group"), e.getMessage());
            assertThrows(IllegalStateException.class, g::start);
        });
    }
}
