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
    private static final Rejection HOST_BAD =
            new Rejection(400, "Host: need a name or an address, with or without a port", Event.MALFORMED);
    private static final Rejection AUTHORITY_BAD =
            new Rejection(400, "request target: need a name or an address, with or without a port", Event.MALFORMED);
    private static final Rejection EXPECTATION =
            new Rejection(417, "the only expectation that can be met is 100-continue", Event.MALFORMED);

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
            return version.majorVersion() == 1 ? MALFORMED : VERSION;
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
            if (http11) {
                return HOST_MISSING;
            }
        } else {
            String host = request.headers().get(Names.HOST);
            if (!host.equals(decoder.lastHost())) {
                if (!Authority.isValid(host)) {
                    return HOST_BAD;
                }
                decoder.lastHost(host);
            }
        }
        if (decoder.hasExpect() && http11 && !expects100(request)) {
            return EXPECTATION;
        }
        return request.uri().startsWith("/") ? null : ofAuthority(request);
    }

    /**
     * What an absolute target names wins over Host (RFC 9112, section 3.2.2): it takes its place, so that nobody sees two.
     */
    private static Rejection ofAuthority(HttpRequest request) {
        String authority = Target.authority(request.uri());
        if (authority == null) {
            return null; // another form, or none: for Target to say
        }
        if (authority.isEmpty() || !Authority.isValid(authority)) {
            return AUTHORITY_BAD;
        }
        request.headers().set(Names.HOST, authority);
        return null;
    }

    /** Returns whether a request expects nothing but 100-continue. */
    private static boolean expects100(HttpRequest request) {
        for (String line : request.headers().getAll(Names.EXPECT)) {
            for (String member : line.split(",", -1)) {
                if (!HeaderText.trim(member).equalsIgnoreCase("100-continue")) {
                    return false;
                }
            }
        }
        return true;
    }
}
