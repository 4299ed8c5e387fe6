package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Starts that meet the end of the scheduler: what is accepted runs to its end, and the rest is refused. */
@Timeout(120)
class GoBesideShutdownTest {
    /** For hundreds of rounds: a fault that shows once in 300 shows, mostly. */
    private static final long MILLIS = 1_500;

    private static final int STARTERS = 3;

    private final LogCapture log = LogCapture.watch();

    @AfterEach
    void nothingHasThrown() {
        log.close();
        log.assertNoErrors();
    }

    /** The ways in which an ordinary thread starts a goroutine. */
    enum Way {
        GO,
        FACTORY,
        EXECUTOR,
        STRANGER,
        OTHER_SCHEDULER;

        /** What starts a goroutine of {@code s}. */
        Runnable starter(Scheduler s, Runnable body) throws Exception {
            return switch (this) {
                case GO, OTHER_SCHEDULER -> () -> s.go(body);
                case FACTORY -> s.threadFactory("made").newThread(body)::start;
                case EXECUTOR -> () -> s.executor().execute(body);
                case STRANGER -> Started.call(s, () -> Thread.ofVirtual().unstarted(body))::start;
            };
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void whatIsAcceptedRunsAndTheRestIsRefused(Way way) throws Exception {
        int all = 0;
        int ranInAll = 0;
        long begin = System.nanoTime();
        try (Scheduler other = Started.procs(STARTERS)) {
            while (!StressTime.isOver(begin, StressTime.nanos(MILLIS))) {
                Scheduler s = Started.procs(2);
                AtomicInteger accepted = new AtomicInteger();
                AtomicInteger ran = new AtomicInteger();
                List<Runnable> starts = new ArrayList<>();
                for (int i = 0; i < STARTERS; i++) {
                    Runnable starter = way.starter(s, ran::incrementAndGet);
                    Runnable start = () -> {
                        if (isAccepted(s, starter)) {
                            accepted.incrementAndGet();
                        }
                    };
                    starts.add(way == Way.OTHER_SCHEDULER ? () -> runIn(other, start) : start);
                }
                besideShutdown(s, starts);
                assertEquals(accepted.get(), ran.get(), s::dump);
                all += STARTERS;
                ranInAll += ran.get();
            }
        }
        assertTrue(ranInAll > 0 && ranInAll < all, ranInAll + " of " + all + " were accepted: they did not meet the end");
    }

    private static boolean isAccepted(Scheduler s, Runnable starter) {
        try {
            starter.run();
            return true;
        } catch (RejectedExecutionException e) {
            assertEquals("scheduler " + s.config().name() + " is closed", e.getMessage());
            return false;
        }
    }

    private static void runIn(Scheduler other, Runnable start) {
        Goroutine g = other.go(start);
        Waiting.until(other, "it has tried", () -> g.state() == Goroutine.State.DEAD);
    }

    /** Goroutines that come and go while they are counted: each starts the next and ends, so there is never none. */
    @Test
    void childrenOfThoseThatLiveAreWaitedFor() {
        long begin = System.nanoTime();
        while (!StressTime.isOver(begin, StressTime.nanos(MILLIS))) {
            Scheduler s = Started.procs(2);
            AtomicInteger ended = new AtomicInteger();
            int links = ThreadLocalRandom.current().nextInt(1, 500);
            for (int i = 0; i < STARTERS; i++) {
                s.go(() -> chain(s, links, ended));
            }
            assertTrue(s.shutdown(Waiting.LIMIT), s::dump);
            assertEquals(STARTERS, ended.get(), s::dump);
        }
    }

    private static void chain(Scheduler s, int links, AtomicInteger ended) {
        if (links == 0) {
            ended.incrementAndGet();
        } else if (links % 3 == 0) {
            Thread.startVirtualThread(() -> chain(s, links - 1, ended));
        } else {
            s.go(() -> chain(s, links - 1, ended));
        }
    }

    /** A function of a timer starts before the end and is waited for, or does not start. */
    @Test
    void functionsOfTimersRunToTheirEndOrDoNotBegin() {
        int began = 0;
        int rounds = 0;
        long begin = System.nanoTime();
        while (!StressTime.isOver(begin, StressTime.nanos(MILLIS))) {
            Scheduler s = Started.procs(2);
            AtomicInteger begun = new AtomicInteger();
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < STARTERS; i++) {
                long nanos = ThreadLocalRandom.current().nextInt(200_000);
                RuntimeTimer.func(s, () -> {
                            begun.incrementAndGet();
                            LockSupport.parkNanos(20_000);
                            ended.incrementAndGet();
                        })
                        .reset(nanos, 0);
            }
            Busy.nanos(ThreadLocalRandom.current().nextInt(200_000));
            assertTrue(s.shutdown(Waiting.LIMIT), s::dump);
            assertEquals(0, s.sched().allGs.live(), s::dump);
            assertEquals(begun.get(), ended.get(), s::dump);
            began += begun.get();
            rounds += STARTERS;
        }
        assertTrue(began > 0 && began < rounds, began + " of " + rounds + " began: they did not meet the end");
    }

