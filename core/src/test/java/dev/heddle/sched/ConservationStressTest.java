package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Nothing is lost and nothing runs twice, while goroutines start others, wait for each other and for threads, yield,
 * sleep, make calls and compute, and while Ms are handed off all the time. Everything is counted twice and must agree;
 * what is lost is a hang, which fails with a dump.
 */
@Timeout(600)
class ConservationStressTest {
    /** What one run does and has counted. */
    private static final class Load {
        final Scheduler s;
        final long begin = System.nanoTime();
        final long nanos;
        final LongAdder started = new LongAdder();
        final LongAdder ended = new LongAdder();
        final LongAdder steps = new LongAdder();
        final AtomicInteger wrong = new AtomicInteger();
        final AtomicLong alive = new AtomicLong();
        final LinkedTransferQueue<BinarySemaphore> toThreads = new LinkedTransferQueue<>();
        volatile boolean threadsEnd;

        Load(Scheduler s, long nanos) {
            this.s = s;
            this.nanos = nanos;
        }

        boolean isOver() {
            return StressTime.isOver(begin, nanos);
        }

        /** A thread that wakes whoever asks for it. */
        void thread() {
            while (!threadsEnd) {
                BinarySemaphore semaphore = toThreads.poll();
                if (semaphore == null) {
                    LockSupport.parkNanos(50_000);
                } else {
                    semaphore.release();
                }
            }
        }

        void go(Runnable body) {
            started.increment();
            alive.incrementAndGet();
            s.go(() -> {
                body.run();
                ended.increment();
                alive.decrementAndGet();
            });
        }
    }

    /** A goroutine with a seed of its own that does one thing after the other. */
    private static final class Worker implements Runnable {
        private final Load load;
        private final SplittableRandom random;

        Worker(Load load, long seed) {
            this.load = load;
            this.random = new SplittableRandom(seed);
        }

        @Override
        public void run() {
            G self = G.current();
            while (!load.isOver()) {
                step(random.nextInt(100));
                load.steps.increment();
                if (G.current() != self || M.current().sched != load.s.sched()) {
                    load.wrong.incrementAndGet();
                }
            }
        }

        private void step(int what) {
            if (what < 30) {
                pingPong(1 + random.nextInt(8));
            } else if (what < 45) {
                children(1 + random.nextInt(6));
            } else if (what < 60) {
                Goroutine.goyield();
            } else if (what < 70) {
                Goroutine.gosched();
            } else if (what < 78) {
                byAThread();
            } else if (what < 84) {
                Syscall.call(() -> null);
            } else if (what < 88) {
                Syscall.callBlocking(() -> {
                    Busy.blockedNanos(1 + random.nextInt(50_000));
                    return null;
                });
            } else if (what < 90) {
                Syscall.call(() -> {
                    Busy.blockedNanos(1 + random.nextInt(100_000));
                    return null;
                });
            } else if (what < 93) {
                timeOut();
            } else if (what < 95) {
                sleeps();
            } else if (what < 98) {
                LockSupport.parkNanos(1 + random.nextInt(200_000));
            } else {
                stranger();
            }
            if (random.nextInt(2_000) == 0) {
                Busy.nanos(3_000_000); // a hog: the quantum is 1 ms
            }
        }

        /** Turns with a partner of its own; each turn must come exactly once. */
        private void pingPong(int turns) {
            BinarySemaphore ping = new BinarySemaphore();
            BinarySemaphore pong = new BinarySemaphore();
            int[] count = new int[1];
            load.go(() -> {
                for (int i = 0; i < turns; i++) {
                    ping.acquire(WaitReason.CHAN_RECEIVE);
                    count[0]++;
                    pong.release();
                }
            });
            for (int i = 1; i <= turns; i++) {
                ping.release();
                pong.acquire(WaitReason.CHAN_RECEIVE);
                if (count[0] != i || pong.tryAcquire()) {
                    load.wrong.incrementAndGet();
                }
            }
        }

        private void children(int number) {
            AtomicInteger left = new AtomicInteger(number);
            BinarySemaphore last = new BinarySemaphore();
            for (int i = 0; i < number; i++) {
                load.go(() -> {
                    if (left.decrementAndGet() == 0) {
                        last.release();
                    }
                });
            }
            last.acquire(WaitReason.WAITGROUP_WAIT);
            if (left.get() != 0) {
                load.wrong.incrementAndGet();
            }
        }

