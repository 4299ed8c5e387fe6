package dev.heddle.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;

/**
 * Where a request ends: RFC 9112, section 6.3, for requests. It hangs on {@code Content-Length} and
 * {@code Transfer-Encoding} and on nothing else; without either there is no body. Whatever two parsers could read in two
 * ways is refused, since one of them may be a proxy in front of this server.
 */
final class Framing {
    /** The length of a body that comes in chunks. */
    static final long CHUNKED = -1;

    private static final Refusal BOTH =
            refusal(400, "need Content-Length or Transfer-Encoding, got both");
    private static final Refusal TWO_LENGTHS = refusal(400, "need one Content-Length, got more");
    private static final Refusal BAD_LENGTH =
            refusal(400, "Content-Length: need a number of decimal digits below 2^63");
    private static final Refusal OLD_VERSION = refusal(400, "Transfer-Encoding: need HTTP/1.1");
    private static final Refusal BAD_CODING =
            refusal(400, "Transfer-Encoding: need chunked, once and last, so that the end of the body can be found");
    private static final Refusal UNKNOWN_CODING =
            refusal(501, "Transfer-Encoding: the only coding that is undone here is chunked");

    private Framing() {}

    private static Refusal refusal(int status, String detail) {
        return new Refusal(new Rejection(status, detail, Event.MALFORMED));
    }

    /**
     * Returns the length of a request's body in bytes, 0 if it has none, or {@link #CHUNKED}.
     *
     * @param lengths how many lines of {@code Content-Length} it has
     * @param codings how many lines of {@code Transfer-Encoding} it has
     * @throws Refusal if its end cannot be told for sure
     */
    static long of(HttpRequest request, int lengths, int codings) {
        if (lengths == 0 && codings == 0) {
            return 0;
        }
        HttpHeaders headers = request.headers();
        if (codings == 0) {
            if (lengths > 1) {
                throw TWO_LENGTHS;
            }
            long length = length(headers.get(Names.CONTENT_LENGTH));
            if (length < 0) {
                throw BAD_LENGTH;
            }
            return length;
        }
        if (lengths > 0) {
            throw BOTH;
        }
        if (request.protocolVersion() == HttpVersion.HTTP_1_0) {
            throw OLD_VERSION;
        }
        checkCodings(headers.getAll(Names.TRANSFER_ENCODING));
        return CHUNKED;
    }

    /** Returns the number that a {@code Content-Length} is; -1 if it is none below 2^63. */
    static long length(String text) {
        long length = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9 || length > (Long.MAX_VALUE - digit) / 10) {
                return -1;
            }
            length = 10 * length + digit;
        }
        return text.isEmpty() ? -1 : length;
    }

    /** Returns if the codings are nothing but one {@code chunked}. */
    private static void checkCodings(List<String> lines) {
        int codings = 0;
        boolean chunked = false;
        for (String line : lines) {
            for (String member : line.split(",", -1)) {
                String coding = HeaderText.trim(member);
                boolean valid = HeaderText.isToken(coding.substring(0, nameLength(coding)));
                if (!valid || chunked) {
                    throw BAD_CODING; // an empty one too: lists may have them, but parsers do not agree on them
                }
                chunked = coding.equalsIgnoreCase("chunked");
                codings++;
            }
        }
        if (!chunked) {
            throw BAD_CODING;
        }
        if (codings > 1) {
            throw UNKNOWN_CODING;
        }
    }

    /** A coding may have parameters, chunked has none. */
    private static int nameLength(String coding) {
        int semicolon = coding.indexOf(';');
        return semicolon < 0 ? coding.length() : HeaderText.trim(coding.substring(0, semicolon)).length();
    }
}
