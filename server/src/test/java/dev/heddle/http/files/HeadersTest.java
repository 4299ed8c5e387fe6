package dev.heddle.http.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What clients may write into headers. */
class HeadersTest {
    @Test
    void ranges() {
        assertEquals(new ByteRange(0, 1), ByteRange.parse("bytes=0-0", 10));
        assertEquals(new ByteRange(3, 7), ByteRange.parse("bytes=3-", 10));
        assertEquals(new ByteRange(3, 7), ByteRange.parse("bytes=0003-0009", 10));
        assertEquals(new ByteRange(3, 7), ByteRange.parse("bytes=3-" + Long.MAX_VALUE, 10));
        assertEquals(new ByteRange(3, 7), ByteRange.parse("bytes=3-" + "9".repeat(30), 10));
        assertEquals(new ByteRange(0, 10), ByteRange.parse("bytes=-" + "9".repeat(30), 10));
        assertEquals(new ByteRange(9, 1), ByteRange.parse("bytes=-1", 10));
        assertEquals(
                new ByteRange(1, Long.MAX_VALUE - 1),
                ByteRange.parse("bytes=1-", Long.MAX_VALUE),
                "sums do not overflow");
        assertEquals("bytes 3-9/10", new ByteRange(3, 7).contentRange(10));
        for (String header : List.of("bytes=10-", "bytes=10-20", "bytes=-0", "bytes=" + "9".repeat(30) + "-")) {
            assertSame(ByteRange.UNSATISFIABLE, ByteRange.parse(header, 10), header);
        }
        assertSame(ByteRange.UNSATISFIABLE, ByteRange.parse("bytes=0-", 0));
        assertNull(ByteRange.parse("bytes=-5", 0), "all of it, RFC 9110, section 14.1.2");
        assertSame(ByteRange.UNSATISFIABLE, ByteRange.parse("bytes=-0", 0));
        for (String header : List.of(
                "",
                "bytes",
                "bytes=",
                "bytes=-",
                "bytes=5",
                "bytes=5-3",
                "bytes=1-2,4-5",
                "bytes=--1",
                "bytes=+1-2",
                "bytes=1 - 2",
                "bytes=0x1-",
                "items=0-1",
                "bytes=\u0663-")) {
            assertNull(ByteRange.parse(header, 10), header);
        }
        assertNull(ByteRange.parse(null, 10));
    }

    @Test
    void codings() {
        assertEquals(List.of(), Coding.accepted(""));
        assertEquals(List.of(Coding.BR, Coding.ZSTD, Coding.GZIP), Coding.accepted("gzip, zstd, br"));
        assertEquals(List.of(Coding.GZIP, Coding.BR), Coding.accepted("br;q=0.9,GZIP;Q=1.0, deflate"));
        assertEquals(List.of(Coding.BR, Coding.ZSTD, Coding.GZIP), Coding.accepted("*"));
        assertEquals(List.of(Coding.GZIP), Coding.accepted("gzip, *;q=0"));
        assertEquals(List.of(Coding.ZSTD, Coding.GZIP), Coding.accepted("br;q=0, *;q=0.001"));
        assertEquals(List.of(Coding.GZIP), Coding.accepted("gzip;q=0.8, br;q=0.2, identity;q=0.5"));
        assertEquals(List.of(), Coding.accepted("identity"));
        assertEquals(List.of(), Coding.accepted("gzip;q=x, br;level=3, zstd;q=-1, ,;,;;"));
        for (String weight : List.of("NaN", "0x1p-1", "0.5d", "+0.5", ".5", "1e-1", "0.1234", "1.001", "2", "", "-0", "0,5")) {
            assertEquals(List.of(), Coding.accepted("gzip;q=" + weight), weight);
        }
        assertEquals(List.of(Coding.GZIP), Coding.accepted("gzip;q=1."));
        assertEquals(List.of(Coding.GZIP), Coding.accepted("gzip ;\tq=0.5 "));
    }

    @Test
    void dates() {
        Instant time = Instant.parse("1994-11-06T08:49:37Z");
        assertEquals("Sun, 06 Nov 1994 08:49:37 GMT", HttpTime.format(time.plusMillis(999)));
        assertEquals(time, HttpTime.parse("Sun, 06 Nov 1994 08:49:37 GMT"));
        assertEquals(time, HttpTime.parse("Sunday, 06-Nov-94 08:49:37 GMT"));
        assertEquals(time, HttpTime.parse("Sun Nov  6 08:49:37 1994"));
        assertEquals(Instant.parse("2026-11-23T00:00:00Z"), HttpTime.parse("Monday, 23-Nov-26 00:00:00 GMT"));
        for (String text :
                List.of("", "x", "Sun, 06 Nov 1994 08:49:37", "0", "Sun, 31 Feb 1994 08:49:37 GMT", "x".repeat(9999))) {
            assertNull(HttpTime.parse(text), text);
        }
        assertNull(HttpTime.parse(null));
    }

    @Test
    void types() {
        ContentTypes types =
                new ContentTypes(Map.of()).with("TXT", "text/x-own").with("new", "a/b");
        assertEquals("text/html; charset=utf-8", types.of("a.b.HTML"));
        assertEquals("text/x-own", types.of("a.txt"));
        assertEquals("a/b", types.of(".new"));
        assertEquals("application/octet-stream", types.of("Makefile"));
        assertEquals("application/octet-stream", types.of("dot."));
        assertTrue(ContentTypes.isCompressible("text/x-own"));
        assertTrue(ContentTypes.isCompressible("image/svg+xml"));
        assertTrue(ContentTypes.isCompressible("application/json"));
        assertFalse(ContentTypes.isCompressible("image/png"));
        assertFalse(ContentTypes.isCompressible("font/woff2"));
        assertFalse(ContentTypes.isCompressible("application/zip"));
    }
}
