package dev.heddle.http.files;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoField;
import java.util.List;
import java.util.Locale;

/** Points in time in headers: RFC 9110, section 5.6.7. */
final class HttpTime {
    private static final int MAX_LENGTH = 40;

    private static final DateTimeFormatter PREFERRED =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

    /** Obsolete, but still to be understood: those of RFC 850 and of C's asctime. */
    private static final List<DateTimeFormatter> OTHERS = List.of(
            new DateTimeFormatterBuilder()
                    .appendPattern("EEEE, dd-MMM-")
                    .appendValueReduced(ChronoField.YEAR, 2, 2, LocalDate.of(1970, 1, 1))
                    .appendPattern(" HH:mm:ss 'GMT'")
                    .toFormatter(Locale.ENGLISH),
            DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ENGLISH));

    private HttpTime() {}

    /** Returns the text for a point in time; parts of seconds are left out. */
    static String format(Instant time) {
        return PREFERRED.format(time.atOffset(ZoneOffset.UTC));
    }

    /** Returns the point in time that a header tells, or null if it tells none. */
    static Instant parse(String text) {
        if (text == null || text.length() > MAX_LENGTH) {
            return null;
        }
        Instant preferred = parse(text, PREFERRED);
        if (preferred != null) {
            return preferred;
        }
        for (DateTimeFormatter format : OTHERS) {
            Instant time = parse(text, format);
            if (time != null) {
                return time;
            }
        }
        return null;
    }

    private static Instant parse(String text, DateTimeFormatter format) {
        try {
            return LocalDateTime.parse(text, format).toInstant(ZoneOffset.UTC);
        } catch (DateTimeParseException e) {
            return null;
        }
    }
}
