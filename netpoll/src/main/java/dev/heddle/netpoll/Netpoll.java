package dev.heddle.netpoll;

import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.DefaultSelectStrategyFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The netpoller of a {@link Scheduler}: Netty event loops, each run by a goroutine that waits in the scheduler like any
 * other.
 *
 * <p>All methods may be called from any thread.
 */
public final class Netpoll implements AutoCloseable {
    /** How long {@link #close} waits for the loops: longer than any pass should take. A guess. */
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

    static final Logger LOG = LoggerFactory.getLogger(Netpoll.class);

    private final LoopGroup group = new LoopGroup();
    private final List<LoopCounters> counters = new ArrayList<>();
    private final List<Park> parks = new ArrayList<>();
    private final AtomicInteger running = new AtomicInteger();
    private final Kind kind;
    /** Null with NIO. */
    private final Master master;

    private volatile List<Goroutine> goroutines = List.of();

    private Netpoll(Kind kind, int loops) throws IOException, ReflectiveOperationException {
        this.kind = kind;
        List<Loop> made = new ArrayList<>();
        try {
            for (int i = 0; i < loops; i++) {
                made.add(newLoop(i));
            }
            group.init(made);
            master = kind == Kind.EPOLL ? newMaster(made) : null;
        } catch (Throwable t) {
            made.forEach(Loop::abandon);
            throw t;
        }
    }

    /**
     * Opens a netpoll and starts its poller goroutines.
     *
     * @param scheduler what runs it; with epoll the netpoll becomes the scheduler's poller, of which it can have one
     * ever
     * @param config its settings
     * @throws IOException if the system refuses a descriptor, or epoll was asked for and does not work here
     * @throws IllegalStateException if the scheduler has a netpoller already
     */
    public static Netpoll open(Scheduler scheduler, NetpollConfig config) throws IOException {
        Objects.requireNonNull(scheduler, "scheduler");
        int loops = config.loops() > 0 ? config.loops() : scheduler.gomaxprocs();
        Netpoll netpoll = make(config.kind(), loops);
        Preload.load(netpoll.kind);
        if (netpoll.master != null) {
            try {
                scheduler.netpollinit(netpoll.master);
            } catch (RuntimeException e) {
                netpoll.running.set(loops);
                netpoll.group.loops().forEach(netpoll::abandon);
                throw e;
            }
        }
        netpoll.start(scheduler);
        return netpoll;
    }

    private static Netpoll make(Kind kind, int loops) throws IOException {
        if (kind != Kind.NIO) {
            Throwable cause = io.netty.channel.epoll.Epoll.unavailabilityCause();
            if (cause == null) {
                try {
                    return new Netpoll(Kind.EPOLL, loops);
                } catch (ReflectiveOperationException | IOException | LinkageError e) {
                    cause = e;
                }
            }
            if (kind == Kind.EPOLL) {
                throw new IOException("netpoll kind EPOLL: not available here: " + reason(cause), cause);
            }
            LOG.info("netpoll: using NIO, epoll is not available: {}", reason(cause));
        }
        try {
            return new Netpoll(Kind.NIO, loops);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("only epoll needs reflection", e);
        }
    }

    private static String reason(Throwable t) {
        Throwable root = t;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.toString();
    }

    private Loop newLoop(int id) {
        LoopCounters own = new LoopCounters();
        Park park;
        IoHandlerFactory netty;
        if (kind == Kind.EPOLL) {
            park = new SemaphorePark();
            netty = EpollIoHandler.newFactory(LoopPoller.MAX_EVENTS, DefaultSelectStrategyFactory.INSTANCE);
        } else {
            SelectorPark selector = new SelectorPark(own);
            park = selector;
            netty = NioIoHandler.newFactory(selector.provider());
        }
        counters.add(own);
        parks.add(park);
        return new Loop(group, id, new LoopHandler.Factory(netty, park, own));
    }

    private Master newMaster(List<Loop> loops) throws IOException, ReflectiveOperationException {
        int[] fds = new int[loops.size()];
        for (int i = 0; i < fds.length; i++) {
            fds[i] = EpollFd.of(loops.get(i).handler().netty());
        }
        return new Master(fds, parks.toArray(SemaphorePark[]::new));
    }

    private void start(Scheduler scheduler) {
        List<Loop> loops = group.loops();
        running.set(loops.size());
        List<Goroutine> started = new ArrayList<>();
        int next = 0;
        try {
            for (; next < loops.size(); next++) {
                start(scheduler, loops.get(next), started);
            }
        } catch (RuntimeException e) { // the scheduler is closed
            loops.subList(0, next).forEach(Netpoll::shutdownNow);
            loops.subList(next, loops.size()).forEach(this::abandon);
            throw e;
        }
        goroutines = List.copyOf(started);
    }

