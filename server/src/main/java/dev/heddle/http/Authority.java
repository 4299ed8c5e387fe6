package dev.heddle.http;

import io.netty.util.NetUtil;

/** The grammar of a host with an optional port (RFC 3986, section 3.2; RFC 9110, section 7.2). */
final class Authority {
    /** What a registered name is written with besides letters, digits and escapes: unreserved and sub-delims. */
    private static final String NAME_PUNCTUATION = "-._~!$&'()*+,;=";

    private static final int MAX_PORT = 65_535;

    private Authority() {}

    /**
     * Returns whether a text is a host, optionally with a port: a name, an IPv4 address, or an IPv6 address in brackets,
     * without a zone. The host may be empty only if the text is; the port may be empty. No user info: HTTP has none.
     */
    static boolean isValid(String text) {
        int end = text.startsWith("[") ? endOfAddress(text) : endOfName(text);
        if (end == text.length()) {
            return true;
        }
        return end > 0 && text.charAt(end) == ':' && isPort(text, end + 1);
    }

    /** Returns the end of the address that begins the text; -1 if there is none. */
    private static int endOfAddress(String text) {
        int close = text.indexOf(']');
        if (close < 0 || text.lastIndexOf('%', close) >= 0) {
            return -1;
        }
        return NetUtil.isValidIpV6Address(text.substring(1, close)) ? close + 1 : -1;
    }

    /** Returns the end of the name that begins the text, -1 for a broken escape. */
    private static int endOfName(String text) {
        int at = 0;
        while (at < text.length()) {
            char ch = text.charAt(at);
            if (ch == '%') {
                if (at + 2 >= text.length() || !isHexDigit(text.charAt(at + 1)) || !isHexDigit(text.charAt(at + 2))) {
                    return -1;
                }
                at += 3;
            } else if (isNameChar(ch)) {
                at++;
            } else {
                return at;
            }
        }
        return at;
    }

    private static boolean isNameChar(char ch) {
        return ch >= 'a' && ch <= 'z'
                || ch >= 'A' && ch <= 'Z'
                || ch >= '0' && ch <= '9'
                || NAME_PUNCTUATION.indexOf(ch) >= 0;
    }

    private static boolean isHexDigit(char ch) {
        return ch < 128 && Character.digit(ch, 16) >= 0;
    }

    private static boolean isPort(String text, int from) {
        int port = 0;
        for (int i = from; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            port = 10 * port + digit;
            if (port > MAX_PORT) {
                return false;
            }
        }
        return true;
    }
}
