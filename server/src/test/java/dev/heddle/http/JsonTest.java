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
    record Nested(Nested inside) {}

    record User(long id, String name, List<String> tags) {}

    private static App app() {
        return App.create()
                .post("/user", c -> {
                    User user = c.body(User.class);
                    c.status(201).json(new User(user.id() + 1, user.name(), user.tags()));
                })
                .post("/any", c -> c.text(c.body(Object.class) == null ? "null" : "some"))
                .post("/nested", c -> c.text(c.body(Nested.class).toString().substring(0, 6)))
                .get("/status-first", c -> {
                    c.status(201).header("ETag", "\"1\"");
                    c.json(new Object() {
                        public String getName() {
                            throw new IllegalStateException("cannot be written");
                        }
                    });
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
        return post(client, "/user", body);
    }

    private static Answer post(RawClient client, String path, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        client.send("POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + bytes.length + "\r\n\r\n");
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

    @Test
    void anAnswerThatCannotBeWrittenIsAWholeErrorWhateverWasSetBefore() throws IOException {
        try (Logs logs = new Logs();
                Server server = Servers.start(app());
                RawClient client = RawClient.to(server)) {
            Answer answer = client.get("/status-first").read();
            assertEquals(500, answer.status());
            assertNull(answer.header("etag"));
            assertEquals("application/problem+json", answer.header("content-type"));
            assertEquals("{\"a\":1}", client.get("/map").read().text());
        }
    }

    @Test
    void deepNestingIsTheClientsMistake() throws IOException {
        String[] deep = {
            "[".repeat(100_000) + "]".repeat(100_000), "{\"inside\":".repeat(100_000) + "null" + "}".repeat(100_000),
            "[".repeat(100_000), "\"" + "x".repeat(100_000), "1".repeat(5_000), "[1e999999999]"
        };
        try (Logs logs = new Logs();
                Server server = Servers.start(app());
                RawClient client = RawClient.to(server)) {
            assertEquals("some", post(client, "/any", "[".repeat(400) + "]".repeat(400)).text());
            assertEquals("Nested", post(client, "/nested", "{\"inside\":".repeat(400) + "{}" + "}".repeat(400)).text());
            for (String each : deep) {
                for (String path : List.of("/any", "/nested")) {
                    Answer answer = post(client, path, each);
                    boolean number = path.equals("/any") && each.contains("e999");
                    assertEquals(number ? 200 : 400, answer.status(), () -> each.substring(0, 10) + answer);
                }
            }
            assertEquals(List.of(), logs.with("POST"));
        }
    }

    @Test
    void aCodecWithoutBoundsMayRunOutOfStack() throws IOException {
        JsonCodec recursive = new JsonCodec() {
            @Override
            public byte[] toBytes(Object value) {
                return null;
            }

            @Override
            public <T> T fromBytes(byte[] json, Class<T> type) {
                return fromBytes(json, type); // as deep as the client says
            }
        };
        try (Logs logs = new Logs();
                Server server = Servers.start(app().json(recursive));
                RawClient client = RawClient.to(server)) {
            assertEquals(400, post(client, "/any", "[[[").status());
            assertEquals(List.of(), logs.with("POST"));
            assertEquals(500, client.get("/map").read().status(), "null is not JSON");
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
