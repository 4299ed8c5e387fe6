package dev.heddle.examples.echo;

import dev.heddle.http.ServerConfig;
import dev.heddle.net.Conn;
import dev.heddle.net.Listener;
import dev.heddle.netpoll.Netpoll;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A TCP server that sends back what it gets, with one goroutine per connection. */
public final class Echo implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Echo.class);

    private final Scheduler scheduler;
    private final Netpoll netpoll;
    private final Listener listener;
    private final Goroutine acceptor;

    private Echo(Scheduler scheduler, Netpoll netpoll, Listener listener) {
        this.scheduler = scheduler;
        this.netpoll = netpoll;
        this.listener = listener;
        this.acceptor = scheduler.go("accept", () -> serve(scheduler, listener));
    }

    /** Serves until the listener is closed. */
    private static void serve(Scheduler scheduler, Listener listener) {
        try {
            while (true) {
                Conn conn = listener.accept();
                scheduler.go(() -> echo(conn));
            }
        } catch (IOException e) {
            LOG.info("accepts no more: {}", e.getMessage());
        }
    }

    /** Sends everything back until the peer has sent its last byte. */
    private static void echo(Conn conn) {
        try (conn) {
            conn.inputStream().transferTo(conn.outputStream());
        } catch (IOException e) {
            LOG.debug("connection lost: {}", e.getMessage());
        }
    }

    /**
     * Serves for ever.
     *
     * @throws IOException if the address cannot be listened on
     * @throws InterruptedException if the caller is interrupted
     */
    public static void run(ServerConfig config) throws IOException, InterruptedException {
        try (Echo server = start(config)) {
            server.acceptor.join();
        }
    }

    /**
     * Starts a server.
     *
     * @param config where to listen, and on how many processors; what is about HTTP has no effect
     * @throws IOException if the address cannot be listened on
     */
    static Echo start(ServerConfig config) throws IOException {
        Scheduler scheduler = Scheduler.start(config.scheduler());
        Netpoll netpoll = null;
        try {
            netpoll = Netpoll.open(scheduler, config.netpoll());
            Listener listener = Listener.bind(netpoll, new InetSocketAddress(config.host(), config.port()));
            int procs = scheduler.gomaxprocs();
            LOG.info("echo: tcp:/{}, procs {}, {}", listener.localAddress(), procs, netpoll.kind());
            return new Echo(scheduler, netpoll, listener);
        } catch (IOException | RuntimeException e) {
            if (netpoll != null) {
                netpoll.close();
            }
            scheduler.close();
            throw e;
        }
    }

    int port() {
        return listener.localAddress().getPort();
    }

    /** Closes all connections and ends all threads. */
    @Override
    public void close() {
        listener.close();
        netpoll.close();
        scheduler.close();
    }
}
