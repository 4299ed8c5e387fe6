package dev.heddle.netpoll;

import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.ProtocolFamily;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;

/**
 * Waiting with NIO: the goroutine waits in its selector. JDK 25 parks a virtual thread that does so on Linux and macOS,
 * and announces the blocking call elsewhere, so this needs no {@link dev.heddle.sched.Syscall}: that would hand the P
 * on each time for nothing. What the selector finds is left to the pass that follows, which selects again without
 * waiting.
 *
 * <p>States: RUNNING, NOTIFIED, SELECTING. Whoever queues a task then sets NOTIFIED, and wakes the selector if the
 * state was SELECTING. The poller goes RUNNING to SELECTING by CAS; if that fails there was a wake-up since the last
 * pass and it does not wait. After the wait it sets RUNNING and runs all tasks: a task whose wake-up that store
 * overwrites was queued before. A wake-up between the CAS and the select is kept by the selector itself; one that comes
 * after the select makes a later one return early, which costs a pass.
 *
 * <p>Nobody reports I/O while the goroutine does not wait. So a pass that comes without a wait before it, since there are
 * tasks all the time, has to ask the selector: I/O would never be seen otherwise.
 */
final class SelectorPark implements Park {
    private static final int RUNNING = 0;
    private static final int NOTIFIED = 1;
    private static final int SELECTING = 2;
    private static final long NANOS_PER_MILLI = 1_000_000L;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(SelectorPark.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LoopCounters counters;
    private final Provider provider = new Provider();

    @SuppressWarnings("unused") // through STATE
    private int state;

    // owner only
    private boolean ioReady;
    /** Whether the selector has been asked since the last pass. */
    private boolean asked;

    SelectorPark(LoopCounters counters) {
        this.counters = counters;
    }

    /** Returns what Netty's handler must open its selector with. */
    SelectorProvider provider() {
        return provider;
    }

    @Override
    public void clear() {
        STATE.compareAndSet(this, NOTIFIED, RUNNING);
    }

    @Override
    public Cause await(long deadline) {
        if (!STATE.compareAndSet(this, RUNNING, SELECTING)) {
            STATE.setVolatile(this, RUNNING);
            return Cause.TASK;
        }
        long timeoutMillis = timeoutMillis(deadline);
        Thread.interrupted(); // An interrupted thread cannot block in a selector: it would spin
        long start = System.nanoTime();
        int selected;
        try {
            selected = provider.selector.select(timeoutMillis);
        } catch (CancelledKeyException e) {
            selected = 1; // A key went while the selector looked: the pass that follows finds out
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            counters.blocked(System.nanoTime() - start);
        }
        boolean notified = (int) STATE.getAndSet(this, RUNNING) == NOTIFIED;
        asked = true;
        ioReady = selected > 0;
        if (ioReady) {
            return Cause.IO;
        }
        return notified || deadline == Alarm.NONE ? Cause.TASK : Cause.TIMER;
    }

    /** Rounded up; 0 means without limit, as selectors have it. */
    private static long timeoutMillis(long deadline) {
        if (deadline == Alarm.NONE) {
            return 0;
        }
        long nanos = deadline - Ticker.systemTicker().nanoTime();
        return Math.max(1, (nanos - 1) / NANOS_PER_MILLI + 1);
    }

    @Override
    public boolean takeIoReady() {
        boolean maybe = ioReady || !asked;
        ioReady = false;
        asked = false;
        return maybe;
    }

    @Override
    public void wakeup() {
        if ((int) STATE.getAndSet(this, NOTIFIED) == SELECTING) {
            provider.selector.wakeup();
        }
    }

    /** The JDK's provider, except that it remembers the last selector it opened: Netty opens a new one after errors. */
    private static final class Provider extends SelectorProvider {
        private final SelectorProvider jdk = SelectorProvider.provider();
        private volatile Selector selector;

        @Override
        public AbstractSelector openSelector() throws IOException {
            AbstractSelector opened = jdk.openSelector();
            selector = opened;
            return opened;
        }

        @Override
        public DatagramChannel openDatagramChannel() throws IOException {
            return jdk.openDatagramChannel();
        }

        @Override
        public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
            return jdk.openDatagramChannel(family);
        }

        @Override
        public Pipe openPipe() throws IOException {
            return jdk.openPipe();
        }

        @Override
        public ServerSocketChannel openServerSocketChannel() throws IOException {
            return jdk.openServerSocketChannel();
        }

        @Override
        public SocketChannel openSocketChannel() throws IOException {
            return jdk.openSocketChannel();
        }
    }
}
