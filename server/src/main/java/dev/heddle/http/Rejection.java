package dev.heddle.http;

import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;

/**
 * Why a request is answered by the connection itself, without any handler; the connection is closed after it, since what
 * follows cannot be told from the rest of the bad request.
 *
 * @param status status of the answer
 * @param detail for the client
 * @param event what is counted
 */
record Rejection(int status, String detail, Event event) {
    static final Rejection HEADER_TIMEOUT =
            new Rejection(408, "the head of the request did not come in time", Event.HEADER_TIMEOUT);

    private static final Rejection URI_TOO_LONG =
            new Rejection(414, "the request line is longer than allowed here", Event.MALFORMED);
    private static final Rejection HEADERS_TOO_LARGE =
            new Rejection(431, "the headers are larger or more than allowed here", Event.MALFORMED);
    private static final Rejection MALFORMED =
            new Rejection(400, "the request line or a header is malformed", Event.MALFORMED);
    private static final Rejection VERSION =
            new Rejection(505, "need HTTP/1.1 or HTTP/1.0", Event.MALFORMED);
    private static final Rejection HOST_MISSING = new Rejection(400, "need a Host header", Event.MALFORMED);
    private static final Rejection HOST_TWICE = new Rejection(400, "need one Host header, got more", Event.MALFORMED);
    private static final Rejection HOST_BAD = new Rejection(400, "the Host header is malformed", Event.MALFORMED);
    private static final Rejection EXPECTATION =
            new Rejection(417, "the only expectation that can be met is 100-continue", Event.MALFORMED);

    /** What a host name, an address and a port are written with (RFC 3986, section 3.2.2), besides letters and digits. */
    private static final String HOST_PUNCTUATION = ".-_~:[]%!$&'()*+,;=";

    /** Returns why a request cannot be served, or null if it can. {@code decoder} has just decoded its head. */
    static Rejection of(HttpRequest request, Http1Decoder decoder, int maxUri) {
        DecoderResult result = request.decoderResult();
        if (result.isFailure()) {
            return ofFailure(result.cause());
        }
        if (request.uri().length() > maxUri) {
            return URI_TOO_LONG;
        }
        HttpVersion version = request.protocolVersion();
        if (version != HttpVersion.HTTP_1_1 && version != HttpVersion.HTTP_1_0) {
            // Netty makes other objects for other versions, and also for lower case, which RFC 9112 section 2.3 forbids
            return version.majorVersion() == 1 && version.minorVersion() <= 1 ? MALFORMED : VERSION;
        }
        if (HttpMethod.CONNECT.equals(request.method())) {
            return new Rejection(501, "CONNECT is for proxies", Event.MALFORMED);
        }
        return ofHeaders(request, decoder);
    }

    private static Rejection ofFailure(Throwable cause) {
        return switch (cause) {
            case Refusal refusal -> refusal.rejection();
            case TooLongHttpLineException _ -> URI_TOO_LONG;
            case TooLongHttpHeaderException _ -> HEADERS_TOO_LARGE;
            default -> MALFORMED;
        };
    }

    private static Rejection ofHeaders(HttpRequest request, Http1Decoder decoder) {
        boolean http11 = request.protocolVersion() == HttpVersion.HTTP_1_1;
        if (decoder.hosts() != 1) {
            if (decoder.hosts() > 1) {
                return HOST_TWICE;
            }
            return http11 ? HOST_MISSING : null;
        }
        String host = request.headers().get(Names.HOST);
        if (!host.equals(decoder.lastHost())) {
            if (!isHost(host)) {
                return HOST_BAD;
            }
            decoder.lastHost(host);
        }
        if (decoder.hasExpect() && http11 && !expects100(request)) {
            return EXPECTATION;
        }
        return null;
    }

    private static boolean isHost(String host) {
        for (int i = 0; i < host.length(); i++) {
            char ch = host.charAt(i);
            boolean plain = ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9';
            if (!plain && HOST_PUNCTUATION.indexOf(ch) < 0) {
                return false;
            }
        }
        return true;
    }

    static boolean expects100(HttpRequest request) {
        return "100-continue".equalsIgnoreCase(request.headers().get(Names.EXPECT));
    }
}
