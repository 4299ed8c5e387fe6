package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which middleware runs around answers for requests that no route matches. */
@HttpTest
class GroupFallbackTest {
    private static Server server;

    private static Middleware mark(String name) {
        return (c, next) -> {
            next.proceed(c);
            String before = c.responseHeader("X-Seen");
            c.header("X-Seen", name + " " + c.status() + (before == null ? "" : " < " + before));
        };
    }

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .use(mark("app"))
                .get("/api/outside", c -> c.text("of the application"))
                .group("/api", api -> api.use(mark("api"))
                        .use((c, next) -> {
                            if (c.method().equals("OPTIONS") && c.header("Access-Control-Request-Method").isPresent()) {
                                c.status(204).header("Access-Control-Allow-Methods", "PUT"); // a preflight
                            } else {
                                next.proceed(c);
                            }
                            c.header("Access-Control-Allow-Origin", "*");
                        })
                        .get("/", c -> c.text("root"))
                        .put("/users/{id}", c -> c.text("put"))
                        .group("/admin", admin -> admin.use(mark("admin")).get("/stats", c -> c.text("stats"))))
                .group("/api", second -> second.use(mark("second")).get("/second", c -> c.text("second")))
                .group("/t/{tenant}", tenant -> tenant.use((c, next) -> {
                            next.proceed(c);
                            c.header("X-Tenant", c.path("tenant").get());
                        })
                        .get("/a", c -> c.text("a")))
                .group("/t/fixed", fixed -> fixed.use(mark("fixed")).get("/b", c -> c.text("b"))));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Answer request(String method, String path, String header) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            return client.send(method + " " + path + " HTTP/1.1\r\nHost: test\r\n" + header + "\r\n").read();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/none, app 404 < api 404",
        "GET, /api/, app 404 < api 404",
        "POST, /api, app 405 < api 405",
        "GET, /api/users/7, app 405 < api 405",
        "OPTIONS, /api/users/7, app 204 < api 204",
        "GET, /api/users/7/more, app 404 < api 404",
        "GET, /api//users/7, app 404 < api 404",
        "GET, /%61pi/none, app 404 < api 404",
        "GET, /api/admin, app 404 < api 404 < admin 404",
        "GET, /api/admin/none, app 404 < api 404 < admin 404",
        "DELETE, /api/admin/stats, app 405 < api 405 < admin 405",
        "POST, /api/second, app 405 < second 405",
        "POST, /api/outside, app 405",
        "OPTIONS, /api/outside, app 204",
        "GET, /apis, app 404",
        "GET, /none, app 404",
        "GET, //api/none, app 404",
        "OPTIONS, *, app 204",
        "GET, /api/%zz, app 400",
        "GET, /t/fixed/none, app 404 < fixed 404",
        "GET, /t/other/none, app 404",
    })
    void theLongestPrefix(String method, String path, String seen) throws IOException {
        Answer answer = request(method, path, "");
        assertEquals(seen, answer.header("x-seen"));
    }

    @ParameterizedTest
    @CsvSource({"OPTIONS, /api/users/7, 204", "OPTIONS, /api/none, 204", "GET, /api/none, 404", "POST, /api/users/7, 405"})
    void crossOriginRequestsInAGroup(String method, String path, int status) throws IOException {
        Answer answer = request(method, path, "Origin: http://a\r\nAccess-Control-Request-Method: PUT\r\n");
        assertEquals(status, answer.status());
        assertEquals("*", answer.header("access-control-allow-origin"));
        assertNull(request(method, "/users/7", "Access-Control-Request-Method: PUT\r\n").header("access-control-allow-origin"));
    }

    @ParameterizedTest
    @CsvSource({"GET, /t/acme/a, 200", "GET, /t/acme/none, 404", "POST, /t/acme/a, 405", "GET, /t/ac%6De, 404"})
    void parametersOfThePrefixAreThere(String method, String path, int status) throws IOException {
        Answer answer = request(method, path, "");
        assertEquals(status, answer.status());
        assertEquals("acme", answer.header("x-tenant"));
    }
}
