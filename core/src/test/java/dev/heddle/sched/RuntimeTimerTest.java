package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The door for timers: who wins between arming, withdrawing and firing. The tests fire the heap themselves. */
@Timeout(60)
class RuntimeTimerTest {
    private static final long FAR = 1_000_000_000_000L;

    private final Scheduler scheduler = new Scheduler(
            SchedulerConfig.defaults().withName("unstarted").withProcs(1));
    private final Timers heap = scheduler.sched().procs[0].timers;

    /** Counts what it delivers, and holds one delivery like a channel with a buffer of one. */
    private static final class Slot implements RuntimeTimer.Event {
        final AtomicInteger fired = new AtomicInteger();
        boolean full;

        @Override
        public void fire() {
            fired.incrementAndGet();
            full = true;
        }

        @Override
        public boolean withdraw() {
            boolean was = full;
            full = false;
            return was;
        }
    }

    private void fireAll() {
        heap.runDue(Long.MAX_VALUE - 2);
    }

    @Test
    void firesOnceForEachArming() {
        Slot slot = new Slot();
        RuntimeTimer timer = RuntimeTimer.of(scheduler, slot);
        fireAll();
        assertEquals(0, slot.fired.get(), "never armed");
        assertFalse(timer.reset(FAR, 0));
        heap.runDue(Clock.nanotime());
        assertEquals(0, slot.fired.get(), "early");
        assertTrue(timer.reset(FAR, 0), "was pending");
        assertEquals(1, heap.size());
        fireAll();
        fireAll();
        assertEquals(1, slot.fired.get());
        assertEquals(0, heap.size());
    }

    @Test
    void stopWithdrawsAndSaysSo() {
        Slot slot = new Slot();
        RuntimeTimer timer = RuntimeTimer.of(scheduler, slot);
        assertFalse(timer.stop());
        timer.reset(FAR, 0);
        assertTrue(timer.stop());
        assertFalse(timer.stop());
        assertEquals(0, heap.size());
        assertFalse(timer.reset(0, 0), "was not pending");
        heap.runDue(Clock.nanotime());
        assertEquals(1, slot.fired.get());
    }

    @Test
    void whatWasDeliveredButNotSeenIsTakenBack() {
        Slot slot = new Slot();
        RuntimeTimer timer = RuntimeTimer.of(scheduler, slot);
        timer.reset(0, 0);
        heap.runDue(Clock.nanotime());
        assertTrue(timer.stop(), "nobody has seen it");
        assertFalse(timer.stop());
        timer.reset(0, 0);
        heap.runDue(Clock.nanotime());
        assertTrue(timer.reset(FAR, 0), "nobody has seen it");
        assertFalse(slot.full);
    }

    /** The P has taken the timer off its heap and not yet fired when the timer is stopped, or armed again. */
    @Test
    void aFiringOnItsWayIsOvertaken() {
        Slot slot = new Slot();
        RuntimeTimer timer = RuntimeTimer.of(scheduler, slot);
        takenThen(timer, () -> assertTrue(timer.stop()));
        assertEquals(0, slot.fired.get(), "stopped");
        takenThen(timer, () -> assertTrue(timer.reset(FAR, 0)));
        assertEquals(0, slot.fired.get(), "armed for another time");
        assertEquals(1, heap.size());
        fireAll();
        assertEquals(1, slot.fired.get(), "fires at that time");
    }

    private void takenThen(RuntimeTimer timer, Runnable act) {
        timer.reset(0, 0);
        Timer due = heap.takeDue(Clock.nanotime());
        act.run();
        due.callback.fire(due.arg);
    }

    /** Two firings of one timer are on their way: the first one to come fires, the other one does not. */
    @Test
    void theFirstOfTwoFiringsFires() {
        Slot slot = new Slot();
        RuntimeTimer timer = RuntimeTimer.of(scheduler, slot);
        takenThen(timer, () -> {
            timer.reset(0, 0);
            Timer second = heap.takeDue(Clock.nanotime());
            second.callback.fire(second.arg);
            assertEquals(1, slot.fired.get());
        });
        assertEquals(1, slot.fired.get());
    }

    @Test
    void aPeriodGoesOnUntilStopped() {
        Slot slot = new Slot();
        RuntimeTimer timer = RuntimeTimer.of(scheduler, slot);
        timer.reset(0, FAR);
        heap.runDue(Clock.nanotime());
        assertEquals(1, slot.fired.get());
        assertEquals(1, heap.size());
        assertTrue(timer.stop());
        assertEquals(0, heap.size());
    }

    /**
     * Late by any number of periods, as long as can be in Go's TestOverflowPeriodRuntimeTimer: the next firing is the first one
     * in phase that is still to come.
     */
    @ParameterizedTest
    @CsvSource({
        "100, 10, 100, 110",
        "100, 10, 109, 110",
        "100, 10, 110, 120",
        "100, 10, 175, 180",
        "100, 10, 95, 110",
        "100, 9223372036854775807, 100, 9223372036854775806",
        "100, 9223372036854775807, 9223372036854775800, 9223372036854775806",
        "9223372036854775000, 900, 9223372036854775100, 9223372036854775806"
    })
    void missedFiringsAreDroppedAndThePhaseIsKept(long when, long period, long now, long next) {
        assertEquals(next, RuntimeTimer.next(when, period, now));
    }

