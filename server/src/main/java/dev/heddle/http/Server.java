package dev.heddle.http;

import dev.heddle.netpoll.Netpoll;
import dev.heddle.netpoll.NetpollStats;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.ThreadLocals;
import dev.heddle.sched.jdk.JvmEnd;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * A running server. It has a scheduler and a netpoller of its own, and keeps the JVM alive until it has stopped. SIGTERM
 * stops it with the configured grace ({@link ServerConfig#shutdownHook}).
 *
 * <p>All methods may be called from any thread; {@link #stop} and {@link #awaitStop} not from a handler of this server.
 */
public final class Server implements AutoCloseable {
    /** What is to be done before the server accepts, and after it has drained. */
    record Hooks(List<Consumer<Server>> onStart, List<StopAction> onStop) {}

    /**
     * Something to be done at the stop.
     *
     * @param after so many actions at the start were added before it
     */
    record StopAction(Consumer<Server> action, int after) {}

    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    static {
        ThreadLocals.handDown(Server::mdc, MDC::setContextMap); // what a handler starts logs for the same request
    }

    /** How long goroutines that are not requests may go on once no request is left. A guess: time to see an end. */
    private static final Duration STRAGGLERS = Duration.ofMillis(200);

    /** How long the listening socket, and then the loops, have to end when no grace is left. A guess: far more than usual. */
    private static final Duration LEAST_CLOSE = Duration.ofSeconds(1);

    /** How long a loop that hangs may use up what is left of the grace. A guess: longer than any pass should take. */
    private static final Duration MOST_CLOSE = Duration.ofSeconds(10);

    private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

    /** How long it is waited for the loops at once, before it is looked whether there is less time now. */
    private static final Duration CLOSE_STEP = Duration.ofMillis(50);

    /** How long the end of the JVM waits for the thread that called {@link App#run}, so that what follows there is run. */
    private static final Duration RUNNER = Duration.ofSeconds(1);

    private final ServerConfig config;
    private final Hooks hooks;
    private final Scheduler scheduler;
    private final Shared shared;
    private final Lifecycle life = new Lifecycle();
    private Netpoll netpoll;
    private Acceptor acceptor;
    private volatile InetSocketAddress address;
    private Thread shutdownHook;
    /** How many actions at the start have been run to their end. */
    private int begun;

    private volatile Thread runner;

    /** The number of requests that was told last. */
    private final AtomicLong requestsTold = new AtomicLong();

    private Server(ServerConfig config, Dispatcher dispatcher, Observers observers, JsonCodec json, Hooks hooks) {
        this.config = config;
        this.hooks = hooks;
        this.scheduler = Scheduler.start(config.scheduler());
        this.shared = new Shared(config, scheduler, dispatcher, observers, json);
        shared.server = this;
        shared.onEmpty(life::wake);
    }

    static Server start(
            ServerConfig config, Dispatcher dispatcher, Observers observers, JsonCodec json, Hooks hooks)
            throws IOException {
        long begin = System.nanoTime();
        Acceptor.checkFree(config);
        Preload.once();
        Server server = new Server(config, dispatcher, observers, json, hooks);
        try {
            server.open();
        } catch (Throwable t) {
            server.abandon();
            if (t instanceof InterruptedException) {
                Thread.currentThread().interrupt();
                InterruptedIOException e = new InterruptedIOException("start: interrupted while binding");
                e.initCause(t);
                throw e;
            }
            throw rethrow(t);
        }
        LOG.info(server.startLine(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)));
        return server;
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException rethrow(Throwable t) throws T {
        throw (T) t;
    }

    private void open() throws IOException, InterruptedException {
        netpoll = Netpoll.open(scheduler, config.netpoll());
        if (config.shutdownHook()) {
            shutdownHook = new Thread(this::endOfJvm, config.scheduler().name() + "-shutdown");
            Runtime.getRuntime().addShutdownHook(shutdownHook);
        }
        for (Consumer<Server> action : hooks.onStart) {
            action.accept(this);
            begun++;
            life.checkWanted();
        }
        acceptor = Acceptor.bind(shared, netpoll);
        address = acceptor.address();
        Thread keeper = new Thread(this::keep, config.scheduler().name() + "-http");
        keeper.setDaemon(false); // it keeps the JVM alive
        keeper.start();
        life.running(keeper);
    }

    /** Takes a start back that has failed. */
    private void abandon() {
        shared.draining = true;
        life.hurry();
        try {
            runAtStop(hooks.onStop.stream().filter(stop -> begun > 0 && stop.after <= begun).toList());
        } finally {
            end(false);
        }
    }

    private String startLine(long millis) {
        ServerConfig.Limits limits = config.limits();
        ServerConfig.Timeouts times = config.timeouts();
        String host = address.getAddress().isAnyLocalAddress() ? config.host() : address.getAddress().getHostAddress();
        return String.format(
                Locale.ROOT,
                "heddle %s on http://%s:%d, procs %d, poller %s, limits: head %s in %d lines within %s, target %s,"
                        + " body %s at %s/s after %s, idle %s, write %s; started in %d ms",
                version(),
                host.indexOf(':') >= 0 ? "[" + host + "]" : host,
                address.getPort(),
                scheduler.gomaxprocs(),
                netpoll.kind().name().toLowerCase(Locale.ROOT),
                Settings.sizeText(limits.maxHeaderBytes()),
                limits.maxHeaderCount(),
                Settings.timeText(times.header()),
                Settings.sizeText(limits.maxUriBytes()),
                limits.maxBodyBytes() == 0 ? "unlimited" : Settings.sizeText(limits.maxBodyBytes()),
                Settings.sizeText(times.bodyMinRate()),
                Settings.timeText(times.bodyGrace()),
                Settings.timeText(times.idle()),
                Settings.timeText(times.write()),
                millis);
    }

    private static String version() {
        String version = Server.class.getPackage().getImplementationVersion();
        return version == null ? "(development)" : version;
    }

    // ---- what it is

    /** Returns the address that it listens on. */
    public InetSocketAddress address() {
        InetSocketAddress known = address;
        if (known == null) {
            throw new IllegalStateException("address: the server does not listen yet");
        }
        return known;
    }

    /** Returns the port that it listens on. */
    public int port() {
        return address().getPort();
    }

    /** Returns the settings. */
    public ServerConfig config() {
        return config;
    }

    /** Returns the scheduler that runs the handlers. */
    public Scheduler scheduler() {
        return scheduler;
    }

    Netpoll netpoll() {
        return netpoll;
    }

    /** Returns what the netpoller has done so far. */
    public NetpollStats netpollStats() {
        return netpoll.stats();
    }

    /** Returns what the server has done and is doing. Costs a walk over its connections. */
    public ServerStats stats() {
        long requests = shared.counters.requests.sum();
        long active = 0;
        for (Http1Connection connection : shared.connections()) {
            requests += connection.turns().begun();
            active += connection.turns().isIdle() ? 0 : 1;
        }
        Counters counters = shared.counters;
        return new ServerStats(
                shared.connections().size(),
                active,
                shared.holdings.bytes(),
                counters.accepted.sum(),
                // those of a connection that has just ended may be nowhere for a moment, and a counter must not go back
                requestsTold.accumulateAndGet(requests, Math::max),
                counters.of(Event.MALFORMED),
                counters.of(Event.HEADER_TIMEOUT),
                counters.of(Event.BODY_TIMEOUT),
                counters.of(Event.IDLE_TIMEOUT),
                counters.of(Event.WRITE_TIMEOUT),
                counters.of(Event.CLIENT_GONE),
                counters.of(Event.RESPONSE_ABORTED),
                counters.of(Event.CONNECTION_FAILED),
                counters.of(Event.REFUSED),
                counters.of(Event.DISPLACED),
                counters.of(Event.CUT),
                counters.of(Event.ACCEPT_PAUSED),
                counters.of(Event.ACCEPT_FAILED));
    }

    Shared shared() {
        return shared;
    }

    // ---- its end

    /** Returns whether the server is stopping or has stopped. */
    public boolean isDraining() {
        return shared.draining;
    }

    /** Stops the server with the configured grace. See {@link #stop(Duration)}. */
    public boolean stop() {
        return stop(config.timeouts().drainGrace());
    }

    /**
     * Stops the server: accepts no further connections, closes idle ones, lets requests finish, and answers those that still
     * come on old connections with {@code Connection: close}. Ends as soon as nothing is left. When the grace is over, what
     * is left is cut off, and handlers that wait are interrupted; then what cannot end by itself is given up within 5 s. Only
     * the actions of {@link App#onStop} take the time that they take.
     *
     * <p>A second call waits for the first one, and shortens its grace if its own is over earlier; so does an interrupt. One
     * from an action of {@code onStop} does not wait. One during the start lets that fail, and waits for it within its grace.
     * While the JVM ends, requests that have called {@link System#exit} are not waited for, since they cannot finish.
     *
     * @param grace how long requests may take; zero or negative cuts them off at once
     * @return whether all requests could finish
     * @throws IllegalStateException if called by a goroutine of this server, or by the thread that starts it, which would wait
     *     for itself
     */
    public boolean stop(Duration grace) {
        Objects.requireNonNull(grace, "grace");
        if (Scheduler.current() == scheduler) {
            throw new IllegalStateException(
                    "stop: got a goroutine of this server, which would wait for itself; need another thread");
        }
        life.checkMayStop();
        shared.draining = true;
        life.stopWithin(grace);
        return life.awaitResult();
    }

    /** Keeps the JVM alive, and stops the server when it is to stop. */
    private void keep() {
        if (life.awaitWanted()) {
            drain();
        }
    }

    private void drain() {
        boolean clean = false;
        try {
            acceptor.close(life::wake);
            life.await(acceptor::isClosed, LEAST_CLOSE, LEAST_CLOSE);
            shared.closingIdle = true; // before the look at each: who is just serving a request sees it afterwards
            shared.connections().forEach(Http1Connection::drainSoon);
            life.await(this::isDrained, Duration.ZERO, FOR_EVER);
            long left = stats().requestsActive();
            clean = left == 0;
            if (!clean) {
                String why = isDrained() ? "since they have called System.exit" : "after the grace";
                LOG.warn("{}: {} requests are cut off {}", this, left, why);
            }
        } finally {
            try {
                runAtStop(hooks.onStop);
            } finally {
                end(clean);
                LOG.info("{} stopped", this);
            }
        }
    }

    /** Whether no connection is left, but for those whose request waits for the end of the JVM and cannot finish. */
    private boolean isDrained() {
        Set<Http1Connection> left = shared.connections();
        return left.isEmpty()
                || JvmEnd.isEnding() && left.stream().allMatch(connection -> connection.turns().isInExit());
    }

    private void runAtStop(List<StopAction> actions) {
        for (StopAction each : actions) {
            try {
                each.action.accept(this);
            } catch (Throwable t) { // whatever it is, the next one has something else to close
                LOG.error("{}: an action at the stop failed", this, t);
            }
        }
    }

    private void end(boolean clean) {
        try {
            closeAll();
        } finally {
            removeShutdownHook();
            life.stopped(clean);
        }
    }

    private void closeAll() {
        try {
            if (netpoll != null && !life.await(() -> netpoll.close(CLOSE_STEP), LEAST_CLOSE, MOST_CLOSE)) {
                LOG.warn("{}: an event loop does not end, and is left", this);
            }
        } finally {
            scheduler.shutdown(STRAGGLERS);
        }
    }

    /** {@link #stop(Duration)} without grace. */
    @Override
    public void close() {
        stop(Duration.ZERO);
    }

    /**
     * Waits until the server has stopped.
     *
     * @throws InterruptedException if the caller is interrupted
     * @throws IllegalStateException if called by a goroutine of this server, or by the thread that starts or stops it, which
     *     would wait for itself
     */
    public void awaitStop() throws InterruptedException {
        if (Scheduler.current() == scheduler) {
            throw new IllegalStateException(
                    "awaitStop: got a goroutine of this server, which would wait for itself; need another thread");
        }
        runner = Thread.currentThread();
        life.awaitStopped();
    }

    private void endOfJvm() {
        Signals.hurry(life);
        LOG.info("{}: the JVM is to end; draining for at most {}", this, config.timeouts().drainGrace());
        stop();
        Thread waiting = runner;
        if (waiting != null) {
            try {
                waiting.join(RUNNER);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns what it is, with its port if that is known, for logs. */
    @Override
    public String toString() {
        InetSocketAddress known = address;
        return known == null ? "heddle" : "heddle on port " + known.getPort();
    }

    private void removeShutdownHook() {
        if (shutdownHook == null || Thread.currentThread() == shutdownHook) {
            return;
        }
        try {
            Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException e) {
            LOG.debug("the JVM is ending already");
        }
    }

    private static Map<String, String> mdc() {
        Map<String, String> copy = MDC.getCopyOfContextMap();
        return copy == null || copy.isEmpty() ? null : copy;
    }
}
