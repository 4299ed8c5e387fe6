package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What is thrown inside the scheduler ends no thread of it. */
class FaultsTest {
    private static final SchedulerConfig ONE = SchedulerConfig.defaults().withProcs(1).withName("faults");

    private static void runs(Scheduler s) throws InterruptedException {
        CountDownLatch ran = new CountDownLatch(40);
        for (int i = 0; i < 40; i++) {
            s.go(ran::countDown);
        }
        assertTrue(ran.await(20, TimeUnit.SECONDS), s::dump);
    }

    /** A poller that throws comes to whoever looks for work, to sysmon, and to the M that blocks in it. */
    @Test
    void aPollerThatThrowsEndsNobody() throws InterruptedException {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Scheduler.start(ONE)) {
            AtomicBoolean broken = new AtomicBoolean(true);
            s.netpollinit(new Poller() {
                @Override
                public int poll(long delayNanos, Ready ready) {
                    if (broken.get()) {
                        throw new OutOfMemoryError("a test");
                    }
                    return 0;
                }

                @Override
                public void wakeup() {
                    if (broken.get()) {
                        throw new OutOfMemoryError("a test");
                    }
                }

                @Override
                public boolean hasWaiters() {
                    return true;
                }
            });
            runs(s);
            Waiting.until(s, "counted", () -> s.stats().internalErrors() > 3);
            assertTrue(s.stats().degraded());
            runs(s);
            assertEquals(s.stats().threadsCreated(), s.stats().threads().total(), "none has ended");
            broken.set(false);
            Waiting.until(s, "said", () -> !log.events().isEmpty());
        }
    }

    /** Scheduler code throws on an M: the goroutine that it had in hand runs, and the M lives. */
    @Test
    void anMGoesOn() throws InterruptedException {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Scheduler.start(ONE)) {
            runs(s);
            AtomicInteger left = new AtomicInteger(20);
            Timer timer = new Timer(_ -> {
                if (left.getAndDecrement() > 0) {
                    throw new OutOfMemoryError("a test");
                }
            }, null);
            for (int i = 0; i < 20; i++) {
                s.sched().startTimer(timer, 0);
                Waiting.until(s, "fired", () -> timer.index < 0);
                runs(s);
            }
            assertEquals(0, left.get());
            assertEquals(20, s.stats().internalErrors());
            runs(s);
            assertFalse(s.sched().lock.isHeld());
        }
    }
}
