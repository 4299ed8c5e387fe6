package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Objects as JSON and back, with Jackson, another codec, and none. */
@HttpTest
class JsonTest {
    record User(long id, String name, List<String> tags) {}

    private static App app() {
        return App.create()
                .post("/user", c -> {
                    User user = c.body(User.class);
                    c.status(201).json(new User(user.id() + 1, user.name(), user.tags()));
                })
                .get("/map", c -> c.json(Map.of("a", 1)))
                .get("/typed", c -> c.header("Content-Type", "application/vnd.own+json").json(List.of()))
                .get("/null", c -> c.json(null))
                .get("/cycle", c -> {
                    Object[] cycle = new Object[1];
                    cycle[0] = cycle;
                    c.json(cycle);
                });
    }

    private static Answer post(RawClient client, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        client.send("POST /user HTTP/1.1\r\nHost: test\r\nContent-Length: " + bytes.length + "\r\n\r\n");
        return client.send(bytes).read();
    }

    @Test
    void thereAndBack() throws IOException {
        try (Server server = Servers.start(app());
                RawClient client = RawClient.to(server)) {
            Answer answer = post(client, "{\"id\":1,\"name\":\"Zoë\",\"tags\":[\"a\",\"b\"]}");
            assertEquals(201, answer.status());
            assertEquals("application/json", answer.header("content-type"));
            assertEquals("{\"id\":2,\"name\":\"Zoë\",\"tags\":[\"a\",\"b\"]}", answer.text());
            assertEquals("{\"a\":1}", client.get("/map").read().text());
            assertEquals("application/vnd.own+json", client.get("/typed").read().header("content-type"));
            assertEquals("null", client.get("/null").read().text());
        }
    }

    @Test
    void badInputIsTheClientsMistake() throws IOException {
        try (Server server = Servers.start(app());
                RawClient client = RawClient.to(server)) {
            String[][] cases = {
                {"{\"id\":}", "malformed JSON at line 1, column"},
                {"", "JSON does not fit"},
                {"{\"id\":\"x\"}", "JSON does not fit in id"},
                {"{\"id\":1,\"tags\":[1,{}]}", "JSON does not fit in tags.[1]"},
                {"[]", "JSON does not fit"},
                {"{\"id\":1", "malformed JSON"},
            };
            for (String[] each : cases) {
                Answer answer = post(client, each[0]);
                assertEquals(400, answer.status(), each[0]);
                assertTrue(answer.text().contains("\"detail\":\"body: " + each[1]), answer::text);
                assertFalse(answer.text().contains("heddle") || answer.text().contains("jackson"), answer::text);
            }
        }
    }

    @Test
    void whatCannotBeExpressedIsTheServersMistake() throws IOException {
        try (Logs logs = new Logs();
                Server server = Servers.start(app());
                RawClient client = RawClient.to(server)) {
            assertEquals(500, client.get("/cycle").read().status());
            assertEquals(1, logs.with("GET /cycle").size());
        }
    }

    /** Everything but Jackson, loaded anew. */
    private static final class WithoutJackson extends URLClassLoader {
        WithoutJackson() {
            super(
                    new URL[] {App.class.getProtectionDomain().getCodeSource().getLocation()},
                    JsonTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("tools.jackson")) {
                throw new ClassNotFoundException(name);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded == null && name.startsWith("dev.heddle.http.Js") || name.equals("dev.heddle.http.JacksonCodec")) {
                    loaded = findClass(name);
                }
                return loaded == null ? super.loadClass(name, resolve) : loaded;
            }
        }
    }

    @Test
    void withoutJacksonThereIsNone() throws Exception {
        try (WithoutJackson loader = new WithoutJackson()) {
            Method find = loader.loadClass(JsonCodecs.class.getName()).getDeclaredMethod("find");
            find.setAccessible(true);
            assertNull(find.invoke(null));
        }
        assertNotNull(JsonCodecs.find());
    }

    @Test
    void anotherCodec() throws IOException {
        JsonCodec codec = new JsonCodec() {
            @Override
            public byte[] toBytes(Object value) {
                return "own".getBytes(StandardCharsets.US_ASCII);
            }

            @Override
            public <T> T fromBytes(byte[] json, Class<T> type) {
                throw new IllegalArgumentException("not today");
            }
        };
        try (Server server = Servers.start(app().json(codec));
                RawClient client = RawClient.to(server)) {
            assertEquals("own", client.get("/map").read().text());
            assertTrue(post(client, "{}").text().contains("body: not today"));
        }
    }
}
