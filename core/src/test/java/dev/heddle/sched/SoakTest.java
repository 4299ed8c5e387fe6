package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/**
 * Everything at once for as long as {@code -Dheddle.soak.seconds} says: goroutines of three schedulers start others,
 * yield, wait for each other across schedulers and for threads, sleep by our timers and by the JDK's, contend for locks,
 * make declared calls and undeclared ones, start strangers and compute for longer than the quantum, while somebody takes
 * stack traces, figures and dumps. Between rounds everything comes to rest, and every invariant is checked; what is lost
 * is a hang, which fails with a dump. The seed is printed when a round fails.
 */
class SoakTest {
    private static final long SECONDS = Long.getLong("heddle.soak.seconds", 4);
    private static final long SEED = Long.getLong("heddle.soak.seed", System.nanoTime());

    /** Of goroutines started from outside in one round, for each scheduler. */
    private static final int ROOTS = 40;

    /** Operations of one goroutine. */
    private static final int STEPS = 60;

    private final List<Scheduler> schedulers = new ArrayList<>();
    private final LongAdder started = new LongAdder();
    private final LongAdder ended = new LongAdder();
    private final LongAdder strangersStarted = new LongAdder();
    private final LongAdder strangersEnded = new LongAdder();
    private final LongAdder permits = new LongAdder();
    private final LongAdder taken = new LongAdder();
    private final LongAdder contentions = new LongAdder();
    private final LongAdder steps = new LongAdder();
    private final LinkedTransferQueue<BinarySemaphore> forThreads = new LinkedTransferQueue<>();
    /** Some goroutines of now, whose stack traces may be taken. */
    private final AtomicReferenceArray<Goroutine> some = new AtomicReferenceArray<>(64);

    private final ReentrantLock lock = new ReentrantLock();
    private final Object monitor = new Object();
    private long underLock;
    private long underMonitor;
    private volatile boolean over;
    /** What did not hold at some moment, or null. */
    private volatile String seenTorn;

    @Test
    void everythingAtOnce() throws InterruptedException {
        for (int procs : new int[] {1, 2, 4}) {
            schedulers.add(Started.with(procs, config -> config.withQuantum(Duration.ofMillis(2))
                    .withSpareKeepAlive(Duration.ofMillis(5)).withMaxHogs(2)));
        }
        List<Thread> threads = List.of(thread(this::release), thread(this::release), thread(this::look));
        SplittableRandom seeds = new SplittableRandom(SEED);
        long begin = System.nanoTime();
        long rounds = 0;
        try {
            do {
                round(seeds.split());
                rounds++;
            } while (System.nanoTime() - begin < SECONDS * 1_000_000_000L);
        } catch (AssertionError e) {
            throw new AssertionError("round " + rounds + " of -Dheddle.soak.seed=" + SEED + ": " + e.getMessage(), e);
        } finally {
            over = true;
            for (Thread thread : threads) {
                thread.join();
            }
            schedulers.forEach(Scheduler::close);
        }
        System.out.printf("soak: %d rounds, %d goroutines, %d strangers, %d operations in %.1f s%n",
                rounds, started.sum(), strangersStarted.sum(), steps.sum(), (System.nanoTime() - begin) / 1e9);
    }

    private static Thread thread(Runnable body) {
        return Thread.ofPlatform().name("soak").daemon(true).start(body);
    }

    private void round(SplittableRandom random) {
        long[] ticks = schedulers.stream().mapToLong(SoakTest::ticks).toArray();
        for (Scheduler scheduler : schedulers) {
            for (int i = 0; i < ROOTS; i++) {
                go(scheduler, random.split(), 2);
            }
        }
        for (Scheduler scheduler : schedulers) {
            Quiet.afterEnd(scheduler);
        }
        Waiting.until(schedulers.getFirst(), "started " + started + ", ended " + ended, () -> started.sum() == ended.sum());
        assertEquals(strangersStarted.sum(), strangersEnded.sum(), "strangers");
        assertEquals(permits.sum(), taken.sum(), "permits given and taken");
        assertMutualExclusion();
        assertNull(seenTorn);
        long created = 0;
        for (int i = 0; i < ticks.length; i++) {
            assertTrue(ticks(schedulers.get(i)) > ticks[i], "slices are counted");
            SchedulerStats stats = schedulers.get(i).stats();
            created += stats.created();
            assertEquals(0, stats.goroutines().total());
            assertEquals(0, stats.globalQueueDepth());
        }
        assertEquals(started.sum() + strangersStarted.sum(), created, "created");
    }

    private void assertMutualExclusion() {
        lock.lock();
        try {
            assertEquals(contentions.sum(), underLock, "under the lock");
        } finally {
            lock.unlock();
        }
        synchronized (monitor) {
            assertEquals(contentions.sum(), underMonitor, "under the monitor");
        }
    }

    private static long ticks(Scheduler scheduler) {
        return Arrays.stream(scheduler.sched().procs).mapToLong(p -> p.schedtick).sum();
    }

