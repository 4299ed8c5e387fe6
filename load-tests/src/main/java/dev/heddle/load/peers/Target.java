package dev.heddle.load.peers;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;

/** What a request asks for. */
sealed interface Target {
    /** {@code /plaintext}. */
    record Plaintext() implements Target {}

    /** {@code /json}. */
    record Json() implements Target {}

    /** {@code /sleep?ms=N}: wait without using the processor. */
    record Sleep(int millis) implements Target {}

    /** {@code /cpu?ms=N}: use the processor. */
    record Cpu(int millis) implements Target {}

    /** Anything else. */
    record Refused(HttpResponseStatus status, String reason) implements Target {}

    /** Longest {@code ms}: the limit of Heddle's {@code bench} example. */
    int MAX_MILLIS = 60_000;

    Target PLAINTEXT = new Plaintext();
    Target JSON = new Json();

    /** Reads the request line. Never throws: what cannot be served is {@link Refused}. */
    static Target of(HttpRequest request) {
        if (request.decoderResult().isFailure()) {
            return new Refused(HttpResponseStatus.BAD_REQUEST, "malformed request");
        }
        if (!HttpMethod.GET.equals(request.method())) {
            return new Refused(HttpResponseStatus.METHOD_NOT_ALLOWED, "only GET is served here");
        }
        return switch (request.uri()) {
            case "/plaintext" -> PLAINTEXT;
            case "/json" -> JSON;
            default -> withQuery(new QueryStringDecoder(request.uri()));
        };
    }

    private static Target withQuery(QueryStringDecoder uri) {
        return switch (uri.path()) {
            case "/plaintext" -> PLAINTEXT;
            case "/json" -> JSON;
            case "/sleep", "/cpu" -> timed(uri);
            default -> new Refused(HttpResponseStatus.NOT_FOUND, "no such path: " + uri.path());
        };
    }

    private static Target timed(QueryStringDecoder uri) {
        String text = uri.parameters().getOrDefault("ms", List.of("nothing")).getFirst();
        try {
            int millis = Integer.parseInt(text);
            if (millis >= 0 && millis <= MAX_MILLIS) {
                return uri.path().equals("/cpu") ? new Cpu(millis) : new Sleep(millis);
            }
        } catch (NumberFormatException e) {
            // said below, together with numbers that are out of range
        }
        return new Refused(HttpResponseStatus.BAD_REQUEST, "ms: got " + text + ", need 0 to " + MAX_MILLIS);
    }
}
