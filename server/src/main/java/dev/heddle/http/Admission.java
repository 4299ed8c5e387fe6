package dev.heddle.http;

import dev.heddle.netpoll.Netpoll;
import dev.heddle.netpoll.Recovered;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * How many connections there are
 *
 * `open` counts the connections that were let in and are not closed. The acceptor's loop raises it, the loop of a
 * connection lowers it when the connection has closed.
 *
 * Full. A connection that comes when `open` is at the limit is kept aside in `waiting`, without a loop and unread, and the
 * acceptor's loop accepts no more (`stopped`); those after it wait in the kernel's backlog, as behind HAProxy's maxconn. So
 * somebody waits for sure, and the connections that have been idle for longest are asked to close, as nginx does.
 *
 * Room. Whoever lowers `open` and finds `stopped` has the acceptor's loop look again: it lets in who waits, and accepts again
 * when nobody does. The loop sets `stopped` before it looks at `open` again, the others lower `open` before they look
 * at `stopped`: one of them sees the other. Connections that become idle tell nobody, since requests must not pay for it:
 * while somebody waits, the loop looks for them every LOOK_AGAIN_MILLIS.
 *
 * Errors. When the system refuses a connection (no descriptors left, say) accepting rests, for a time that doubles, as
 * in Go; an idle connection is asked to close, which gives a descriptor back. Without memory anything may be left half done
 * here, in Netty's part of accepting too: when the loop has memory again (Recovered) all of it is done once more.
 *
 * Whether the channel accepts is decided on its loop alone, by `update`.
 */