    @Test
    void anEventThatThrowsDoesNotEndThePeriod() {
        int[] count = new int[1];
        RuntimeTimer timer = RuntimeTimer.of(scheduler, new RuntimeTimer.Event() {
            @Override
            public void fire() {
                count[0]++;
                throw new IllegalStateException("breaks its word");
            }

            @Override
            public boolean withdraw() {
                return false;
            }
        });
        try (LogCapture log = LogCapture.quiet()) {
            timer.reset(0, 1);
            heap.runDue(Clock.nanotime());
            heap.runDue(Clock.nanotime() + 1);
            assertTrue(count[0] >= 2, count[0] + " times");
            assertTrue(timer.stop());
            SchedulerStats stats = scheduler.stats();
            assertEquals(count[0], stats.internalErrors());
            assertTrue(stats.degraded());
            scheduler.sched().sysmon.round(Clock.nanotime()); // as its thread would
            scheduler.sched().sysmon.round(Clock.nanotime());
            Waiting.until(scheduler, "logged", () -> !log.events().isEmpty());
            assertEquals(1, log.events().size(), "one in 10 s");
        }
    }

    /** Each arming is seen to fire or to be withdrawn, and only one of both, whatever overtakes what. */
    @Test
    void everyArmingFiresOrIsWithdrawn() throws Exception {
        Slot slot = new Slot();
        RuntimeTimer timer = RuntimeTimer.of(scheduler, new RuntimeTimer.Event() {
            @Override
            public void fire() {
                slot.fired.incrementAndGet();
            }

            @Override
            public boolean withdraw() {
                return false;
            }
        });
        AtomicInteger armers = new AtomicInteger(2);
        AtomicLong armed = new AtomicLong();
        AtomicLong withdrawn = new AtomicLong();
        Thread[] all = new Thread[4];
        long begin = System.nanoTime();
        long time = StressTime.nanos(500);
        for (int i = 0; i < 2; i++) {
            int seed = i;
            all[i] = Thread.ofPlatform().start(() -> {
                SplittableRandom random = new SplittableRandom(seed);
                while (!StressTime.isOver(begin, time) || slot.fired.get() == 0 || withdrawn.get() == 0) {
                    boolean reset = random.nextInt(3) > 0;
                    boolean was = reset ? timer.reset(random.nextInt(3) * 1_000L, 0) : timer.stop();
                    armed.addAndGet(reset ? 1 : 0);
                    withdrawn.addAndGet(was ? 1 : 0);
                }
                armers.decrementAndGet();
            });
            all[2 + i] = Thread.ofPlatform().start(() -> {
                while (armers.get() > 0) {
                    heap.runDue(Clock.nanotime());
                }
            });
        }
        for (Thread thread : all) {
            thread.join();
        }
        fireAll();
        assertEquals(armed.get(), slot.fired.get() + withdrawn.get());
        assertEquals(0, heap.size());
    }

    /** All threads sleep, one of them until a timer that is far away, or without end, when a thread arms an earlier one. */
    @Test
    void anEarlierTimerWakesTheSleepers() {
        try (Scheduler s = Started.withoutSysmon(2)) {
            AtomicInteger fired = new AtomicInteger();
            for (int round = 0; round < 20; round++) {
                RuntimeTimer far = RuntimeTimer.func(s, () -> {});
                if (round % 2 == 0) {
                    far.reset(FAR, 0);
                }
                Quiet.atRest(s);
                RuntimeTimer.func(s, fired::incrementAndGet).reset(round % 3 * 500_000L, 0);
                int expected = round + 1;
                Waiting.until(s, "it fires", () -> fired.get() == expected);
                far.stop();
            }
            Quiet.afterEnd(s);
        }
    }

    /** An error at the end of a goroutine's stack comes before anything was changed: no lock is left taken. */
    @Test
    void theEndOfAStackIsNoDanger() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            for (int round = 0; round < 40; round++) {
                AtomicInteger fired = new AtomicInteger();
                RuntimeTimer func = RuntimeTimer.func(s, fired::incrementAndGet);
                Slot slot = new Slot();
                RuntimeTimer event = RuntimeTimer.of(s, slot);
                int mode = round % 4;
                Goroutine deep = s.go(() -> EndOfStack.run(() -> {
                    switch (mode) {
                        case 0 -> func.reset(FAR, 0);
                        case 1 -> func.stop();
                        case 2 -> event.reset(FAR, FAR);
                        default -> func.reset(0, 0);
                    }
                }));
                Waiting.until(s, "the deep one has ended", () -> deep.state() == Goroutine.State.DEAD);
                Started.call(s, () -> {
                    func.reset(0, 0);
                    event.reset(0, 0);
                    Goroutine.sleep(Duration.ofNanos(1));
                    return null;
                });
                Waiting.until(s, "both fire", () -> fired.get() > 0 && slot.fired.get() > 0);
                func.stop();
                event.stop();
                assertEquals(0, s.sched().procs[0].timers.size());
            }
            Quiet.afterEnd(s);
        }
    }
}
