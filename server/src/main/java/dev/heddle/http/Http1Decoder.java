package dev.heddle.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.AsciiString;
import java.util.List;

/**
 * Netty's request decoder, which can also be stopped, knows whether a head is half read, and notes on the way which of the
 * headers that matter to the server are there, so that nobody has to look for them in the common case that they are not.
 *
 * <p>All methods belong to the loop. The notes speak of the head that was decoded last, and stay until the next one begins.
 */
final class Http1Decoder extends HttpRequestDecoder {
    /** Method, version and the spaces around the target: more than any real method needs. */
    private static final int LINE_SLACK = 64;

    /** Bytes of the body that are handed on at once, at most: what Netty reads from a socket at once. */
    private static final int MAX_CHUNK = 64 << 10;

    private static final AsciiString HOST = AsciiString.cached("host");
    private static final AsciiString EXPECT = AsciiString.cached("expect");
    private static final AsciiString CONNECTION = AsciiString.cached("connection");
    private static final AsciiString CONTENT_LENGTH = AsciiString.cached("content-length");
    private static final AsciiString TRANSFER_ENCODING = AsciiString.cached("transfer-encoding");

    private enum Phase {
        /** Between requests. */
        IDLE,
        /** Inside a head. */
        HEAD,
        /** Inside a body, trailers included. */
        BODY
    }

    private final int maxHeaders;
    private Phase phase = Phase.IDLE;
    private boolean paused;
    private boolean discarding;
    /** Bytes thrown away, or at least one for what the decoder itself has thrown away. */
    private long discarded;

    private int headsBegun;
    private int headers;
    private int hosts;
    private String lastHost;
    private boolean expect;
    private boolean connection;
    private boolean contentLength;
    private boolean transferEncoding;

    Http1Decoder(ServerConfig.Limits limits) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(limits.maxUriBytes() + LINE_SLACK)
                .setMaxHeaderSize(limits.maxHeaderBytes())
                .setMaxChunkSize(MAX_CHUNK)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true)
                .setAllowDuplicateContentLengths(false)
                .setValidateHeaders(true));
        this.maxHeaders = limits.maxHeaderCount();
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        if (paused) {
            return;
        }
        if (discarding && phase == Phase.IDLE) {
            discarded += in.readableBytes();
            in.skipBytes(in.readableBytes());
            return;
        }
        if (phase == Phase.IDLE && in.isReadable()) {
            phase = Phase.HEAD;
            headsBegun++;
        }
        int before = out.size();
        super.decode(ctx, in, out);
        for (int i = before; i < out.size(); i++) {
            Object message = out.get(i);
            if (message instanceof LastHttpContent) {
                phase = Phase.IDLE;
            } else if (message instanceof HttpRequest) {
                phase = Phase.BODY;
            }
        }
    }

    @Override
    protected HttpMessage createMessage(String[] initialLine) throws Exception {
        headers = 0;
        hosts = 0;
        expect = false;
        connection = false;
        contentLength = false;
        transferEncoding = false;
        return super.createMessage(initialLine);
    }

    @Override
    protected AsciiString splitHeaderName(byte[] line, int start, int length) {
        AsciiString name = super.splitHeaderName(line, start, length);
        if (phase == Phase.HEAD) {
            note(name);
        }
        return name;
    }

    private void note(AsciiString name) {
        if (++headers > maxHeaders) {
            throw new TooLongHttpHeaderException("more than " + maxHeaders + " header lines");
        }
        switch (name.length()) {
            case 4 -> hosts += HOST.contentEqualsIgnoreCase(name) ? 1 : 0;
            case 6 -> expect |= EXPECT.contentEqualsIgnoreCase(name);
            case 10 -> connection |= CONNECTION.contentEqualsIgnoreCase(name);
            case 14 -> contentLength |= CONTENT_LENGTH.contentEqualsIgnoreCase(name);
            case 17 -> transferEncoding |= TRANSFER_ENCODING.contentEqualsIgnoreCase(name);
            default -> {}
        }
    }

    /** Returns whether a part of a head has been read. */
    boolean isInHead() {
        return phase == Phase.HEAD;
    }

    /** Returns how many heads have been begun, so that one can be told from the next. */
    int headsBegun() {
        return headsBegun;
    }

    /** Returns whether everything that was read so far has been decoded, and ended with the end of a request. */
    boolean isClean() {
        return phase == Phase.IDLE && discarded == 0 && !paused;
    }

    /** Leaves what is read from now on undecoded. */
    void pause() {
        paused = true;
    }

    /** Goes on with what was left undecoded. */
    void resume(ChannelHandlerContext own) throws Exception {
        paused = false;
        channelRead(own, Unpooled.EMPTY_BUFFER);
        channelReadComplete(own);
    }

    /** Throws away whatever comes after the request that is being read. Not to be taken back. */
    void discardRest() {
        discarding = true;
    }

    /** Throws away whatever comes, also of the request that is being read. Not to be taken back. */
    void discardAll() {
        discarding = true;
        paused = false;
        discarded = Math.max(discarded, 1);
        phase = Phase.IDLE;
    }

    /** Returns how many bytes have been thrown away, roughly. */
    long discarded() {
        return discarded;
    }

    int hosts() {
        return hosts;
    }

    /** Returns the last host of this connection that was found good; null if there was none. */
    String lastHost() {
        return lastHost;
    }

    void lastHost(String host) {
        lastHost = host;
    }

    boolean hasExpect() {
        return expect;
    }

    boolean hasConnection() {
        return connection;
    }

    boolean hasContentLength() {
        return contentLength;
    }

    boolean hasTransferEncoding() {
        return transferEncoding;
    }
}
