package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

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
        refused("query parameter n: got 'NaN', need a finite number", () -> param("NaN").asDouble());
        refused(
                "query parameter n: got '" + "x".repeat(64) + "...', need a whole number from 1 to 2",
                () -> param("x".repeat(1000)).inRange(1, 2));
    }

    @Test
    void truth() {
        assertTrue(param("TRUE").asBoolean());
        assertFalse(param("false").asBoolean(true));
        refused("query parameter n: got 'yes', need true or false", () -> param("yes").asBoolean());
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
