package dev.heddle.http;

import java.nio.charset.StandardCharsets;

/** Writes error answers of type {@code application/problem+json} (RFC 9457), without need of a JSON library. */
final class Problem {
    private static final int FIRST_PRINTABLE = ' ';

    private Problem() {}

    /** Returns the body of an answer; {@code detail} may be null. */
    static byte[] json(int status, String detail) {
        StringBuilder json = new StringBuilder(128);
        json.append("{\"type\":\"about:blank\",\"title\":");
        quote(json, HttpException.title(status));
        json.append(",\"status\":").append(status);
        if (detail != null) {
            json.append(",\"detail\":");
            quote(json, detail);
        }
        return json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void quote(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char ch = text.charAt(i);
            if (ch == '"' || ch == '\\') {
                json.append('\\').append(ch);
            } else if (ch < FIRST_PRINTABLE || ch == '<' || ch == '>' || ch == '&') {
                json.append(String.format("\\u%04x", (int) ch)); // harmless even where somebody takes it for HTML
            } else {
                json.append(ch);
            }
        }
        json.append('"');
    }
}
