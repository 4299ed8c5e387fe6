package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Go's GOMAXPROCS: the number of Ps changes while goroutines run. */
@Timeout(300)
class ProcresizeTest {
    @Test
    void theNumberBeforeIsReturned() {
        try (Scheduler s = Started.procs(2)) {
            assertEquals(2, s.gomaxprocs(5));
            assertEquals(5, s.gomaxprocs(5));
            assertEquals(5, s.gomaxprocs(1));
            assertEquals(1, s.gomaxprocs());
            assertEquals(1, s.stats().procs());
            Quiet.atRest(s);
        }
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        try (Scheduler s = Started.with(2, config -> config.withMaxThreads(8))) {
            for (int n : new int[] {-1, 0, 8, 2_000}) {
                IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> s.gomaxprocs(n));
                assertEquals("gomaxprocs: got " + n + ", need 1 to 7", e.getMessage());
            }
            assertEquals(2, s.gomaxprocs());
        }
    }

    /** Go's TestBigGOMAXPROCS. */
    @Test
    void manyPs() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            s.gomaxprocs(1024);
            assertEquals("ran", Started.call(s, () -> "ran"));
            s.gomaxprocs(1);
            assertEquals("ran", Started.call(s, () -> "ran"));
            Quiet.afterEnd(s);
        }
    }

    /** What waits behind a goroutine that keeps its P is taken up when there are more Ps. */
    @Test
    void aNewPIsUsedAtOnce() {
        try (Scheduler s = Started.withoutSysmon(1)) {
            AtomicBoolean over = new AtomicBoolean();
            CountDownLatch ran = new CountDownLatch(3);
            s.go(() -> {
                for (int i = 0; i < 3; i++) {
                    s.go(ran::countDown);
                }
                s.gomaxprocs(2);
                Busy.blockedUntil(over::get);
            });
            Waiting.until(s, "the others have run on the second P", () -> ran.getCount() == 0);
            over.set(true);
            Quiet.afterEnd(s);
        }
    }

    /** A P that dies has a running goroutine, queued ones, one in its inbox and timers: all go on elsewhere. */
    @Test
    void nothingOfADeadPIsLost() {
        try (Scheduler s = Started.withoutSysmon(2)) {
            Sched sched = s.sched();
            P second = sched.procs[1];
            AtomicInteger ran = new AtomicInteger();
            AtomicBoolean over = new AtomicBoolean();
            AtomicBoolean firstIsBusy = new AtomicBoolean();
            AtomicBoolean secondIsReady = new AtomicBoolean();
            s.go(() -> { // keeps whichever P it got, and has the other one started
                s.go(() -> {
                    firstIsBusy.set(true);
                    Busy.blockedUntil(over::get);
                });
                Busy.blockedUntil(firstIsBusy::get);
                for (int i = 0; i < 300; i++) { // some overflow
                    s.go(ran::incrementAndGet);
                }
                M.current().p.timers.add(new Timer(_ -> ran.incrementAndGet(), null), Clock.nanotime() + 50_000_000);
                secondIsReady.set(true);
                Busy.blockedUntil(over::get);
            });
            Waiting.until(s, "both Ps are busy", secondIsReady::get);
            s.gomaxprocs(1);
            assertEquals(PState.DEAD, second.status());
            assertEquals(0, second.runq.depth());
            assertEquals(0, second.timers.size());
            over.set(true);
            Waiting.until(s, "all that was there has run", () -> ran.get() == 301);
            Quiet.afterEnd(s);
        }
    }

    /** The waker has looked at the status of the P just before it died. */
    @Test
    void whatComesTooLateForADeadPGoesElsewhere() {
        Sched sched = Started.unstarted(2);
        G[] g = Started.goroutines(sched, 1);
        sched.procresize.set(1);
        P dead = sched.procs[1];
        g[0].lastP = dead;
        sched.enqueueWithoutRoom(g[0]);
        assertTrue(dead.inboxEmpty());
        assertSame(g[0], sched.globrunqget(sched.procs[0], 1));
    }

    @Test
    void timersOfADeadPStayStoppable() {
        Sched sched = Started.unstarted(3);
        Timer[] timers = new Timer[1_000];
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < timers.length; i++) {
            timers[i] = new Timer(_ -> {}, null);
            sched.procs[i % 3].timers.add(timers[i], 1 + random.nextInt(5_000));
        }
        sched.procresize.set(1);
        Timers left = sched.procs[0].timers;
        assertEquals(1_000, left.size());
        for (int i = 0; i < timers.length; i += 2) {
            assertTrue(timers[i].stop());
        }
        assertEquals(500, left.size());
        for (long now = 1; left.size() > 0; now++) { // in order, or one of them would be late
            left.runDue(now);
            assertTrue(left.minWhen() > now);
        }
        assertEquals(500, left.fired());
    }

    /** The goroutine that asks may be on a P that goes. */
    @Test
    void aGoroutineTakesItsOwnPAway() throws Exception {
        try (Scheduler s = Started.unhurried(4)) {
            for (int i = 0; i < 200; i++) {
                Started.call(s, () -> {
                    s.gomaxprocs(1);
                    Goroutine.gosched();
                    assertSame(s.sched().procs[0], M.current().p);
                    s.gomaxprocs(4);
                    return null;
                });
            }
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aGoroutineThatComputesGoesOnWithoutItsP() {
        try (Scheduler s = Started.unhurried(2)) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger running = new AtomicInteger();
            for (int i = 0; i < 2; i++) {
                s.go(() -> {
                    running.incrementAndGet();
                    Busy.until(over::get);
                });
            }
            Waiting.until(s, "both run", () -> running.get() == 2);
            s.gomaxprocs(1);
            assertEquals(PState.DEAD, s.sched().procs[1].status());
            assertEquals(2, s.stats().goroutines().running());
            over.set(true);
            Quiet.afterEnd(s);
            s.gomaxprocs(2);
            Quiet.atRest(s);
        }
    }

    /** Go's TestStopTheWorldDeadlock in spirit: the number changes all the time under a storm of everything. */
    @Test
    void changesUnderLoad() {
        long begin = System.nanoTime();
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.with(4, config -> config.withQuantum(Duration.ofMillis(2)))) {
            AtomicLong created = new AtomicLong();
            AtomicLong ended = new AtomicLong();
            AtomicBoolean over = new AtomicBoolean();
            SplittableRandom random = new SplittableRandom(9);
            for (int i = 0; i < 24; i++) {
                Storm storm = new Storm(s, created, ended, over, random.split());
                created.incrementAndGet();
                s.go(storm);
            }
            while (!StressTime.isOver(begin, StressTime.nanos(3_000))) {
                s.gomaxprocs(1 + random.nextInt(8));
            }
            over.set(true);
            Waiting.until(s, "all goroutines have ended", () -> ended.get() == created.get());
            assertEquals(created.get(), s.stats().created());
            Quiet.afterEnd(s);
            assertEquals(0, s.sched().procs[0].runq.depth());
            log.assertNoErrors();
        }
    }

    /** Goes on until the end: starts others, yields, sleeps, calls, computes, waits for what a timer releases. */
    private record Storm(
            Scheduler s, AtomicLong created, AtomicLong ended, AtomicBoolean over, SplittableRandom random)
            implements Runnable {
        @Override
        public void run() {
            BinarySemaphore semaphore = new BinarySemaphore();
            while (!over.get()) {
                switch (random.nextInt(7)) {
                    case 0 -> Goroutine.gosched();
                    case 1 -> Goroutine.goyield();
                    case 2 -> sleep(random.nextInt(300_000));
                    case 3 -> Syscall.call(() -> {
                        Busy.nanos(random.nextInt(100_000));
                        return null;
                    });
                    case 4 -> {
                        created.incrementAndGet();
                        s.go(ended::incrementAndGet);
                    }
                    case 5 -> semaphore.acquire(WaitReason.SEMACQUIRE, random.nextInt(200_000));
                    default -> Busy.nanos(random.nextInt(3_000_000));
                }
            }
            ended.incrementAndGet();
        }

        private static void sleep(long nanos) {
            try {
                Goroutine.sleep(Duration.ofNanos(nanos));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
