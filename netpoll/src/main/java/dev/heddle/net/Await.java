package dev.heddle.net;

import dev.heddle.netpoll.Netpoll;
import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.WaitReason;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;

/** Waits for futures of Netty by our own parking. */
final class Await {
    private Await() {}

    /** Waits until a future is done. Not from the event loop that has to complete it. */
    static void done(Future<?> future) {
        if (!future.isDone()) {
            BinarySemaphore semaphore = new BinarySemaphore();
            future.addListener(ignored -> semaphore.release());
            semaphore.acquire(WaitReason.IO_WAIT);
        }
    }

    /**
     * Refuses calls from channel code, which would wait for their own event loop.
     *
     * @throws IllegalStateException if the caller is on an event loop of the netpoll
     */
    static void checkMayBlock(Netpoll netpoll, String operation) {
        for (EventExecutor loop : netpoll.group()) {
            if (loop.inEventLoop()) {
                throw new IllegalStateException(
                        operation + ": not from channel code, it would wait for its own event loop");
            }
        }
    }
}
