package dev.heddle.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.AsciiString;
import java.util.List;

/**
 * Netty's request decoder for the heads, and for the bodies our own: Netty knows more reasons for a body than HTTP does
 * (eight bytes after a GET with {@code Sec-WebSocket-Key1}), so where a request ends is {@link Framing}'s to say. To Netty no
 * request has a body: it ends each with its head and begins anew.
 *
 * <p>It can also be stopped, knows whether a head is half read, and notes on the way which of the
 * headers that matter to the server are there, so that nobody has to look for them in the common case that they are not.
 *
 * <p>All methods belong to the loop. The notes speak of the head that was decoded last, and stay until the next one begins.
 */
final class Http1Decoder extends HttpRequestDecoder {
    /** Method, version and the spaces around the target: more than any real method needs. */
    private static final int LINE_SLACK = 64;

    /** Before a request, at most: RFC 9112, section 2.2, asks for one at least, old browsers send one. A guess. */
    private static final int MAX_EMPTY_LINES = 8;

    private static final int DELETE = 0x7f;

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

    private static final Refusal BAD_LINE = new Refusal(new Rejection(
            400, "the request line is malformed: need method, target and version with one space between", Event.MALFORMED));
    private static final Refusal EMPTY_LINES = new Refusal(
            new Rejection(400, "need a request line, got line breaks", Event.MALFORMED));
    private static final Refusal BAD_TARGET = new Refusal(new Rejection(
            400, "request target: need visible ASCII characters except #, others percent-encoded", Event.MALFORMED));
    private static final Refusal FOLDED = new Refusal(
            new Rejection(400, "need each header on one line, without a blank at its beginning", Event.MALFORMED));

    private final int maxHeaders;
    private final BodyDecoder body;
    private Phase phase = Phase.IDLE;
    private boolean paused;
    /** Whether the client has ended its side, and has not been noticed by the decoder itself yet. */
    private boolean endHeldBack;
    private boolean discarding;
    /** Bytes thrown away, or at least one for what the decoder itself has thrown away. */
    private long discarded;

    /** How many have been skipped since the last request. */
    private int emptyLines;

    /** What Netty keeps of a head that was discarded half read, until the connection ends. */
    private int keptBytes;

    private int headsBegun;
    /** Bytes of the head, as far as it has been decoded. */
    private int headBytes;
    /** What is being decoded; null outside. */
    private ByteBuf input;
    /** Where the last word of the request line ended. */
    private int wordEnd;
    /** Whether a header went on on a second line. */
    private boolean folded;

    private int headers;
    private int hosts;
    private String lastHost;
    private boolean expect;
    private boolean connection;
    private int contentLengths;
    private int transferEncodings;
    /** Bytes, or {@link Framing#CHUNKED}. */
    private long bodyLength;
    /** Bytes of the buffer that pieces of the body are parts of. */
    private int bufferBytes;

