package dev.heddle.load.peers;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/**
 * Builds the responses, with the headers that Heddle's {@code bench} sends: {@code Date}, {@code Server}, {@code
 * Content-Type} and {@code Content-Length}. The headers are constants, so they are not validated again for each
 * response. Any thread may call this.
 */
final class Answers {
    /** What {@code /json} serialises for each request. */
    record Message(String message) {}

    private static final HttpHeadersFactory HEADERS =
            DefaultHttpHeadersFactory.headersFactory().withValidation(false);
    private static final AsciiString SERVER = AsciiString.cached("netty");
    private static final AsciiString TEXT = AsciiString.cached("text/plain");
    private static final AsciiString JSON = AsciiString.cached("application/json");
    private static final byte[] HELLO = "Hello, World!".getBytes(StandardCharsets.US_ASCII);
    private static final AsciiString HELLO_LENGTH = AsciiString.cached(Integer.toString(HELLO.length));

    /** Outside the heap, so that it is not copied for each answer; lives as long as the process. */
    private static final ByteBuf HELLO_BUFFER = Unpooled.unreleasableBuffer(
            Unpooled.directBuffer(HELLO.length).writeBytes(HELLO).asReadOnly());

    /**
     * Date of RFC 9110, section 5.6.7: the day of the month has two digits always, unlike in the JDK's RFC_1123 format.
     */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

    private final JsonMapper json = new JsonMapper();
    private volatile AsciiString date;

    Answers() {
        refreshDate();
    }

    /** To be called once a second. */
    void refreshDate() {
        date = new AsciiString(DATE.format(ZonedDateTime.now(ZoneOffset.UTC)));
    }

    FullHttpResponse plaintext() {
        return answer(HttpResponseStatus.OK, HELLO_BUFFER.duplicate(), TEXT, HELLO_LENGTH);
    }

    FullHttpResponse json() {
        byte[] body = json.writeValueAsBytes(new Message("Hello, World!"));
        return answer(HttpResponseStatus.OK, Unpooled.wrappedBuffer(body), JSON, Integer.toString(body.length));
    }

    FullHttpResponse text(HttpResponseStatus status, String text) {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        return answer(status, Unpooled.wrappedBuffer(body), TEXT, Integer.toString(body.length));
    }

    private FullHttpResponse answer(HttpResponseStatus status, ByteBuf body, AsciiString type, CharSequence length) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, body, HEADERS.newHeaders(), EmptyHttpHeaders.INSTANCE);
        HttpHeaders headers = response.headers();
        headers.set(HttpHeaderNames.DATE, date)
                .set(HttpHeaderNames.SERVER, SERVER)
                .set(HttpHeaderNames.CONTENT_TYPE, type)
                .set(HttpHeaderNames.CONTENT_LENGTH, length);
        return response;
    }
}
