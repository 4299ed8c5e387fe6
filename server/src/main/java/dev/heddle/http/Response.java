package dev.heddle.http;

import dev.heddle.context.CancelledException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;

/**
 * The answer to one request: what the handler has set so far, and how far it has been sent. Belongs to whoever has the turn.
 *
 * <p>An answer is kept until the handler has returned, and then goes out as one message; or it is a stream, whose head goes
 * out with the first bytes. {@link #committed} says that the head has been handed over: from then on an error can only break
 * the answer off.
 */
final class Response {
    /** Header values of applications are checked when they are set, those of the server are constants. */
    private static final HttpHeadersFactory HEADERS =
            DefaultHttpHeadersFactory.headersFactory().withValidation(false);

    private static final byte[] NOTHING = new byte[0];
    private static final int OK = 200;
    private static final int NO_CONTENT = 204;
    private static final int RESET_CONTENT = 205;
    private static final int NOT_MODIFIED = 304;
    private static final int SERVER_ERRORS = 500;

    private final Exchange exchange;
    private final Http1Connection connection;

    private int status = OK;
    /** What the handler has set; null if nothing. */
    private HttpHeaders headers;
    /** Used unless the headers have one; null for none. */
    private CharSequence type;
    /** Null if none is set. */
    private byte[] body;
    /** Null unless the answer is a stream. */
    private ResponseStream stream;
    private String route = Ctx.UNMATCHED;

    private boolean committed;
    private boolean finished;
    /** Whether the connection is closed after this answer. */
    private boolean closes;
    /** Whether the client sees the end of the answer by the end of the connection. */
    private boolean untilClose;
    /** Whether the body is not sent, only spoken of. */
    private boolean headOnly;

    /** What has become this answer, or null. */
    private Throwable error;
    /** Why the answer cannot be brought to a good end although its head has been sent; null if it can. */
    private Throwable broken;

    /** What has ended a wait for the client to take the answer: the end of a context of the handler's own; or null. */
    private CancelledException impatience;

    private int sentStatus;
    private String errorType;

    Response(Exchange exchange) {
        this.exchange = exchange;
        this.connection = exchange.connection;
    }

    // ---- what the handler sets

    int status() {
        return status;
    }

    void status(int code) {
        checkOpen();
        if (code < OK || code > 599) {
            throw new IllegalArgumentException("status: got " + code + ", need 200 to 599");
        }
        status = code;
    }

    /** Sets a header; null removes it. */
    void header(String name, String value) {
        checkHeader(name);
        if (value == null) {
            if (headers != null) {
                headers.remove(name);
            }
        } else {
            checkLength(name, value);
            headers().set(name, HeaderText.value(name, value));
        }
    }

    void addHeader(String name, String value) {
        checkHeader(name);
        if (checkLength(name, value) && headers().contains(name)) {
            throw new IllegalArgumentException("header " + name + ": got a second one, need one");
        }
        headers().add(name, HeaderText.value(name, value));
    }

    private void checkHeader(String name) {
        checkOpen();
        HeaderText.name(name);
        if (Names.TRANSFER_ENCODING.contentEqualsIgnoreCase(name)) {
            throw new IllegalArgumentException("header " + name + ": it is the server's to choose");
        }
    }

    /** An answer to HEAD, and 304, carry what the handler says: it must not say what proxies read in two ways. */
    private static boolean checkLength(String name, String value) {
        boolean length = Names.CONTENT_LENGTH.contentEqualsIgnoreCase(name);
        if (length && Framing.length(value) < 0) {
            throw new IllegalArgumentException("header " + name + ": got '" + value + "', need decimal digits below 2^63");
        }
        return length;
    }

    /** Returns the value that is set, or null. */
    String header(String name) {
        String value = headers == null ? null : headers.get(name);
        boolean standard = value == null && body != null && type != null;
        return standard && Names.CONTENT_TYPE.contentEqualsIgnoreCase(name) ? type.toString() : value;
    }

