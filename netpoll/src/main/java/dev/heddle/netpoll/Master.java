package dev.heddle.netpoll;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Poller;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/*
 * The master: one epoll instance in which the epoll of every loop is registered edge-triggered, and an eventfd for
 * wakeup(). The data of an event is the number of the loop plus one; 0 is the eventfd.
 *
 * Who is in here: one thread that may block (the scheduler sees to that), any number that do not want to, of which one
 * at a time really asks and the others are told "nothing" (Go 1.25, pollingNet: they would only fight for the kernel's
 * lock and for the same events), and any number that call wakeup().
 *
 * wakeup() (Go's netpollBreak). `signal` is FREE, WRITING or WRITTEN. FREE -> WRITING by CAS: that thread writes to the
 * eventfd, then WRITING -> WRITTEN by CAS. In the other states there is nothing to do: the eventfd is readable, or
 * about to be. Only a blocking poll reads the eventfd, and then sets FREE; one that does not block leaves it alone, so
 * the next blocking poll returns at once. A wakeup() that comes between the read and FREE does nothing, rightly: the
 * poll is on its way out and has not returned yet. (Go has two states; the third is there for close.)
 *
 * close(). The scheduler goes on using this poller as the place where it waits for its timers, so after close() a
 * blocking poll waits without descriptors, on `closedSignal` and park. Descriptors are closed when nobody can be inside
 * a call with them:
 *   - a blocking poll sets `blocked`, then reads `closed`; close() sets `closed`, writes the eventfd, then waits for
 *     `blocked` to fall (both volatile: one of them sees the other);
 *   - close() takes the lock of the non-blocking polls and never gives it back;
 *   - close() sets `signal` to WRITTEN for ever, after waiting while it is WRITING.
 */

/** What the scheduler polls: Go's {@code netpoll} over the loops of a {@link Netpoll}. */
final class Master implements Poller {
    private static final int FREE = 0;
    private static final int WRITING = 1;
    private static final int WRITTEN = 2;

    /** How long close() rests between two looks at a thread that is on its way out of a system call. A guess. */
    private static final long CLOSE_POLL_NANOS = 20_000;

    /** After so many calls of a linked function the JVM has made all that it makes for it, which takes memory: at 127. */
    private static final int REHEARSALS = 256;

    private static final VarHandle SIGNAL;
    private static final VarHandle POLLING;
    private static final VarHandle NON_BLOCKING_POLLS;
    private static final VarHandle BLOCKING_POLLS;
    private static final VarHandle BLOCKED_NANOS;
    private static final VarHandle BREAKS;

