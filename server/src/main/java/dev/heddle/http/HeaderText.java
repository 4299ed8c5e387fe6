package dev.heddle.http;

import io.netty.handler.codec.http.HttpHeaderValidationUtil;

/** What may stand in a header: in those that come, and in those of answers, so that no application can split one. */
final class HeaderText {
    /** The characters of a token besides letters and digits (RFC 9110, section 5.6.2). */
    private static final String TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";

    private static final boolean[] TOKEN = new boolean[128];

    static {
        for (int ch = 0; ch < TOKEN.length; ch++) {
            TOKEN[ch] = ch >= 'a' && ch <= 'z'
                    || ch >= 'A' && ch <= 'Z'
                    || ch >= '0' && ch <= '9'
                    || TOKEN_PUNCTUATION.indexOf(ch) >= 0;
        }
    }

    private HeaderText() {}

    static boolean isTokenChar(int ch) {
        return ch >= 0 && ch < TOKEN.length && TOKEN[ch];
    }

    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isTokenChar(text.charAt(i))) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /** Returns whether a byte may stand in the value of a header: visible characters, those beyond ASCII, spaces and tabs. */
    static boolean isValueByte(byte b) {
        return b < 0 || b >= ' ' && b != 0x7f || b == '\t';
    }

    /** Returns a text without spaces and tabs around it: the only blanks that HTTP knows. */
    static String trim(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isBlank(text.charAt(start))) {
            start++;
        }
        while (end > start && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    static boolean isBlank(int ch) {
        return ch == ' ' || ch == '\t';
    }

    static boolean isValidValue(CharSequence value) {
        return HttpHeaderValidationUtil.validateValidHeaderValue(value) == -1;
    }

    /** Returns the name, or throws. */
    static String name(String name) {
        if (name.isEmpty() || HttpHeaderValidationUtil.validateToken(name) != -1) {
            throw new IllegalArgumentException("header name: got '" + name + "', need a token of RFC 9110");
        }
        return name;
    }

    /** Returns the value of a header, or throws. */
    static String value(String name, String value) {
        int bad = HttpHeaderValidationUtil.validateValidHeaderValue(value);
        if (bad != -1) {
            throw new IllegalArgumentException("header " + name + ": got character 0x"
                    + Integer.toHexString(value.charAt(bad)) + " at " + bad
                    + ", need visible characters, spaces and tabs");
        }
        return value;
    }
}
