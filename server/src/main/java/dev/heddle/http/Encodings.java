package dev.heddle.http;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** Text beyond ASCII in the headers of answers that have a rule for it. */
final class Encodings {
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    /** What stands for itself in an extended value besides letters and digits: attr-char of RFC 8187. */
    private static final String ATTRIBUTE_PUNCTUATION = "!#$&+-.^_`|~";

    private record Parameter(String name, String value) {}

    private Encodings() {}

    /** Returns a URI reference for what may be an IRI: UTF-8, percent-encoded (RFC 3987, section 3.1). */
    static String reference(String text) {
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte b : utf8(text)) {
            if (b < 0) {
                percent(encoded, b);
            } else {
                encoded.append((char) b);
            }
        }
        return encoded.toString();
    }

    /**
     * Returns a {@code Content-Disposition} whose parameters beyond ASCII are there twice: as an extended value for all
     * clients of today, and before it with underscores (RFC 6266, appendix D). One that has an extended value keeps it.
     */
    static String disposition(String text) {
        int semicolon = text.indexOf(';');
        String type = semicolon < 0 ? text : HeaderText.trim(text.substring(0, semicolon));
        List<Parameter> all = new ArrayList<>();
        List<String> names = new ArrayList<>();
        Parameters parameters = new Parameters(text);
        while (parameters.next()) {
            all.add(new Parameter(parameters.name(), parameters.value()));
            names.add(parameters.name().toLowerCase(Locale.ROOT));
        }
        StringBuilder encoded = new StringBuilder(token(type));
        for (Parameter parameter : all) {
            encoded.append("; ").append(token(parameter.name));
            String value = parameter.value;
            boolean extended = parameter.name.endsWith("*");
            if (extended) {
                encoded.append('=').append(reference(value));
                continue;
            }
            encoded.append("=\"");
            value.codePoints().forEach(ch -> quoted(encoded, ch));
            encoded.append('"');
            if (!isAscii(value) && !names.contains(parameter.name.toLowerCase(Locale.ROOT) + "*")) {
                encoded.append("; ").append(parameter.name).append("*=UTF-8''");
                extended(encoded, value);
            }
        }
        return encoded.toString();
    }

    private static String token(String text) {
        if (!HeaderText.isToken(text)) {
            throw new IllegalArgumentException("header content-disposition: got '" + text + "', need a token of RFC 9110");
        }
        return text;
    }

    private static void quoted(StringBuilder into, int ch) {
        if (ch == '"' || ch == '\\') {
            into.append('\\');
        }
        into.append(ch < 128 ? (char) ch : '_');
    }

    private static void extended(StringBuilder into, String value) {
        for (byte b : utf8(value)) {
            boolean plain = b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z';
            if (plain || b > 0 && ATTRIBUTE_PUNCTUATION.indexOf(b) >= 0) {
                into.append((char) b);
            } else {
                percent(into, b);
            }
        }
    }

    private static void percent(StringBuilder into, byte b) {
        HEX.toHexDigits(into.append('%'), b);
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(ch -> ch < 128);
    }

    private static byte[] utf8(String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] array = new byte[bytes.remaining()];
            bytes.get(array);
            return array;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("header value: got half a surrogate pair, need whole characters", e);
        }
    }
}
