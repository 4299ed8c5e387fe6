package dev.heddle.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;

/**
 * The headers of an answer that goes out in one piece: those of the server as ready lines, which are the same for many
 * answers, and those of the handler. To everybody but {@link Http1Encoder} they look empty: nobody else asks.
 */
final class AnswerHeaders extends EmptyHttpHeaders {
    private static final int KEPT_LENGTHS = 1024;
    private static final int KEPT_TYPES = 64;

    /** Lines for the lengths of most small answers. */
    private static final byte[][] LENGTHS = new byte[KEPT_LENGTHS][];

    /** Lines made before, by hash of the type; a later type takes the place of an earlier one with the same. */
    private static final TypeLine[] TYPES = new TypeLine[KEPT_TYPES];

    private record TypeLine(CharSequence type, byte[] line) {}

    static {
        for (int i = 0; i < KEPT_LENGTHS; i++) {
            LENGTHS[i] = line("content-length", Integer.toString(i));
        }
    }

    private final byte[] common;
    /** Null for none. */
    private final byte[] type;

    private final byte[] length;
    /** What the handler has set; null for nothing. */
    private final HttpHeaders others;

    /**
     * Makes headers.
     *
     * @param common lines that all answers of this second have
     * @param type content type; null for none
     * @param length length of the body
     * @param others what the handler has set; null for nothing
     */
    AnswerHeaders(byte[] common, CharSequence type, int length, HttpHeaders others) {
        this.common = common;
        this.type = type == null ? null : typeLine(type);
        this.length = lengthLine(length);
        this.others = others;
    }

    /** Returns what the handler has set, or null. */
    HttpHeaders others() {
        return others;
    }

    /** Writes the lines of the server. */
    void encode(ByteBuf out) {
        out.writeBytes(common);
        if (type != null) {
            out.writeBytes(type);
        }
        out.writeBytes(length);
    }

    @Override
    public boolean containsValue(CharSequence name, CharSequence value, boolean ignoreCase) {
        return false; // asked for chunked, which an answer in one piece never is
    }

    private static byte[] typeLine(CharSequence type) {
        int slot = type.hashCode() & (KEPT_TYPES - 1);
        TypeLine kept = TYPES[slot];
        if (kept == null || !kept.type.equals(type)) {
            kept = new TypeLine(type, line("content-type", type));
            TYPES[slot] = kept; // a record is published safely by its final fields
        }
        return kept.line;
    }

    private static byte[] lengthLine(int length) {
        return length < KEPT_LENGTHS ? LENGTHS[length] : line("content-length", Integer.toString(length));
    }

    static byte[] line(String name, CharSequence value) {
        return (name + ": " + value + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }
}
