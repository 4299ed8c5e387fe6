package dev.heddle.http;

import dev.heddle.sched.Scheduler;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * One request and its answer. Belongs to the goroutine that serves the request: another one may use it only while that one
 * waits for it, and nobody after the handler has returned.
 *
 * <p>{@link #text}, {@link #json} and {@link #bytes} keep the answer until handler and middleware have returned; the last one
 * counts. Streams and files go out at once. Reading the body and sending a stream wait for the client, without
 * holding up anybody else; when the client is gone they throw {@link ClientGoneException}, and when the current
 * {@link dev.heddle.context.Context} ends while they wait its {@link dev.heddle.context.CancelledException}.
 */
public final class Ctx {
    /** What {@link #route} returns when no route matched: a label instead of arbitrary paths. */
    public static final String UNMATCHED = "unmatched";

    /** What is read first of a body whose length a client has only promised. */
    private static final int FIRST_READ = 64 << 10;

    /** Writes a body. */
    @FunctionalInterface
    public interface StreamBody {
        /**
         * Writes the body.
         *
         * @param out the answer's body; need not be closed
         * @throws Exception breaks the answer off, so that the client does not take it for complete
         */
        void writeTo(OutputStream out) throws Exception;
    }

    private final Exchange exchange;
    private final Response response;
    private Target target;
    private Query query;
    /** Names the parameters: the path of the route, or the prefix of the group if no route matched; null for none. */
    private Template template;
    private String[] values;
    /** Answers the request if no route matched. */
    private Handler unmatched;
    private InputStream input;
    private Map<String, Object> attributes;

    Ctx(Exchange exchange, Response response) {
        this.exchange = exchange;
        this.response = response;
    }

    // ---- the request

    /** Returns the method, such as {@code GET}. */
    public String method() {
        return exchange.method();
    }

    /** Returns the request target as it was sent. */
    public String uri() {
        return exchange.request.uri();
    }

    /**
     * Returns the path, decoded. An encoded slash cannot be told from a real one here: to find files use a tail
     * parameter, which never has one.
     *
     * @throws HttpException with 400 if it is malformed
     */
    public String path() {
        return PathText.decode(target().path(), false, "path");
    }

    /** Returns the query as it was sent, without the question mark; empty if there is none. */
    public String queryString() {
        return target().query();
    }

    Target target() {
        if (target == null) {
            target = Target.parse(method(), uri());
        }
        return target;
    }

    /** Returns {@code HTTP/1.1} or {@code HTTP/1.0}. */
    public String protocol() {
        return exchange.request.protocolVersion().text();
    }

    /**
     * Returns the host that the request is for, with its port if the client has said one: the authority of an absolute
     * target, else {@code Host}. It is what the client wrote, of good form but not to be trusted; {@code header("Host")}
     * is the same. Empty if there is none, as in HTTP/1.0 and in an empty {@code Host}; never null.
     */
    public String authority() {
        String host = requestHeaders().get(Names.HOST);
        return host == null ? "" : host;
    }

    /** Returns {@code http}. */
    public String scheme() {
        return Observers.SCHEME;
    }

    /** Returns the template of the route that matched, as it was registered, or {@link #UNMATCHED}. */
    public String route() {
        return response.route();
    }

    /**
     * Returns a path parameter.
     *
     * @param name a name of the route's template; in the middleware of a group, if no route matched, of the group's prefix
     * @throws IllegalArgumentException if the template has no such parameter
     */
    public Param path(String name) {
        int index = template == null ? -1 : template.names().indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("path parameter: got '" + name + "', need one of route " + route());
        }
        return new Param("path parameter", name, values[index]);
    }

    /**
     * Returns the first query parameter with a name.
     *
     * @throws HttpException with 400 if the query is malformed
     */
    public Param query(String name) {
        return new Param("query parameter", name, query().first(name));
    }

    /**
     * Returns the values of all query parameters with a name, in the order in which they came.
     *
     * @throws HttpException with 400 if the query is malformed
     */
    public List<String> queryAll(String name) {
        return query().all(name);
    }

    private Query query() {
        if (query == null) {
            query = new Query(queryString());
        }
        return query;
    }

    /** Returns the first header with a name, in any case. */
    public Param header(String name) {
        return new Param("header", name, requestHeaders().get(name));
    }

    /** Returns the values of all headers with a name, in the order in which they came. */
    public List<String> headerAll(String name) {
        return List.copyOf(requestHeaders().getAll(name));
    }

    /** Returns all headers of the request; their names are found in any case. */
    public Map<String, List<String>> headers() {
        Map<String, List<String>> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (Map.Entry<String, String> header : requestHeaders()) {
            all.computeIfAbsent(header.getKey(), _ -> new ArrayList<>()).add(header.getValue());
        }
        all.replaceAll((_, list) -> List.copyOf(list));
        return Collections.unmodifiableMap(all);
    }

    private HttpHeaders requestHeaders() {
        return exchange.request.headers();
    }

    /** Returns the address that the connection comes from. Headers of proxies do not count. */
    public InetSocketAddress remoteAddress() {
        return exchange.connection.remoteAddress();
    }

    /** Returns the address that the connection goes to. */
    public InetSocketAddress localAddress() {
        return exchange.connection.localAddress();
    }

    // ---- its body

    /** Returns the length of the body in bytes: 0 if there is none, -1 if it is not known. */
    public long contentLength() {
        return exchange.body == null ? 0 : exchange.body.length();
    }

    /**
     * Sets the limit of the body for this request, instead of {@link ServerConfig.Limits#maxBodyBytes}.
     *
     * @param bytes the limit; 0 is none
     * @return this
     * @throws IllegalStateException if the body has been read from already
     */
    public Ctx maxBody(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("maxBody: got " + bytes + ", need 0 or more");
        }
        if (exchange.body != null) {
            exchange.body.limit(bytes);
        }
        return this;
    }

    /**
     * Returns the body as a stream, always the same one. Nothing is read ahead beyond what the connection has anyhow: the
     * client sends as fast as this is read. Closing it says that the rest is not wanted.
     *
     * <p>Its methods throw {@link HttpException} with 413 if the body is too large, with 408 if it comes too slowly and with
     * 400 if it is malformed, and {@link ClientGoneException} if the client is gone.
     */
    public InputStream bodyStream() {
        if (input == null) {
            input = exchange.body == null ? InputStream.nullInputStream() : new BodyInputStream(exchange.body);
        }
        return input;
    }

    /**
     * Reads the rest of the body.
     *
     * @throws HttpException as {@link #bodyStream} says
     * @throws ClientGoneException if the client is gone
     */
    public byte[] bodyBytes() throws IOException {
        if (exchange.body == null) {
            return new byte[0];
        }
        long length = contentLength();
        int first = length < 0 ? ResponseStream.BUFFER_BYTES : (int) Math.min(length, FIRST_READ);
        byte[] piece = new byte[Math.max(first, 1)];
        InputStream in = bodyStream();
        int n = in.readNBytes(piece, 0, piece.length);
        if (n == length) {
            return piece.length == n ? piece : Arrays.copyOf(piece, n);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream(Math.max(2 * n, 1));
        all.write(piece, 0, n);
        if (n == piece.length) {
            in.transferTo(all);
        }
        return all.toByteArray();
    }

    /**
     * Reads the rest of the body as text in the charset of its {@code Content-Type}, UTF-8 if that has none.
     *
     * @throws HttpException with 415 if there is no such charset, else as {@link #bodyStream} says
     * @throws ClientGoneException if the client is gone
     */
    public String bodyText() throws IOException {
        Charset charset = MediaTypes.charset(requestHeaders().get(Names.CONTENT_TYPE), StandardCharsets.UTF_8);
        return new String(bodyBytes(), charset);
    }

    /**
     * Reads the rest of the body as JSON.
     *
     * @param type the class of the object
     * @return the object; null for JSON's null
     * @throws HttpException with 400 if it is not JSON or does not fit the class, else as {@link #bodyStream} says
     * @throws ClientGoneException if the client is gone
     * @throws IllegalStateException if there is no JSON codec
     */
    public <T> T body(Class<T> type) throws IOException {
        JsonCodec codec = json();
        byte[] bytes = bodyBytes();
        try {
            return codec.fromBytes(bytes, type);
        } catch (IllegalArgumentException e) {
            throw new HttpException(400, "body: " + e.getMessage(), e);
        } catch (StackOverflowError e) { // of a codec that follows the client as deep as it goes
            throw new HttpException(400, "body: nested too deeply", e);
        }
    }

    private JsonCodec json() {
        JsonCodec codec = exchange.connection.shared.json;
        if (codec == null) {
            throw new IllegalStateException("json: no codec; add tools.jackson.core:jackson-databind to the class path,"
                    + " or set one with App.json");
        }
        return codec;
    }

    // ---- the answer

    /** Returns the status of the answer; 200 unless another one was set. */
    public int status() {
        return response.status();
    }

    /**
     * Sets the status of the answer.
     *
     * @param code 200 to 599
     * @return this
     * @throws IllegalStateException if the head has been sent
     */
    public Ctx status(int code) {
        response.status(code);
        return this;
    }

    /**
     * Sets a header of the answer. {@code Date}, {@code Server}, {@code Content-Length} and {@code Connection} are the
     * server's unless set here; {@code Transfer-Encoding} is the server's always. {@code Content-Length} needs decimal digits.
     *
     * <p>A header has bytes, so characters beyond {@code U+00FF} are refused, but not where there is a rule for them: {@code
     * Location} and {@code Content-Location} are percent-encoded as UTF-8, and {@code Content-Disposition} gets a {@code
     * filename*} beside its {@code filename} (RFC 6266).
     *
     * @param name its name
     * @param value its value, in place of all earlier ones; null removes them
     * @return this
     * @throws IllegalArgumentException if name or value have characters that a header cannot have
     * @throws IllegalStateException if the head has been sent
     */
    public Ctx header(String name, String value) {
        response.header(name, value);
        return this;
    }

    /**
     * Adds a header to the answer, beside others with the same name. What {@link #header(String, String)} says of characters
     * holds here too.
     *
     * @return this
     * @throws IllegalArgumentException if name or value have characters that a header cannot have
     * @throws IllegalStateException if the head has been sent
     */
    public Ctx addHeader(String name, String value) {
        response.addHeader(name, value);
        return this;
    }

    /**
     * Returns the first header of the answer with a name, as far as it is set; null if it is not. Of those that the server adds
     * only the {@code Content-Type} of {@link #text}, {@link #json} and the like is there.
     */
    public String responseHeader(String name) {
        return response.header(name);
    }

    /**
     * Returns the body of the answer as it is kept until handler and middleware have returned, that of an error too: what
     * middleware may replace by a compressed one with {@link #bytes}.
     *
     * @return the bytes, not to be changed; null if there is none, or the answer is a stream or a file
     */
    public byte[] responseBody() {
        return response.body();
    }

    /**
     * Answers with text in UTF-8, as {@code text/plain} unless {@code Content-Type} is set.
     *
     * @throws IllegalStateException if the head has been sent
     */
    public void text(String text) {
        response.body(Names.TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Answers with an object as JSON, as {@code application/json} unless {@code Content-Type} is set.
     *
     * @throws IllegalStateException if the head has been sent, or there is no JSON codec
     */
    public void json(Object value) {
        response.body(Names.JSON, Objects.requireNonNull(json().toBytes(value), "bytes of the JSON codec"));
    }

    /**
     * Answers with bytes.
     *
     * @param contentType their type, in place of one that was set before
     * @param body the bytes; must not be changed afterwards
     * @throws IllegalStateException if the head has been sent
     */
    public void bytes(String contentType, byte[] body) {
        Objects.requireNonNull(body, "body");
        response.type(null);
        response.body(Response.validType(contentType), body);
    }

    /**
     * Answers with a redirect.
     *
     * @param status 301, 302, 303, 307 or 308
     * @param location where to; as it stands in the header, except that what is beyond ASCII is percent-encoded
     */
    public void redirect(int status, String location) {
        if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
            throw new IllegalArgumentException("status: got " + status + ", need 301, 302, 303, 307 or 308");
        }
        status(status).header("Location", location);
    }

    /**
     * Answers with a stream of unknown length, sent while it is written. What fits into 8 KiB goes out with its length.
     *
     * @param contentType its type, in place of one that was set before
     * @param body writes it, now
     * @throws ClientGoneException if the client is gone
     * @throws Exception what {@code body} threw; if the head has been sent, the answer is broken off
     */
    public void stream(String contentType, StreamBody body) throws Exception {
        response.type(contentType);
        write(response.stream(-1), body);
    }

    /**
     * Answers with a stream of known length, sent while it is written.
     *
     * @param contentType its type, in place of one that was set before
     * @param length its length in bytes; writing more or less is an {@link IOException}
     * @param body writes it, now
     * @throws ClientGoneException if the client is gone
     * @throws Exception what {@code body} threw; if the head has been sent, the answer is broken off
     */
    public void stream(String contentType, long length, StreamBody body) throws Exception {
        if (length < 0) {
            throw new IllegalArgumentException("length: got " + length + ", need 0 or more");
        }
        response.type(contentType);
        write(response.stream(length), body);
    }

    private static void write(ResponseStream out, StreamBody body) throws Exception {
        boolean whole = false;
        try {
            body.writeTo(out);
            whole = true;
        } finally {
            if (!whole) {
                out.fail();
            }
        }
        out.finish();
    }

    /**
     * Returns the body of the answer as a stream, always the same one; it ends with the handler at the latest. Its type is
     * {@code Content-Type} as it is set, its length {@code Content-Length} if that is set.
     */
    public OutputStream outputStream() {
        ResponseStream open = response.openStream();
        return open == null ? response.stream(-1) : open;
    }

    /**
     * Answers with a file, as the type that its name suggests unless {@code Content-Type} is set. Reading it holds up
     * nobody else.
     *
     * @param path the file
     * @throws HttpException with 404 if there is no such file, or it is not a regular file; with 403 if the server has no
     *     permission to read it
     * @throws ClientGoneException if the client is gone
     * @throws IOException if it cannot be read for another reason, which is answered with 500 unless it is handled
     */
    public void file(Path path) throws IOException {
        FileAnswer.send(response, exchange.connection.allocator(), path, 0, -1);
    }

    /**
     * Answers with a part of a file; status and headers such as {@code Content-Range} are the caller's.
     *
     * @param path the file
     * @param offset the first byte, from 0
     * @param length how many bytes; the file must have them
     * @throws HttpException with 404 if there is no such file, or it is not a regular file; with 403 if the server has no
     *     permission to read it
     * @throws ClientGoneException if the client is gone
     * @throws IOException if it cannot be read or is shorter
     */
    public void file(Path path, long offset, long length) throws IOException {
        if (offset < 0 || length < 0) {
            throw new IllegalArgumentException("offset, length: got " + offset + ", " + length + ", need 0 or more");
        }
        FileAnswer.send(response, exchange.connection.allocator(), path, offset, length);
    }

    /** Returns whether the head of the answer has been sent, so that status and headers are fixed. */
    public boolean isCommitted() {
        return response.isCommitted();
    }

    /**
     * Returns whether the client has gone: nobody waits for the answer any more. For handlers that work long without reading
     * or writing. A client that has ended its sending side counts as gone, since one that has closed the connection looks the
     * same, unless {@link ServerConfig#halfClose} is set; what the handler answers is sent all the same.
     */
    public boolean isClientGone() {
        return exchange.connection.isClientGone();
    }

    /**
     * Returns what was thrown and has become this answer: by the handler, by middleware inside the caller, or by the server
     * itself, which says 404 by an {@link HttpException}. For middleware.
     *
     * @return the error, taken out of a {@link dev.heddle.context.TaskFailedException}; null if there was none
     */
    public Throwable error() {
        return response.error();
    }

    // ---- anything else

    /**
     * Keeps something for later in this request, such as what a middleware found out for the handler.
     *
     * @param name under which name
     * @param value what; null removes it
     * @return this
     */
    public Ctx attribute(String name, Object value) {
        if (value == null) {
            if (attributes != null) {
                attributes.remove(name);
            }
            return this;
        }
        if (attributes == null) {
            attributes = new HashMap<>();
        }
        attributes.put(name, value);
        return this;
    }

    /** Returns what was kept under a name, or null. The caller says what type it is. */
    @SuppressWarnings("unchecked")
    public <T> T attribute(String name) {
        return attributes == null ? null : (T) attributes.get(name);
    }

    /** Returns the scheduler that runs this request: {@code c.scheduler().go(...)} starts a goroutine beside it. */
    public Scheduler scheduler() {
        return exchange.connection.shared.scheduler;
    }

    /** Returns the server. */
    public Server server() {
        return exchange.connection.shared.server;
    }

    // ---- for the dispatcher

    Response response() {
        return response;
    }

    void matched(Route found, String[] parameters) {
        template = found.template;
        values = parameters;
        response.route(template.text());
    }

    /** No route matched: {@code prefix} is that of the group whose middleware runs, null for none. */
    void unmatched(Template prefix, String[] parameters, Handler answer) {
        template = prefix;
        values = parameters;
        unmatched = answer;
    }

    void answerUnmatched() throws Exception {
        unmatched.handle(this);
    }

    String requestLine() {
        return exchange.requestLine();
    }

    /** The request is over. */
    void end() {
        attributes = null;
    }
}
