package dev.heddle.http.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.http.App;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Static files over real sockets. */
@Timeout(60)
class StaticFilesTest extends Site {
    @Test
    void servesAFileWithAllThatCachesNeed() throws Exception {
        start();
        Wire.Answer answer = get("/static/a.txt");
        assertEquals(200, answer.status());
        assertEquals("0123456789", answer.text());
        assertEquals("10", answer.header("content-length"));
        assertEquals("text/plain; charset=utf-8", answer.header("content-type"));
        assertEquals(PAST_TEXT, answer.header("last-modified"));
        assertEquals("bytes", answer.header("accept-ranges"));
        assertEquals("nosniff", answer.header("x-content-type-options"));
        assertEquals("Accept-Encoding", answer.header("vary"));
        assertTrue(answer.header("etag").matches("\"[0-9a-f]+-a\""), answer.header("etag"));
        assertNull(answer.header("cache-control"));
        assertNull(answer.header("content-encoding"));

        assertEquals("", get("/static/nothing.txt").text());
        assertEquals("hello", get("/static/gr%C3%BC%C3%9F%20dich.txt").text());
        assertArrayEquals(large, get("/static/large.bin").body());
        assertEquals("application/octet-stream", get("/static/large.bin").header("content-type"));
    }

    @Test
    void headSaysWhatGetWouldSay() throws Exception {
        start();
        for (String target :
                new String[] {"/static/a.txt", "/static/large.bin", "/static/nothing.txt", "/static/docs/"}) {
            Wire.Answer head = head(target);
            Wire.Answer get = get(target);
            assertEquals(get.status(), head.status(), target);
            get.headers().remove("date");
            head.headers().remove("date");
            assertEquals(get.headers(), head.headers(), target);
        }
        assertEquals("10", head("/static/a.txt", "Range: bytes=0-1").header("content-length"), "ranges are for GET");
        wire.send("POST", "/static/a.txt");
        assertEquals(405, wire.read(true).status());
    }

    @Test
    void directoriesAreTheirIndexOrNothing() throws Exception {
        start();
        assertEquals("<p>docs</p>", get("/static/docs/").text());
        assertEquals("<p>home</p>", get("/static/").text());
        assertEquals(404, get("/static/empty/").status());
        assertEquals(404, get("/static/empty").status());
        assertEquals(404, get("/static/a.txt/").status());
        Wire.Answer redirect = get("/static/docs?a=b");
        assertEquals(301, redirect.status());
        assertEquals("./docs/?a=b", redirect.header("location"));
        assertEquals("./static/", get("/static").header("location"));
    }

    @Test
    void withoutIndexDirectoriesAreNothing() throws Exception {
        start(App.create().install(StaticFiles.at("/static", root).withIndex(null)));
        for (String target : new String[] {"/static", "/static/", "/static/docs", "/static/docs/"}) {
            assertEquals(404, get(target).status(), target);
        }
        assertEquals(200, get("/static/docs/index.html").status());
    }

    @Test
    void nothingOutsideOfTheRoot() throws Exception {
        Files.createSymbolicLink(root.resolve("link.txt"), temp.resolve("outside.txt"));
        Files.createSymbolicLink(root.resolve("up"), temp);
        Files.createSymbolicLink(root.resolve("loop"), root.resolve("loop"));
        Files.createSymbolicLink(root.resolve("dangling"), root.resolve("not there"));
        Files.createSymbolicLink(root.resolve("inside"), root.resolve("docs"));
        Path twin = Files.createDirectories(temp.resolve("public-not"));
        Files.writeString(twin.resolve("x.txt"), "outside");
        Files.createSymbolicLink(root.resolve("twin.txt"), twin.resolve("x.txt"));
        Path indexed = Files.createDirectories(temp.resolve("indexed"));
        Files.writeString(indexed.resolve("index.html"), "outside");
        Files.createSymbolicLink(root.resolve("indexed"), indexed);
        start();
        for (String target : new String[] {
            "/static/link.txt",
            "/static/up/outside.txt",
            "/static/up/",
            "/static/up",
            "/static/loop",
            "/static/loop/x",
            "/static/dangling",
            "/static/twin.txt",
            "/static/indexed/",
            "/static/indexed",
            "/static/indexed/index.html",
            "/static/%2Fetc%2Fpasswd",
            "/static//etc/passwd",
            "/static/..%5coutside.txt",
            "/static/missing",
            "/static/a.txt%2f..%2f..%2foutside.txt",
            "/static/a.txt/x",
            "/static/" + "x".repeat(300)
        }) {
            assertEquals(404, statusOf(target), target);
        }
        for (String target : new String[] {
            "/static/../outside.txt",
            "/static/%2e%2e/outside.txt",
            "/static/docs/../../outside.txt",
            "/static/.%2e/outside.txt",
            "/static/a.txt%00.html"
        }) {
            int status = statusOf(target);
            assertTrue(status == 404 || status == 400, () -> target + ": " + status);
        }
        assertEquals("<p>page</p>", get("/static/inside/page.html").text());
    }