    Http1Decoder(ServerConfig.Limits limits) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(limits.maxUriBytes() + LINE_SLACK)
                .setMaxHeaderSize(limits.maxHeaderBytes())
                .setStrictLineParsing(true)
                .setValidateHeaders(true));
        this.maxHeaders = limits.maxHeaderCount();
        this.body = new BodyDecoder(limits);
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
        if (phase == Phase.BODY) {
            decodeBody(in, out);
            return;
        }
        if (phase == Phase.IDLE) {
            if (!isAtRequest(in, out)) {
                return;
            }
            emptyLines = 0;
            phase = Phase.HEAD;
            headsBegun++;
            headBytes = 0;
            headers = 0;
            folded = false;
        }
        input = in;
        noteFold();
        int before = out.size();
        int readable = in.readableBytes();
        super.decode(ctx, in, out);
        headBytes += readable - in.readableBytes();
        input = null;
        if (out.size() > before) {
            headDecoded((HttpRequest) out.get(before), out);
        }
    }

    /**
     * Skips empty lines before a request, which some clients send after a body: they begin no head, so nothing waits for its
     * end. Netty would skip any number of any line breaks. Returns whether a request begins here.
     */
    private boolean isAtRequest(ByteBuf in, List<Object> out) {
        while (in.isReadable()) {
            int at = in.readerIndex();
            byte first = in.getByte(at);
            if (first != '\r' && first != '\n') {
                return true;
            }
            if (first == '\r' && in.readableBytes() == 1) {
                return false; // the other half is on its way
            }
            if (first == '\n' || in.getByte(at + 1) != '\n' || ++emptyLines > MAX_EMPTY_LINES) {
                HttpMessage none = createInvalidMessage();
                none.setDecoderResult(DecoderResult.failure(EMPTY_LINES));
                in.skipBytes(in.readableBytes());
                out.add(none);
                discardAll();
                return false;
            }
            in.skipBytes(2);
        }
        return false;
    }

    private void headDecoded(HttpRequest request, List<Object> out) {
        if (request.decoderResult().isFailure()) {
            phase = Phase.IDLE; // Netty has let go of it
            discardAll();
        } else if (bodyLength == 0) {
            phase = Phase.IDLE;
        } else {
            out.removeLast(); // the end that Netty sees here
            if (bodyLength == Framing.CHUNKED) {
                request.headers().set(Names.TRANSFER_ENCODING, Names.CHUNKED); // Netty has removed it
            }
            body.begin(bodyLength);
            phase = Phase.BODY;
        }
    }

    private void decodeBody(ByteBuf in, List<Object> out) {
        bufferBytes = in.capacity();
        HttpContent content = body.decode(in);
        if (content == null) {
            return;
        }
        out.add(content);
        if (content.decoderResult().isFailure()) {
            discardAll();
        } else if (content instanceof LastHttpContent) {
            phase = Phase.IDLE;
        }
    }

    /** Asked at the end of each head, before Netty looks for a body. */
    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage head) {
        if (folded) {
            throw FOLDED;
        }
        bodyLength = Framing.of((HttpRequest) head, contentLengths, transferEncodings);
        return true;
    }

    @Override
    protected HttpMessage createMessage(String[] initialLine) throws Exception {
        hosts = 0;
        expect = false;
        connection = false;
        contentLengths = 0;
        transferEncodings = 0;
        if (isLater(initialLine[2])) {
            initialLine[2] = HttpVersion.HTTP_1_1.text(); // all that it may rely on of a server of 1.1 (RFC 9110, section 2.5)
        }
        return super.createMessage(initialLine);
    }

    /** Returns whether a version is HTTP/1.2 to HTTP/1.9. */
    private static boolean isLater(String version) {
        return version.length() == 8
                && version.startsWith("HTTP/1.")
                && version.charAt(7) >= '2'
                && version.charAt(7) <= '9';
    }

    // Netty takes all kinds of blanks for the one space that stands between the words of a request line

    @Override
    protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
        if (start != 0) {
            throw BAD_LINE;
        }
        wordEnd = length;
        return super.splitFirstWordInitialLine(line, start, length);
    }

    @Override
    protected String splitSecondWordInitialLine(byte[] line, int start, int length) {
        wordFollows(line, start, length);
        for (int i = start; i < wordEnd; i++) {
            if (line[i] <= ' ' || line[i] == DELETE || line[i] == '#') {
                throw BAD_TARGET; // before anybody can see it: it becomes the name of a goroutine
            }
        }
        return super.splitSecondWordInitialLine(line, start, length);
    }

    @Override
    protected String splitThirdWordInitialLine(byte[] line, int start, int length) {
        wordFollows(line, start, length);
        return super.splitThirdWordInitialLine(line, start, length);
    }

    private void wordFollows(byte[] line, int start, int length) {
        if (start != wordEnd + 1 || line[wordEnd] != ' ') {
            throw BAD_LINE;
        }
        wordEnd = start + length;
    }

    @Override
    protected AsciiString splitHeaderName(byte[] line, int start, int length) {
        AsciiString name = super.splitHeaderName(line, start, length);
        note(name);
        noteFold();
        return name;
    }

    /**
     * Notes whether the next line, which begins here, goes on with the header before it: a form that HTTP has given up, that
     * parsers read differently, and that would pass through Netty unnoticed.
     */
    private void noteFold() {
        if (headers > 0 && input.isReadable() && HeaderText.isBlank(input.getByte(input.readerIndex()))) {
            folded = true;
        }
    }

    private void note(AsciiString name) {
        if (++headers > maxHeaders) {
            throw new TooLongHttpHeaderException("more than " + maxHeaders + " header lines");
        }
        switch (name.length()) {
            case 4 -> hosts += HOST.contentEqualsIgnoreCase(name) ? 1 : 0;
            case 6 -> expect |= EXPECT.contentEqualsIgnoreCase(name);
            case 10 -> connection |= CONNECTION.contentEqualsIgnoreCase(name);
            case 14 -> contentLengths += CONTENT_LENGTH.contentEqualsIgnoreCase(name) ? 1 : 0;
            case 17 -> transferEncodings += TRANSFER_ENCODING.contentEqualsIgnoreCase(name) ? 1 : 0;
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

    /** Returns what the head that was decoded last costs in memory, in bytes. */
    int headCost() {
        return headBytes + headers * Inbound.HEADER_BYTES;
    }

    /** Returns what is kept of what has not been handed on: the rest of a read, and the part of a head. */
    int held() {
        return internalBuffer().capacity() + (phase == Phase.HEAD ? headCost() : keptBytes);
    }

    /** Returns how large the buffer is that the last piece of a body is a part of, unless it is a copy. */
    int bufferBytes() {
        return bufferBytes;
    }

    /** Returns whether everything that was read so far has been decoded, and ended with the end of a request. */
    boolean isClean() {
        return phase == Phase.IDLE && discarded == 0 && !paused;
    }

    /** Leaves what is read from now on undecoded. */
    void pause() {
        paused = true;
    }

    boolean isPaused() {
        return paused;
    }

    /** While paused the end of the input has to wait: Netty would drop what is not decoded yet. */
    @Override
    public void userEventTriggered(ChannelHandlerContext own, Object event) throws Exception {
        if (paused && event instanceof ChannelInputShutdownEvent) {
            endHeldBack = true;
            own.fireUserEventTriggered(event);
        } else {
            super.userEventTriggered(own, event);
        }
    }

    /** Goes on with what was left undecoded. */
    void resume(ChannelHandlerContext own) throws Exception {
        paused = false;
        channelRead(own, Unpooled.EMPTY_BUFFER);
        channelReadComplete(own);
        if (endHeldBack && !paused) {
            endHeldBack = false;
            super.userEventTriggered(own, ChannelInputShutdownEvent.INSTANCE);
        }
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
        if (phase == Phase.HEAD) {
            keptBytes = headCost();
        }
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

    /** Returns the length of the body in bytes, 0 if there is none, or {@link Framing#CHUNKED}. */
    long bodyLength() {
        return bodyLength;
    }
}
