package dev.heddle.http.files;

import dev.heddle.http.Ctx;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What tells one state of a file from another: RFC 9110, section 8.8.
 *
 * @param etag the entity tag, with quotes and, if weak, {@code W/}
 * @param modified when the file was changed, to the second
 * @param strong whether the file cannot have changed without the tag
 */
record Validators(String etag, Instant modified, boolean strong) {
    /**
     * A file that was changed a moment ago can change again without a change of its time: file systems count in steps
     * of up to 2 s (FAT), most in those of the kernel's clock.
     */
    private static final Duration RECENT = Duration.ofSeconds(2);

    private static final String WEAK = "W/";

    /** What the conditions of a request demand. */
    enum Outcome {
        SEND,
        NOT_MODIFIED,
        FAILED
    }

    /**
     * Returns the validators of a file, from its size and the time of its last change: its content is not read.
     *
     * @param coding how it is compressed; null if it is not
     * @param now the present
     */
    static Validators of(BasicFileAttributes attributes, Coding coding, Instant now) {
        Instant modified = attributes.lastModifiedTime().toInstant();
        boolean strong = Duration.between(modified, now).compareTo(RECENT) > 0;
        String etag = (strong ? "\"" : "W/\"")
                + Long.toHexString(attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS))
                + "-"
                + Long.toHexString(attributes.size())
                + (coding == null ? "" : "-" + coding.token)
                + "\"";
        Instant told = modified.isAfter(now) ? now : modified; // a time in the future is not allowed
        return new Validators(etag, told.truncatedTo(ChronoUnit.SECONDS), strong);
    }

    /** Evaluates the conditions in the order of RFC 9110, section 13.2.2. For GET and HEAD. */
    Outcome evaluate(Ctx c) {
        if (c.header("If-Match").isPresent()) {
            if (!isIn(String.join(",", c.headerAll("If-Match")), true)) {
                return Outcome.FAILED;
            }
        } else {
            Instant since = time(c, "If-Unmodified-Since");
            if (since != null && modified.isAfter(since)) {
                return Outcome.FAILED;
            }
        }
        if (c.header("If-None-Match").isPresent()) {
            return isIn(String.join(",", c.headerAll("If-None-Match")), false) ? Outcome.NOT_MODIFIED : Outcome.SEND;
        }
        Instant since = time(c, "If-Modified-Since");
        return since != null && !modified.isAfter(since) ? Outcome.NOT_MODIFIED : Outcome.SEND;
    }

    /** Returns the time that a header tells; null if it tells none, or several, which is to be ignored. */
    private static Instant time(Ctx c, String header) {
        List<String> lines = c.headerAll(header);
        return lines.size() == 1 ? HttpTime.parse(lines.getFirst()) : null;
    }

    /** Returns whether the client's part is of this state of the file, so that {@code Range} counts. */
    boolean allowsRange(String ifRange) {
        if (ifRange == null) {
            return true;
        }
        if (ifRange.startsWith("\"") || ifRange.startsWith(WEAK)) {
            return strong && ifRange.equals(etag);
        }
        return strong && modified.equals(HttpTime.parse(ifRange));
    }

    /** Returns whether this is one of several tags. A strong comparison is one of strong tags only. */
    private boolean isIn(String tags, boolean strongly) {
        if (tags.strip().equals("*")) {
            return true;
        }
        String opaque = strong ? etag : etag.substring(WEAK.length());
        int at = 0;
        while (true) {
            int open = tags.indexOf('"', at);
            int close = open < 0 ? -1 : tags.indexOf('"', open + 1);
            if (close < 0) {
                return false;
            }
            boolean weak = tags.startsWith(WEAK, open - WEAK.length());
            boolean same = tags.regionMatches(open, opaque, 0, opaque.length()) && close - open + 1 == opaque.length();
            if (same && !(strongly && (weak || !strong))) {
                return true;
            }
            at = close + 1;
        }
    }
}