    /** Whoever joins what is left behind learns it, at whatever moment he comes. */
    @Test
    void joinersOfWhatIsLeftBehind() throws Exception {
        long begin = System.nanoTime();
        while (!StressTime.isOver(begin, StressTime.nanos(MILLIS))) {
            Scheduler s = Started.procs(1);
            BinarySemaphore never = new BinarySemaphore();
            Goroutine left = s.go(() -> never.acquire(WaitReason.CHAN_RECEIVE));
            Waiting.until(s, "it waits", () -> left.state() == Goroutine.State.WAITING);
            AtomicInteger told = new AtomicInteger();
            Runnable join = () -> {
                LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(25_000_000)); // the shutdown takes 20 ms
                try {
                    assertThrows(CancellationException.class, left::join);
                    told.incrementAndGet();
                } catch (AssertionError e) {
                    throw new AssertionError(s.dump(), e);
                }
            };
            Thread[] joiners = new Thread[8];
            for (int i = 0; i < joiners.length; i++) {
                joiners[i] = Thread.ofPlatform().start(join);
            }
            assertFalse(s.shutdown(Duration.ZERO));
            for (Thread joiner : joiners) {
                assertTrue(joiner.join(Waiting.LIMIT), s::dump);
            }
            assertEquals(joiners.length, told.get());
        }
    }

    /** The number of Ps changes while the scheduler ends. */
    @Test
    void beneathChangesOfGomaxprocs() throws Exception {
        long begin = System.nanoTime();
        while (!StressTime.isOver(begin, StressTime.nanos(MILLIS))) {
            Scheduler s = Started.procs(2);
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < 20; i++) {
                s.go(() -> {
                    Goroutine.gosched();
                    ended.incrementAndGet();
                });
            }
            List<Runnable> changes = new ArrayList<>();
            for (int i = 0; i < STARTERS; i++) {
                changes.add(() -> {
                    for (int k = 0; k < 10; k++) {
                        s.gomaxprocs(1 + ThreadLocalRandom.current().nextInt(4));
                    }
                });
            }
            besideShutdown(s, changes);
            assertEquals(20, ended.get(), s::dump);
            s.gomaxprocs(3);
            Waiting.until(s, "the threads have ended", () -> s.stats().threads().total() == 0);
        }
    }

    /** Runs them beside the shutdown, each after a short random time. */
    private static void besideShutdown(Scheduler s, List<Runnable> starts) throws Exception {
        CyclicBarrier together = new CyclicBarrier(starts.size() + 1);
        Thread[] threads = new Thread[starts.size()];
        for (int i = 0; i < threads.length; i++) {
            Runnable start = starts.get(i);
            threads[i] = Thread.ofPlatform().start(() -> {
                try {
                    together.await(20, TimeUnit.SECONDS);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                Busy.nanos(ThreadLocalRandom.current().nextInt(60_000));
                start.run();
            });
        }
        together.await(20, TimeUnit.SECONDS);
        Busy.nanos(ThreadLocalRandom.current().nextInt(60_000));
        assertTrue(s.shutdown(Waiting.LIMIT), s::dump);
        for (Thread thread : threads) {
            assertTrue(thread.join(Waiting.LIMIT), s::dump);
        }
    }
}
