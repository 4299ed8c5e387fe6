package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is answered where the path is known and the method is not, and the other way round. */
@HttpTest
class MethodNotAllowedTest {
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/users", c -> c.text("list"))
                .post("/users", c -> c.text("add"))
                .get("/users/me", c -> c.text("me"))
                .delete("/users/{id}", c -> c.text("delete " + c.path("id").get()))
                .options("/own", c -> c.text("own options"))
                .put("/own", c -> c.text("put"))
                .route("BREW", "/coffee", c -> c.status(202).text("brewing")));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Answer request(String method, String path) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            return client.send(method + " " + path + " HTTP/1.1\r\nHost: test\r\n\r\n").read();
        }
    }

    @Test
    void refusedWithWhatIsAllowed() throws IOException {
        Answer answer = request("DELETE", "/users");
        assertEquals(405, answer.status());
        assertEquals("GET, HEAD, OPTIONS, POST", answer.header("allow"));
        assertEquals("application/problem+json", answer.header("content-type"));
        assertEquals("OPTIONS, PUT", request("GET", "/own").header("allow"));
        assertEquals("BREW, OPTIONS", request("GET", "/coffee").header("allow"));
        assertEquals("BREW, OPTIONS", request("get", "/coffee").header("allow"));
    }

    @Test
    void aLessSpecificRouteMayHaveTheMethod() throws IOException {
        assertEquals("delete me", request("DELETE", "/users/me").text());
        Answer answer = request("PUT", "/users/me");
        assertEquals(405, answer.status());
        assertEquals("DELETE, GET, HEAD, OPTIONS", answer.header("allow"));
    }

    @Test
    void options() throws IOException {
        Answer answer = request("OPTIONS", "/users");
        assertEquals(204, answer.status());
        assertEquals("GET, HEAD, OPTIONS, POST", answer.header("allow"));
        assertEquals("own options", request("OPTIONS", "/own").text());
        Answer all = request("OPTIONS", "*");
        assertEquals(204, all.status());
        assertEquals("BREW, DELETE, GET, HEAD, OPTIONS, POST, PUT", all.header("allow"));
        assertEquals(404, request("OPTIONS", "/none").status());
    }

    @Test
    void otherMethodsAndPaths() throws IOException {
        assertEquals("brewing", request("BREW", "/coffee").text());
        Answer answer = request("GET", "/none");
        assertEquals(404, answer.status());
        assertEquals("{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}", answer.text());
        assertEquals(404, request("GET", "/users/").status());
        assertEquals(404, request("GET", "//users").status());
        assertEquals(404, request("GET", "/users//me").status());
    }
}
