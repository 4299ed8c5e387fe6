package dev.heddle.net;

import dev.heddle.netpoll.Netpoll;
import dev.heddle.netpoll.NetpollConfig.Kind;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Listens for TCP connections. {@link #accept} parks the calling goroutine until there is one; ordinary threads may use
 * it too.
 *
 * <p>One goroutine may accept at a time; all other methods may be called by anybody at any time.
 *
 * <pre>{@code
 * try (Listener listener = Listener.bind(netpoll, new InetSocketAddress(7000))) {
 *     while (true) {
 *         Conn conn = listener.accept();
 *         scheduler.go(() -> {
 *             try (conn) {
 *                 conn.inputStream().transferTo(conn.outputStream());
 *             } catch (IOException e) {
 *                 System.err.println(e.getMessage());
 *             }
 *         });
 *     }
 * }
 * }</pre>
 */
public final class Listener implements Closeable {
    private static final String ACCEPT = "accept on";

    private final Channel channel;
    private final Kind kind;
    private final InetSocketAddress address;
    private final AcceptHandler handler;
    private final Deadline deadline;
    private final AtomicBoolean accepting = new AtomicBoolean();

    private Listener(Channel channel, AcceptHandler handler, Kind kind) {
        this.channel = channel;
        this.kind = kind;
        this.handler = handler;
        this.address = (InetSocketAddress) channel.localAddress();
        this.deadline = new Deadline(channel, handler.canAccept);
    }

    /**
     * Binds to an address and begins to listen. Connections wait in the system's backlog, a few of them here.
     *
     * @param netpoll whose loops carry the listener and its connections
     * @param address where to listen; port 0: any free one, see {@link #localAddress}
     * @throws java.net.BindException if the address is in use or may not be used; the message names it
     * @throws IOException if anything else fails
     * @throws IllegalStateException if called from channel code of this netpoll
     */
    public static Listener bind(Netpoll netpoll, InetSocketAddress address) throws IOException {
        Objects.requireNonNull(address, "address");
        Await.checkMayBlock(netpoll, "listen on " + address);
        AcceptHandler handler = new AcceptHandler(netpoll.group());
        ChannelFuture bound = new Bootstrap()
                .group(netpoll.group())
                .channelFactory(netpoll.serverChannels())
                .option(ChannelOption.SO_REUSEADDR, true)
                .handler(handler)
                .bind(address);
        Await.done(bound.channel(), bound);
        if (!bound.isSuccess()) {
            throw Failures.notBound(address, bound.cause());
        }
        return new Listener(bound.channel(), handler, netpoll.kind());
    }

    /** Returns the address that this listens on, with the port that was really taken. */
    public InetSocketAddress localAddress() {
        return address;
    }

    /**
     * Returns the next connection; waits for it. While the system refuses to accept (too many open files) this is
     * logged and tried again, after 5 ms first, at most 1 s apart.
     *
     * @throws SocketTimeoutException if the deadline has passed
     * @throws java.util.concurrent.CancellationException if it had to wait, and the current context has ended
     * @throws IOException if the listener is closed
     * @throws IllegalStateException if somebody else is accepting here
     */
    public Conn accept() throws IOException {
        if (!accepting.compareAndSet(false, true)) {
            throw new IllegalStateException(ACCEPT + " " + address + ": somebody else is accepting, one may at a time");
        }
        try {
            return acceptOrWait();
        } finally {
            accepting.set(false);
        }
    }

    private Conn acceptOrWait() throws IOException {
        long start = 0;
        while (true) {
            if (handler.isClosed()) {
                throw Failures.closed(ACCEPT, address);
            }
            if (deadline.hasPassed()) {
                throw Failures.timedOut(ACCEPT, address, start == 0 ? 0 : System.nanoTime() - start);
            }
            Conn conn = handler.take(channel);
            if (conn != null) {
                return conn;
            }
            if (start == 0) {
                start = System.nanoTime();
            }
            deadline.await();
        }
    }

    /**
     * Sets by when a connection must have come, for the accept that waits now and all that follow, until it is set
     * anew.
     *
     * @param fromNow the deadline, counted from this call on; zero: no deadline, as at the beginning; negative: passed
     *     already, which ends a waiting accept
     */
    public void setDeadline(Duration fromNow) {
        deadline.set(fromNow);
    }

    /**
     * Stops listening: waiting and later calls of {@link #accept} fail, connections that nobody has accepted are
     * closed. Accepted ones go on. Returns when the address is free again, unless it is called by channel code, which must
     * not wait. Closing again has no effect.
     */
    @Override
    public void close() {
        channel.close();
        if (!Await.isOnLoop(channel)) {
            Await.done(channel, channel.closeFuture());
            awaitNextPass();
        }
        handler.close();
    }

    /** With NIO the JDK frees the port when the selector looks next, which it has done when a later task runs. */
    private void awaitNextPass() {
        if (kind == Kind.NIO) {
            try {
                Await.done(channel, channel.eventLoop().schedule(() -> {}, 1, TimeUnit.MILLISECONDS));
            } catch (RejectedExecutionException e) {
                handler.close(); // the loop has ended, and its selector with it
            }
        }
    }

    /** Returns the address. */
    @Override
    public String toString() {
        return address.toString();
    }
}
