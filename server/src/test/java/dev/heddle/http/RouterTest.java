package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which route a path finds. */
class RouterTest {
    private static final Handler ANY = c -> {};

    private static Router router(String... templates) {
        Router router = new Router();
        for (String template : templates) {
            add(router, "GET", template);
        }
        return router;
    }

    private static void add(Router router, String method, String template) {
        router.add(new Route(method, Template.parse(template), ANY, App.create()));
    }

    private static String find(Router router, String path) {
        Router.Match match = router.find("GET", PathText.segments(path));
        if (match.route == null) {
            return null;
        }
        String values = match.values == null ? "" : " " + String.join("|", match.values);
        return match.route.template.text() + values;
    }

    @ParameterizedTest
    @CsvSource({
        "/, /",
        "/users, /users",
        "/users/me, /users/me",
        "/users/12, /users/{id} 12",
        "/users/12/posts, /users/{id}/posts 12",
        "/users/me/posts, /users/me/{what} posts",
        "/users/me/posts/4, /users/{id}/posts/{post} me|4",
        "/users/12/posts/3, /users/{id}/posts/{post} 12|3",
        "/users/me/likes, /users/me/{what} likes",
        "/static/, /static/{file...} ''",
        "/static/a.css, /static/{file...} a.css",
        "/static/a/b/c.css, /static/{file...} a/b/c.css",
        "/static/a/, /static/{file...} a/",
        "/static/known/x, /static/known/{x} x",
        "/static/known/x/y, /static/{file...} known/x/y",
        "/a%20b, /a b",
        "/caf%C3%A9, /café",
        "/users/a%2Fb, /users/{id} a/b",
        "/users/%7Bid%7D, /users/{id} {id}",
    })
    void finds(String path, String expected) {
        Router router = router(
                "/",
                "/users",
                "/users/me",
                "/users/{id}",
                "/users/{id}/posts",
                "/users/{id}/posts/{post}",
                "/users/me/{what}",
                "/static/{file...}",
                "/static/known/{x}",
                "/a b",
                "/café");
        assertEquals(expected.replace("''", "").strip(), find(router, path).strip());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/users/", "/user", "/users/1/", "/static", "/static/a%2Fb", "/static/a%5Cb", "//", "/users//", "/static/a//b"})
    void findsNothing(String path) {
        Router router = router("/users", "/users/{id}", "/static/{file...}");
        assertNull(find(router, path));
    }

    @Test
    void aTailAtTheRoot() {
        Router router = router("/{all...}", "/known");
        assertEquals("/{all...} ", find(router, "/"));
        assertEquals("/{all...} a/b", find(router, "/a/b"));
        assertEquals("/known", find(router, "/known"));
    }

    @Test
    void exactPathsNeedNoParsing() {
        Router router = router("/plain/path-1", "/with/{param}", "/sp ace");
        assertNotNull(router.findExact("GET", "/plain/path-1"));
        assertNotNull(router.findExact("HEAD", "/plain/path-1"));
        assertNull(router.findExact("POST", "/plain/path-1"));
        assertNull(router.findExact("GET", "/plain/path-1?a=b"));
        assertNull(router.findExact("GET", "/with/{param}"));
        assertNull(router.findExact("GET", "/sp ace"));
    }

    @Test
    void conflicts() {
        Router router = router("/users/{id}", "/static/{file...}", "/a");
        for (String other : new String[] {"/users/{name}", "/static/{rest...}", "/a"}) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> add(router, "GET", other));
            assertTrue(e.getMessage().contains("conflicts with GET /"), e.getMessage());
        }
        add(router, "POST", "/users/{name}"); // another method may name its parameters otherwise
        Router.Match match = router.find("POST", PathText.segments("/users/7"));
        assertEquals("name", match.route.template.names().getFirst());
        assertArrayEquals(new String[] {"7"}, match.values);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "users", "/a//b", "/{id", "/id}", "/{}", "/{1}", "/a{id}", "/{id}b", "/{rest...}/more", "/{a}/{a}",
                "/a/../b", "/./a", "/a%20b", "/a?b", "/a#b", "/{a...b}"
            })
    void malformedTemplates(String template) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Template.parse(template));
        assertTrue(e.getMessage().startsWith("path: got '" + template + "', need "), e.getMessage());
    }

    @Test
    void deepPathsCostNoMoreThanTheTemplatesAreDeep() {
        Router router = router("/{a}/{b}/{c}/x", "/{a}/{b}/y/{c}", "/{all...}");
        assertEquals("/{all...} " + "a/".repeat(4000), find(router, "/" + "a/".repeat(4000)));
    }
}
