package dev.heddle.netpoll;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.util.concurrent.AbstractEventExecutorGroup;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.Promise;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The loops as Netty wants to see them. Channels are spread round-robin. */
final class LoopGroup extends AbstractEventExecutorGroup implements IoEventLoopGroup {
    private final Promise<Object> termination = new DefaultPromise<>(GlobalEventExecutor.INSTANCE);
    private final AtomicInteger next = new AtomicInteger();
    private volatile List<Loop> loops = List.of();

    /** Sets the loops, once, before anybody else sees the group: a loop needs its group to be made. */
    void init(List<Loop> all) {
        loops = List.copyOf(all);
        AtomicInteger left = new AtomicInteger(all.size());
        for (Loop loop : all) {
            loop.terminationFuture().addListener(ended -> {
                if (left.decrementAndGet() == 0) {
                    termination.setSuccess(null);
                }
            });
        }
    }

    List<Loop> loops() {
        return loops;
    }

    @Override
    public IoEventLoop next() {
        List<Loop> all = loops;
        return all.get(Math.floorMod(next.getAndIncrement(), all.size()));
    }

    @Override
    public Iterator<EventExecutor> iterator() {
        return Collections.<EventExecutor>unmodifiableList(loops).iterator();
    }

    @Deprecated
    @Override
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        return next().register(channel, promise);
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        for (Loop loop : loops) {
            loop.shutdownGracefully(quietPeriod, timeout, unit);
        }
        return termination;
    }

    @Deprecated
    @Override
    public void shutdown() {
        for (Loop loop : loops) {
            loop.shutdown();
        }
    }

    @Override
    public Future<?> terminationFuture() {
        return termination;
    }

    @Override
    public boolean isShuttingDown() {
        return loops.stream().allMatch(Loop::isShuttingDown);
    }

    @Override
    public boolean isShutdown() {
        return loops.stream().allMatch(Loop::isShutdown);
    }

    @Override
    public boolean isTerminated() {
        return loops.stream().allMatch(Loop::isTerminated);
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return termination.await(timeout, unit);
    }
}
