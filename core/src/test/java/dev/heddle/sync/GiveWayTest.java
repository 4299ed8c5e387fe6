package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Operations that never have to wait are scheduling points all the same, when the slice is over. */
@Timeout(60)
class GiveWayTest {
    /** What a goroutine does in a loop, without ever having to wait. */
    enum Operation {
        CHANNEL {
            @Override
            Runnable make() {
                Chan<Integer> chan = new Chan<>(1);
                return () -> {
                    chan.send(1);
                    chan.receive();
                };
            }
        },
        SELECT {
            @Override
            Runnable make() {
                Chan<Integer> chan = new Chan<>(1);
                return () -> {
                    Select.of(Select.send(chan, 1)).await();
                    chan.tryReceive();
                };
            }
        },
        MUTEX {
            @Override
            Runnable make() {
                Mutex mutex = new Mutex();
                return () -> {
                    mutex.lock();
                    mutex.unlock();
                };
            }
        },
        RWMUTEX {
            @Override
            Runnable make() {
                RWMutex mutex = new RWMutex();
                return () -> {
                    mutex.readLock();
                    mutex.readUnlock();
                };
            }
        },
        SEMAPHORE {
            @Override
            Runnable make() {
                Semaphore semaphore = new Semaphore(1);
                return () -> {
                    semaphore.acquire(1);
                    semaphore.release(1);
                };
            }
        };

        abstract Runnable make();
    }

    /** Its P cannot be taken here. */
    @ParameterizedTest
    @EnumSource
    void aLoopGivesWay(Operation operation) throws Exception {
        SchedulerConfig config = SchedulerConfig.defaults().withProcs(1).withMaxHogs(0).withName("give-way");
        AtomicBoolean end = new AtomicBoolean();
        CountDownLatch begun = new CountDownLatch(1);
        try (Scheduler s = Scheduler.start(config)) {
            s.go("loop", () -> {
                Runnable once = operation.make();
                while (!end.get()) {
                    once.run();
                    begun.countDown();
                }
            });
            try {
                begun.await();
                CountDownLatch behind = new CountDownLatch(20);
                for (int i = 0; i < 20; i++) {
                    s.go(behind::countDown);
                }
                assertTrue(behind.await(20, TimeUnit.SECONDS), s::dump);
                assertEquals(0, s.stats().preemptions());
            } finally {
                end.set(true);
            }
            s.shutdown(Duration.ofSeconds(20));
        }
    }
}
