package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heddle.sched.Poller;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The master alone: eventfds play the loops, plain threads the scheduler. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class MasterTest {
    private static final long FOREVER = -1;
    private static final long SECONDS = 1_000_000_000L;
    private static final Poller.Ready NOBODY = g -> {
        throw new AssertionError("nobody waits, so nobody can be readied: " + g);
    };

    private final Epoll.Buffer buffer = new Epoll.Buffer(1);
    private final SemaphorePark[] parks = {new SemaphorePark(), new SemaphorePark()};
    private final int[] fds = new int[2];
    private Master master;

    @BeforeEach
    void open() throws IOException {
        fds[0] = Epoll.eventfd(buffer);
        fds[1] = Epoll.eventfd(buffer);
        master = new Master(fds, parks);
    }

    @AfterEach
    void close() {
        if (master.hasWaiters()) {
            master.close();
        }
        Epoll.close(buffer, fds[0]);
        Epoll.close(buffer, fds[1]);
    }

    @Test
    void readinessBecomesAPermitWithTheFlag() {
        assertEquals(0, master.poll(0, NOBODY));
        assertFalse(parks[0].takeIoReady());
        Epoll.signal(buffer, fds[1]);
        assertEquals(0, master.poll(FOREVER, NOBODY));
        assertSame(Park.Cause.IO, parks[1].await(Alarm.NONE));
        assertTrue(parks[1].takeIoReady());
        assertFalse(parks[1].takeIoReady());
        assertFalse(parks[0].takeIoReady());
        parks[0].wakeup();
        assertSame(Park.Cause.TASK, parks[0].await(Alarm.NONE));
    }

    @Test
    void wakeupEndsTheNextBlockingPollOnly() {
        master.wakeup();
        master.wakeup();
        assertEquals(0, master.poll(0, NOBODY)); // leaves the wake-up alone
        assertEquals(0, master.poll(FOREVER, NOBODY));
        assertEquals(1, master.breaks());
        long start = System.nanoTime();
        assertEquals(0, master.poll(1_000_000, NOBODY)); // it is used up
        assertTrue(System.nanoTime() - start >= 1_000_000);
        assertEquals(1, master.nonBlockingPolls());
        assertEquals(2, master.blockingPolls());
        assertTrue(master.blockedNanos() >= 1_000_000);
    }

    /** Every wake-up must end a blocking poll that began before it. */
    @Test
    void noWakeupIsLost() throws Exception {
        wakeFromThreeThreads(2000);
    }

    @Test
    void noWakeupIsLostAfterClose() throws Exception {
        master.close();
        assertEquals(0, master.poll(FOREVER, NOBODY)); // close() itself counts as a wake-up
        wakeFromThreeThreads(2000);
        master.poll(1, NOBODY); // the last wake-ups of the storm
        long start = System.nanoTime();
        assertEquals(0, master.poll(1_000_000, NOBODY));
        assertTrue(System.nanoTime() - start >= 1_000_000);
        assertEquals(0, master.poll(0, NOBODY));
    }

    private void wakeFromThreeThreads(int rounds) throws Exception {
        int wakers = 3;
        CyclicBarrier round = new CyclicBarrier(wakers + 1);
        AtomicInteger asked = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < wakers; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int r = 1; r <= rounds; r++) {
                    await(round);
                    asked.getAndIncrement();
                    master.wakeup();
                }
            }));
        }
        for (int r = 1; r <= rounds; r++) {
            await(round);
            while (asked.get() < wakers * r) {
                long start = System.nanoTime();
                master.poll(10 * SECONDS, NOBODY);
                assertTrue(System.nanoTime() - start < 9 * SECONDS, "a wake-up was lost in round " + r);
            }
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void closeEvictsTheBlockedThreadAndWaitsForNonBlockingOnes() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        AtomicBoolean stop = new AtomicBoolean();
        Thread blocker = Thread.ofPlatform().start(() -> {
            blocked.countDown();
            while (!stop.get()) {
                master.poll(FOREVER, NOBODY);
            }
        });
        Thread poller = Thread.ofPlatform().start(() -> {
            while (!stop.get()) {
                master.poll(0, NOBODY);
                master.wakeup();
            }
        });
        assertTrue(blocked.await(10, TimeUnit.SECONDS));
        master.close();
        assertFalse(master.hasWaiters());
        stop.set(true);
        master.wakeup();
        blocker.join(10_000);
        poller.join(10_000);
        assertSame(Thread.State.TERMINATED, blocker.getState());
        assertSame(Thread.State.TERMINATED, poller.getState());
    }

    @Test
    void pollsDoNotAllocate() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                Epoll.signal(buffer, fds[0]);
                master.poll(0, NOBODY);
                master.wakeup();
                master.poll(FOREVER, NOBODY);
                master.poll(1, NOBODY);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertTrue(least < 1000, "bytes for 3,000 polls: " + least);
    }
}
