package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values that came with a request, and what is wrong with them. */
class ParamTest {
    private static Param param(String value) {
        return new Param("query parameter", "n", value);
    }

    private static void refused(String detail, Executable read) {
        HttpException e = assertThrows(HttpException.class, read);
        assertEquals(400, e.status());
        assertEquals(detail, e.detail());
    }

    @Test
    void numbers() {
        assertEquals(12, param("12").asInt());
        assertEquals(-12L, param("-12").asLong());
        assertEquals(1.5, param("1.5").asDouble());
        assertEquals(7, param("7").inRange(7, 7));
        refused("query parameter n: got '8', need a whole number from 0 to 7", () -> param("8").inRange(0, 7));
        refused(
                "query parameter n: got '3000000000', need a whole number from -2147483648 to 2147483647",
                () -> param("3000000000").asInt());
        refused("query parameter n: got '', need a number", () -> param("").asDouble());
        refused("query parameter n: got 'NaN', need a number", () -> param("NaN").asDouble());
        refused(
                "query parameter n: got '" + "x".repeat(64) + "...', need a whole number from 1 to 2",
                () -> param("x".repeat(1000)).inRange(1, 2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "-", "+5", "\u0663", "-\u0663", "\uff15", "1_000", " 5", "5 ", "0x5", "5.0", "5L", "1e3", "--5", "\u22125",
                "9223372036854775808", "99999999999999999999999999"
            })
    void notWhole(String text) {
        for (Executable read : new Executable[] {
            () -> param(text).asInt(), () -> param(text).asLong(), () -> param(text).asInt(1), () -> param(text).inRange(0, 9)
        }) {
            assertEquals(400, assertThrows(HttpException.class, read).status());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-0", "007", "-9223372036854775808", "9223372036854775807"})
    void whole(String text) {
        assertEquals(Long.parseLong(text), param(text).asLong());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", ".", "-", "-.", "+5", "0x1p3", "5d", "5f", "5D", "NaN", "Infinity", "-Infinity", " 5", "5 ", "\t5", "1e", "1e+",
                "e5", ".e5", "1e400", "\u0663", "1,5", "1.2.3", "1e5.5", "--1", "\u0085" + "1"
            })
    void notDecimal(String text) {
        assertEquals(400, assertThrows(HttpException.class, () -> param(text).asDouble()).status());
        assertEquals(400, assertThrows(HttpException.class, () -> param(text).asDouble(1)).status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-0", "5", "5.", ".5", "-1.25", "1e3", "1E-3", "1.5e+3", "1e-999", "007"})
    void decimal(String text) {
        assertEquals(Double.parseDouble(text), param(text).asDouble());
    }

    @Test
    void truth() {
        assertTrue(param("TRUE").asBoolean());
        assertFalse(param("false").asBoolean(true));
        refused("query parameter n: got 'yes', need true or false", () -> param("yes").asBoolean());
        refused("query parameter n: got 'fal\u017fe', need true or false", () -> param("fal\u017fe").asBoolean());
    }

    @Test
    void missing() {
        Param none = param(null);
        assertFalse(none.isPresent());
        assertEquals("x", none.orElse("x"));
        assertTrue(none.optional().isEmpty());
        assertEquals(1, none.asInt(1));
        assertEquals(2L, none.asLong(2));
        assertEquals(3.0, none.asDouble(3));
        assertTrue(none.asBoolean(true));
        refused("query parameter n: missing", none::get);
        refused("query parameter n: missing", none::asInt);
        refused("query parameter n: missing", none::asBoolean);
    }

    @Test
    void queries() {
        Query query = new Query("a=1&b=x+y&a=2&c&d=&=e&&%C3%A9=%26%3D&a%5B%5D=%0A");
        assertEquals("1", query.first("a"));
        assertEquals(List.of("1", "2"), query.all("a"));
        assertEquals("x y", query.first("b"));
        assertEquals("", query.first("c"));
        assertEquals("", query.first("d"));
        assertEquals("e", query.first(""));
        assertEquals("&=", query.first("é"));
        assertEquals("\n", query.first("a[]"));
        assertEquals(null, query.first("f"));
        assertEquals(List.of(), new Query("").all("a"));
        assertThrows(HttpException.class, () -> new Query("a=%"));
        assertThrows(HttpException.class, () -> new Query("a=%ff"));
    }
}
