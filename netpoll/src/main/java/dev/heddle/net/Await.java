package dev.heddle.net;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.WaitReason;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

/** Waits for futures of Netty by our own parking. */
final class Await {
    private Await() {}

    /**
     * Waits until a future is done.
     *
     * @throws IllegalStateException if called from the event loop that would have to complete it
     */
    static void done(Future<?> future, EventLoop loop) {
        if (future.isDone()) {
            return;
        }
        if (loop.inEventLoop()) {
            throw new IllegalStateException("blocking call from channel code: it would wait for its own event loop");
        }
        BinarySemaphore semaphore = new BinarySemaphore();
        future.addListener(ignored -> semaphore.release());
        semaphore.acquire(WaitReason.IO_WAIT);
    }
}
