package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Short bursts of work with a rest after each: at every rest all queues are empty, all Ps idle, nobody spins. It is the
 * moments when Ms go to sleep and are woken that lose wake-ups; full load hides them. Sysmon is off, or it
 * would put things right.
 */
@Timeout(300)
class WorkConservationStressTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void everyBurstEndsInACompleteRest(int procs) {
        long begin = System.nanoTime();
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.withoutSysmon(procs)) {
            SplittableRandom random = new SplittableRandom(procs);
            long created = 0;
            while (!StressTime.isOver(begin, StressTime.nanos(1_500))) {
                int burst = 1 + random.nextInt(3 * procs);
                AtomicInteger left = new AtomicInteger(burst);
                boolean nested = random.nextBoolean();
                int kind = random.nextInt(4);
                if (nested) {
                    s.go(() -> start(s, burst, kind, left));
                } else {
                    start(s, burst, kind, left);
                }
                created += burst + (nested ? 1 : 0);
                Waiting.until(s, "the burst is over", () -> left.get() == 0);
                Quiet.afterEnd(s);
            }
            assertEquals(created, s.stats().created());
            assertEquals(List.of(), Quiet.torn(s.sched()));
            log.assertNoErrors();
        }
    }

    private static void start(Scheduler s, int burst, int kind, AtomicInteger left) {
        for (int i = 0; i < burst; i++) {
            s.go(() -> {
                switch (kind) {
                    case 0 -> Goroutine.goyield();
                    case 1 -> Goroutine.gosched();
                    case 2 -> new BinarySemaphore().acquire(WaitReason.SLEEP, 30_000);
                    default -> Syscall.callBlocking(() -> null);
                }
                left.decrementAndGet();
            });
        }
    }
}
