package dev.heddle.http;

/** What may stand in a header: in those that come, and in those of answers, so that no application can split one. */
final class HeaderText {
    /** The characters of a token besides letters and digits (RFC 9110, section 5.6.2). */
    private static final String TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";

    private static final int DELETE = 0x7f;
    private static final int LAST_ASCII = 0x7f;
    private static final int LAST_BYTE = 0xff;

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
        return b < 0 || b >= ' ' && b != DELETE || b == '\t';
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

    /** Returns the name, or throws. */
    static String name(String name) {
        if (!isToken(name)) {
            throw new IllegalArgumentException("header name: got '" + name + "', need a token of RFC 9110");
        }
        return name;
    }

    /**
     * Returns the value of a header as it is sent, a byte for each character, or throws. What has a rule for it is encoded:
     * {@code Location} and {@code Content-Location}, the parameters of {@code Content-Disposition}.
     */
    static String value(String name, String value) {
        int bad = unsafe(value);
        if (bad >= 0) {
            throw bad(name, value, bad, "visible characters, with spaces and tabs between them");
        }
        if (beyond(value, LAST_ASCII) < 0) {
            return value;
        }
        if (name.equalsIgnoreCase("location") || name.equalsIgnoreCase("content-location")) {
            return Encodings.reference(value);
        }
        if (name.equalsIgnoreCase("content-disposition")) {
            return Encodings.disposition(value);
        }
        bad = beyond(value, LAST_BYTE);
        if (bad >= 0) {
            throw bad(name, value, bad, "characters up to 0xff: others cannot be sent");
        }
        return value;
    }

    /** Returns whether a text may be the value of any header, as it stands. */
    static boolean isValidValue(String value) {
        return unsafe(value) < 0 && beyond(value, LAST_BYTE) < 0;
    }

    /** Returns where the text has a character that could end a header or be lost; -1 if it has none. */
    private static int unsafe(String value) {
        for (int i = 0; i < value.length(); i++) {
            char ch = value.charAt(i);
            if (ch < ' ' && ch != '\t' || ch == DELETE || i == 0 && isBlank(ch)) {
                return i;
            }
        }
        return -1;
    }

    private static int beyond(String value, int last) {
        for (int i = 0; i < value.length(); i++) {
            if (value.charAt(i) > last) {
                return i;
            }
        }
        return -1;
    }

    private static IllegalArgumentException bad(String name, String value, int at, String need) {
        return new IllegalArgumentException("header " + name + ": got character 0x"
                + Integer.toHexString(value.charAt(at)) + " at " + at + ", need " + need);
    }
}
