package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handlers for whatever goes wrong leave alone what is an answer already. */
@HttpTest
class GeneralErrorHandlerTest {
    private static final class Teapot extends HttpException {
        Teapot() {
            super(418);
        }
    }

    private static App app() {
        return App.create()
                .get("/users", c -> c.text("users"))
                .get("/teapot", _ -> {
                    throw new Teapot();
                })
                .get("/number/{n}", c -> c.text("" + c.path("n").asInt()))
                .get("/bug", _ -> {
                    throw new IllegalStateException("bug");
                });
    }

    private static int status(Server server, String requestLine) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            return client.send(requestLine + " HTTP/1.1\r\nHost: test\r\n\r\n").read().status();
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {Throwable.class, Exception.class, RuntimeException.class})
    void leaveAnswersAlone(Class<? extends Throwable> type) throws IOException {
        try (Server server = Servers.start(app().onError(type, (c, e) -> c.status(599).text("general")))) {
            assertEquals(599, status(server, "GET /bug"));
            assertEquals(405, status(server, "POST /users"));
            assertEquals(404, status(server, "GET /none"));
            assertEquals(400, status(server, "GET /number/x"));
            assertEquals(400, status(server, "GET /%zz"));
            assertEquals(418, status(server, "GET /teapot"));
        }
    }

    @Test
    void handlersForAnswersGetThem() throws IOException {
        App app = app().onError(Throwable.class, (c, e) -> c.status(599).text("general"))
                .onError(HttpException.class, (c, e) -> c.status(e.status() + 20).text("own"))
                .onError(Teapot.class, (c, e) -> c.status(299).text("tea"));
        try (Server server = Servers.start(app)) {
            assertEquals(599, status(server, "GET /bug"));
            assertEquals(425, status(server, "POST /users"));
            assertEquals(424, status(server, "GET /none"));
            assertEquals(299, status(server, "GET /teapot"));
        }
    }
}
