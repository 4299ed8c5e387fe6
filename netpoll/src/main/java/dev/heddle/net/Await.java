package dev.heddle.net;

import dev.heddle.netpoll.Netpoll;
import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.WaitReason;
import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;

/** Waits for futures of Netty by our own parking. */
final class Await {
    private Await() {}

    /**
     * Waits until a future is done.
     *
     * @throws IllegalStateException if there is something to wait for, and the caller is channel code
     */
    static void done(Channel channel, Future<?> future) {
        if (!future.isDone()) {
            checkMayBlock(channel, "wait for " + channel);
            semaphoreOf(future).acquire(WaitReason.IO_WAIT);
        }
    }

    /**
     * As {@link #done}, as long as the caller's current context lasts.
     *
     * @throws java.util.concurrent.CancellationException if that has ended; the future is as it was
     */
    static void doneOrEnded(Channel channel, Future<?> future) {
        if (!future.isDone()) {
            checkMayBlock(channel, "wait for " + channel);
            semaphoreOf(future).await(WaitReason.IO_WAIT, Long.MAX_VALUE);
        }
    }

    private static BinarySemaphore semaphoreOf(Future<?> future) {
        BinarySemaphore semaphore = new BinarySemaphore();
        future.addListener(ignored -> semaphore.release());
        return semaphore;
    }

    /**
     * Refuses calls from channel code, which would wait for their own event loop.
     *
     * @throws IllegalStateException if the caller is on an event loop of the netpoll
     */
    static void checkMayBlock(Netpoll netpoll, String operation) {
        checkMayBlock(netpoll.group(), operation);
    }

    /**
     * Refuses waits of channel code: for its own event loop, or for another one of the same netpoll, which may be waiting
     * for this one.
     *
     * @throws IllegalStateException if the caller is on an event loop of the channel's netpoll
     */
    static void checkMayBlock(Channel channel, String operation) {
        checkMayBlock(channel.eventLoop().parent(), operation);
    }

    private static void checkMayBlock(EventExecutorGroup group, String operation) {
        if (isOnLoop(group)) {
            throw new IllegalStateException(operation + ": not from channel code, it would wait for its own event loop");
        }
    }

    /** Returns whether the caller is channel code of the channel's netpoll. */
    static boolean isOnLoop(Channel channel) {
        return isOnLoop(channel.eventLoop().parent());
    }

    private static boolean isOnLoop(EventExecutorGroup group) {
        for (EventExecutor loop : group) {
            if (loop.inEventLoop()) {
                return true;
            }
        }
        return false;
    }
}
