package dev.heddle.http;

import io.netty.util.AsciiString;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The value of the {@code Date} header, made once a second by whoever needs it first. */
final class HttpDate {
    /** RFC 9110, section 5.6.7: the day of the month always has two digits, unlike in the JDK's RFC_1123 format. */
    private static final DateTimeFormatter FORMAT =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

    private record Stamp(long second, AsciiString text) {}

    private static volatile Stamp last = stamp(0);

    private HttpDate() {}

    /** Returns the text for this second. Two callers may make it at the same time: both make the same. */
    static AsciiString now() {
        long second = Math.floorDiv(System.currentTimeMillis(), 1000L);
        Stamp stamp = last;
        if (stamp.second != second) {
            stamp = stamp(second);
            last = stamp;
        }
        return stamp.text;
    }

    private static Stamp stamp(long second) {
        return new Stamp(second, new AsciiString(format(Instant.ofEpochSecond(second))));
    }

    static String format(Instant time) {
        return FORMAT.format(time.atOffset(ZoneOffset.UTC));
    }
}
