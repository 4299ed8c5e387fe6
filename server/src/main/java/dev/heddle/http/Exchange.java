package dev.heddle.http;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.LogText;
import dev.heddle.sched.jdk.JvmEnd;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One request and its answer, and the body of the goroutine that serves it. Made by the loop, then owned by whoever has the
 * turn on the connection ({@link Turns}), which is that goroutine from its first to its last statement.
 */
final class Exchange implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** Longest name of a goroutine: recorders keep names, so a client must not choose how much memory they take. A guess. */
    private static final int MAX_NAME = 128;

    final Http1Connection connection;
    /** Null if no head could be read. */
    final HttpRequest request;
    /** Null if there is none. */
    final RequestBody body;
    /** Null if the request may be served. */
    final Rejection rejection;
    /** Whether the client wants to keep the connection. */
    final boolean keepAlive;
    /** When the head was read. */
    final long arrivedNanos;

    /** What it costs to keep this, in bytes. Written by the loop before its turn begins. */
    int cost;

    /** The thread of the goroutine that serves it, once it does. Written by itself, read by anybody as a hint. */
    private Thread thread;

    /** The request after this one. Written by the loop, read by whoever passes the turn on. */
    Exchange next;

    Exchange(
            Http1Connection connection,
            HttpRequest request,
            RequestBody body,
            Rejection rejection,
            boolean keepAlive) {
        this.connection = connection;
        this.request = request;
        this.body = body;
        this.rejection = rejection;
        this.keepAlive = keepAlive;
        this.arrivedNanos = connection.burstNanos();
    }

    /** Begins to serve the request. Returns false if it is over already, and the connection with it. */
    boolean begin() {
        if (rejection != null) {
            reject();
            return false;
        }
        try {
            connection.shared.scheduler.goDetached(goroutineName(), this);
            return true;
        } catch (Throwable t) { // no memory, or the scheduler is shutting down
            connection.abort();
            drop();
            logRefused(t);
            return false;
        }
    }

    private void logRefused(Throwable t) {
        try {
            LOG.warn("{} from {}: cannot be served", requestLine(), connection.remoteAddress(), LogText.clean(t));
        } catch (Throwable again) {
            connection.count(Event.CONNECTION_FAILED); // no memory for the log either: whoever has the turn must go on
        }
    }

    /** The path, for dumps, traces and logs: without the query, which may hold secrets, and with visible characters only. */
    private String goroutineName() {
        String uri = request.uri();
        int end = Math.min(uri.length(), MAX_NAME);
        for (int i = 0; i < end; i++) {
            char ch = uri.charAt(i);
            if (ch == '?') {
                return uri.substring(0, i);
            }
            if (ch < '!' || ch > '~') {
                return path(uri.substring(0, end)); // it will be refused, but its name is in every line until then
            }
        }
        return uri.substring(0, end); // the very same, mostly
    }

    private static String path(String uri) {
        int query = uri.indexOf('?');
        return visible(new StringBuilder(query < 0 ? uri : uri.substring(0, query)));
    }

    private static String visible(StringBuilder text) {
        for (int i = 0; i < text.length(); i++) {
            char ch = text.charAt(i);
            if (ch < ' ' || ch > '~') {
                text.setCharAt(i, '?');
            }
        }
        return text.toString();
    }

    /** Answers a request that no handler shall see. */
    private void reject() {
        connection.count(rejection.event());
        Response response = new Response(this);
        connection.shared.observers.started(methodLabel());
        try {
            response.problem(rejection.status(), rejection.detail());
            response.finish();
        } catch (Throwable t) {
            failed(response, t);
        }
        drop();
        connection.shared.observers.finished(this, response, Ctx.UNMATCHED);
    }

    /** Lets go of a request that is not served any more. */
    void drop() {
        if (body != null) {
            body.close();
        }
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        boolean ended = false;
        try {
            Response response = new Response(this);
            Ctx c = new Ctx(this, response);
            try {
                connection.shared.observers.started(methodLabel());
                serve(c, response);
            } catch (Throwable t) {
                failed(response, t);
            } finally {
                end(c, response);
            }
            ended = true;
        } finally {
            if (!ended) { // no memory to tell anybody how it went: the client must not wait for it, nor the next in turn
                connection.turns().over();
                connection.abort();
            }
            connection.turns().finished(this);
        }
    }

    private void serve(Ctx c, Response response) throws Throwable {
        try {
            connection.shared.dispatcher.dispatch(c);
        } catch (Throwable t) { // a StackOverflowError of a handler must not cost more than its request
            connection.shared.dispatcher.errors().answer(c, t);
        }
        try {
            response.finish();
        } catch (Throwable t) {
            if (response.isCommitted() || ClientFault.isGone(t)) {
                throw t;
            }
            connection.shared.dispatcher.errors().standard(c, t); // nothing has been sent, so there can still be an answer
            response.finish();
        }
    }

    /** The answer cannot be brought to a good end: the client must not take it for complete, unless it is. */
    private void failed(Response response, Throwable t) {
        try {
            response.endHead();
            boolean gone = !response.isFinished() && (connection.isGone() || ClientFault.isGone(t));
            boolean slow = response.isOfSlowClient(t);
            if (!response.isFinished()) {
                response.failedWith(gone ? "client_gone" : t.getClass().getName());
                connection.count(gone ? Event.CLIENT_GONE : slow ? Event.WRITE_TIMEOUT : eventOf(response));
            }
            log(response, t, gone || slow || ClientFault.in(t) != null);
        } finally { // whatever else fails, the client is not left waiting
            if (!response.isFinished()) {
                connection.turns().over();
                connection.signal(response.isUntilClose() ? Signal.RESET : Signal.ABORT);
            }
        }
    }

    private static Event eventOf(Response response) {
        return response.isCommitted() ? Event.RESPONSE_ABORTED : Event.CONNECTION_FAILED;
    }

    private void log(Response response, Throwable t, boolean ofClient) {
        if (ofClient && !LOG.isDebugEnabled()) {
            return;
        }
        LOG.atLevel(ofClient ? Level.DEBUG : Level.ERROR)
                .setCause(LogText.clean(t))
                .log(
                        "{} (route {}) failed in goroutine {}; {}",
                        requestLine(),
                        response.route(),
                        goroutine(),
                        response.isFinished()
                                ? "it had been answered"
                                : response.isCommitted()
                                        ? "its answer had begun and is broken off"
                                        : "nothing of an answer has been sent; the connection is closed");
    }

    private void end(Ctx c, Response response) {
        try {
            c.end();
            drop();
            connection.shared.observers.finished(this, response, c.route());
        } catch (Throwable t) {
            connection.abort();
            LOG.error("{}: the end of the request failed", requestLine(), LogText.clean(t));
        }
    }

    boolean isInExit() {
        Thread serving = thread;
        return serving != null && JvmEnd.isInExit(serving);
    }

    static long goroutine() {
        Goroutine g = Goroutine.current();
        return g == null ? 0 : g.id();
    }

    String method() {
        return request == null ? "_OTHER" : request.method().name();
    }

    /** Returns method and path for logs; without the query, which may hold secrets, and with visible characters only. */
    String requestLine() {
        if (request == null) {
            return "request";
        }
        return visible(new StringBuilder(method()).append(' ').append(path(request.uri())));
    }

    boolean isHead() {
        return request != null && method().equals("HEAD");
    }

    boolean isHttp10() {
        return request != null && request.protocolVersion() == HttpVersion.HTTP_1_0;
    }

    String protocolVersion() {
        return isHttp10() ? "1.0" : "1.1";
    }

    /** Returns the method if it is a common one, so that labels made of it are few (OpenTelemetry's rule). */
    String methodLabel() {
        if (rejection != null && (request == null || request.decoderResult().isFailure())) {
            return "_OTHER"; // what the decoder could not read it replaces with a GET of its own
        }
        String method = method();
        return switch (method) {
            case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH" -> method;
            default -> "_OTHER";
        };
    }
}
