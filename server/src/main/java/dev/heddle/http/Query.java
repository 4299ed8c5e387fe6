package dev.heddle.http;

import java.util.ArrayList;
import java.util.List;

/** The parameters of a query, decoded, in the order in which they came. */
final class Query {
    /** Names and values by turns. */
    private final List<String> pairs = new ArrayList<>();

    /**
     * Parses a query.
     *
     * @param text as it was sent, without the question mark
     * @throws HttpException with 400 for broken escapes
     */
    Query(String text) {
        int start = 0;
        while (start <= text.length()) {
            int end = text.indexOf('&', start);
            end = end < 0 ? text.length() : end;
            if (end > start) {
                int equals = text.indexOf('=', start);
                boolean hasValue = equals >= 0 && equals < end;
                pairs.add(decode(text.substring(start, hasValue ? equals : end)));
                pairs.add(hasValue ? decode(text.substring(equals + 1, end)) : "");
            }
            start = end + 1;
        }
    }

    private static String decode(String text) {
        return PathText.decode(text, true, "query");
    }

    /** Returns the first value of a name, or null. */
    String first(String name) {
        for (int i = 0; i < pairs.size(); i += 2) {
            if (pairs.get(i).equals(name)) {
                return pairs.get(i + 1);
            }
        }
        return null;
    }

    List<String> all(String name) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i += 2) {
            if (pairs.get(i).equals(name)) {
                values.add(pairs.get(i + 1));
            }
        }
        return List.copyOf(values);
    }
}
