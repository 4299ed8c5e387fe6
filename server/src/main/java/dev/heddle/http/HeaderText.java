package dev.heddle.http;

import io.netty.handler.codec.http.HttpHeaderValidationUtil;

/** What may stand in a header, so that no answer can be split by what an application puts into one. */
final class HeaderText {
    private HeaderText() {}

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
