package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The JDK hands a runnable goroutine to its scheduler a second time when somebody takes its stack trace. Each goroutine
 * must run exactly as often as it was readied all the same.
 */
@Timeout(120)
class DuplicatesTest {
    private static final int PAIRS = 4;
    private static final int ROUNDS = 20_000;

    /** Takes stack traces of these goroutines without a pause. */
    private static final class Storm implements AutoCloseable {
        private final List<Thread> threads = new ArrayList<>();
        private final AtomicLong traces = new AtomicLong();
        private volatile boolean over;

        Storm(List<Goroutine> targets) {
            for (int i = 0; i < 2; i++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    while (!over) {
                        for (Goroutine g : targets) {
                            g.thread().getStackTrace();
                            traces.incrementAndGet();
                        }
                    }
                }));
            }
        }

        @Override
        public void close() {
            over = true;
            threads.forEach(Storm::join);
        }

        private static void join(Thread thread) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** Partners take turns; a run too many or too few breaks the lockstep. */
    private static final class Pair {
        final BinarySemaphore ping = new BinarySemaphore();
        final BinarySemaphore pong = new BinarySemaphore();
        final AtomicInteger turn = new AtomicInteger();
        final AtomicInteger outOfStep = new AtomicInteger();
        final AtomicInteger rounds = new AtomicInteger();

        void first() {
            for (int i = 0; i < ROUNDS; i++) {
                step(0);
                ping.release();
                pong.acquire(WaitReason.SEMACQUIRE);
            }
        }

        void second() {
            for (int i = 0; i < ROUNDS; i++) {
                ping.acquire(WaitReason.SEMACQUIRE);
                step(1);
                if (i % 16 == 0) {
                    Goroutine.goyield();
                }
                if (i % 64 == 0) {
                    Goroutine.gosched();
                }
                rounds.incrementAndGet();
                pong.release();
            }
        }

        private void step(int who) {
            if (!turn.compareAndSet(who, 1 - who)) {
                outOfStep.incrementAndGet();
            }
        }
    }

    @Test
    void parkingGoroutinesRunAsOftenAsTheyWereReadied() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(2)) {
            List<Pair> pairs = new ArrayList<>();
            List<Goroutine> all = new ArrayList<>();
            for (int i = 0; i < PAIRS; i++) {
                Pair pair = new Pair();
                pairs.add(pair);
                all.add(s.go(pair::first));
                all.add(s.go(pair::second));
            }
            try (Storm storm = new Storm(all)) {
                Waiting.until(s, "all pairs have ended", () -> pairs.stream().allMatch(p -> p.rounds.get() == ROUNDS));
                Waiting.until(s, "some traces", () -> storm.traces.get() > 100);
            }
            for (Pair pair : pairs) {
                assertEquals(0, pair.outOfStep.get());
            }
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }

    @Test
    void yieldingGoroutinesEndOnce() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(2)) {
            AtomicInteger ended = new AtomicInteger();
            int count = 0;
            for (int round = 0; round < 50; round++) {
                List<Goroutine> all = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    all.add(s.go(() -> {
                        for (int k = 0; k < 50; k++) {
                            if (k % 2 == 0) {
                                Goroutine.goyield();
                            } else {
                                Goroutine.gosched();
                            }
                        }
                        ended.incrementAndGet();
                    }));
                    count++;
                }
                int soFar = count;
                try (Storm _ = new Storm(all)) {
                    Waiting.until(s, "all have ended", () -> ended.get() == soFar);
                }
            }
            Quiet.afterEnd(s);
            log.assertNoErrors();
            assertEquals(count, s.stats().created());
        }
    }

    /** The JDK takes a waiting goroutine for one that yielded, and hands it over after a stack trace. */
    @Test
    void aStackTraceDoesNotWakeAWaitingGoroutine() {
        try (Scheduler s = Started.procs(2)) {
            BinarySemaphore never = new BinarySemaphore();
            AtomicInteger woken = new AtomicInteger();
            Goroutine g = s.go(() -> {
                never.acquire(WaitReason.CHAN_RECEIVE);
                woken.incrementAndGet();
            });
            Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
            Quiet.atRest(s);
            for (int i = 0; i < 1_000; i++) {
                StackTraceElement[] trace = g.thread().getStackTrace();
                assertEquals(true, trace.length > 2, "a stack");
            }
            assertEquals(0, woken.get());
            assertEquals(WaitReason.CHAN_RECEIVE, g.waitReason());
            never.release();
            Waiting.until(s, "it goes on", () -> woken.get() == 1);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void queuedGoroutinesRunOnceThoughTheirStacksAreTaken() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.unhurried(1)) {
            AtomicInteger runs = new AtomicInteger();
            AtomicInteger release = new AtomicInteger();
            List<Goroutine> parked = new ArrayList<>();
            List<BinarySemaphore> semaphores = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                semaphores.add(semaphore);
                parked.add(s.go(() -> {
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                    runs.incrementAndGet();
                }));
            }
            Waiting.until(s, "all wait", () -> parked.stream().allMatch(g -> g.state() == Goroutine.State.WAITING));
            s.go(() -> {
                semaphores.forEach(BinarySemaphore::release);
                release.set(1);
                Busy.until(() -> release.get() == 2); // they stay queued behind this one
            });
            Waiting.until(s, "all are queued", () -> release.get() == 1);
            for (int i = 0; i < 20; i++) {
                parked.forEach(g -> g.thread().getStackTrace());
            }
            assertEquals(50, s.stats().goroutines().runnable());
            release.set(2);
            Quiet.afterEnd(s);
            assertEquals(50, runs.get());
            log.assertNoErrors();
        }
    }
}