    static {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        try {
            SIGNAL = lookup.findVarHandle(Master.class, "signal", int.class);
            POLLING = lookup.findVarHandle(Master.class, "polling", boolean.class);
            NON_BLOCKING_POLLS = lookup.findVarHandle(Master.class, "nonBlockingPolls", long.class);
            BLOCKING_POLLS = lookup.findVarHandle(Master.class, "blockingPolls", long.class);
            BLOCKED_NANOS = lookup.findVarHandle(Master.class, "blockedNanos", long.class);
            BREAKS = lookup.findVarHandle(Master.class, "breaks", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final SemaphorePark[] parks;
    private final Epoll.Buffer blockingBuffer = new Epoll.Buffer(LoopPoller.MAX_EVENTS);
    private final Epoll.Buffer nonBlockingBuffer = new Epoll.Buffer(LoopPoller.MAX_EVENTS);
    private final Epoll.Buffer signalBuffer = new Epoll.Buffer(1);
    private final int epollFd;
    private final int eventFd;

    @SuppressWarnings("unused") // through SIGNAL
    private volatile int signal;

    /** Lock of the non-blocking polls; try-lock only. */
    @SuppressWarnings("unused") // through POLLING
    private boolean polling;

    private volatile boolean blocked;
    private volatile boolean closed;
    private volatile boolean closedSignal;
    private volatile Thread closedWaiter;

    // Counters: each is written under the right to poll, to block, or to write the signal, so by one thread at a time
    private long nonBlockingPolls;
    private long blockingPolls;
    private long blockedNanos;
    private long breaks;

    /**
     * Opens the descriptors.
     *
     * @param loopFds epoll descriptor of each loop
     * @param parks where the poller of each loop waits
     * @throws IOException if the system refuses; nothing is left open then
     */
    Master(int[] loopFds, SemaphorePark[] parks) throws IOException {
        this.parks = parks.clone();
        epollFd = Epoll.create(signalBuffer);
        int fd = -1;
        try {
            fd = Epoll.eventfd(signalBuffer);
            Epoll.add(signalBuffer, epollFd, fd, Epoll.EPOLLIN, 0);
            for (int i = 0; i < REHEARSALS; i++) {
                Epoll.wait(signalBuffer, epollFd, 0);
            }
            for (int i = 0; i < loopFds.length; i++) {
                Epoll.add(signalBuffer, epollFd, loopFds[i], Epoll.EPOLLIN | Epoll.EPOLLET, i + 1L);
            }
        } catch (IOException e) {
            Epoll.close(signalBuffer, epollFd);
            if (fd >= 0) {
                Epoll.close(signalBuffer, fd);
            }
            throw e;
        }
        eventFd = fd;
    }

    @Override
    public int poll(long delayNanos, Ready ready) {
        return delayNanos == 0 ? pollNow(ready) : pollBlocking(delayNanos, ready);
    }

    private int pollNow(Ready ready) {
        if ((boolean) POLLING.getOpaque(this) || !POLLING.compareAndSet(this, false, true)) {
            return 0;
        }
        try {
            NON_BLOCKING_POLLS.setOpaque(this, nonBlockingPolls + 1);
            int n = Epoll.wait(nonBlockingBuffer, epollFd, 0);
            return n == 0 ? 0 : deliver(nonBlockingBuffer, n, false, ready);
        } catch (Throwable t) {
            tellAll(ready);
            throw t;
        } finally {
            POLLING.setRelease(this, false);
        }
    }

    private int pollBlocking(long delayNanos, Ready ready) {
        blocked = true;
        if (closed) {
            blocked = false;
            return waitClosed(delayNanos);
        }
        long start = System.nanoTime();
        try {
            int n = Epoll.wait(blockingBuffer, epollFd, delayNanos);
            BLOCKING_POLLS.setOpaque(this, blockingPolls + 1);
            BLOCKED_NANOS.setOpaque(this, blockedNanos + (System.nanoTime() - start));
            return n == 0 ? 0 : deliver(blockingBuffer, n, true, ready);
        } catch (Throwable t) {
            tellAll(ready);
            throw t;
        } finally {
            blocked = false;
        }
    }

    /**
     * A poll has thrown, for want of memory: it may have taken events from the kernel, which does not tell them again. So every
     * loop is told to look for itself.
     */
    private void tellAll(Ready ready) {
        for (int i = 0; i < parks.length; i++) {
            Goroutine g = parks[i].unblock();
            if (g != null) {
                ready.ready(g);
            }
        }
    }

    private int deliver(Epoll.Buffer buffer, int events, boolean blocking, Ready ready) {
        int readied = 0;
        boolean signalled = false;
        for (int i = 0; i < events; i++) {
            long data = buffer.data(i);
            if (data == 0) {
                signalled = true; // seen to when the loops have been told, which are not told again
                continue;
            }
            Goroutine g = parks[(int) data - 1].unblock();
            if (g != null) {
                ready.ready(g);
                readied++;
            }
        }
        if (signalled && blocking) {
            Epoll.drain(buffer, eventFd);
            signal = FREE;
        }
        return readied;
    }

    @Override
    public void wakeup() {
        if (closed) {
            wakeupClosed();
        }
        if (signal != FREE || !SIGNAL.compareAndSet(this, FREE, WRITING)) {
            return;
        }
        BREAKS.setOpaque(this, breaks + 1);
        boolean written = false;
        try {
            Epoll.signal(signalBuffer, eventFd);
            written = true;
        } finally {
            SIGNAL.compareAndSet(this, WRITING, written ? WRITTEN : FREE); // fails if the poll has read it already
        }
    }

    @Override
    public boolean hasWaiters() {
        return !closed;
    }

    private void wakeupClosed() {
        closedSignal = true;
        LockSupport.unpark(closedWaiter); // null is fine: nobody waits, and whoever comes reads the flag first
    }

    /** What a blocking poll does after close: waits for {@link #wakeup}, without descriptors. */
    private int waitClosed(long delayNanos) {
        long start = System.nanoTime();
        closedWaiter = Thread.currentThread();
        try {
            while (!closedSignal) {
                if (delayNanos < 0) {
                    LockSupport.park(this);
                    continue;
                }
                long left = delayNanos - (System.nanoTime() - start);
                if (left <= 0) {
                    return 0;
                }
                LockSupport.parkNanos(this, left);
            }
            closedSignal = false;
            return 0;
        } finally {
            closedWaiter = null;
        }
    }

    /**
     * Closes the descriptors as soon as nobody can be inside a call with them, which this waits for. Called once, after
     * all loops have ended.
     */
    void close() {
        closed = true;
        wakeup();
        while (blocked || !POLLING.compareAndSet(this, false, true)) {
            LockSupport.parkNanos(this, CLOSE_POLL_NANOS);
        }
        while (signal != WRITTEN && !SIGNAL.compareAndSet(this, FREE, WRITTEN)) {
            LockSupport.parkNanos(this, CLOSE_POLL_NANOS);
        }
        Epoll.close(signalBuffer, eventFd);
        Epoll.close(signalBuffer, epollFd);
    }

    long nonBlockingPolls() {
        return (long) NON_BLOCKING_POLLS.getOpaque(this);
    }

    long blockingPolls() {
        return (long) BLOCKING_POLLS.getOpaque(this);
    }

    long blockedNanos() {
        return (long) BLOCKED_NANOS.getOpaque(this);
    }

    long breaks() {
        return (long) BREAKS.getOpaque(this);
    }
}