    private void go(Scheduler scheduler, SplittableRandom random, int generations) {
        started.increment();
        Goroutine g = scheduler.go(() -> {
            perform(random, generations);
            ended.increment();
        });
        some.set((int) (g.id() % some.length()), g);
    }

    private void perform(SplittableRandom random, int generations) {
        try {
            for (int i = random.nextInt(STEPS); i >= 0; i--) {
                step(random, generations);
                steps.increment();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e); // nobody interrupts
        }
    }

    private void step(SplittableRandom random, int generations) throws InterruptedException {
        long nanos = random.nextInt(1, 200_000);
        switch (random.nextInt(20)) {
            case 0, 1 -> Goroutine.gosched();
            case 2 -> Goroutine.goyield();
            case 3, 4 -> child(random, generations);
            case 5 -> wokenBy(any(random), random);
            case 6 -> wokenByThread();
            case 7 -> timedOut(nanos);
            case 8 -> Goroutine.sleep(Duration.ofNanos(nanos));
            case 9 -> Thread.sleep(Duration.ofNanos(nanos));
            case 10 -> Syscall.call(() -> blocked(nanos));
            case 11 -> Syscall.callBlocking(() -> blocked(nanos));
            case 12 -> blocked(random.nextInt(50) == 0 ? 4_000_000 : nanos);
            case 13 -> Busy.nanos(random.nextInt(60) == 0 ? 6_000_000 : nanos / 4);
            case 14 -> stranger(nanos);
            case 15 -> contend();
            case 16 -> parkedByTheJdk(any(random));
            default -> Busy.nanos(nanos / 50);
        }
    }

    private Scheduler any(SplittableRandom random) {
        return schedulers.get(random.nextInt(schedulers.size()));
    }

    private void child(SplittableRandom random, int generations) {
        if (generations > 0) {
            go(random.nextInt(8) == 0 ? any(random) : Scheduler.current(), random.split(), generations - 1);
        }
    }

    /** Ready across Ps and schedulers: a goroutine somewhere releases what this one waits for. */
    private void wokenBy(Scheduler other, SplittableRandom random) {
        BinarySemaphore semaphore = new BinarySemaphore();
        started.increment();
        boolean late = random.nextBoolean();
        other.go(() -> {
            if (late) {
                Goroutine.gosched();
            }
            permits.increment();
            semaphore.release();
            ended.increment();
        });
        semaphore.acquire(WaitReason.SEMACQUIRE);
        taken.increment();
    }

    private void wokenByThread() {
        BinarySemaphore semaphore = new BinarySemaphore();
        forThreads.add(semaphore);
        semaphore.acquire(WaitReason.SEMACQUIRE);
        taken.increment();
    }

    /** A time-out beside a release: either may win, and the permit is there once. */
    private void timedOut(long nanos) {
        BinarySemaphore semaphore = new BinarySemaphore();
        forThreads.add(semaphore);
        if (!semaphore.acquire(WaitReason.SEMACQUIRE, nanos)) {
            semaphore.acquire(WaitReason.SEMACQUIRE);
        }
        taken.increment();
    }

    private static Void blocked(long nanos) {
        Busy.blockedNanos(nanos);
        return null;
    }

    private void stranger(long nanos) throws InterruptedException {
        strangersStarted.increment();
        Thread.startVirtualThread(() -> {
            LockSupport.parkNanos(nanos);
            Thread.yield();
            strangersEnded.increment();
        }).join();
    }

    private void contend() {
        contentions.increment();
        lock.lock();
        try {
            underLock++;
            Thread.yield();
        } finally {
            lock.unlock();
        }
        synchronized (monitor) {
            underMonitor++;
        }
    }

    private void parkedByTheJdk(Scheduler other) {
        Thread me = Thread.currentThread();
        boolean[] woken = new boolean[1];
        started.increment();
        other.go(() -> {
            synchronized (woken) {
                woken[0] = true;
            }
            LockSupport.unpark(me);
            ended.increment();
        });
        while (true) {
            synchronized (woken) {
                if (woken[0]) {
                    return;
                }
            }
            LockSupport.park(this);
        }
    }

    /** A thread that wakes whoever asks for it. */
    private void release() {
        while (!over) {
            BinarySemaphore semaphore = forThreads.poll();
            if (semaphore == null) {
                LockSupport.parkNanos(20_000);
            } else {
                permits.increment();
                semaphore.release();
            }
        }
    }

    /** A thread that looks: at stacks, figures and dumps, and at what must hold at any moment. */
    private void look() {
        SplittableRandom random = new SplittableRandom(SEED);
        while (!over) {
            Scheduler scheduler = any(random);
            Goroutine g = some.get(random.nextInt(some.length()));
            if (g != null) {
                g.thread().getStackTrace();
            }
            switch (random.nextInt(40)) {
                case 0 -> scheduler.dump();
                case 1 -> scheduler.stats();
                default -> {
                    List<String> torn = Quiet.torn(scheduler.sched());
                    if (!torn.isEmpty()) {
                        seenTorn = torn.toString();
                    }
                }
            }
            LockSupport.parkNanos(100_000);
        }
    }
}
