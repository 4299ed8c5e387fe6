package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import dev.heddle.sched.WaitReason;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Loops, their tasks and their life. */
@Timeout(120)
@ExtendWith(Leaks.class)
class NetpollTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aLoopIsOneGoroutineForLife(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            for (EventExecutor loop : world.netpoll().group()) {
                AtomicReference<Thread> first = new AtomicReference<>();
                AtomicInteger runs = new AtomicInteger();
                for (int i = 0; i < 100; i++) {
                    loop.execute(() -> {
                        first.compareAndSet(null, Thread.currentThread());
                        assertSame(first.get(), Thread.currentThread());
                        assertTrue(loop.inEventLoop());
                        assertTrue(Goroutine.current().name().startsWith("netpoll-"));
                        runs.getAndIncrement();
                    });
                    Thread.sleep(0, 100_000); // lets it park in between, mostly
                }
                assertFalse(loop.inEventLoop());
                world.await("all have run", () -> runs.get() == 100);
            }
        }
    }

    /** Each of four foreign threads queues tasks; all run once, in order for each thread, and none is forgotten. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void stormOfTasks(Kind kind) throws Exception {
        int threads = 4;
        int tasks = 50_000;
        try (World world = World.open(kind)) {
            AtomicIntegerArray last = new AtomicIntegerArray(threads);
            EventLoop loop = world.netpoll().group().next();
            List<Thread> started = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int id = t;
                started.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < tasks; i++) {
                        int expected = i;
                        loop.execute(() -> {
                            if (!last.compareAndSet(id, expected, expected + 1)) {
                                last.set(id, -tasks); // out of order or twice
                            }
                        });
                    }
                }));
            }
            for (Thread thread : started) {
                thread.join();
            }
            for (int t = 0; t < threads; t++) {
                int id = t;
                world.await("tasks of thread " + t, () -> last.get(id) == tasks);
            }
        }
    }

    /** One task at a time with nothing else going on: each must wake a poller that parks or is about to. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void noTaskIsForgottenAtTheEdgeOfParking(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            EventLoop loop = world.netpoll().group().next();
            for (int i = 0; i < 3000; i++) {
                CountDownLatch ran = new CountDownLatch(1);
                loop.execute(ran::countDown);
                assertTrue(ran.await(10, TimeUnit.SECONDS), "task " + i + "\n" + world.scheduler().dump());
                for (int spin = i % 200; spin > 0; spin--) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    /** The same from goroutines, which put the poller into runnext. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void goroutinesAndLoopsPingPong(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            AtomicLong runs = new AtomicLong();
            for (int g = 0; g < 20; g++) {
                world.go(() -> {
                    for (int i = 0; i < 1000; i++) {
                        EventLoop loop = world.netpoll().group().next();
                        BinarySemaphore done = new BinarySemaphore();
                        loop.execute(() -> {
                            runs.getAndIncrement();
                            done.release();
                        });
                        done.acquire(WaitReason.CHAN_RECEIVE);
                    }
                });
            }
            world.join();
            assertEquals(20_000, runs.get());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void scheduledTasksFireInTime(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            EventLoop loop = world.netpoll().group().next();
            AtomicInteger ticks = new AtomicInteger();
            AtomicBoolean never = new AtomicBoolean();
            ScheduledFuture<?> late = loop.schedule(() -> never.set(true), 1, TimeUnit.HOURS);
            ScheduledFuture<?> fixed = loop.scheduleAtFixedRate(ticks::getAndIncrement, 2, 2, TimeUnit.MILLISECONDS);
            long start = System.nanoTime();
            AtomicLong tookMillis = new AtomicLong();
            AtomicLong fromLoopMillis = new AtomicLong();
            loop.schedule(
                    () -> {
                        tookMillis.set(elapsedMillis(start));
                        loop.schedule(() -> fromLoopMillis.set(elapsedMillis(start)), 30, TimeUnit.MILLISECONDS);
                    },
                    30,
                    TimeUnit.MILLISECONDS);
            world.await("both one-shot tasks", () -> fromLoopMillis.get() > 0);
            assertTrue(tookMillis.get() >= 30, "after " + tookMillis + " ms");
            assertTrue(fromLoopMillis.get() >= 60, "after " + fromLoopMillis + " ms");
            world.await("twenty ticks", () -> ticks.get() >= 20);
            assertTrue(fixed.cancel(false));
            assertTrue(late.cancel(false));
            assertFalse(never.get());
        }
    }

    private static long elapsedMillis(long startNanos) {
        return (System.nanoTime() - startNanos) / 1_000_000;
    }

    /** A later deadline must not hide an earlier one that is added while the poller is parked. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void anEarlierTaskOvertakesALaterOne(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            EventLoop loop = world.netpoll().group().next();
            ScheduledFuture<?> late = loop.schedule(() -> {}, 1, TimeUnit.HOURS);
            for (int i = 0; i < 50; i++) {
                CountDownLatch ran = new CountDownLatch(1);
                loop.schedule(ran::countDown, 1, TimeUnit.MILLISECONDS);
                assertTrue(ran.await(10, TimeUnit.SECONDS), "round " + i + "\n" + world.scheduler().dump());
            }
            assertTrue(late.cancel(false));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void aFailingTaskDoesNotEndTheLoop(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            EventLoop loop = world.netpoll().group().next();
            AtomicBoolean ran = new AtomicBoolean();
            loop.execute(() -> {
                throw new IllegalArgumentException("meant");
            });
            loop.execute(() -> ran.set(true));
            world.await("the next task has run", ran::get);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void channelsAreSpreadRoundRobin(Kind kind) throws Exception {
        try (World world = World.open(
                SchedulerConfig.defaults(),
                NetpollConfig.defaults().withKind(kind).withLoops(3))) {
            IoEventLoop first = world.netpoll().group().next();
            IoEventLoop second = world.netpoll().group().next();
            IoEventLoop third = world.netpoll().group().next();
            assertNotSame(first, second);
            assertNotSame(second, third);
            assertNotSame(first, third);
            assertSame(first, world.netpoll().group().next());
            List<EventExecutor> all = new ArrayList<>();
            world.netpoll().group().forEach(all::add);
            assertEquals(List.of(first, second, third), all);
            assertSame(world.netpoll().group(), first.parent());
            Channel server = serve(world, new Echo());
            ConcurrentHashMap<EventLoop, Boolean> used = new ConcurrentHashMap<>();
            server.pipeline().addFirst(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object child) {
                    ((Channel) child).closeFuture().addListener(f -> used.put(((Channel) child).eventLoop(), true));
                    context.fireChannelRead(child);
                }
            });
            for (int i = 0; i < 3; i++) {
                try (Socket socket = connect(server)) {
                    socket.getOutputStream().write(i);
                    assertEquals(i, socket.getInputStream().read());
                }
            }
            world.await("all three loops had a connection", () -> used.size() == 3);
        }
    }

    /** Serves with one pipeline handler that can be shared. */
    private static Channel serve(World world, ChannelInboundHandlerAdapter handler) throws Exception {
        return new ServerBootstrap()
                .group(world.netpoll().group())
                .channel(world.netpoll().serverChannelClass())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(handler);
                    }
                })
                .bind(ANY)
                .sync()
                .channel();
    }

    private static Socket connect(Channel server) throws IOException {
        InetSocketAddress address = (InetSocketAddress) server.localAddress();
        return new Socket(address.getAddress(), address.getPort());
    }

    @Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }
    }

    /** Answers from goroutines, as a server does: every byte back, whichever way the poller was woken. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void answersFromGoroutines(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Channel server = serve(world, new EchoByGoroutine());
            List<Thread> clients = new ArrayList<>();
            AtomicInteger done = new AtomicInteger();
            for (int c = 0; c < 8; c++) {
                clients.add(Thread.ofPlatform().start(() -> {
                    try (Socket socket = connect(server)) {
                        for (int i = 0; i < 1000; i++) {
                            socket.getOutputStream().write(i & 0xff);
                            assertEquals(i & 0xff, socket.getInputStream().read());
                        }
                        done.getAndIncrement();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }));
            }
            world.await("all clients", () -> done.get() == 8);
            for (Thread client : clients) {
                client.join();
            }
        }
    }

    @Sharable
    private static final class EchoByGoroutine extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Scheduler.current().go(() -> {
                if (ThreadLocalRandom.current().nextInt(50) == 0) {
                    Goroutine.goyield();
                }
                context.writeAndFlush(message);
            });
        }
    }

    /** What Netty's bootstrap does after errors of accept. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void acceptingCanPauseAndGoOn(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Channel server = serve(world, new Echo());
            for (int i = 0; i < 3; i++) {
                try (Socket socket = connect(server)) {
                    socket.getOutputStream().write(i);
                    assertEquals(i, socket.getInputStream().read());
                }
                server.config().setAutoRead(false);
                server.eventLoop().submit(() -> {}).sync();
                server.config().setAutoRead(true);
            }
            assertTrue(server.isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void countersMove(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            Channel server = serve(world, new Echo());
            try (Socket socket = connect(server)) {
                for (int i = 0; i < 100; i++) {
                    socket.getOutputStream().write(i);
                    assertEquals(i, socket.getInputStream().read());
                }
            }
            AtomicInteger ran = new AtomicInteger();
            for (EventExecutor loop : world.netpoll().group()) {
                loop.schedule(ran::getAndIncrement, 100, TimeUnit.MILLISECONDS);
            }
            world.await("timers", () -> ran.get() == world.netpoll().stats().perLoop().size());
            NetpollStats stats = world.netpoll().stats();
            assertSame(kind, stats.kind());
            assertTrue(stats.events() >= 101, stats.toString());
            assertTrue(stats.passes() >= 100, stats.toString());
            assertTrue(stats.taskPasses() > 0, stats.toString());
            assertTrue(stats.wakeups() > 5, stats.toString());
            assertTrue(stats.busyNanos() > 0, stats.toString());
            assertTrue(stats.blockedNanos() > 0, stats.toString());
            assertTrue(stats.perLoop().stream().mapToLong(NetpollStats.Loop::timerWakeups).sum() > 0, stats.toString());
            assertTrue(stats.perLoop().stream().mapToLong(NetpollStats.Loop::taskWakeups).sum() > 0, stats.toString());
            assertTrue(stats.perLoop().stream().mapToLong(NetpollStats.Loop::ioWakeups).sum() > 0, stats.toString());
            assertEquals(0, stats.perLoop().stream().mapToLong(NetpollStats.Loop::failures).sum());
            assertEquals(kind == Kind.EPOLL, stats.blockingPolls() > 0, stats.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closeEndsEverythingAndRejectsTasks(Kind kind) throws Exception {
        World world = World.open(kind);
        Channel server = serve(world, new Echo());
        Socket client = connect(server);
        client.getOutputStream().write(1);
        assertEquals(1, client.getInputStream().read());
        EventLoop loop = world.netpoll().group().next();
        world.netpoll().close();
        assertFalse(server.isOpen());
        assertEquals(-1, client.getInputStream().read());
        client.close();
        assertTrue(world.netpoll().group().isTerminated());
        assertTrue(world.netpoll().group().terminationFuture().await(10, TimeUnit.SECONDS));
        assertThrows(RejectedExecutionException.class, () -> loop.execute(() -> {}));
        assertThrows(RejectedExecutionException.class, () -> loop.schedule(() -> {}, 1, TimeUnit.SECONDS));
        world.netpoll().close();
        world.await("no goroutine is left", () -> world.scheduler().stats().goroutines().total() == 0);
        world.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void closeFromAGoroutineAndFromChannelCode(Kind kind) throws Exception {
        try (World world = World.open(kind)) {
            world.go(() -> world.netpoll().close()).join();
            assertTrue(world.netpoll().group().isTerminated());
        }
        try (World world = World.open(kind)) {
            Thread.currentThread().interrupt(); // must not keep close from waiting, and must survive
            world.netpoll().close();
            assertTrue(Thread.interrupted());
            assertTrue(world.netpoll().group().isTerminated());
        }
        try (World world = World.open(kind)) {
            world.netpoll().group().next().execute(() -> world.netpoll().close());
            world.await("loops have ended", () -> world.netpoll().group().isTerminated());
        }
        try (World world = World.open(kind)) {
            world.netpoll().group().shutdownGracefully(0, 1, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
            assertTrue(world.netpoll().group().isTerminated());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "NIO"})
    void shutdownUnderTraffic(Kind kind) throws Exception {
        for (int round = 0; round < 5; round++) {
            World world = World.open(kind);
            Channel server = serve(world, new EchoByGoroutine());
            List<Thread> clients = new ArrayList<>();
            AtomicInteger exchanged = new AtomicInteger();
            for (int c = 0; c < 8; c++) {
                clients.add(Thread.ofPlatform().start(() -> {
                    try (Socket socket = connect(server)) {
                        while (true) {
                            socket.getOutputStream().write(1);
                            if (socket.getInputStream().read() < 0) {
                                return;
                            }
                            exchanged.getAndIncrement();
                        }
                    } catch (IOException expected) {
                        assertTrue(world.netpoll().group().isShuttingDown(), expected.toString());
                    }
                }));
            }
            AtomicInteger rejected = new AtomicInteger();
            clients.add(Thread.ofPlatform().start(() -> {
                EventLoop loop = world.netpoll().group().next();
                try {
                    while (true) {
                        CountDownLatch ran = new CountDownLatch(1);
                        loop.execute(ran::countDown);
                        assertTrue(ran.await(10, TimeUnit.SECONDS), "accepted and not run");
                    }
                } catch (RejectedExecutionException e) {
                    rejected.getAndIncrement();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }));
            world.await("traffic", () -> exchanged.get() > 200);
            world.close();
            for (Thread client : clients) {
                client.join(10_000);
                assertFalse(client.isAlive());
            }
            assertEquals(1, rejected.get());
        }
    }

    /** The scheduler waits for its timers in the poller, also after the netpoll is gone. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void timersGoOnAfterClose() throws Exception {
        try (World world = World.open(Kind.EPOLL)) {
            world.netpoll().close();
            AtomicInteger woke = new AtomicInteger();
            for (int i = 1; i <= 10; i++) {
                Duration nap = Duration.ofMillis(i * 3L);
                world.go(() -> {
                    Goroutine.sleep(nap);
                    woke.getAndIncrement();
                });
            }
            world.join();
            assertEquals(10, woke.get());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void descriptorsAreGivenBack() throws Exception {
        try (World warmUp = World.open(Kind.EPOLL)) {
            connect(serve(warmUp, new Echo())).close();
        }
        long before = openDescriptors();
        for (int i = 0; i < 20; i++) {
            for (Kind kind : new Kind[] {Kind.EPOLL, Kind.NIO}) {
                try (World world = World.open(kind);
                        Socket socket = connect(serve(world, new Echo()))) {
                    socket.getOutputStream().write(1);
                    assertEquals(1, socket.getInputStream().read());
                }
            }
        }
        long deadline = System.nanoTime() + World.PATIENCE.toNanos();
        while (openDescriptors() > before + 3 && System.nanoTime() - deadline < 0) {
            Thread.sleep(1); // other threads of the JVM open and close some of their own
        }
        assertTrue(openDescriptors() <= before + 3, "before " + before + ", after " + openDescriptors());
    }

    private static long openDescriptors() {
        String[] all = new File("/proc/self/fd").list();
        return all == null ? 0 : all.length;
    }

    @Test
    void aSchedulerHasOneNetpoller() throws Exception {
        try (World world = World.open(Kind.AUTO)) {
            assertSame(
                    io.netty.channel.epoll.Epoll.isAvailable() ? Kind.EPOLL : Kind.NIO,
                    world.netpoll().kind());
            if (world.netpoll().kind() == Kind.EPOLL) {
                assertSame(EpollServerSocketChannel.class, world.netpoll().serverChannelClass());
                assertThrows(
                        IllegalStateException.class,
                        () -> Netpoll.open(world.scheduler(), NetpollConfig.defaults()));
            }
            Netpoll nio = Netpoll.open(world.scheduler(), NetpollConfig.defaults().withKind(Kind.NIO));
            assertSame(NioSocketChannel.class, nio.channelClass());
            nio.close();
        }
    }

    @Test
    void openOnAClosedSchedulerFailsAndLeavesNothing() throws Exception {
        Scheduler scheduler = Scheduler.start();
        scheduler.close();
        for (Kind kind : new Kind[] {Kind.AUTO, Kind.NIO}) {
            assertThrows(
                    RejectedExecutionException.class,
                    () -> Netpoll.open(scheduler, NetpollConfig.defaults().withKind(kind)));
        }
    }

    @Test
    void configSaysWhatItGotAndNeeds() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> NetpollConfig.defaults().withLoops(-1));
        assertEquals("loops: got -1, need 0 to 1024", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> NetpollConfig.defaults().withLoops(1025));
        assertThrows(NullPointerException.class, () -> NetpollConfig.defaults().withKind(null));
    }
}
