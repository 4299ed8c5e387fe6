package dev.heddle.http;

import dev.heddle.netpoll.Netpoll;
import dev.heddle.netpoll.NetpollStats;
import dev.heddle.sched.Scheduler;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server. It has a scheduler and a netpoller of its own, and keeps the JVM alive until it has stopped. SIGTERM
 * stops it with the configured grace ({@link ServerConfig#shutdownHook}).
 *
 * <p>All methods may be called from any thread; {@link #stop} and {@link #awaitStop} not from a handler of this server.
 */
public final class Server implements AutoCloseable {
    /** What is to be done before the server accepts, and after it has drained. */
    record Hooks(List<Consumer<Server>> onStart, List<Consumer<Server>> onStop) {}

    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** How long goroutines that are not requests may go on once no request is left. A guess: time to see an end. */
    private static final Duration STRAGGLERS = Duration.ofMillis(200);

    /** How long the end of the JVM waits for the thread that called {@link App#run}, so that what follows there is run. */
    private static final Duration RUNNER = Duration.ofSeconds(1);

    private final ServerConfig config;
    private final Hooks hooks;
    private final Scheduler scheduler;
    private final Shared shared;
    private Netpoll netpoll;
    private Acceptor acceptor;
    private InetSocketAddress address;
    private Thread shutdownHook;

    private final Object lock = new Object();
    /** When the grace is over. Guarded by {@link #lock}. */
    private long deadline = Long.MAX_VALUE;
    /** Guarded by {@link #lock}. */
    private boolean stopping;

    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile boolean clean;
    private volatile Thread runner;

    private Server(ServerConfig config, Dispatcher dispatcher, Observers observers, JsonCodec json, Hooks hooks) {
        this.config = config;
        this.hooks = hooks;
        this.scheduler = Scheduler.start(config.scheduler());
        this.shared = new Shared(config, scheduler, dispatcher, observers, json);
        shared.server = this;
        shared.onEmpty(this::wakeStop);
    }

    static Server start(
            ServerConfig config, Dispatcher dispatcher, Observers observers, JsonCodec json, Hooks hooks)
            throws IOException {
        long begin = System.nanoTime();
        Server server = new Server(config, dispatcher, observers, json, hooks);
        try {
            server.open();
        } catch (Throwable t) {
            server.closeAll();
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
        hooks.onStart.forEach(action -> action.accept(this));
        acceptor = Acceptor.bind(shared, netpoll);
        address = acceptor.address();
        Thread keeper = new Thread(this::keepAlive, config.scheduler().name() + "-http");
        keeper.setDaemon(false);
        keeper.start();
        if (config.shutdownHook()) {
            shutdownHook = new Thread(this::endOfJvm, config.scheduler().name() + "-shutdown");
            Runtime.getRuntime().addShutdownHook(shutdownHook);
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
                config.scheduler().procs(),
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
        if (address == null) {
            throw new IllegalStateException("address: the server does not listen yet");
        }
        return address;
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
                requests,
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
     * is left is cut off, and handlers that wait are interrupted. A second call waits for the first one, and shortens its
     * grace if its own is over earlier.
     *
     * @param grace how long requests may take; zero or negative cuts them off at once
     * @return whether all requests could finish
     * @throws IllegalStateException if called by a goroutine of this server, which would wait for itself
     */
    public boolean stop(Duration grace) {
        if (Scheduler.current() == scheduler) {
            throw new IllegalStateException(
                    "stop: got a goroutine of this server, which would wait for itself; need another thread");
        }
        boolean first;
        synchronized (lock) {
            first = !stopping;
            stopping = true;
            deadline = Math.min(deadline, System.nanoTime() + Math.max(0, grace.toNanos()));
            lock.notifyAll();
        }
        if (first) {
            drain();
        }
        awaitLatch();
        return clean;
    }

    private void drain() {
        boolean interrupted = false;
        try {
            shared.draining = true;
            try {
                acceptor.close();
            } catch (InterruptedException e) {
                interrupted = true;
            }
            shared.connections().forEach(Http1Connection::drainSoon);
            interrupted |= awaitEmpty();
            long left = stats().requestsActive();
            clean = left == 0;
            if (!clean) {
                LOG.warn("heddle on port {}: {} requests are cut off after the grace", port(), left);
            }
            for (Consumer<Server> action : hooks.onStop) {
                try {
                    action.accept(this);
                } catch (RuntimeException e) {
                    LOG.error("heddle on port {}: an action at the stop failed", port(), e);
                }
            }
        } finally {
            closeAll();
            removeShutdownHook();
            LOG.info("heddle on port {} stopped", port());
            stopped.countDown();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits until no connection is left or the grace is over. Returns whether the caller was interrupted, which ends it. */
    private boolean awaitEmpty() {
        synchronized (lock) {
            while (!shared.connections().isEmpty()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(lock, left + 1_000_000); // rounds down to milliseconds
                } catch (InterruptedException e) {
                    return true;
                }
            }
            return false;
        }
    }

    private void wakeStop() {
        synchronized (lock) {
            lock.notifyAll();
        }
    }

    private void closeAll() {
        if (netpoll != null) {
            netpoll.close();
        }
        scheduler.shutdown(STRAGGLERS);
    }

    private void awaitLatch() {
        boolean interrupted = false;
        while (true) {
            try {
                stopped.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
                synchronized (lock) {
                    deadline = System.nanoTime();
                    lock.notifyAll();
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
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
     * @throws IllegalStateException if called by a goroutine of this server, which would wait for itself
     */
    public void awaitStop() throws InterruptedException {
        if (Scheduler.current() == scheduler) {
            throw new IllegalStateException(
                    "awaitStop: got a goroutine of this server, which would wait for itself; need another thread");
        }
        runner = Thread.currentThread();
        stopped.await();
    }

    private void keepAlive() {
        awaitLatch();
    }

    private void endOfJvm() {
        LOG.info("heddle on port {}: the JVM is to end; draining for at most {}", port(), config.timeouts().drainGrace());
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
}
