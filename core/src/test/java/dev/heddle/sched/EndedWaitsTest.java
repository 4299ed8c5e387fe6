package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Waits that the end of the scheduler ends: {@code finally} blocks run. */
@Timeout(120)
class EndedWaitsTest {
    private static final WaitReason REASON = WaitReason.SEMACQUIRE;
    private static final long FAR = 3_600_000_000_000L;

    /** A lifetime that nobody ends. */
    private static final class Endless extends Lifetime {
        Endless() {
            super(new Ending() {
                @Override
                public boolean add(Waiter waiter) {
                    return true;
                }

                @Override
                public boolean forget(Waiter waiter) {
                    return true;
                }

                @Override
                public CancellationException exception() {
                    throw new AssertionError("it has not ended");
                }
            });
        }
    }

    /** As shutdown does after the grace; without what follows soon after that. */
    private static void endWaits(Scheduler s) {
        s.sched().endingWaits = true;
        for (G g : s.sched().goroutines()) {
            g.endWait();
        }
    }

    private static void endsAWait(Consumer<BinarySemaphore> wait) {
        Scheduler s = Started.procs(1);
        BinarySemaphore never = new BinarySemaphore();
        AtomicReference<Throwable> end = new AtomicReference<>();
        AtomicBoolean cleanedUp = new AtomicBoolean();
        Goroutine g = s.go(() -> {
            try {
                wait.accept(never);
            } catch (Throwable e) {
                end.set(e);
            } finally {
                cleanedUp.set(true);
            }
        });
        Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
        endWaits(s);
        Waiting.until(s, "it has cleaned up", cleanedUp::get);
        assertInstanceOf(CancellationException.class, end.get());
        assertEquals("scheduler " + s.config().name() + " is shut down", end.get().getMessage());
        never.release();
        assertTrue(never.tryAcquire(), "the wait has left nothing behind");
        s.close();
    }

    @Test
    void shutdownDoesSoAndSaysNothing() {
        try (LogCapture log = LogCapture.watch()) {
            Scheduler s = Started.procs(1);
            AtomicBoolean cleanedUp = new AtomicBoolean();
            Goroutine g = s.go(() -> {
                try {
                    new BinarySemaphore().await(REASON, Long.MAX_VALUE);
                } finally {
                    cleanedUp.set(true);
                }
            });
            Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
            assertFalse(s.shutdown(Duration.ofMillis(200)));
            assertTrue(cleanedUp.get());
            log.assertNoErrors();
        }
    }

    @Test
    void aWait() {
        endsAWait(never -> never.await(REASON, Long.MAX_VALUE));
    }

    @Test
    void aTimedWait() {
        endsAWait(never -> never.await(REASON, FAR));
    }

    @Test
    void aWaitWithALifetime() {
        endsAWait(never -> never.await(REASON, Long.MAX_VALUE, new Endless()));
    }

    @Test
    void aTimedWaitWithALifetime() {
        endsAWait(never -> never.await(REASON, FAR, new Endless()));
    }

    @Test
    void aPinnedWait() {
        endsAWait(never -> Pinned.run(() -> never.await(REASON, Long.MAX_VALUE)));
    }

    /** Where a goroutine cannot leave its thread. */
    private static final class Pinned {
        static void run(Runnable body) {
            dev.heddle.sched.jdk.VirtualThreads.pin();
            try {
                body.run();
            } finally {
                dev.heddle.sched.jdk.VirtualThreads.unpin();
            }
        }
    }

    /** One wait: what is done about it may wait again, and its children are ended for themselves. */
    @Test
    void cleanupMayWait() {
        Scheduler s = Started.procs(1);
        BinarySemaphore never = new BinarySemaphore();
        BinarySemaphore childEnded = new BinarySemaphore();
        AtomicInteger steps = new AtomicInteger();
        Goroutine child = s.go(() -> {
            try {
                never.await(REASON, Long.MAX_VALUE);
            } finally {
                steps.incrementAndGet();
                childEnded.release();
            }
        });
        Goroutine parent = s.go(() -> {
            try {
                new BinarySemaphore().await(REASON, Long.MAX_VALUE);
            } finally {
                childEnded.await(REASON, Long.MAX_VALUE);
                steps.incrementAndGet();
            }
        });
        s.uncaughtExceptionHandler((g, e) -> assertInstanceOf(CancellationException.class, e));
        Waiting.until(s, "both wait", () -> child.state() == Goroutine.State.WAITING
                && parent.state() == Goroutine.State.WAITING);
        endWaits(s);
        Waiting.until(s, "both have cleaned up", () -> steps.get() == 2);
        s.close();
    }

    /** It did not wait when the others were ended. */
    @Test
    void theNextWaitOfWhoDidNotWait() {
        Scheduler s = Started.procs(2);
        AtomicBoolean ended = new AtomicBoolean();
        AtomicBoolean running = new AtomicBoolean();
        s.go(() -> {
            running.set(true);
            while (!s.sched().endingWaits) {
                Thread.onSpinWait();
            }
            assertThrows(CancellationException.class, () -> new BinarySemaphore().await(REASON, Long.MAX_VALUE));
            ended.set(true);
        });
        Waiting.until(s, "it runs", running::get);
        endWaits(s);
        Waiting.until(s, "its wait has ended", ended::get);
        s.close();
    }

    /** Waits that nothing may end: they get their permit, also after they were woken in place of another wait. */
    @Test
    void whatMustNotEndGoesOn() {
        Scheduler s = Started.procs(1);
        BinarySemaphore semaphore = new BinarySemaphore();
        AtomicBoolean acquired = new AtomicBoolean();
        G g = (G) s.go(() -> {
            semaphore.acquire(REASON);
            acquired.set(true);
        });
        Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
        g.waitsAt(semaphore); // as a look at it that came late
        endWaits(s);
        Waiting.until(s, "it waits again", () -> g.state() == Goroutine.State.WAITING);
        assertFalse(acquired.get());
        semaphore.release();
        Waiting.until(s, "it has it", acquired::get);
        s.close();
    }

    /** Goroutines that wait for each other all the time, and are ended in the middle of it: each ends, in one way. */
    @Test
    void theEndRacesWithReleases() {
        long begin = System.nanoTime();
        for (int round = 0; round < 10 || !StressTime.isOver(begin, StressTime.nanos(1_000)); round++) {
            Scheduler s = Started.procs(2);
            s.uncaughtExceptionHandler((g, e) -> assertInstanceOf(CancellationException.class, e));
            AtomicInteger live = new AtomicInteger();
            BinarySemaphore[] ring = new BinarySemaphore[4];
            for (int i = 0; i < ring.length; i++) {
                ring[i] = new BinarySemaphore();
            }
            for (int i = 0; i < ring.length; i++) {
                int me = i;
                live.incrementAndGet();
                s.go(() -> {
                    try {
                        for (int n = 0; ; n++) {
                            ring[(me + 1) % ring.length].release();
                            ring[me].await(REASON, n % 3 == 0 ? 50_000 : Long.MAX_VALUE);
                        }
                    } finally {
                        live.decrementAndGet();
                    }
                });
            }
            Busy.nanos(round % 50 * 10_000);
            endWaits(s);
            Waiting.until(s, "all have ended", () -> live.get() == 0);
            s.close();
        }
    }
}
