package dev.heddle.http;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** An answer as it came over the wire; header names in any case. */
record Answer(String statusLine, Map<String, List<String>> headers, byte[] body) {
    int status() {
        return Integer.parseInt(statusLine.split(" ")[1]);
    }

    /** Returns the only value of a header, or null. */
    String header(String name) {
        List<String> values = headers.getOrDefault(name, List.of());
        if (values.size() > 1) {
            throw new AssertionError("header " + name + ": got " + values + ", need one");
        }
        return values.isEmpty() ? null : values.getFirst();
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    boolean closes() {
        return "close".equals(header("connection"));
    }

    @Override
    public String toString() {
        return statusLine + " " + headers + " " + text();
    }
}
