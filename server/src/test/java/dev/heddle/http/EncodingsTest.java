package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What may stand in headers, and what becomes of text that may not. */
class EncodingsTest {
    @Test
    void asciiStaysAsItIs() {
        for (String name : new String[] {"X-A", "Location", "Content-Disposition"}) {
            String value = "attachment; filename=\"a b\"\t%zz";
            assertSame(value, HeaderText.value(name, value));
        }
        assertEquals("", HeaderText.value("X-A", ""));
        assertEquals("a\u00fc\u00ff", HeaderText.value("X-A", "a\u00fc\u00ff"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\rb", "a\nb", "a\0b", "\r\nb", " a", "\ta", "a\u007f", "a\u000b", "\u0000", "a\u001b[0m"})
    void whatCouldEndAHeaderIsRefused(String value) {
        for (String name : new String[] {"X-A", "Location", "Content-Disposition"}) {
            assertThrows(IllegalArgumentException.class, () -> HeaderText.value(name, value));
        }
        assertFalse(HeaderText.isValidValue(value));
    }

    /** Its low byte is a line feed. */
    @ParameterizedTest
    @ValueSource(strings = {"a\u010ab", "\u20ac", "\u0100", "a\ud83d\ude00", "a\u2028"})
    void whatHasNoByteIsRefused(String value) {
        assertThrows(IllegalArgumentException.class, () -> HeaderText.value("X-A", value));
        assertThrows(IllegalArgumentException.class, () -> HeaderText.value("Content-Type", value));
        assertThrows(IllegalArgumentException.class, () -> new HttpException(400).withHeader("X-A", value));
        assertFalse(HeaderText.isValidValue(value));
        assertThrows(IllegalArgumentException.class, () -> HeaderText.name(value));
    }

    @ParameterizedTest
    @CsvSource({
        "/\u00fc?q=\u20ac#\ud83d\ude00, /%C3%BC?q=%E2%82%AC#%F0%9F%98%80",
        "http://b\u00fccher.example/a%20b, http://b%C3%BCcher.example/a%20b",
        "/\u010a, /%C4%8A"
    })
    void references(String location, String encoded) {
        assertEquals(encoded, HeaderText.value("Location", location));
        assertEquals(encoded, HeaderText.value("content-location", location));
        assertEquals(encoded, HeaderText.value("Location", encoded));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "attachment; filename=\"\u20ac rates.txt\""
                        + "|attachment; filename=\"_ rates.txt\"; filename*=UTF-8''%E2%82%AC%20rates.txt",
                "attachment;filename=na\u00efve.txt|attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt",
                "inline; filename=\"a\\\"\u00fc;b.txt\"; x=y"
                        + "|inline; filename=\"a\\\"_;b.txt\"; filename*=UTF-8''a%22%C3%BC%3Bb.txt; x=\"y\"",
                "attachment; FileName=\u00fc; filename*=UTF-8''%C3%BC|attachment; FileName=\"_\"; filename*=UTF-8''%C3%BC",
                "attachment; filename=\"\ud83d\ude00\"|attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80"
            })
    void dispositions(String value, String encoded) {
        assertEquals(encoded, HeaderText.value("Content-Disposition", value));
        assertTrue(StandardCharsets.US_ASCII.newEncoder().canEncode(encoded));
    }

    @Test
    void whatCannotBeEncodedIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> HeaderText.value("Location", "/\ud83d"));
        assertThrows(
                IllegalArgumentException.class,
                () -> HeaderText.value("Content-Disposition", "attachment; filename=\"\ude00\""));
        assertThrows(IllegalArgumentException.class, () -> HeaderText.value("Content-Disposition", "\u00fc; a=b"));
        assertThrows(IllegalArgumentException.class, () -> HeaderText.value("Content-Disposition", "inline; \u00fc=b"));
    }

    @Test
    void parameters() {
        Parameters parameters = new Parameters("text/plain;a=b; c=\"d;\\\"e\\\\\" ;f; G = h;;i=\"j");
        String[][] all = {{"a", "b"}, {"c", "d;\"e\\"}, {"G", "h"}, {"i", "j"}};
        for (String[] one : all) {
            assertTrue(parameters.next());
            assertEquals(one[0], parameters.name());
            assertEquals(one[1], parameters.value());
        }
        assertFalse(parameters.next());
        assertFalse(new Parameters("").next());
        assertFalse(new Parameters("a=b").next());
    }

    @Test
    void charsets() {
        var none = StandardCharsets.ISO_8859_1;
        assertEquals(none, MediaTypes.charset(null, none));
        assertEquals(none, MediaTypes.charset("text/plain", none));
        assertEquals(StandardCharsets.UTF_8, MediaTypes.charset("text/plain; Charset=\"utf-8\"", none));
        assertEquals(StandardCharsets.UTF_8, MediaTypes.charset("text/plain;x=\"; charset=utf-16; \";charset=UTF-8", none));
        assertEquals(none, MediaTypes.charset("multipart/form-data; boundary=\"a;charset=utf-16\"", none));
        assertEquals(none, MediaTypes.charset("text/plain; x=\"\\\"; charset=utf-16\"", none));
        for (String bad : new String[] {"text/plain; charset=none", "text/plain; charset=", "a/b; charset=\"utf-8 \""}) {
            HttpException e = assertThrows(HttpException.class, () -> MediaTypes.charset(bad, none));
            assertEquals(415, e.status());
        }
    }
}
