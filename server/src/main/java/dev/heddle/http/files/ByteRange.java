package dev.heddle.http.files;

/**
 * A part of a file.
 *
 * @param first the first byte, from 0
 * @param length how many bytes, at least 1
 */
record ByteRange(long first, long length) {
    /** None of the bytes that were asked for are there. */
    static final ByteRange UNSATISFIABLE = new ByteRange(-1, 0);

    private static final String UNIT = "bytes=";

    /** Digits that surely fit into a long. */
    private static final int MAX_DIGITS = 18;

    /**
     * Reads the {@code Range} header (RFC 9110, section 14). What cannot be read is to be ignored, and so are requests
     * for several parts: the whole file is a right answer to both. So it is to a request for the last bytes of an empty
     * file; one for bytes from the first on cannot be satisfied there.
     *
     * @param header its value; null if there is none
     * @param size the size of the file
     * @return the part; {@link #UNSATISFIABLE}; or null for the whole file
     */
    static ByteRange parse(String header, long size) {
        if (header == null || !header.regionMatches(true, 0, UNIT, 0, UNIT.length())) {
            return null;
        }
        String spec = header.substring(UNIT.length()).strip();
        int dash = spec.indexOf('-');
        if (dash < 0 || !isNumber(spec, 0, dash) || !isNumber(spec, dash + 1, spec.length()) || spec.length() == 1) {
            return null;
        }
        if (dash == 0) {
            long last = number(spec, 1, spec.length());
            if (last == 0) {
                return UNSATISFIABLE;
            }
            // the last bytes of an empty file are all of it, which no Content-Range can say
            return size == 0 ? null : new ByteRange(Math.max(0, size - last), Math.min(last, size));
        }
        long first = number(spec, 0, dash);
        long end = dash == spec.length() - 1 ? Long.MAX_VALUE : number(spec, dash + 1, spec.length());
        if (end < first) {
            return null;
        }
        return first >= size ? UNSATISFIABLE : new ByteRange(first, Math.min(end, size - 1) - first + 1);
    }

    /** Also for no digits at all. */
    private static boolean isNumber(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    /** Numbers too large for a long are larger than any file. */
    private static long number(String text, int from, int to) {
        int start = from;
        while (start < to - 1 && text.charAt(start) == '0') {
            start++;
        }
        return to - start > MAX_DIGITS ? Long.MAX_VALUE : Long.parseLong(text, start, to, 10);
    }

    /** Returns the value of {@code Content-Range}. */
    String contentRange(long size) {
        return "bytes " + first + "-" + (first + length - 1) + "/" + size;
    }
}