    @Test
    void namesWithADotAreNotServed() throws Exception {
        start();
        for (String target :
                new String[] {"/static/.secret", "/static/.git/config", "/static/docs/.env", "/static/.git/"}) {
            assertEquals(404, statusOf(target), target);
        }
        assertEquals("token", get("/static/.well-known/acme/token").text());
        server.close();
        start(App.create().install(StaticFiles.at("/static", root).withHidden(true)));
        assertEquals("secret", get("/static/.git/config").text());
    }

    @Test
    void onlyRegularFilesAreServed() throws Exception {
        Process mkfifo;
        try {
            mkfifo = new ProcessBuilder("mkfifo", root.resolve("fifo").toString()).start();
        } catch (IOException e) {
            assumeTrue(false, "no mkfifo here");
            return;
        }
        assertTrue(mkfifo.waitFor(10, TimeUnit.SECONDS));
        start();
        assertEquals(404, get("/static/fifo").status());
    }

    @Test
    void conditions() throws Exception {
        start();
        String etag = get("/static/a.txt").header("etag");
        Wire.Answer same = get("/static/a.txt", "If-None-Match: \"x\", " + etag);
        assertEquals(304, same.status());
        assertEquals(etag, same.header("etag"));
        assertEquals("Accept-Encoding", same.header("vary"));
        assertNull(same.header("content-length"));
        assertEquals(304, head("/static/a.txt", "If-None-Match: " + etag).status());
        assertEquals(304, get("/static/a.txt", "If-None-Match: W/" + etag).status());
        assertEquals(304, get("/static/a.txt", "If-None-Match: *").status());
        assertEquals(
                200,
                get("/static/a.txt", "If-None-Match: \"x\"", "If-Modified-Since: " + PAST_TEXT)
                        .status());

        assertEquals(
                304, get("/static/a.txt", "If-Modified-Since: " + PAST_TEXT).status());
        assertEquals(
                304,
                get("/static/a.txt", "If-Modified-Since: Tuesday, 03-Feb-26 04:05:07 GMT")
                        .status());
        assertEquals(
                304,
                get("/static/a.txt", "If-Modified-Since: Tue Feb  3 04:05:06 2026")
                        .status());
        assertEquals(
                200,
                get("/static/a.txt", "If-Modified-Since: Tue, 03 Feb 2026 04:05:05 GMT")
                        .status());
        // two lines are none: RFC 9110, sections 13.1.3 and 13.1.4
        String old = "Tue, 03 Feb 2026 04:05:05 GMT";
        for (String second : List.of(PAST_TEXT, old, "x", "")) {
            assertEquals(
                    200,
                    get("/static/a.txt", "If-Modified-Since: " + PAST_TEXT, "If-Modified-Since: " + second)
                            .status());
            assertEquals(
                    200,
                    get("/static/a.txt", "If-Unmodified-Since: " + old, "If-Unmodified-Since: " + second)
                            .status());
        }
        assertEquals(412, get("/static/a.txt", "If-Unmodified-Since: " + old).status());
        assertEquals(200, get("/static/a.txt", "Range: bytes=0-1", "Range: bytes=0-1").status());
        assertEquals(
                200,
                get("/static/a.txt", "Range: bytes=0-1", "If-Range: " + PAST_TEXT, "If-Range: " + PAST_TEXT)
                        .status());
        assertEquals(200, get("/static/a.txt", "If-Modified-Since: yesterday").status());

        assertEquals(200, get("/static/a.txt", "If-Match: " + etag).status());
        assertEquals(412, get("/static/a.txt", "If-Match: \"x\"").status());
        assertEquals(412, get("/static/a.txt", "If-Match: W/" + etag).status());
        assertEquals(
                412,
                get("/static/a.txt", "If-Unmodified-Since: Tue, 03 Feb 2026 04:05:05 GMT")
                        .status());
        assertEquals(
                200, get("/static/a.txt", "If-Unmodified-Since: " + PAST_TEXT).status());

        write("a.txt", "9876543210");
        touch(root.resolve("a.txt"), PAST.plusMillis(1));
        Wire.Answer changed = get("/static/a.txt", "If-None-Match: " + etag);
        assertEquals(200, changed.status());
        assertEquals("9876543210", changed.text());
    }

