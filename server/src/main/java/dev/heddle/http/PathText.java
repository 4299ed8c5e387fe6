package dev.heddle.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Takes the path of a request target apart. Each segment is decoded by itself, after the split: an encoded slash stays
 * data and never makes a segment, and {@code ..} cannot be smuggled in encoded.
 */
final class PathText {
    private static final int DELETE = 0x7f;

    private PathText() {}

    /**
     * Returns the decoded segments of a path that begins with a slash; null for one with an empty segment before the end,
     * which no template can match.
     *
     * @throws HttpException with 400 for broken escapes, text that is not UTF-8, control characters and dot segments
     */
    static String[] segments(String path) {
        int count = 1;
        for (int i = 1; i < path.length(); i++) {
            if (path.charAt(i) == '/') {
                count++;
            }
        }
        String[] segments = new String[count];
        int start = 1;
        boolean empty = false;
        for (int n = 0; n < count; n++) {
            int end = path.indexOf('/', start);
            end = end < 0 ? path.length() : end;
            String segment = decode(path.substring(start, end), false, "path");
            if (segment.equals(".") || segment.equals("..")) {
                throw Target.malformed("path: got a dot segment, need a path without . and ..");
            }
            empty |= segment.isEmpty() && n < count - 1;
            segments[n] = segment;
            start = end + 1;
        }
        return empty ? null : segments;
    }

    /**
     * Returns the segments of which a path surely has the first ones: those before the first empty one; none for a path that
     * begins with one.
     *
     * @throws HttpException as {@link #segments} says
     */
    static String[] beginning(String path) {
        int end = path.indexOf("//");
        return end <= 0 ? new String[0] : segments(path.substring(0, end));
    }

    /** Returns the segments from one on, joined again; null if that would not be the same path any more. */
    static String join(String[] segments, int from) {
        if (from == segments.length - 1) {
            return isPlain(segments[from]) ? segments[from] : null;
        }
        StringBuilder joined = new StringBuilder();
        for (int i = from; i < segments.length; i++) {
            if (!isPlain(segments[i])) {
                return null;
            }
            joined.append(i > from ? "/" : "").append(segments[i]);
        }
        return joined.toString();
    }

    private static boolean isPlain(String segment) {
        return segment.indexOf('/') < 0 && segment.indexOf('\\') < 0;
    }

    /**
     * Decodes percent escapes as UTF-8.
     *
     * @param plusIsSpace whether a plus sign is a space, as in queries
     * @param what for the message: path or query
     * @throws HttpException with 400 for broken escapes, text that is not UTF-8 and control characters
     */
    static String decode(String text, boolean plusIsSpace, String what) {
        int length = text.length();
        int i = 0;
        while (i < length && text.charAt(i) != '%' && !(plusIsSpace && text.charAt(i) == '+')) {
            i++;
        }
        if (i == length) {
            return text;
        }
        byte[] bytes = new byte[length];
        int n = 0;
        for (int at = 0; at < length; at++) {
            char ch = text.charAt(at);
            if (ch == '%') {
                int high = at + 2 < length ? Character.digit(text.charAt(at + 1), 16) : -1;
                int low = at + 2 < length ? Character.digit(text.charAt(at + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    throw Target.malformed(what + ": got a % without two hexadecimal digits after it");
                }
                bytes[n] = (byte) (high << 4 | low);
                at += 2;
            } else {
                bytes[n] = (byte) (ch == '+' && plusIsSpace ? ' ' : ch);
            }
            n++;
        }
        return utf8(bytes, n, what);
    }

    private static String utf8(byte[] bytes, int length, String what) {
        for (int i = 0; i < length; i++) {
            if ((bytes[i] >= 0 && bytes[i] < ' ' || bytes[i] == DELETE) && what.equals("path")) {
                throw Target.malformed(what + ": got an encoded control character");
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length)).toString();
        } catch (CharacterCodingException e) {
            throw Target.malformed(what + ": got escapes that are not UTF-8");
        }
    }
}
