package dev.heddle.http;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;

/** Netty's response encoder, which also sends heads without their body: the answers to HEAD. */
final class Http1Encoder extends HttpResponseEncoder {
    /** A head whose {@code Content-Length} or {@code Transfer-Encoding} speaks of a body that is not sent. */
    static final class HeadOnly extends DefaultFullHttpResponse {
        HeadOnly(HttpResponseStatus status, HttpHeaders headers) {
            super(HttpVersion.HTTP_1_1, status, Unpooled.EMPTY_BUFFER, headers, EmptyHttpHeaders.INSTANCE);
        }
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpResponse response) {
        return response instanceof HeadOnly || super.isContentAlwaysEmpty(response);
    }
}
