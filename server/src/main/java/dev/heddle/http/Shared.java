package dev.heddle.http;

import dev.heddle.sched.Inherited;
import dev.heddle.sched.Scheduler;
import io.netty.util.AsciiString;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the connections of one server have in common. */
final class Shared {
    final ServerConfig config;
    final Scheduler scheduler;
    final Dispatcher dispatcher;
    final Observers observers;
    /** Null if there is none: then JSON is refused with a message. */
    final JsonCodec json;

    final Counters counters = new Counters();
    final Holdings holdings;
    /** Null if none is to be sent. */
    final AsciiString serverName;

    /** Set before the first connection is accepted. */
    Server server;

    /** What the thread had that started the server, and so the pollers and the goroutines of requests that they start. */
    private final Object inherited = Inherited.get();

    private final ClassLoader contextClassLoader = Thread.currentThread().getContextClassLoader();

    private volatile CommonLines commonLines = new CommonLines(null, new byte[0]);

    private record CommonLines(AsciiString date, byte[] lines) {}

    /** Whether the server is stopping: every answer is the last one of its connection. */
    volatile boolean draining;

    /** Whether idle connections close, since nobody can open another one: some time after {@link #draining}. */
    volatile boolean closingIdle;

    private final Set<Http1Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile Runnable onEmpty = () -> {};

    Shared(ServerConfig config, Scheduler scheduler, Dispatcher dispatcher, Observers observers, JsonCodec json) {
        this.config = config;
        this.scheduler = scheduler;
        this.dispatcher = dispatcher;
        this.observers = observers;
        this.json = json;
        this.holdings = new Holdings(this, config.limits().maxHeldBytes());
        this.serverName = config.serverName().isBlank() ? null : AsciiString.cached(config.serverName());
    }

    /** Returns the header lines that all answers of this second have: {@code Date} and {@code Server}. */
    byte[] commonLines() {
        AsciiString date = HttpDate.now();
        CommonLines kept = commonLines;
        if (kept.date != date) {
            byte[] dateLine = AnswerHeaders.line("date", date);
            byte[] serverLine = serverName == null ? new byte[0] : AnswerHeaders.line("server", serverName);
            byte[] lines = Arrays.copyOf(dateLine, dateLine.length + serverLine.length);
            System.arraycopy(serverLine, 0, lines, dateLine.length, serverLine.length);
            kept = new CommonLines(date, lines);
            commonLines = kept;
        }
        return kept.lines;
    }

    /**
     * Gives the calling goroutine back what the goroutine of a request begins with, for the next one to inherit it: not the
     * context or the class loader that a handler may have set. The caller is at its end.
     */
    void passOn() {
        Inherited.set(inherited);
        Thread thread = Thread.currentThread();
        if (thread.getContextClassLoader() != contextClassLoader) {
            thread.setContextClassLoader(contextClassLoader);
        }
    }

    void opened(Http1Connection connection) {
        counters.accepted.increment();
        connections.add(connection);
    }

    /** A connection is closed and nobody serves a request of it any more. May be called twice. */
    void closed(Http1Connection connection) {
        connection.account.settle(); // before it cannot be found any more: there may be no memory for one of these
        if (connections.remove(connection)) {
            counters.requests.add(connection.turns().begun());
        }
        if (draining && connections.isEmpty()) {
            onEmpty.run();
        }
    }

    Set<Http1Connection> connections() {
        return connections;
    }

    /** Runs {@code action} each time that no connection is left while {@link #draining} is set. */
    void onEmpty(Runnable action) {
        onEmpty = action;
    }
}
