package dev.heddle.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.Arrays;

/**
 * Takes the bodies of requests apart, of known length or in chunks (RFC 9112, sections 6 and 7.1), to the letter: what a
 * proxy in front could read otherwise is malformed. Trailers are checked and dropped.
 *
 * <p>Small pieces are copied together, as far as one read from the socket brings them: so a byte costs neither an object of its
 * own nor keeps the buffer alive that it was read into. Framing that costs more than the content is worth is refused.
 *
 * <p>All methods belong to the loop.
 */
final class BodyDecoder {
    /** Bytes of the body that are handed on at once, at most: what Netty reads from a socket at once. */
    private static final int MAX_PIECE = 64 << 10;

    /** Smaller pieces are copied, together up to this size. A guess: so much is copied faster than it is read. */
    private static final int SMALL_BYTES = 16 << 10;

    private static final int FIRST_GATHERED = 256;

    /** Bytes of framing that a chunk may have besides twice its content. Go's, in {@code net/http/internal/chunked.go}. */
    private static final int FRAMING_PER_CHUNK = 16;

    /** Bytes of framing that all chunks of a body together may have beyond that. Go's. */
    private static final int MAX_EXCESS = 16 << 10;

    /** Bytes of a line with the size of a chunk and extensions, without its end: Go's {@code maxLineLength}. */
    private static final int MAX_CHUNK_LINE = 4096;

    /** Digits of the size of a chunk, as in Go: more would only be zeros. */
    private static final int MAX_DIGITS = 16;

    private enum State {
        /** A body of known length. */
        FIXED,
        /** The line before a chunk. */
        SIZE,
        /** A chunk. */
        DATA,
        /** The line break after a chunk. */
        DATA_END,
        TRAILERS
    }

    private static final class MalformedBody extends RuntimeException {
        MalformedBody(String message) {
            super(message, null, false, false); // without a stack: clients cause it
        }
    }

    private final int maxTrailerBytes;
    private final int maxTrailers;

    private State state;
    /** Bytes that are still to come: of the body, or of the chunk. */
    private long left;

    private int trailers;
    private int trailerBytes;

    /** Bytes of framing beyond what the chunks may have. */
    private long excess;

    /** Small pieces that have been copied together; null if there are none. Empty between calls. */
    private byte[] gathered;
    private int gatheredBytes;

    BodyDecoder(ServerConfig.Limits limits) {
        this.maxTrailerBytes = limits.maxHeaderBytes();
        this.maxTrailers = limits.maxHeaderCount();
    }

    /** Begins a body; {@code length} is positive, or {@link Framing#CHUNKED}. */
    void begin(long length) {
        state = length == Framing.CHUNKED ? State.SIZE : State.FIXED;
        left = length;
        trailers = 0;
        trailerBytes = 0;
        excess = 0;
    }