    /** Returns the body that is kept, or null. */
    byte[] body() {
        return body;
    }

    private HttpHeaders headers() {
        if (headers == null) {
            headers = HEADERS.newHeaders();
        }
        return headers;
    }

    /** Sets the body; {@code standardType} is used unless a type is set. */
    void body(CharSequence standardType, byte[] bytes) {
        checkOpen();
        if (stream != null) {
            throw new IllegalStateException("the answer is a stream already");
        }
        type = standardType;
        body = bytes;
    }

    /** Sets the type of the body, over one that was set before. */
    void type(String contentType) {
        header("content-type", contentType);
    }

    /** Returns a type that may stand in a header, or throws. */
    static String validType(String contentType) {
        return HeaderText.value("content-type", contentType);
    }

    void problem(int code, String detail) {
        status(code);
        body(Names.PROBLEM, Problem.json(code, detail));
    }

    /** Returns the answer's stream; {@code length} is its length if the caller knows it, else -1. */
    ResponseStream stream(long length) {
        checkOpen();
        if (stream != null || body != null) {
            throw new IllegalStateException("the answer has a body already");
        }
        long known = length;
        if (length < 0 && headers != null && headers.contains(Names.CONTENT_LENGTH)) {
            known = Framing.length(headers.get(Names.CONTENT_LENGTH)); // checked when it was set
        }
        stream = new ResponseStream(this, known);
        return stream;
    }

    ResponseStream openStream() {
        return stream;
    }

    private void checkOpen() {
        if (committed || finished) {
            throw new IllegalStateException(
                    finished ? "the request has been answered" : "the head of the answer has been sent");
        }
    }

    /** Takes back what was set, so that an error can be answered; headers that do not speak of the body stay. */
    void reset() {
        checkOpen();
        status = OK;
        type = null;
        body = null;
        if (stream != null) {
            stream.kill();
            stream = null;
        }
        if (headers != null) {
            for (String name : headers.names()) {
                if (speaksOfBody(name)) {
                    headers.remove(name);
                }
            }
        }
    }

    /** The rest of a chain is run, perhaps not for the first time: takes back the answer to what it threw before. */
    void again() {
        if (error != null && !committed) {
            reset();
            error = null;
            errorType = null;
        }
    }

    /** Throws if the handler has not written what it has declared: what there is must not go out as if it were whole. */
    void checkWhole() throws IOException {
        if (stream != null) {
            stream.checkWhole();
        }
    }

    private static boolean speaksOfBody(String name) {
        return name.regionMatches(true, 0, "content-", 0, 8)
                || name.equalsIgnoreCase("etag")
                || name.equalsIgnoreCase("last-modified")
                || name.equalsIgnoreCase("cache-control")
                || name.equalsIgnoreCase("expires")
                || name.equalsIgnoreCase("accept-ranges")
                || name.equalsIgnoreCase("location");
    }

    // ---- how it is sent

    boolean isCommitted() {
        return committed;
    }

    /** Returns whether the end of the answer has been handed over. */
    boolean isFinished() {
        return finished;
    }

    /** Returns whether no body is sent, whatever is written. */
    boolean isWithoutBody() {
        return isBodiless() || exchange.isHead();
    }

    boolean isUntilClose() {
        return untilClose;
    }

    /** Sends what is not sent yet. The second time it does nothing. Throws what has broken the answer, whoever caught it. */
    void finish() throws IOException {
        if (finished) {
            return;
        }
        if (broken != null) {
            throw new IOException("the answer cannot be ended after " + broken.getClass().getName(), broken);
        }
        if (stream != null) {
            stream.finish();
        }
        if (!finished) {
            full(body == null ? NOTHING : body);
        }
    }

    /** Sends the whole answer in one message. */
    void full(byte[] bytes) throws IOException {
        full(bytes.length == 0 ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(bytes));
    }