/** Says which connections are let in: the first handler of the channel that accepts them, whose loop calls its methods. */
final class Admission extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** The pause after an error: Go's {@code net/http} ({@code Server.Serve}). */
    private static final long FIRST_PAUSE_MILLIS = 5;

    private static final long LAST_PAUSE_MILLIS = 1000;

    /** How often idle connections are looked for while somebody waits. A guess: what a client hardly notices. */
    private static final long LOOK_AGAIN_MILLIS = 100;

    /** How many idle connections are closed at once, and which part of them: nginx's {@code ngx_drain_connections}. */
    private static final int MOST_AT_ONCE = 32;

    private static final int PART_AT_ONCE = 8;

    private record Idle(Http1Connection connection, long sinceNanos) {}

    private final Shared shared;
    /** 0 is no limit. */
    private final int most;
    /** 0 is no limit. */
    private final int mostPerAddress;

    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentHashMap<Object, Integer> perAddress = new ConcurrentHashMap<>();
    private final Seldom refusals = new Seldom();
    private final Seldom pauses = new Seldom();
    private final Seldom errors = new Seldom();

    /** Whether somebody waits. Written by the acceptor's loop. */
    private volatile boolean stopped;

    // the acceptor's loop's
    private ChannelHandlerContext ctx;
    /** One, or as many as NIO accepts in one go. */
    private final Queue<Channel> waiting = new ArrayDeque<>();
    private boolean resting;
    private boolean looking;
    private long pauseMillis;

    Admission(Shared shared) {
        this.shared = shared;
        this.most = shared.config.limits().maxConnections();
        this.mostPerAddress = shared.config.limits().maxConnectionsPerAddress();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext own) {
        ctx = own;
    }

    @Override
    public void channelRead(ChannelHandlerContext own, Object message) {
        Channel connection = (Channel) message;
        pauseMillis = 0;
        boolean kept = false;
        try {
            kept = mayEnter(connection) && waiting.add(connection);
        } finally {
            if (!kept) {
                connection.unsafe().closeForcibly();
            }
        }
        letIn();
        if (!waiting.isEmpty() && !stopped) {
            stop();
        } else if (!own.channel().config().isAutoRead()) {
            update(); // Netty's acceptor has thrown: it stops to accept, and may have no memory for the timer that would end that
        }
    }

    private boolean mayEnter(Channel connection) {
        Object address = mostPerAddress > 0 ? address(connection) : null;
        if (address == null || enter(address)) {
            return true;
        }
        shared.counters.count(Event.REFUSED); // before the client can see it
        if (refusals.isDue()) {
            LOG.warn("{}: closed, its address has {} connections already", connection.remoteAddress(), mostPerAddress);
        }
        return false;
    }

    /** Lets in who waits, as far as there is room. */
    private void letIn() {
        while (!waiting.isEmpty() && hasRoom()) {
            Channel connection = waiting.peek();
            Place place = new Place(mostPerAddress > 0 ? address(connection) : null);
            connection.closeFuture().addListener(place); // if there is no memory for that it stays where it is
            waiting.remove();
            open.getAndIncrement();
            ctx.fireChannelRead(connection);
            if (!hasLoop(connection)) { // no memory for what Netty's acceptor does: nobody else would close it
                connection.unsafe().closeForcibly();
            }
            if (!connection.isOpen()) {
                place.leave(); // without a loop nobody else would say so
            }
        }
    }

    private static boolean hasLoop(Channel connection) {
        try {
            return connection.eventLoop() != null;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private boolean hasRoom() {
        return most == 0 || open.get() < most;
    }

    /** The place of one connection among those that are open. */
    private final class Place implements ChannelFutureListener {
        private final Object address;
        private final AtomicBoolean left = new AtomicBoolean();

        Place(Object address) {
            this.address = address;
        }

        /** The connection has closed. Its loop. */
        @Override
        public void operationComplete(ChannelFuture closed) {
            leave();
        }

        void leave() {
            if (!left.compareAndSet(false, true)) {
                return;
            }
            open.getAndDecrement();
            if (address != null) {
                Admission.this.leave(address);
            }
            if (stopped) {
                lookAgain();
            }
        }
    }

    /** Has the acceptor's loop look again. Any thread. */
    private void lookAgain() {
        try {
            ctx.channel().eventLoop().execute(this::update);
        } catch (RejectedExecutionException e) {
            LOG.debug("the loop that accepts has ended", e);
        }
    }

    private void stop() {
        stopped = true;
        shared.counters.count(Event.ACCEPT_PAUSED);
        if (pauses.isDue()) {
            LOG.warn("{} connections are open, as many as allowed: others wait until one closes", most);
        }
        update();
        if (!looking) {
            lookForIdle();
        }
    }

    /** Looks whether there is room, and accepts if nothing speaks against it. */
    private void update() {
        if (!ctx.channel().isActive()) {
            return;
        }
        letIn();
        if (waiting.isEmpty()) {
            stopped = false;
        }
        boolean accepting = !stopped && !resting;
        if (ctx.channel().config().isAutoRead() != accepting) {
            ctx.channel().config().setAutoRead(accepting);
        }
    }

    // ---- room

    private void lookForIdle() {
        looking = false; // until the timer is set, for which there may be no memory
        update();
        if (stopped && ctx.channel().isActive()) {
            askIdleToClose(waiting.size());
            ctx.channel().eventLoop().schedule(this::lookForIdle, LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            looking = true;
        }
    }

    private void askIdleToClose(int wanted) {
        int idle = 0;
        PriorityQueue<Idle> oldest = new PriorityQueue<>(Comparator.comparingLong(i -> -i.sinceNanos));
        long now = System.nanoTime();
        for (Http1Connection connection : shared.connections()) {
            if (connection.looksIdle(now)) {
                idle++;
                oldest.add(new Idle(connection, connection.lastActiveNanos() - now)); // the difference can be compared
                if (oldest.size() > MOST_AT_ONCE) {
                    oldest.remove();
                }
            }
        }
        int surplus = oldest.size() - Math.max(wanted, idle / PART_AT_ONCE);
        while (surplus-- > 0) {
            oldest.remove();
        }
        oldest.forEach(i -> i.connection.signal(Signal.YIELD));
    }

    // ---- addresses

    /** Returns what counts as one address: of IPv6 the network, of which one host has a whole one (/64). */
    private static Object address(Channel connection) {
        if (!(connection.remoteAddress() instanceof InetSocketAddress socket)) {
            return null; // it has closed already
        }
        InetAddress address = socket.getAddress();
        return address instanceof Inet6Address ? ByteBuffer.wrap(address.getAddress()).getLong() : address;
    }

    private boolean enter(Object address) {
        boolean[] entered = {false};
        perAddress.compute(address, (_, n) -> {
            entered[0] = n == null || n < mostPerAddress;
            return n == null ? Integer.valueOf(1) : entered[0] ? Integer.valueOf(n + 1) : n;
        });
        return entered[0];
    }

    private void leave(Object address) {
        perAddress.computeIfPresent(address, (_, n) -> n == 1 ? null : n - 1);
    }

    // ---- errors

    @Override
    public void exceptionCaught(ChannelHandlerContext own, Throwable cause) {
        if (!own.channel().isActive()) {
            LOG.debug("accept: the listening socket is closed", cause);
            return;
        }
        if (!(cause instanceof IOException)) {
            // no memory, mostly, not even for a timer: it rests until the loop has its spare memory again, and says so
            shared.counters.count(Event.ACCEPT_FAILED);
            Netpoll.makeRoom(own.channel().eventLoop());
            return;
        }
        pauseMillis = Math.clamp(pauseMillis * 2, FIRST_PAUSE_MILLIS, LAST_PAUSE_MILLIS);
        shared.counters.count(Event.ACCEPT_FAILED);
        if (errors.isDue()) {
            LOG.warn("accept: {}; {} connections are open, trying again in {} ms", cause, open.get(), pauseMillis);
        }
        if (!resting) {
            own.channel().eventLoop().schedule(this::rested, pauseMillis, TimeUnit.MILLISECONDS);
            resting = true; // not before: without memory for the timer it would rest for ever
        }
        update();
        askIdleToClose(1);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext own, Object event) {
        if (event == Recovered.EVENT) {
            own.channel().config().setAutoRead(false); // whatever was done of it: from the beginning
            update();
            if (stopped && !looking) {
                lookForIdle();
            }
        } else {
            own.fireUserEventTriggered(event);
        }
    }

    private void rested() {
        resting = false;
        update();
    }

    @Override
    public void channelInactive(ChannelHandlerContext own) {
        waiting.forEach(connection -> connection.unsafe().closeForcibly());
        waiting.clear();
        stopped = false;
        own.fireChannelInactive();
    }
}