    /**
     * Reads on. Returns a piece of the body, the last of which is a {@link LastHttpContent}; null if more has to come
     * first. A last piece whose result is a failure says that the rest cannot be read.
     */
    HttpContent decode(ByteBuf in) {
        try {
            return state == State.FIXED ? fixed(in) : chunked(in);
        } catch (MalformedBody e) {
            if (gathered != null) {
                return takeGathered(); // what was good; what was not has been left there, and is found again
            }
            LastHttpContent end = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER);
            end.setDecoderResult(DecoderResult.failure(e));
            in.skipBytes(in.readableBytes());
            return end;
        }
    }

    private HttpContent fixed(ByteBuf in) {
        ByteBuf piece = piece(in);
        if (piece == null) {
            return null;
        }
        return left == 0
                ? new DefaultLastHttpContent(piece, DefaultHttpHeadersFactory.trailersFactory())
                : new DefaultHttpContent(piece);
    }

    /** Returns what is there of the body or of the chunk, up to a bound. */
    private int available(ByteBuf in) {
        return (int) Math.min(Math.min(in.readableBytes(), MAX_PIECE), left);
    }

    /** Returns what is there of the body or of the chunk; null if nothing is. */
    private ByteBuf piece(ByteBuf in) {
        int bytes = available(in);
        if (bytes == 0) {
            return null;
        }
        left -= bytes;
        if (isLarge(bytes, in)) {
            return in.readRetainedSlice(bytes);
        }
        byte[] copy = new byte[bytes];
        in.readBytes(copy);
        return Unpooled.wrappedBuffer(copy);
    }

    /** Returns whether a piece is worth the buffer that it keeps. */
    private static boolean isLarge(int bytes, ByteBuf in) {
        return bytes >= SMALL_BYTES && bytes >= in.capacity() / 2;
    }

    private HttpContent chunked(ByteBuf in) {
        while (true) {
            switch (state) {
                case SIZE -> {
                    int end = lineEnd(in, MAX_CHUNK_LINE);
                    if (end < 0) {
                        return takeGathered();
                    }
                    left = chunkSize(in, end);
                    weigh(end + 2 - in.readerIndex(), left);
                    in.readerIndex(end + 2);
                    state = left == 0 ? State.TRAILERS : State.DATA;
                }
                case DATA -> {
                    HttpContent piece = data(in);
                    if (left == 0) {
                        state = State.DATA_END;
                    } else if (piece == null) {
                        return takeGathered();
                    }
                    if (piece != null) {
                        return piece;
                    }
                }
                case DATA_END -> {
                    int end = lineEnd(in, 0);
                    if (end < 0) {
                        return takeGathered();
                    }
                    in.readerIndex(end + 2);
                    state = State.SIZE;
                }
                default -> {
                    return gathered != null ? takeGathered() : trailers(in);
                }
            }
        }
    }

    /** Counts the framing of a chunk against its content, so that it cannot cost much more than it brings. */
    private void weigh(int lineBytes, long content) {
        long due = FRAMING_PER_CHUNK + 2 * Math.min(content, MAX_EXCESS);
        long more = Math.max(0, excess + lineBytes + 2 - due);
        if (more > MAX_EXCESS) {
            throw new MalformedBody("the chunks bring more framing than content");
        }
        excess = more;
    }

    /** Reads on in a chunk. Returns a piece, or null if what was there has been gathered or nothing was there. */
    private HttpContent data(ByteBuf in) {
        int bytes = available(in);
        if (isLarge(bytes, in) || gatheredBytes + bytes > SMALL_BYTES) {
            return gathered != null ? takeGathered() : new DefaultHttpContent(piece(in));
        }
        if (gathered == null) {
            gathered = new byte[Math.max(bytes, FIRST_GATHERED)];
        } else if (gatheredBytes + bytes > gathered.length) {
            int doubled = Math.min(2 * gathered.length, SMALL_BYTES);
            gathered = Arrays.copyOf(gathered, Math.max(doubled, gatheredBytes + bytes));
        }
        in.readBytes(gathered, gatheredBytes, bytes);
        gatheredBytes += bytes;
        left -= bytes;
        return null;
    }

    private HttpContent takeGathered() {
        if (gatheredBytes == 0) {
            gathered = null;
            return null;
        }
        byte[] bytes = gatheredBytes == gathered.length ? gathered : Arrays.copyOf(gathered, gatheredBytes);
        gathered = null;
        gatheredBytes = 0;
        return new DefaultHttpContent(Unpooled.wrappedBuffer(bytes));
    }

    private HttpContent trailers(ByteBuf in) {
        while (true) {
            int end = lineEnd(in, maxTrailerBytes - trailerBytes);
            if (end < 0) {
                return null;
            }
            int start = in.readerIndex();
            in.readerIndex(end + 2);
            if (end == start) {
                return LastHttpContent.EMPTY_LAST_CONTENT;
            }
            if (++trailers > maxTrailers) {
                throw new MalformedBody("more than " + maxTrailers + " trailers");
            }
            trailerBytes += end - start;
            checkTrailer(in, start, end);
        }
    }

    /** Returns the index of the CR that ends the line here; -1 if it has not come yet. */
    private static int lineEnd(ByteBuf in, int maxBytes) {
        int start = in.readerIndex();
        int most = (int) Math.min(in.readableBytes(), maxBytes + 2L);
        int lf = in.indexOf(start, start + most, (byte) '\n');
        if (lf < 0) {
            if (most == maxBytes + 2L || most == maxBytes + 1L && in.getByte(start + maxBytes) != '\r') {
                throw new MalformedBody("a line is longer than " + maxBytes + " bytes");
            }
            return -1;
        }
        if (lf == start || in.getByte(lf - 1) != '\r') {
            throw new MalformedBody("a line ends without CR");
        }
        return lf - 1;
    }

    // ---- a chunk's line: 1*HEXDIG *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )

    private static long chunkSize(ByteBuf in, int end) {
        int start = in.readerIndex();
        long size = 0;
        int at = start;
        for (; at < end; at++) {
            int digit = hexDigit(in.getByte(at));
            if (digit < 0) {
                break;
            }
            if (at - start == MAX_DIGITS || size > Long.MAX_VALUE >> 4) {
                throw new MalformedBody("the size of a chunk is 2^63 or more, or has more than " + MAX_DIGITS + " digits");
            }
            size = size << 4 | digit;
        }
        if (at == start) {
            throw new MalformedBody("the size of a chunk is no hexadecimal number");
        }
        if (at < end) {
            checkExtensions(in, at, end);
        }
        return size;
    }

    private static int hexDigit(byte b) {
        if (b >= '0' && b <= '9') {
            return b - '0';
        }
        int letter = b | 0x20;
        return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
    }

    private static void checkExtensions(ByteBuf in, int from, int end) {
        int at = from;
        while (at < end) {
            at = afterBlanks(in, at, end);
            if (!isAt(in, at, end, ';')) {
                throw new MalformedBody("the size of a chunk is followed by something that is no extension");
            }
            at = afterToken(in, afterBlanks(in, at + 1, end), end);
            int equals = afterBlanks(in, at, end);
            if (isAt(in, equals, end, '=')) {
                int value = afterBlanks(in, equals + 1, end);
                at = isAt(in, value, end, '"') ? afterQuoted(in, value, end) : afterToken(in, value, end);
            }
        }
    }

    private static boolean isAt(ByteBuf in, int at, int end, char ch) {
        return at < end && in.getByte(at) == ch;
    }

    private static int afterBlanks(ByteBuf in, int from, int end) {
        int at = from;
        while (isAt(in, at, end, ' ') || isAt(in, at, end, '\t')) {
            at++;
        }
        return at;
    }

    private static int afterToken(ByteBuf in, int from, int end) {
        int at = from;
        while (at < end && HeaderText.isTokenChar(in.getByte(at))) {
            at++;
        }
        if (at == from) {
            throw new MalformedBody("the extension of a chunk has no name or no value");
        }
        return at;
    }

    private static int afterQuoted(ByteBuf in, int from, int end) {
        boolean escaped = false;
        for (int at = from + 1; at < end; at++) {
            byte b = in.getByte(at);
            if (!HeaderText.isValueByte(b)) {
                break;
            }
            if (!escaped && b == '"') {
                return at + 1;
            }
            escaped = !escaped && b == '\\';
        }
        throw new MalformedBody("the extension of a chunk has a bad quoted value");
    }

    private static void checkTrailer(ByteBuf in, int start, int end) {
        int colon = afterToken(in, start, end);
        boolean good = isAt(in, colon, end, ':');
        for (int at = colon + 1; good && at < end; at++) {
            good = HeaderText.isValueByte(in.getByte(at));
        }
        if (!good) {
            throw new MalformedBody("a trailer is malformed");
        }
    }
}