    @Test
    void aFileChangedJustNowHasAWeakTag() throws Exception {
        start();
        touch(root.resolve("a.txt"), Instant.now().plusSeconds(3600));
        Wire.Answer answer = get("/static/a.txt");
        assertTrue(answer.header("etag").startsWith("W/\""), answer.header("etag"));
        assertEquals(
                304,
                get("/static/a.txt", "If-None-Match: " + answer.header("etag")).status());
        assertEquals(
                200,
                get("/static/a.txt", "Range: bytes=0-1", "If-Range: " + answer.header("etag"))
                        .status());
        assertFalse(HttpTime.parse(answer.header("last-modified")).isAfter(Instant.now()));
    }

    @Test
    void oneRange() throws Exception {
        start();
        check(206, "012", "bytes 0-2/10", get("/static/a.txt", "Range: bytes=0-2"));
        check(206, "789", "bytes 7-9/10", get("/static/a.txt", "Range: bytes=7-"));
        check(206, "89", "bytes 8-9/10", get("/static/a.txt", "Range: bytes=-2"));
        check(206, "0123456789", "bytes 0-9/10", get("/static/a.txt", "Range: bytes=-100"));
        check(206, "9", "bytes 9-9/10", get("/static/a.txt", "Range: BYTES= 9-99999999999999999999"));
        for (String ignored :
                new String[] {"bytes=0-1,3-4", "bytes=2-1", "bytes=", "bytes=-", "bytes=a-b", "lines=0-1"}) {
            check(200, "0123456789", null, get("/static/a.txt", "Range: " + ignored));
        }
        for (String impossible : new String[] {"bytes=10-", "bytes=99999999999999999999-", "bytes=-0"}) {
            Wire.Answer answer = get("/static/a.txt", "Range: " + impossible);
            assertEquals(416, answer.status(), impossible);
            assertEquals("bytes */10", answer.header("content-range"), impossible);
        }
        assertEquals(416, get("/static/nothing.txt", "Range: bytes=0-").status());
        check(200, "", null, get("/static/nothing.txt", "Range: bytes=-5"));
        Wire.Answer part = get("/static/large.bin", "Range: bytes=1-" + (LARGE - 2));
        assertEquals(206, part.status());
        assertArrayEquals(Arrays.copyOfRange(large, 1, LARGE - 1), part.body());
    }

    private static void check(int status, String text, String contentRange, Wire.Answer answer) {
        assertEquals(status, answer.status());
        assertEquals(text, answer.text());
        assertEquals(contentRange, answer.header("content-range"));
    }

    @Test
    void aRangeOfWhatTheClientHas() throws Exception {
        start();
        String etag = get("/static/a.txt").header("etag");
        assertEquals(
                206,
                get("/static/a.txt", "Range: bytes=0-2", "If-Range: " + etag).status());
        assertEquals(
                206,
                get("/static/a.txt", "Range: bytes=0-2", "If-Range: " + PAST_TEXT)
                        .status());
        assertEquals(
                200, get("/static/a.txt", "Range: bytes=0-2", "If-Range: \"x\"").status());
        assertEquals(
                200,
                get("/static/a.txt", "Range: bytes=0-2", "If-Range: W/" + etag).status());
        assertEquals(
                200,
                get("/static/a.txt", "Range: bytes=0-2", "If-Range: Tue, 03 Feb 2026 04:05:07 GMT")
                        .status());
        assertEquals(
                304,
                get("/static/a.txt", "Range: bytes=0-2", "If-None-Match: " + etag)
                        .status());
    }

