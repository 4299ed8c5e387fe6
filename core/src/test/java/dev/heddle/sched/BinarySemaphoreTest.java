package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Permits and time-outs: every wait ends in exactly one way, and no permit is lost or doubled. */
@Timeout(120)
class BinarySemaphoreTest {
    private static final WaitReason REASON = WaitReason.SEMACQUIRE;
    private static final int MOST_RACES = 10_000;

    // -- time-outs of goroutines --

    @Test
    void aWaitEndsWhenItsTimeIsOver() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            long took = Started.call(s, () -> {
                long begin = System.nanoTime();
                assertFalse(semaphore.acquire(REASON, 20_000_000));
                return System.nanoTime() - begin;
            });
            assertTrue(took >= 20_000_000, took + " ns");
            semaphore.release();
            assertTrue(semaphore.tryAcquire(), "a release after the time-out is for the next one");
            Quiet.afterEnd(s);
            assertEquals(1, s.stats().timersFired());
        }
    }

    @Test
    void withoutTimeThereIsNoWait() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            assertFalse(Started.call(s, () -> semaphore.acquire(REASON, 0)));
            assertFalse(Started.call(s, () -> semaphore.acquire(REASON, Long.MIN_VALUE)));
            semaphore.release();
            assertTrue(Started.call(s, () -> semaphore.acquire(REASON, 0)), "a permit needs no time");
        }
    }

    @Test
    void longTimesDoNotOverflow() {
        try (Scheduler s = Started.procs(1)) {
            for (long time : new long[] {Long.MAX_VALUE, Long.MAX_VALUE - 1, Long.MAX_VALUE / 2}) {
                BinarySemaphore semaphore = new BinarySemaphore();
                AtomicReference<Boolean> got = new AtomicReference<>();
                Goroutine g = s.go(() -> got.set(semaphore.acquire(REASON, time)));
                Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
                semaphore.release();
                Waiting.until(s, "it got it", () -> Boolean.TRUE.equals(got.get()));
            }
            Quiet.afterEnd(s);
            assertEquals(0, s.stats().timersFired());
            assertEquals(0, s.stats().perProc().getFirst().timers(), "no timer is left behind");
        }
    }

    @Test
    void aTimedWaitIgnoresAndKeepsAnInterrupt() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            long took = Started.call(s, () -> {
                Thread.currentThread().interrupt();
                long begin = System.nanoTime();
                assertFalse(semaphore.acquire(REASON, 10_000_000));
                assertTrue(Thread.interrupted());
                return System.nanoTime() - begin;
            });
            assertTrue(took >= 10_000_000, took + " ns");
            Quiet.afterEnd(s);
        }
    }

    /** The time is over before the wait has really begun: another P fires the timer meanwhile. */
    @Test
    void shortestTimesEndToo() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.unhurried(2)) {
            long begin = System.nanoTime();
            AtomicBoolean over = new AtomicBoolean();
            s.go(() -> {
                while (!over.get()) {
                    s.sched().procs[0].timers.runDue(Clock.nanotime());
                    s.sched().procs[1].timers.runDue(Clock.nanotime());
                }
            });
            s.go(() -> {
                BinarySemaphore semaphore = new BinarySemaphore();
                while (!StressTime.isOver(begin, StressTime.nanos(1_000))) {
                    assertFalse(semaphore.acquire(REASON, 1));
                }
                over.set(true);
            });
            Waiting.until(s, "all waits have ended", over::get);
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }

    /** The release comes just when the time is over: the waiter gets the permit, or it stays; never both, never neither. */
    @Test
    void aReleaseByAThreadRacesWithTheTime() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(2)) {
            Race race = new Race();
            s.go(race::await);
            Thread.ofPlatform().start(race::release);
            Waiting.until(s, "the races are over", race::isOver);
            race.check();
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }

    @Test
    void aReleaseByAGoroutineRacesWithTheTime() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(2)) {
            Race race = new Race();
            s.go(race::await);
            s.go(race::release);
            Waiting.until(s, "the races are over", race::isOver);
            race.check();
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }

    /** Rounds in which one side waits for a few microseconds, and the other releases after about as many. */
    private static final class Race {
        final BinarySemaphore semaphore = new BinarySemaphore();
        final long begin = System.nanoTime();
        final AtomicInteger round = new AtomicInteger();
        final AtomicInteger released = new AtomicInteger();
        final AtomicInteger acquired = new AtomicInteger();
        final AtomicInteger timedOut = new AtomicInteger();
        final AtomicInteger wrong = new AtomicInteger();
        private volatile boolean over;

        void await() {
            SplittableRandom random = new SplittableRandom(4);
            for (int i = 1; i <= MOST_RACES && !isLate(i); i++) {
                round.set(i);
                boolean got = semaphore.acquire(REASON, 1 + random.nextInt(i % 4 == 0 ? 100 : 60_000));
                while (released.get() < i) {
                    Goroutine.goyield();
                }
                boolean left = semaphore.tryAcquire();
                wrong.addAndGet(got == left ? 1 : 0);
                (got ? acquired : timedOut).incrementAndGet();
            }
            over = true;
        }

        /** A machine that is busy with other things does fewer. */
        private boolean isLate(int i) {
            return i > 100 && StressTime.isOver(begin, StressTime.nanos(2_000));
        }

        void release() {
            SplittableRandom random = new SplittableRandom(5);
            for (int i = 1; i <= MOST_RACES; i++) {
                while (round.get() < i) {
                    if (over) {
                        return;
                    }
                    Thread.yield();
                }
                Busy.nanos(random.nextInt(60_000));
                semaphore.release();
                released.set(i);
            }
        }

        boolean isOver() {
            return over;
        }

        void check() {
            assertEquals(0, wrong.get(), "waits that ended in both ways or in none");
            assertEquals(round.get(), acquired.get() + timedOut.get());
            assertTrue(acquired.get() > 0 && timedOut.get() > 0, acquired + " and " + timedOut);
        }
    }

    // -- ordinary threads --

    @Test
    void ordinaryThreadsWaitAndRelease() {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore ping = new BinarySemaphore();
            BinarySemaphore pong = new BinarySemaphore();
            int rounds = 5_000;
            AtomicInteger seen = new AtomicInteger();
            s.go(() -> {
                for (int i = 0; i < rounds; i++) {
                    ping.acquire(REASON);
                    seen.incrementAndGet();
                    pong.release();
                }
            });
            Thread thread = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < rounds; i++) {
                    ping.release();
                    pong.acquire(REASON);
                }
            });
            Waiting.until(s, "both are through", () -> seen.get() == rounds && !thread.isAlive());
            Quiet.afterEnd(s);
        }
    }

    @Test
    void anOrdinaryThreadIgnoresAndKeepsAnInterrupt() throws Exception {
        BinarySemaphore semaphore = new BinarySemaphore();
        AtomicReference<Boolean> status = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            Thread.currentThread().interrupt();
            semaphore.acquire(REASON);
            status.set(Thread.interrupted());
        });
        long begin = System.nanoTime();
        while (thread.getState() == Thread.State.RUNNABLE || thread.getState() == Thread.State.NEW) {
            assertTrue(System.nanoTime() - begin < Waiting.LIMIT.toNanos(), thread.getState().toString());
            Thread.onSpinWait();
        }
        thread.interrupt();
        semaphore.release();
        assertTrue(thread.join(Waiting.LIMIT));
        assertTrue(status.get());
    }

    @Test
    void anOrdinaryThreadTimesOut() {
        BinarySemaphore semaphore = new BinarySemaphore();
        long begin = System.nanoTime();
        assertFalse(semaphore.acquire(REASON, 5_000_000));
        assertTrue(System.nanoTime() - begin >= 5_000_000);
        semaphore.release();
        assertTrue(semaphore.acquire(REASON, 5_000_000));
        assertFalse(semaphore.tryAcquire());
    }

    @Test
    void anOrdinaryThreadRefusesASecondWaiter() {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine g = s.go(() -> semaphore.acquire(REASON));
            Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
            assertThrows(IllegalStateException.class, () -> semaphore.acquire(REASON));
            assertThrows(IllegalStateException.class, () -> semaphore.acquire(REASON, 1));
            semaphore.release();
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aVirtualThreadOfTheJdkWaitsAndReleases() throws Exception {
        BinarySemaphore semaphore = new BinarySemaphore();
        BinarySemaphore answer = new BinarySemaphore();
        Thread thread = Thread.startVirtualThread(() -> {
            semaphore.acquire(REASON);
            answer.release();
        });
        semaphore.release();
        assertTrue(answer.acquire(REASON, Waiting.LIMIT.toNanos()));
        thread.join();
    }

    // -- what is visible afterwards --

    @Test
    void whatWasWrittenBeforeTheReleaseIsReadAfterTheAcquire() {
        try (Scheduler s = Started.procs(2)) {
            int rounds = 50_000;
            BinarySemaphore ping = new BinarySemaphore();
            BinarySemaphore pong = new BinarySemaphore();
            int[] plain = new int[1];
            AtomicInteger wrong = new AtomicInteger();
            AtomicBoolean over = new AtomicBoolean();
            Thread.ofPlatform().start(() -> {
                for (int i = 1; i <= rounds; i++) {
                    plain[0] = i;
                    ping.release();
                    pong.acquire(REASON);
                }
            });
            s.go(() -> {
                for (int i = 1; i <= rounds; i++) {
                    ping.acquire(REASON);
                    wrong.addAndGet(plain[0] == i ? 0 : 1);
                    pong.release();
                }
                over.set(true);
            });
            Waiting.until(s, "all rounds are over", over::get);
            assertEquals(0, wrong.get());
        }
    }

    /** A goroutine that waits costs no thread. */
    @Test
    void tenThousandWaitOnOneThread() {
        int count = 10_000;
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore[] all = new BinarySemaphore[count];
            AtomicInteger waiting = new AtomicInteger();
            for (int i = 0; i < count; i++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                all[i] = semaphore;
                s.go(() -> {
                    waiting.incrementAndGet();
                    semaphore.acquire(REASON);
                });
            }
            Waiting.until(s, "all wait", () -> waiting.get() == count);
            Quiet.atRest(s);
            assertEquals(count, s.stats().goroutines().waiting());
            assertTrue(s.stats().threadsCreated() <= 3, s.stats().threadsCreated() + " threads");
            for (BinarySemaphore semaphore : all) {
                semaphore.release();
            }
            Quiet.afterEnd(s);
        }
    }
}