    private void start(Scheduler scheduler, Loop loop, List<Goroutine> started) {
        String name = "netpoll-" + loop.id();
        Park park = parks.get(loop.id());
        if (park instanceof SemaphorePark semaphore) {
            started.add(scheduler.goSystem(name + "-alarm", semaphore.alarm()));
        }
        LoopPoller poller = new LoopPoller(loop, park, counters.get(loop.id()), () -> pollerEnded(loop));
        started.add(scheduler.goSystem(name, poller));
    }

    /** Ends a loop that has no poller goroutine and never will. */
    private void abandon(Loop loop) {
        loop.abandon();
        pollerEnded(loop);
    }

    private void pollerEnded(Loop loop) {
        if (parks.get(loop.id()) instanceof SemaphorePark semaphore) {
            semaphore.alarm().end();
        }
        if (running.decrementAndGet() == 0 && master != null) {
            master.close();
        }
    }

    private static void shutdownNow(Loop loop) {
        loop.shutdownGracefully(0, CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Returns the loops, for Netty's bootstraps: server and child channels alike. Channels are spread round-robin. The
     * loops call channel code on their poller goroutines; that code may block like any goroutine, but its whole loop
     * waits meanwhile. Shutting the group down ends the loops as {@link #close} does.
     */
    public IoEventLoopGroup group() {
        return group;
    }

    /**
     * Gives away the memory that a loop keeps in reserve, for code of a channel that has to close it and finds none.
     *
     * @param loop the channel's loop; does nothing if that is none of a netpoll, or the caller is not on it
     * @return whether there was any, so that it makes sense to try again
     */
    public static boolean makeRoom(EventLoop loop) {
        return loop instanceof Loop ours && ours.inEventLoop() && ours.handler().spare().release();
    }

    /** Returns the class of server channels that fits the loops. */
    public Class<? extends ServerChannel> serverChannelClass() {
        return kind == Kind.EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    /**
     * Returns what makes server channels that fit the loops, and that go on listening whatever is thrown while they accept, for
     * want of memory too. A connection that cannot be accepted then is closed.
     */
    public ChannelFactory<ServerChannel> serverChannels() {
        return kind == Kind.EPOLL ? Accepted::newListeningSocket : NioListeningSocket::new;
    }

    /** Returns the class of client channels that fits the loops. */
    public Class<? extends Channel> channelClass() {
        return kind == Kind.EPOLL ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    /** Returns what is in use: {@link Kind#EPOLL} or {@link Kind#NIO}, never {@link Kind#AUTO}. */
    public Kind kind() {
        return kind;
    }

    /** Returns what this netpoll has done so far. Works after {@link #close} too. */
    public NetpollStats stats() {
        List<NetpollStats.Loop> perLoop = new ArrayList<>();
        long blockedNanos = master == null ? 0 : master.blockedNanos();
        for (int i = 0; i < counters.size(); i++) {
            perLoop.add(counters.get(i).snapshot(i));
            blockedNanos += counters.get(i).blockedNanos();
        }
        if (master == null) {
            return new NetpollStats(kind, 0, 0, blockedNanos, 0, List.copyOf(perLoop));
        }
        return new NetpollStats(
                kind,
                master.nonBlockingPolls(),
                master.blockingPolls(),
                blockedNanos,
                master.breaks(),
                List.copyOf(perLoop));
    }

    /**
     * Closes all channels, runs what is queued on the loops, ends the poller goroutines and waits until they have
     * ended, at most 10 s. Output that channels have not sent yet is lost. Tasks given to a loop afterwards are
     * rejected. Called from channel code, that is from a poller goroutine itself, it does not wait. Closing again only
     * waits.
     *
     * <p>To be called before the scheduler is shut down: a scheduler that is gone cannot run the loops to their end.
     */
    @Override
    public void close() {
        if (!close(CLOSE_WAIT) && !isOnLoop()) {
            LOG.warn("netpoll close: the loops have not ended within {}", CLOSE_WAIT);
        }
    }

    /**
     * {@link #close}, with another limit to the wait.
     *
     * @param wait how long to wait for the loops at most; zero or negative does not wait
     * @return whether all loops have ended. False to channel code, too
     */
    public boolean close(Duration wait) {
        long nanos = Math.clamp(TimeUnit.NANOSECONDS.convert(wait), 0, Long.MAX_VALUE / 2);
        group.loops().forEach(Netpoll::shutdownNow);
        if (isOnLoop()) {
            return false;
        }
        boolean interrupted = false;
        boolean ended = true;
        long deadline = System.nanoTime() + nanos;
        for (Goroutine goroutine : goroutines) {
            while (true) {
                try {
                    ended &= goroutine.join(Duration.ofNanos(deadline - System.nanoTime()));
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return ended;
    }

    private boolean isOnLoop() {
        return group.loops().stream().anyMatch(Loop::inEventLoop);
    }
}
