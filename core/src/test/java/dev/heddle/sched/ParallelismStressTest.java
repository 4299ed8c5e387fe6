package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.jdk.Carrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Go's TestGoroutineParallelism and TestGoroutineParallelism2: as many goroutines as there are Ps take turns while each
 * keeps its P, so they get on only if all of them run at once. One runnable goroutine left beside an idle P is a hang.
 * This is how golang/go#45867 was found. Sysmon is off, or it would come to the rescue.
 */
@Timeout(300)
class ParallelismStressTest {
    private static final int LAPS = 3;

    /** Turns of a number of goroutines, which wait for their turn on their threads. */
    private static final class Race {
        final int runners;
        final AtomicInteger turn = new AtomicInteger();
        final AtomicInteger ended = new AtomicInteger();

        Race(int runners) {
            this.runners = runners;
        }

        void run(int number) {
            for (int lap = 0; lap < LAPS; lap++) {
                int mine = runners * lap + number;
                for (int i = 0; turn.get() != mine; i++) {
                    if (i < 200) {
                        Thread.onSpinWait();
                    } else {
                        Carrier.parkCarrier(20_000); // the P stays: fewer processors than Ps must do
                        if (ended.get() < 0) {
                            return;
                        }
                    }
                }
                turn.incrementAndGet();
            }
            ended.incrementAndGet();
        }

        void await(Scheduler s, int round) {
            try {
                Waiting.until(s, "all run at once, round " + round, () -> ended.get() == runners);
            } catch (AssertionError e) {
                ended.set(Integer.MIN_VALUE);
                throw e;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void startedFromOutside(int procs) {
        long begin = System.nanoTime();
        try (Scheduler s = Started.withoutSysmon(procs)) {
            int round = 0;
            while (!StressTime.isOver(begin, StressTime.nanos(800))) {
                Race race = new Race(procs);
                for (int i = 0; i < procs; i++) {
                    int number = i;
                    s.go(() -> race.run(number));
                }
                race.await(s, ++round);
            }
            Quiet.afterEnd(s);
            assertTrue(round > 10, round + " rounds");
        }
    }

    /** Started by goroutines, and after Ms have begun to park. */
    @ParameterizedTest
    @CsvSource({"2,false", "2,true", "4,false", "4,true", "8,true"})
    void startedByGoroutines(int procs, boolean load) {
        long begin = System.nanoTime();
        try (Scheduler s = Started.withoutSysmon(procs)) {
            int round = 0;
            while (!StressTime.isOver(begin, StressTime.nanos(800))) {
                if (load) {
                    Race warmUp = new Race(procs);
                    for (int i = 0; i < procs; i++) {
                        int number = i;
                        s.go(() -> warmUp.run(number));
                    }
                    warmUp.await(s, ++round);
                }
                Race race = new Race(procs);
                for (int i = 0; i < procs / 2; i++) {
                    int number = i;
                    s.go(() -> {
                        s.go(() -> race.run(2 * number));
                        s.go(() -> race.run(2 * number + 1));
                    });
                }
                race.await(s, ++round);
            }
            Quiet.afterEnd(s);
        }
    }

    /** Woken instead of started: from a thread, from goroutines, and by timers. */
    @ParameterizedTest
    @ValueSource(strings = {"thread", "goroutine", "timer"})
    void wokenBy(String who) {
        int procs = 4;
        long begin = System.nanoTime();
        try (Scheduler s = Started.withoutSysmon(procs)) {
            int round = 0;
            while (!StressTime.isOver(begin, StressTime.nanos(800))) {
                Race race = new Race(procs);
                BinarySemaphore[] semaphores = new BinarySemaphore[procs];
                for (int i = 0; i < procs; i++) {
                    BinarySemaphore semaphore = new BinarySemaphore();
                    semaphores[i] = semaphore;
                    int number = i;
                    long time = who.equals("timer") ? 500_000 : Long.MAX_VALUE;
                    s.go(() -> {
                        semaphore.acquire(WaitReason.SEMACQUIRE, time);
                        race.run(number);
                    });
                }
                if (who.equals("thread")) {
                    release(semaphores);
                } else if (who.equals("goroutine")) {
                    s.go(() -> release(semaphores));
                }
                race.await(s, ++round);
            }
            Quiet.afterEnd(s);
        }
    }

    private static void release(BinarySemaphore[] semaphores) {
        for (BinarySemaphore semaphore : semaphores) {
            semaphore.release();
        }
    }

    /** Back from calls: each must get a P again, though the others hold on to theirs. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void backFromCalls(int procs) {
        long begin = System.nanoTime();
        try (Scheduler s = Started.unhurried(procs)) {
            int round = 0;
            while (!StressTime.isOver(begin, StressTime.nanos(800))) {
                Race race = new Race(procs);
                for (int i = 0; i < procs; i++) {
                    int number = i;
                    s.go(() -> {
                        Syscall.callBlocking(() -> {
                            Carrier.parkCarrier(1 + number * 30_000L);
                            return null;
                        });
                        Syscall.call(() -> {
                            Carrier.parkCarrier(1 + number * 30_000L);
                            return null;
                        });
                        race.run(number);
                    });
                }
                race.await(s, ++round);
            }
            Quiet.afterEnd(s);
            assertEquals(2L * procs * round, s.stats().syscalls());
        }
    }
}