    @Test
    void compressedSiblings() throws Exception {
        write("app.js", "the original");
        write("app.js.br", "brotli");
        write("app.js.gz", "gzip");
        write("app.js.zst", "zstd");
        write("style.css", "css");
        write("style.css.gz", "gzipped css");
        write("photo.jpg", "jpg");
        write("photo.jpg.gz", "never looked for");
        start();
        coding("br", "brotli", "Accept-Encoding: gzip, br, zstd");
        coding("zstd", "zstd", "Accept-Encoding: gzip, br;q=0.5, zstd");
        coding("gzip", "gzip", "Accept-Encoding: x-gzip;q=0.3");
        coding("br", "brotli", "Accept-Encoding: *");
        coding("zstd", "zstd", "Accept-Encoding: br;q=0, *;q=0.1");
        coding(null, "the original", "Accept-Encoding: identity, gzip;q=0.5");
        coding(null, "the original", "Accept-Encoding: gzip;q=0, deflate");
        coding(null, "the original", "Accept-Encoding: gzip;q=2");
        coding(null, "the original");
        assertEquals(
                "gzipped css",
                get("/static/style.css", "Accept-Encoding: br, gzip").text());
        Wire.Answer photo = get("/static/photo.jpg", "Accept-Encoding: gzip");
        assertEquals("jpg", photo.text());
        assertNull(photo.header("vary"));
        Wire.Answer itself = get("/static/app.js.gz");
        assertEquals("application/gzip", itself.header("content-type"));
        assertNull(itself.header("content-encoding"));
        assertEquals(
                "zip",
                get("/static/app.js", "Accept-Encoding: gzip", "Range: bytes=1-")
                        .text(),
                "of the compressed form");
    }

    private void coding(String coding, String text, String... headers) throws IOException {
        Wire.Answer answer = get("/static/app.js", headers);
        assertEquals(text, answer.text());
        assertEquals(coding, answer.header("content-encoding"));
        assertEquals("text/javascript; charset=utf-8", answer.header("content-type"));
        assertEquals("Accept-Encoding", answer.header("vary"));
        assertEquals(coding == null, answer.header("etag").matches("\"[0-9a-f]+-[0-9a-f]+\""), answer.header("etag"));
        String[] again = Arrays.copyOf(headers, headers.length + 1);
        again[headers.length] = "If-None-Match: " + answer.header("etag");
        assertEquals(304, get("/static/app.js", again).status());
    }

    @Test
    void oldOrForeignSiblingsAreNotServed() throws Exception {
        write("app.js", "the original");
        write("app.js.gz", "stale");
        touch(root.resolve("app.js.gz"), PAST.minusSeconds(1));
        Files.createSymbolicLink(root.resolve("app.js.br"), temp.resolve("outside.txt"));
        Files.createDirectory(root.resolve("app.js.zst"));
        start();
        assertEquals(
                "the original",
                get("/static/app.js", "Accept-Encoding: gzip, br, zstd").text());
        server.close();
        touch(root.resolve("app.js.gz"), PAST);
        start(App.create().install(StaticFiles.at("/static", root).withPrecompressed(false)));
        Wire.Answer answer = get("/static/app.js", "Accept-Encoding: gzip");
        assertEquals("the original", answer.text());
        assertNull(answer.header("vary"));
    }

    @Test
    void options() throws Exception {
        write("x.weird", "weird");
        start(App.create()
                .use((c, next) -> {
                    c.addHeader("Vary", "Origin");
                    next.proceed(c);
                })
                .group(
                        "/g",
                        g -> g.install(StaticFiles.at("/s", root)
                                .withCacheControl("public, max-age=60")
                                .withType("weird", "text/x-weird")
                                .withIndex("a.txt")))
                .get("/api", c -> c.text("api"))
                .install(StaticFiles.at("/", root)));
        Wire.Answer answer = get("/g/s/x.weird");
        assertEquals("public, max-age=60", answer.header("cache-control"));
        assertEquals("text/x-weird", answer.header("content-type"));
        assertEquals("Origin, Accept-Encoding", answer.header("vary"));
        assertEquals("0123456789", get("/g/s/").text());
        assertEquals(
                "public, max-age=60", get("/g/s/x.weird", "If-None-Match: *").header("cache-control"));
        assertEquals("<p>home</p>", get("/").text());
        assertEquals("<p>docs</p>", get("/docs/").text());
        assertEquals("api", get("/api").text());
        assertEquals(404, get("/missing").status());
    }

    @Test
    void theDirectoryMustBeThere() {
        assertThrows(
                IllegalArgumentException.class,
                () -> App.create().install(StaticFiles.at("/static", root.resolve("missing"))));
        assertThrows(
                IllegalArgumentException.class,
                () -> App.create().install(StaticFiles.at("/static", root.resolve("a.txt"))));
        assertThrows(IllegalArgumentException.class, () -> StaticFiles.at("/static/", root));
        assertThrows(IllegalArgumentException.class, () -> StaticFiles.at("static", root));
    }
}
