package dev.heddle.http;

import io.netty.util.AsciiString;

/** Header names and values that the server writes, ready to be copied to the wire. */
final class Names {
    static final AsciiString ALLOW = AsciiString.cached("allow");
    static final AsciiString CONNECTION = AsciiString.cached("connection");
    static final AsciiString CONTENT_LENGTH = AsciiString.cached("content-length");
    static final AsciiString CONTENT_TYPE = AsciiString.cached("content-type");
    static final AsciiString DATE = AsciiString.cached("date");
    static final AsciiString EXPECT = AsciiString.cached("expect");
    static final AsciiString HOST = AsciiString.cached("host");
    static final AsciiString SERVER = AsciiString.cached("server");
    static final AsciiString TRANSFER_ENCODING = AsciiString.cached("transfer-encoding");

    static final AsciiString CHUNKED = AsciiString.cached("chunked");
    static final AsciiString CLOSE = AsciiString.cached("close");
    static final AsciiString KEEP_ALIVE = AsciiString.cached("keep-alive");

    static final AsciiString TEXT = AsciiString.cached("text/plain; charset=utf-8");
    static final AsciiString JSON = AsciiString.cached("application/json");
    static final AsciiString PROBLEM = AsciiString.cached("application/problem+json");

    /** Lengths of most small answers. */
    private static final AsciiString[] NUMBERS = new AsciiString[1024];

    static {
        for (int i = 0; i < NUMBERS.length; i++) {
            NUMBERS[i] = AsciiString.cached(Integer.toString(i));
        }
    }

    private Names() {}

    /** Returns a number of zero or more in decimal. */
    static CharSequence number(long n) {
        return n < NUMBERS.length ? NUMBERS[(int) n] : Long.toString(n);
    }
}