        private void byAThread() {
            BinarySemaphore semaphore = new BinarySemaphore();
            load.toThreads.add(semaphore);
            semaphore.acquire(WaitReason.IO_WAIT);
            if (semaphore.tryAcquire()) {
                load.wrong.incrementAndGet();
            }
        }

        private void timeOut() {
            BinarySemaphore semaphore = new BinarySemaphore();
            load.go(semaphore::release);
            if (!semaphore.acquire(WaitReason.SELECT, 1 + random.nextInt(20_000))) {
                semaphore.acquire(WaitReason.SELECT); // the release is still to come
            }
            if (semaphore.tryAcquire()) {
                load.wrong.incrementAndGet();
            }
        }

        private void sleeps() {
            try {
                if (random.nextBoolean()) {
                    Goroutine.sleep(Duration.ofNanos(1 + random.nextInt(500_000)));
                } else {
                    Thread.sleep(Duration.ofNanos(1 + random.nextInt(500_000)));
                }
            } catch (InterruptedException e) {
                load.wrong.incrementAndGet();
            }
        }

        private void stranger() {
            BinarySemaphore semaphore = new BinarySemaphore();
            Thread.startVirtualThread(() -> {
                LockSupport.parkNanos(1_000);
                semaphore.release();
            });
            semaphore.acquire(WaitReason.JOIN);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void everythingIsConserved(int procs) throws Exception {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.with(procs, config -> config.withQuantum(Duration.ofMillis(1)))) {
            Load load = new Load(s, StressTime.nanos(2_500));
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                threads.add(Thread.ofPlatform().daemon().start(load::thread));
            }
            for (int i = 0; i < 16 * procs; i++) {
                load.go(new Worker(load, i));
            }
            List<String> torn = new ArrayList<>();
            Waiting.until(s, "the time is over", () -> {
                torn.addAll(Quiet.torn(s.sched()));
                return load.isOver() || !torn.isEmpty();
            });
            assertEquals(List.of(), torn);
            Waiting.until(s, "all goroutines have ended", () -> load.alive.get() == 0);
            load.threadsEnd = true;
            Quiet.afterEnd(s);
            for (Thread thread : threads) {
                assertTrue(thread.join(Waiting.LIMIT));
            }
            assertEquals(0, load.wrong.get(), "goroutines that found something wrong");
            assertEquals(load.started.sum(), load.ended.sum());
            assertEquals(0, s.sched().allGs.liveUsers());
            assertTrue(s.stats().created() >= load.started.sum(), "strangers come on top");
            assertTrue(load.steps.sum() > 1_000, load.steps + " steps");
            assertTrue(s.stats().handoffs() > 0);
            log.assertNoErrors();
        }
    }

    /** Pure switching at full speed, with thieves: pairs and yields only, so that millions of switches fit in. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void millionsOfSwitches(int procs) {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(procs)) {
            long begin = System.nanoTime();
            long nanos = StressTime.nanos(2_000);
            int pairs = 8 * procs;
            LongAdder there = new LongAdder();
            LongAdder back = new LongAdder();
            AtomicInteger ended = new AtomicInteger();
            AtomicInteger wrong = new AtomicInteger();
            for (int i = 0; i < pairs; i++) {
                BinarySemaphore ping = new BinarySemaphore();
                BinarySemaphore pong = new BinarySemaphore();
                int[] turn = new int[1];
                int number = i;
                s.go(() -> {
                    for (int k = 0; !StressTime.isOver(begin, nanos); k++) {
                        turn[0]++;
                        there.increment();
                        ping.release();
                        if (k % 16 == number % 16) {
                            Goroutine.goyield();
                        }
                        pong.acquire(WaitReason.CHAN_SEND);
                        wrong.addAndGet(turn[0] % 2 == 0 ? 0 : 1);
                    }
                    turn[0] = -1;
                    ping.release();
                    ended.incrementAndGet();
                });
                s.go(() -> {
                    while (true) {
                        ping.acquire(WaitReason.CHAN_RECEIVE);
                        if (turn[0] == -1) {
                            break;
                        }
                        wrong.addAndGet(turn[0] % 2 == 1 ? 0 : 1);
                        turn[0]++;
                        back.increment();
                        pong.release();
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "all pairs have ended", () -> ended.get() == 2 * pairs);
            assertEquals(0, wrong.get());
            assertEquals(there.sum(), back.sum());
            assertTrue(there.sum() > 10_000, there + " turns");
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }
}
