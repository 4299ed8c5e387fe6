package dev.heddle.netpoll;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.nio.NioIoHandle;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/**
 * Netty's handler of one loop, with two changes: a wake-up goes to the {@link Park} instead of an eventfd, and a run
 * never waits, whatever the loop says. All methods but {@link #wakeup} and {@link #isCompatible} are called by the
 * poller goroutine only.
 */
final class LoopHandler implements IoHandler, IoHandlerContext {
    private final IoHandler netty;
    private final Park park;
    private final LoopCounters counters;
    private final SpareMemory spare = new SpareMemory();
    private volatile Runnable lateWakeup;

    // owner only
    private final List<GuardedHandle> listening = new ArrayList<>();
    private boolean complete;
    private long activeNanos;
    private boolean cancelled;
    private boolean destroyed;

    private LoopHandler(IoHandler netty, Park park, LoopCounters counters) {
        this.netty = netty;
        this.park = park;
        this.counters = counters;
    }

    /** Makes the handler inside the constructor of its loop, and keeps it for the loop to ask for. */
    static final class Factory implements IoHandlerFactory {
        private final IoHandlerFactory netty;
        private final Park park;
        private final LoopCounters counters;
        private LoopHandler made;

        Factory(IoHandlerFactory netty, Park park, LoopCounters counters) {
            this.netty = netty;
            this.park = park;
            this.counters = counters;
        }

        @Override
        public IoHandler newHandler(ThreadAwareExecutor executor) {
            made = new LoopHandler(netty.newHandler(executor), park, counters);
            return made;
        }

        LoopHandler made() {
            return made;
        }
    }

    SpareMemory spare() {
        return spare;
    }

    /** Returns Netty's own handler. */
    IoHandler netty() {
        return netty;
    }

    /** Sets what {@link #wakeup} does instead once the loop has ended. */
    void afterEnd(Runnable action) {
        lateWakeup = action;
    }

    @Override
    public void initialize() {
        netty.initialize();
    }

    @Override
    public int run(IoHandlerContext loop) {
        complete = false;
        activeNanos = 0;
        cancelled = false;
        return netty.run(this);
    }

    private void cancelled() {
        cancelled = true;
    }

    /** Returns whether a run is due although nothing is ready: see {@link NioRegistration}. */
    boolean mustRun() {
        return cancelled;
    }

    /**
     * Returns whether the last run came to its end. Netty logs what goes wrong in a run and returns 0, which must not
     * be taken for "nothing was ready".
     */
    boolean isComplete() {
        return complete;
    }

    /** Returns how long the last run has dispatched events; 0 if it did not come to its end. */
    long activeNanos() {
        return activeNanos;
    }

    @Override
    public boolean canBlock() {
        return false;
    }

    @Override
    public long delayNanos(long currentTimeNanos) {
        return 0;
    }

    @Override
    public long deadlineNanos() {
        return -1;
    }

    @Override
    public boolean shouldReportActiveIoTime() {
        return true;
    }

    /** The last thing that a run does when nothing failed. */
    @Override
    public void reportActiveIoTime(long nanos) {
        complete = true;
        activeNanos = nanos;
        counters.dispatched(nanos);
    }

    @Override
    public void prepareToDestroy() {
        netty.prepareToDestroy();
    }

    @Override
    public void destroy() {
        destroyed = true;
        netty.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        if (destroyed) {
            // Netty would go on with the number of a closed descriptor, which may be somebody else's by now
            throw new RejectedExecutionException("event loop is closed");
        }
        if (handle instanceof EpollIoHandle epoll) {
            GuardedHandle.OfEpoll guarded = new GuardedHandle.OfEpoll(epoll, counters, spare);
            note(guarded);
            return guarded.registeredAs(netty.register(guarded));
        }
        GuardedHandle guarded = new GuardedHandle.OfNio((NioIoHandle) handle, counters, spare);
        note(guarded);
        return new NioRegistration(netty.register(guarded), this::cancelled);
    }

    private void note(GuardedHandle handle) {
        if (handle.isListening()) {
            listening.removeIf(GuardedHandle::isClosed);
            listening.add(handle);
        }
    }

    /** There is memory again: those that listen look whether they still do. */
    void recovered() {
        for (GuardedHandle handle : listening) {
            handle.recovered();
        }
    }

    @Override
    public void wakeup() {
        Runnable late = lateWakeup;
        if (late != null) {
            late.run();
        } else {
            park.wakeup();
        }
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return netty.isCompatible(handleType);
    }
}
