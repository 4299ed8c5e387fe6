package dev.heddle.http;

/**
 * A request target, taken apart.
 *
 * @param path the path as it was sent, beginning with a slash; {@code *} for the server as a whole
 * @param query what follows the question mark, as it was sent; empty if there is nothing
 */
record Target(String path, String query) {
    /**
     * Takes a target apart: in origin form, in absolute form (whose authority {@link #authority} returns), or {@code *} of
     * OPTIONS, for which an absolute form without path and query stands too (RFC 9112, section 3.2.4).
     *
     * @param text visible ASCII characters, as the decoder has seen to it
     * @throws HttpException with 400 for anything else
     */
    static Target parse(String method, String text) {
        if (text.equals("*") && method.equals("OPTIONS")) {
            return new Target("*", "");
        }
        String origin = text.startsWith("/") ? text : originOf(text);
        if (origin.isEmpty()) {
            return new Target(method.equals("OPTIONS") ? "*" : "/", "");
        }
        int mark = origin.indexOf('?');
        return mark < 0 ? new Target(origin, "") : new Target(origin.substring(0, mark), origin.substring(mark + 1));
    }

    /** Returns the authority of a target in absolute form, as it was sent; null if it has another form. */
    static String authority(String text) {
        int start = afterScheme(text);
        return start < 0 ? null : text.substring(start, endOfAuthority(text, start));
    }

    /** The connection is closed after it, as after everything malformed that the decoder finds. */
    static HttpException malformed(String detail) {
        return new HttpException(400, detail).withHeader("Connection", "close");
    }

    /** Returns path and query, with a slash at the beginning; empty if there are none. */
    private static String originOf(String absolute) {
        int start = afterScheme(absolute);
        if (start < 0) {
            throw malformed("request target: need a path that begins with /");
        }
        String rest = absolute.substring(endOfAuthority(absolute, start));
        return rest.startsWith("?") ? "/" + rest : rest;
    }

    private static int afterScheme(String text) {
        if (text.regionMatches(true, 0, "http://", 0, 7)) {
            return 7;
        }
        return text.regionMatches(true, 0, "https://", 0, 8) ? 8 : -1;
    }

    private static int endOfAuthority(String text, int start) {
        int end = start;
        while (end < text.length() && text.charAt(end) != '/' && text.charAt(end) != '?') {
            end++;
        }
        return end;
    }
}
