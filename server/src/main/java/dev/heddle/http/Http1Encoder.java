package dev.heddle.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;

/**
 * Netty's response encoder, which also takes {@link AnswerHeaders}, and heads without their body: the answers to HEAD.
 */
final class Http1Encoder extends HttpResponseEncoder {
    /** A head whose {@code Content-Length} or {@code Transfer-Encoding} speaks of a body that is not sent. */
    static final class HeadOnly extends DefaultFullHttpResponse {
        HeadOnly(HttpResponseStatus status, HttpHeaders headers) {
            super(HttpVersion.HTTP_1_1, status, Unpooled.EMPTY_BUFFER, headers, EmptyHttpHeaders.INSTANCE);
        }
    }

    /** How most answers begin. */
    private static final byte[] OK_LINE = "HTTP/1.1 200 OK\r\n".getBytes(StandardCharsets.US_ASCII);

    @Override
    protected void encodeInitialLine(ByteBuf out, HttpResponse response) throws Exception {
        if (response.status() == HttpResponseStatus.OK) {
            out.writeBytes(OK_LINE);
        } else {
            super.encodeInitialLine(out, response);
        }
    }

    @Override
    protected void encodeHeaders(HttpHeaders headers, ByteBuf out) {
        if (headers instanceof AnswerHeaders lines) {
            lines.encode(out);
            if (lines.others() != null) {
                super.encodeHeaders(lines.others(), out);
            }
        } else {
            super.encodeHeaders(headers, out);
        }
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpResponse response) {
        return response instanceof HeadOnly || super.isContentAlwaysEmpty(response);
    }
}
