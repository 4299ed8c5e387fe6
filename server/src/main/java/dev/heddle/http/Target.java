package dev.heddle.http;

/**
 * A request target, taken apart.
 *
 * @param path the path as it was sent, beginning with a slash; {@code *} for the server as a whole
 * @param query what follows the question mark, as it was sent; empty if there is nothing
 */
record Target(String path, String query) {
    private static final int FIRST_VISIBLE = '!';
    private static final int LAST_VISIBLE = '~';

    /**
     * Takes a target apart: in origin form, in absolute form (whose authority does not count), or {@code *} of OPTIONS.
     *
     * @throws HttpException with 400 for anything else
     */
    static Target parse(String method, String text) {
        for (int i = 0; i < text.length(); i++) {
            char ch = text.charAt(i);
            if (ch < FIRST_VISIBLE || ch > LAST_VISIBLE || ch == '#') {
                throw malformed("request target: got character 0x" + Integer.toHexString(ch) + ", need it percent-encoded");
            }
        }
        if (text.equals("*") && method.equals("OPTIONS")) {
            return new Target("*", "");
        }
        String origin = text.startsWith("/") ? text : originOf(text);
        int mark = origin.indexOf('?');
        return mark < 0 ? new Target(origin, "") : new Target(origin.substring(0, mark), origin.substring(mark + 1));
    }

    /** The connection is closed after it, as after everything malformed that the decoder finds. */
    static HttpException malformed(String detail) {
        return new HttpException(400, detail).withHeader("Connection", "close");
    }

    private static String originOf(String absolute) {
        int scheme = absolute.regionMatches(true, 0, "http://", 0, 7)
                ? 7
                : absolute.regionMatches(true, 0, "https://", 0, 8) ? 8 : -1;
        if (scheme < 0) {
            throw malformed("request target: need a path that begins with /");
        }
        for (int i = scheme; i < absolute.length(); i++) {
            if (absolute.charAt(i) == '/') {
                return absolute.substring(i);
            }
            if (absolute.charAt(i) == '?') {
                return "/" + absolute.substring(i);
            }
        }
        return "/";
    }
}
