package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Lifetime.Waiter;
import dev.heddle.sched.TestScheduler;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Cancellation against everything that can happen at the same moment. */
@Timeout(600)
class ContextStressTest {
    private static final Duration FAR = Duration.ofHours(1);

    /** Children that come while the parent ends are told once each, by the parent or because it has ended. */
    @Test
    void everyChildIsToldOnce() throws Exception {
        int adders = 3;
        try (TestScheduler t = TestScheduler.procs(2)) {
            SplittableRandom random = new SplittableRandom(1);
            long end = System.nanoTime() + TestScheduler.stressNanos(1_000);
            while (System.nanoTime() < end) {
                CancellableContext parent = Context.background().withCancel();
                AtomicInteger told = new AtomicInteger();
                AtomicInteger added = new AtomicInteger();
                AtomicInteger finished = new AtomicInteger();
                int children = 1 + random.nextInt(20);
                for (int i = 0; i < adders; i++) {
                    t.scheduler.go(() -> {
                        for (int k = 0; k < children; k++) {
                            Waiter child = told::incrementAndGet;
                            if (!parent.scope.add(child)) {
                                told.incrementAndGet();
                            } else if (k % 4 == 3 && parent.scope.forget(child)) {
                                added.decrementAndGet();
                            }
                            added.incrementAndGet();
                        }
                        finished.incrementAndGet();
                    });
                }
                int spins = random.nextInt(2_000);
                while (spins-- > 0) {
                    Thread.onSpinWait();
                }
                parent.cancel();
                t.until("all have been added", () -> finished.get() == adders);
                assertEquals(added.get(), told.get());
                assertEquals(0, parent.scope.size());
            }
            t.atRest();
        }
    }

    /** Trees grow and are cut at random places while they are waited for; whoever waits below a cut is woken. */
    @Test
    void treesThatAreCutWhileTheyGrow() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            long end = System.nanoTime() + TestScheduler.stressNanos(1_000);
            AtomicInteger running = new AtomicInteger();
            CancellableContext root = Context.background().withCancel();
            for (int i = 0; i < 20; i++) {
                SplittableRandom random = new SplittableRandom(i);
                running.incrementAndGet();
                t.scheduler.go(() -> {
                    while (System.nanoTime() < end) {
                        CancellableContext top = root.withTimeout(Duration.ofNanos(1 + random.nextInt(300_000)));
                        Context bottom = top;
                        for (int depth = random.nextInt(5); depth > 0; depth--) {
                            bottom = random.nextBoolean() ? bottom.withCancel() : bottom.withTimeout(FAR);
                        }
                        Context waited = bottom;
                        t.scheduler.go(waited::awaitDone);
                        if (random.nextBoolean()) {
                            Goroutine.gosched();
                            top.cancel();
                        }
                        waited.awaitDone();
                    }
                    running.decrementAndGet();
                });
            }
            t.afterwards(end, "all have ended", () -> running.get() == 0);
            t.until("the root has forgotten all", () -> root.scope.size() == 0);
            t.until("no timer is left", () -> t.timers() == 0);
            t.atRest();
        }
    }

    /** A context with a timer that is made while its parent ends leaves no timer behind. */
    @Test
    void timersThatAreMadeWhileTheParentEnds() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            SplittableRandom random = new SplittableRandom(4);
            long end = System.nanoTime() + TestScheduler.stressNanos(1_000);
            while (System.nanoTime() < end) {
                CancellableContext parent = Context.background().withCancel();
                AtomicInteger made = new AtomicInteger();
                t.scheduler.go(() -> {
                    for (int i = 0; i < 20; i++) {
                        parent.withTimeout(FAR);
                        made.incrementAndGet();
                    }
                });
                int when = random.nextInt(20);
                while (made.get() < when) {
                    Thread.onSpinWait();
                }
                parent.cancel();
                t.until("all are made", () -> made.get() == 20);
                t.until("no timer is left", () -> t.timers() == 0);
            }
            t.atRest();
        }
    }

    /** A deadline against a completion at the same time: one reason wins, and everybody sees that one. */
    @Test
    void deadlineAgainstCompletion() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            int[] deadlines = new int[1];
            int[] closes = new int[1];
            long end = System.nanoTime() + TestScheduler.stressNanos(1_000);
            t.run(end, () -> {
                SplittableRandom random = new SplittableRandom(3);
                while (System.nanoTime() < end || deadlines[0] == 0 || closes[0] == 0) {
                    CancellableContext context = Context.current().withTimeout(Duration.ofNanos(20_000));
                    Context below = context.withCancel();
                    long until = System.nanoTime() + random.nextInt(60_000);
                    while (System.nanoTime() < until) {
                        Goroutine.gosched();
                    }
                    if (context.cancel()) {
                        closes[0]++;
                        assertEquals(CancelledException.class, below.err().getClass());
                    } else {
                        deadlines[0]++;
                        assertInstanceOf(DeadlineExceededException.class, context.err());
                        below.awaitDone();
                        assertInstanceOf(DeadlineExceededException.class, below.err());
                    }
                }
            });
            assertEquals(0, t.timers());
            t.atRest();
        }
    }
}