    /** Sends the whole answer in one message; takes the content over. */
    void full(ByteBuf content) throws IOException {
        boolean pushed = false;
        try {
            checkOpen();
            awaitWritable();
            closes = closesConnection() || exchange.body != null && !exchange.body.isDrainable();
            if (isWithoutBody()) {
                Object message = new Http1Encoder.HeadOnly(nettyStatus(), headOfNothing(content.readableBytes()));
                commit();
                push(message);
            } else {
                Object message = new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, nettyStatus(), content, headOf(content.readableBytes()), EmptyHttpHeaders.INSTANCE);
                commit();
                pushed = true;
                push(message);
            }
            end();
        } finally {
            if (!pushed) {
                content.release();
            }
        }
    }

    /** Returns the headers of an answer whose body is not sent. */
    private HttpHeaders headOfNothing(int length) {
        HttpHeaders head = head();
        boolean known = length == 0 && head.contains(Names.CONTENT_LENGTH); // a handler for HEAD that says it itself
        if (!isBodiless() && !known) {
            head.set(Names.CONTENT_LENGTH, Names.number(length));
        }
        return head;
    }

    /** Returns the headers of an answer with its body: ready lines, unless the handler has set one of the server's. */
    private HttpHeaders headOf(int length) {
        boolean usual = !closes && !exchange.isHttp10();
        if (usual && headers == null) {
            return new AnswerHeaders(connection.shared.commonLines(), type, length, null);
        }
        if (usual
                && !headers.contains(Names.DATE)
                && !headers.contains(Names.SERVER)
                && !headers.contains(Names.CONNECTION)
                && !headers.contains(Names.CONTENT_LENGTH)) {
            CharSequence missing = headers.contains(Names.CONTENT_TYPE) ? null : type;
            return new AnswerHeaders(connection.shared.commonLines(), missing, length, headers);
        }
        HttpHeaders head = head();
        head.set(Names.CONTENT_LENGTH, Names.number(length));
        return head;
    }

    /** Sends the head of a stream; {@code length} is -1 if it is not known. */
    void beginStream(long length) throws IOException {
        checkOpen();
        awaitWritable();
        headOnly = isWithoutBody();
        untilClose = length < 0 && exchange.isHttp10() && !headOnly;
        closes = untilClose || closesConnection() || exchange.body != null && exchange.body.isUnasked();
        HttpHeaders head = head();
        if (!isBodiless()) {
            if (length >= 0) {
                head.set(Names.CONTENT_LENGTH, Names.number(length));
            } else {
                head.remove(Names.CONTENT_LENGTH); // set after the stream was opened: nobody has checked it
                if (!exchange.isHttp10()) {
                    head.set(Names.TRANSFER_ENCODING, Names.CHUNKED);
                }
            }
        }
        Object message = headOnly
                ? new Http1Encoder.HeadOnly(nettyStatus(), head)
                : new DefaultHttpResponse(HttpVersion.HTTP_1_1, nettyStatus(), head);
        commit();
        push(message);
    }

    /** Waits until a piece could be sent at once, for pieces that are better not made before. */
    void awaitRoom() throws IOException {
        if (!headOnly) {
            awaitWritable();
        }
    }

    /** Sends a piece of a stream, when the client has taken enough of those before; takes the piece over. */
    void chunk(ByteBuf piece) throws IOException {
        send(piece, false);
    }

    /**
     * Sends the last piece of a stream; takes it over. A client that knows the length may close the connection after it, so
     * the end must not come as a message of its own.
     */
    void lastChunk(ByteBuf piece) throws IOException {
        closes |= isLastBeforeStop() || exchange.body != null && !exchange.body.isDrainable();
        send(piece, true);
        end();
    }

    private void send(ByteBuf piece, boolean last) throws IOException {
        if (headOnly) {
            piece.release();
            if (connection.isGone()) {
                throw new ClientGoneException("write: the connection is closed");
            }
            return;
        }
        boolean pushed = false;
        try {
            awaitWritable();
            Object message = last
                    ? new DefaultLastHttpContent(piece, DefaultHttpHeadersFactory.trailersFactory())
                    : new DefaultHttpContent(piece);
            pushed = true;
            push(message);
        } finally {
            if (!pushed) {
                piece.release();
            }
        }
    }

    private void commit() {
        committed = true;
        if (exchange.body != null) {
            exchange.body.answered();
        }
        if (status < SERVER_ERRORS) {
            errorType = null; // of an error that has become another answer
        } else if (errorType == null) {
            errorType = Integer.toString(status); // no exception stands behind it
        }
    }

    /** The answer is one to HEAD, whose handler has failed over the body: the head is all there is of it. */
    void endHead() {
        if (committed && headOnly && !finished) {
            closes |= isLastBeforeStop() || exchange.body != null && !exchange.body.isDrainable();
            end();
        }
    }

    private void end() {
        finished = true;
        if (closes) {
            connection.turns().over();
            connection.signal(Signal.CLOSE);
        }
    }

    /**
     * Waits until the client has taken enough of what was sent before. Not for what no handler answers: that may be sent by
     * the loop itself, which would wait for itself. There is one such answer per connection, and it is small.
     */
    private void awaitWritable() throws IOException {
        if (exchange.rejection != null) {
            return;
        }
        try {
            connection.outbound().awaitWritable();
        } catch (CancelledException e) {
            impatience = e;
            throw e;
        }
    }

    /** Returns whether an error comes from a client that did not take the answer for as long as the handler had time. */
    boolean isOfSlowClient(Throwable thrown) {
        return impatience != null && ClientFault.isFrom(thrown, impatience);
    }

    private void push(Object message) throws ClientGoneException {
        if (!connection.outbound().push(message)) {
            throw new ClientGoneException("write: the connection is closed");
        }
        sentStatus = status;
    }

    private boolean closesConnection() {
        return !exchange.keepAlive
                || exchange.rejection != null
                || isLastBeforeStop()
                || headers != null && headers.containsValue(Names.CONNECTION, Names.CLOSE, true);
    }

    private boolean isLastBeforeStop() {
        return connection.shared.draining && connection.turns().isLast();
    }

    private boolean isBodiless() {
        return status == NO_CONTENT || status == NOT_MODIFIED || status == RESET_CONTENT;
    }

    private HttpResponseStatus nettyStatus() {
        return status == OK ? HttpResponseStatus.OK : HttpResponseStatus.valueOf(status);
    }

    /** Returns the headers with those that the server adds. */
    private HttpHeaders head() {
        HttpHeaders head;
        if (headers == null) {
            head = HEADERS.newHeaders();
            head.add(Names.DATE, HttpDate.now());
            if (connection.shared.serverName != null) {
                head.add(Names.SERVER, connection.shared.serverName);
            }
            if (type != null) {
                head.add(Names.CONTENT_TYPE, type);
            }
        } else {
            head = headers;
            addMissing(head, Names.DATE, HttpDate.now());
            addMissing(head, Names.SERVER, connection.shared.serverName);
            addMissing(head, Names.CONTENT_TYPE, type);
        }
        if (closes) {
            head.set(Names.CONNECTION, Names.CLOSE);
        } else if (exchange.isHttp10()) {
            head.set(Names.CONNECTION, Names.KEEP_ALIVE);
        }
        return head;
    }

    private static void addMissing(HttpHeaders head, CharSequence name, CharSequence value) {
        if (value != null && !head.contains(name)) {
            head.add(name, value);
        }
    }

    // ---- what observers learn

    void route(String template) {
        route = template;
    }

    String route() {
        return route;
    }

    /** Returns the status that was handed over, or 0. */
    int sentStatus() {
        return sentStatus;
    }

    String errorType() {
        return errorType;
    }

    void failedWith(String what) {
        errorType = what;
    }

    Throwable error() {
        return error;
    }

    /** Says what this is the answer to. */
    void answers(Throwable thrown) {
        error = thrown;
    }

    /** Says what there can be no answer to any more. */
    void brokenBy(Throwable thrown) {
        if (committed && broken == null) {
            broken = thrown;
        }
    }
}
