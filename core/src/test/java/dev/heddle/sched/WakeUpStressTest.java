package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.jdk.Carrier;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Work comes just when those who look for it give up. Whoever submits keeps its P until the work is done, so somebody
 * else must do it: a wake-up lost between the two sides is a hang. The pauses are random and about as long as a search
 * for work takes, to hit that moment often. Sysmon is off, or it would come to the rescue.
 */
@Timeout(300)
class WakeUpStressTest {
    private static final int PAUSE_NANOS = 12_000;

    /** Rounds until the time is over; a round begins when all the work of the one before it is done. */
    private abstract static class Rounds {
        final SplittableRandom random = new SplittableRandom(11);
        final long begin = System.nanoTime();
        final AtomicInteger left = new AtomicInteger();
        final AtomicLong count = new AtomicLong();
        final AtomicBoolean over = new AtomicBoolean();
        final int most;

        Rounds(int most) {
            this.most = most;
        }

        abstract void submit(int number);

        void run() {
            while (!StressTime.isOver(begin, StressTime.nanos(1_000))) {
                int batch = 1 + random.nextInt(most);
                left.set(batch);
                for (int i = 0; i < batch; i++) {
                    submit(i);
                    Busy.nanos(random.nextInt(PAUSE_NANOS / 4));
                }
                awaitAll();
                Busy.nanos(random.nextInt(PAUSE_NANOS));
                count.incrementAndGet();
            }
            over.set(true);
        }

        private void awaitAll() {
            long since = System.nanoTime();
            for (int i = 0; left.get() != 0; i++) {
                if (i < 300) {
                    Thread.onSpinWait();
                } else {
                    Carrier.parkCarrier(20_000); // keeps the P, but not the processor
                    assertTrue(System.nanoTime() - since < 2 * Waiting.LIMIT.toNanos(), "nobody did the work");
                }
            }
        }

        void check(Scheduler s) {
            Waiting.until(s, "all rounds are over", over::get);
            assertTrue(count.get() > 10, count + " rounds");
        }
    }

    private static void work(AtomicInteger left, int number) {
        Busy.nanos(number * 700L);
        left.decrementAndGet();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void startedByAGoroutineThatKeepsItsP(int procs) {
        try (Scheduler s = Started.withoutSysmon(procs)) {
            Rounds rounds = new Rounds(Math.min(procs, 5) - 1) {
                @Override
                void submit(int number) {
                    s.go(() -> work(left, number));
                }
            };
            s.go(rounds::run);
            rounds.check(s);
            Quiet.afterEnd(s);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void wokenByAGoroutineThatKeepsItsP(int procs) {
        try (Scheduler s = Started.withoutSysmon(procs)) {
            Rounds rounds = woken(s, Math.min(procs, 5) - 1);
            s.go(rounds::run);
            rounds.check(s);
            Waiting.until(s, "all have ended", () -> s.sched().allGs.live() == 0);
            Quiet.atRest(s);
        }
    }

    /** By a thread without a P: into the inbox of the P that each ran on last, idle or busy. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void wokenByAThread(int procs) {
        try (Scheduler s = Started.withoutSysmon(procs)) {
            Rounds rounds = woken(s, procs);
            Thread.ofPlatform().daemon().start(rounds::run);
            rounds.check(s);
            Waiting.until(s, "all have ended", () -> s.sched().allGs.live() == 0);
            Quiet.atRest(s);
        }
    }

    /** The same while one P computes all the time: what lies in its inbox must be taken from there. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void wokenByAThreadBesideABusyP(int procs) {
        try (Scheduler s = Started.withoutSysmon(procs)) {
            Rounds rounds = woken(s, procs);
            AtomicBoolean busy = new AtomicBoolean();
            s.go(() -> {
                busy.set(true);
                Busy.blockedUntil(rounds.over::get);
            });
            Waiting.until(s, "a P is busy", busy::get);
            Thread.ofPlatform().daemon().start(rounds::run);
            rounds.check(s);
            Waiting.until(s, "all have ended", () -> s.sched().allGs.live() == 0);
            Quiet.atRest(s);
        }
    }

    /** Goroutines that each wait for their semaphore, do a little, and wait again. */
    private static Rounds woken(Scheduler s, int goroutines) {
        BinarySemaphore[] semaphores = new BinarySemaphore[goroutines];
        Rounds rounds = new Rounds(goroutines) {
            @Override
            void submit(int number) {
                semaphores[number].release();
            }

            @Override
            void run() {
                super.run();
                for (BinarySemaphore semaphore : semaphores) {
                    semaphore.release();
                }
            }
        };
        for (int i = 0; i < goroutines; i++) {
            BinarySemaphore semaphore = new BinarySemaphore();
            semaphores[i] = semaphore;
            int number = i;
            s.go(() -> {
                while (true) {
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                    if (rounds.over.get()) {
                        return;
                    }
                    work(rounds.left, number);
                }
            });
        }
        return rounds;
    }
}
