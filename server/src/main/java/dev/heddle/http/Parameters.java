package dev.heddle.http;

/**
 * The parameters that follow a value in a header, such as {@code ; charset="utf-8"} (RFC 9110, section 5.6.6), one after the
 * other. A semicolon inside quotes is text. What is malformed is read as far as it makes sense.
 */
final class Parameters {
    private final String text;
    /** Where the next one begins: at a semicolon, or at the end. */
    private int at;

    private String name;
    private String value;

    /** Begins after the value at the beginning of a header. */
    Parameters(String header) {
        this.text = header;
        this.at = endOf(0, ";");
    }

    /** Goes on to the next one. Returns false if there is none. */
    boolean next() {
        while (at < text.length()) {
            int start = at + 1;
            int end = endOf(start, "=;");
            name = HeaderText.trim(text.substring(start, end));
            at = end;
            if (end < text.length() && text.charAt(end) == '=') {
                readValue(end + 1);
                return true;
            }
        }
        return false;
    }

    private void readValue(int start) {
        if (start < text.length() && text.charAt(start) == '"') {
            StringBuilder plain = new StringBuilder();
            int i = start + 1;
            while (i < text.length() && text.charAt(i) != '"') {
                if (text.charAt(i) == '\\' && i + 1 < text.length()) {
                    i++;
                }
                plain.append(text.charAt(i));
                i++;
            }
            value = plain.toString();
            at = endOf(i, ";");
        } else {
            at = endOf(start, ";");
            value = HeaderText.trim(text.substring(start, at));
        }
    }

    private int endOf(int start, String ends) {
        int end = start;
        while (end < text.length() && ends.indexOf(text.charAt(end)) < 0) {
            end++;
        }
        return end;
    }

    /** Returns the name, as it was sent. */
    String name() {
        return name;
    }

    /** Returns the value, without quotes and escapes. */
    String value() {
        return value;
    }
}
