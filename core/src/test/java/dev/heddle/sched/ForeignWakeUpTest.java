package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Everything of the JDK that blocks works inside goroutines, and what wakes them may be any thread. */
@Timeout(120)
class ForeignWakeUpTest {
    private static final int GOROUTINES = 50;
    private static final int ROUNDS = 200;

    /** Runs the body in many goroutines and waits for all. */
    private static void inMany(int procs, Body body) {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(procs)) {
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < GOROUTINES; i++) {
                int number = i;
                s.go(() -> {
                    try {
                        body.run(number);
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                    ended.incrementAndGet();
                });
            }
            Waiting.until(s, "all goroutines are through", () -> ended.get() == GOROUTINES);
            Quiet.afterEnd(s);
            log.assertNoErrors();
        }
    }

    private interface Body {
        void run(int number) throws Exception;
    }

    @Test
    void aThreadReleases() {
        try (Scheduler s = Started.procs(2)) {
            BlockingQueue<BinarySemaphore> queue = new ArrayBlockingQueue<>(GOROUTINES);
            int total = GOROUTINES * ROUNDS;
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    for (int i = 0; i < total; i++) {
                        queue.take().release();
                    }
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            AtomicInteger woken = new AtomicInteger();
            for (int i = 0; i < GOROUTINES; i++) {
                s.go(() -> {
                    BinarySemaphore semaphore = new BinarySemaphore();
                    for (int k = 0; k < ROUNDS; k++) {
                        queue.add(semaphore);
                        semaphore.acquire(WaitReason.SEMACQUIRE);
                        woken.incrementAndGet();
                    }
                });
            }
            Waiting.until(s, "all were woken each time", () -> woken.get() == total);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void threadSleep() {
        inMany(2, _ -> {
            for (int i = 0; i < 20; i++) {
                Thread.sleep(1);
            }
        });
    }

    @Test
    void timedParks() {
        inMany(2, number -> {
            for (int i = 0; i < ROUNDS; i++) {
                LockSupport.parkNanos(1 + number * 2_000L);
            }
        });
    }

    @Test
    void aReentrantLock() {
        ReentrantLock lock = new ReentrantLock();
        int[] count = new int[1];
        inMany(2, _ -> {
            for (int i = 0; i < ROUNDS; i++) {
                lock.lock();
                try {
                    count[0]++;
                    if (i % 10 == 0) {
                        Goroutine.goyield();
                    }
                } finally {
                    lock.unlock();
                }
            }
        });
        assertEquals(GOROUTINES * ROUNDS, count[0]);
    }

    @Test
    void aMonitor() {
        Object monitor = new Object();
        int[] count = new int[1];
        inMany(2, _ -> {
            for (int i = 0; i < ROUNDS; i++) {
                synchronized (monitor) {
                    count[0]++;
                    if (i % 10 == 0) {
                        Goroutine.goyield();
                    }
                }
            }
        });
        assertEquals(GOROUTINES * ROUNDS, count[0]);
    }

    @Test
    void waitAndNotify() {
        Object monitor = new Object();
        int[] turn = new int[1];
        inMany(2, number -> {
            for (int i = 0; i < 5; i++) {
                synchronized (monitor) {
                    while (turn[0] % GOROUTINES != number) {
                        monitor.wait(i % 2 == 0 ? 0 : 10_000);
                    }
                    turn[0]++;
                    monitor.notifyAll();
                }
            }
        });
        assertEquals(5 * GOROUTINES, turn[0]);
    }

    @Test
    void conditionsAndQueues() {
        SynchronousQueue<Integer> queue = new SynchronousQueue<>();
        AtomicInteger sum = new AtomicInteger();
        inMany(2, number -> {
            for (int i = 0; i < ROUNDS; i++) {
                if (number % 2 == 0) {
                    queue.put(1);
                } else {
                    Integer got = queue.poll(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS);
                    sum.addAndGet(got == null ? 0 : got);
                }
            }
        });
        assertEquals(GOROUTINES / 2 * ROUNDS, sum.get());
    }

    @Test
    void aConditionThatIsSignalledByAThread() {
        ReentrantLock lock = new ReentrantLock();
        Condition condition = lock.newCondition();
        try (Scheduler s = Started.procs(1)) {
            AtomicInteger woken = new AtomicInteger();
            for (int i = 0; i < GOROUTINES; i++) {
                s.go(() -> {
                    lock.lock();
                    try {
                        condition.awaitUninterruptibly();
                        woken.incrementAndGet();
                    } finally {
                        lock.unlock();
                    }
                });
            }
            Waiting.until(s, "all are woken", () -> {
                lock.lock();
                try {
                    condition.signalAll();
                } finally {
                    lock.unlock();
                }
                return woken.get() == GOROUTINES;
            });
            Quiet.afterEnd(s);
        }
    }

    @Test
    void futuresCompletedElsewhere() {
        inMany(2, number -> {
            int sum = 0;
            for (int i = 0; i < ROUNDS; i++) {
                int value = i;
                sum += CompletableFuture.supplyAsync(() -> value + number).join();
            }
            assertEquals(ROUNDS * (ROUNDS - 1) / 2 + ROUNDS * number, sum);
        });
    }

    @Test
    void aLatchForAll() {
        CountDownLatch latch = new CountDownLatch(GOROUTINES);
        inMany(1, _ -> {
            latch.countDown();
            latch.await();
        });
    }

    @Test
    void joinOfThreadsAndGoroutines() {
        try (Scheduler s = Started.procs(2)) {
            AtomicInteger joined = new AtomicInteger();
            for (int i = 0; i < GOROUTINES; i++) {
                s.go(() -> {
                    try {
                        Goroutine child = s.go(() -> LockSupport.parkNanos(100_000));
                        child.join();
                        Thread thread = Thread.ofPlatform().start(() -> {});
                        thread.join();
                        joined.addAndGet(child.state() == Goroutine.State.DEAD ? 1 : 0);
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
            }
            Waiting.until(s, "all have joined", () -> joined.get() == GOROUTINES);
            Quiet.afterEnd(s);
        }
    }
}
