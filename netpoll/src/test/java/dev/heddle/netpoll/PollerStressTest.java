package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.SchedulerConfig;
import dev.heddle.sched.WaitReason;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Everything at once: what goes in comes out once, and nobody waits for ever. */
@Timeout(180)
@ExtendWith(Leaks.class)
class PollerStressTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** How long the load lasts; {@code -Dheddle.stress.millis} makes it longer. */
    private static final long LOAD_MILLIS = Long.getLong("heddle.stress.millis", 1500);

    /**
     * I/O, tasks of foreign threads, tasks and timers of goroutines, and goroutines that compute for longer than their
     * slice, so that pollers are preempted and stolen. Each driver goes one step at a time, so a single lost wake-up
     * stops it, which is what fails the test.
     */
    @ParameterizedTest
    @CsvSource({"EPOLL, 1, 1", "EPOLL, 2, 1", "EPOLL, 2, 2", "EPOLL, 4, 3", "NIO, 2, 2"})
    void nothingIsLost(Kind kind, int procs, int loops) throws Exception {
        try (World world = World.open(
                SchedulerConfig.defaults().withProcs(procs),
                NetpollConfig.defaults().withKind(kind).withLoops(loops))) {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong steps = new AtomicLong();
            Channel server = serveEchoByGoroutines(world);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                threads.add(Thread.ofPlatform().start(() -> exchange(server, stop, steps)));
            }
            threads.add(Thread.ofPlatform().start(() -> foreignTasks(world, stop, steps)));
            for (int i = 0; i < 4; i++) {
                world.go(() -> goroutineTasks(world, stop, steps));
            }
            world.go(() -> timers(world, stop, steps));
            world.go(() -> hog(stop));
            Thread.sleep(LOAD_MILLIS); // the load itself; nothing is waited for here
            stop.set(true);
            for (Thread thread : threads) {
                thread.join(World.PATIENCE);
                assertTrue(!thread.isAlive(), () -> thread + " is stuck\n" + world.scheduler().dump());
            }
            world.join();
            assertTrue(steps.get() > 10, "steps: " + steps);
            assertEquals(0, world.netpoll().stats().perLoop().stream()
                    .mapToLong(NetpollStats.Loop::failures)
                    .sum());
        }
    }

    private static Channel serveEchoByGoroutines(World world) throws Exception {
        return new ServerBootstrap()
                .group(world.netpoll().group())
                .channel(world.netpoll().serverChannelClass())
                .childHandler(new Echo(world))
                .bind(ANY)
                .sync()
                .channel();
    }

    @Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final World world;

        Echo(World world) {
            this.world = world;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            world.scheduler().go(() -> {
                if (ThreadLocalRandom.current().nextInt(8) == 0) {
                    sleep(1);
                }
                context.writeAndFlush(message);
            });
        }
    }

    private static void sleep(long millis) {
        try {
            Goroutine.sleep(Duration.ofMillis(millis));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void exchange(Channel server, AtomicBoolean stop, AtomicLong steps) {
        InetSocketAddress address = (InetSocketAddress) server.localAddress();
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout((int) World.PATIENCE.toMillis());
            for (int i = 0; !stop.get(); i++) {
                socket.getOutputStream().write(i);
                assertEquals(i & 0xff, socket.getInputStream().read());
                steps.getAndIncrement();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void foreignTasks(World world, AtomicBoolean stop, AtomicLong steps) {
        BinarySemaphore done = new BinarySemaphore();
        while (!stop.get()) {
            EventLoop loop = world.netpoll().group().next();
            loop.execute(done::release);
            done.acquire(WaitReason.CHAN_RECEIVE);
            steps.getAndIncrement();
        }
    }

    private static void goroutineTasks(World world, AtomicBoolean stop, AtomicLong steps) {
        BinarySemaphore done = new BinarySemaphore();
        while (!stop.get()) {
            EventLoop loop = world.netpoll().group().next();
            // a task that queues another from inside the loop, which brings no wake-up
            loop.execute(() -> loop.execute(done::release));
            done.acquire(WaitReason.CHAN_RECEIVE);
            steps.getAndIncrement();
        }
    }

    private static void timers(World world, AtomicBoolean stop, AtomicLong steps) {
        BinarySemaphore done = new BinarySemaphore();
        while (!stop.get()) {
            EventLoop loop = world.netpoll().group().next();
            var cancelled = loop.schedule(() -> {}, 500, TimeUnit.MICROSECONDS);
            loop.schedule(done::release, ThreadLocalRandom.current().nextInt(2000), TimeUnit.MICROSECONDS);
            cancelled.cancel(false);
            done.acquire(WaitReason.CHAN_RECEIVE);
            steps.getAndIncrement();
        }
    }

    /** Computes for 15 ms at a time: more than a slice. */
    private static void hog(AtomicBoolean stop) {
        while (!stop.get()) {
            long end = System.nanoTime() + 15_000_000;
            while (System.nanoTime() - end < 0) {
                Thread.onSpinWait();
            }
            sleep(5);
        }
    }

    /** A wake-up, a pass and a park cost no memory, also with a scheduled task far away. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void passesDoNotAllocate() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (World world = World.open(Kind.AUTO)) {
            EventLoop loop = world.netpoll().group().next();
            loop.schedule(() -> {}, 1, TimeUnit.HOURS);
            AtomicInteger least = new AtomicInteger(Integer.MAX_VALUE);
            world.go(() -> {
                BinarySemaphore done = new BinarySemaphore();
                Runnable task = done::release;
                int tasks = 2000;
                for (int round = 0; round < 50; round++) {
                    long before = threads.getTotalThreadAllocatedBytes();
                    for (int i = 0; i < tasks; i++) {
                        loop.execute(task);
                        done.acquire(WaitReason.CHAN_RECEIVE);
                    }
                    least.accumulateAndGet(
                            (int) ((threads.getTotalThreadAllocatedBytes() - before) / tasks), Math::min);
                }
            });
            world.join();
            // 4 bytes are Netty's: a new chunk of its task queue for each 1024 tasks
            assertTrue(least.get() <= 8, "bytes for a task: " + least);
        }
    }
}
