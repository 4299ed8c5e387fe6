package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Groups whose tasks return, fail, wait, come late and are cancelled at random moments: nothing is lost, nothing leaks. */
@Timeout(600)
class TaskGroupStressTest {
    private static final int OWNERS = 8;

    private final AtomicInteger bodies = new AtomicInteger();
    private final Map<Task.State, AtomicLong> outcomes = new EnumMap<>(Task.State.class);

    @Test
    void everyForkIsTakenOrCancelled() throws Exception {
        for (Task.State state : Task.State.values()) {
            outcomes.put(state, new AtomicLong());
        }
        try (TestScheduler t = TestScheduler.procs(2)) {
            long end = System.nanoTime() + TestScheduler.stressNanos(2_000);
            AtomicInteger running = new AtomicInteger(OWNERS);
            List<Throwable> wrong = new ArrayList<>();
            CancellableContext root = Context.background().withCancel();
            for (int i = 0; i < OWNERS; i++) {
                SplittableRandom random = new SplittableRandom(i);
                Runnable owner = () -> root.run(() -> {
                    try {
                        while (System.nanoTime() < end || !seenAll()) {
                            one(t, random);
                        }
                    } catch (Throwable e) {
                        synchronized (wrong) {
                            wrong.add(e);
                        }
                    } finally {
                        running.decrementAndGet();
                    }
                });
                if (i % 4 == 3) {
                    Thread.ofPlatform().start(owner);
                } else {
                    t.scheduler.go(owner);
                }
            }
            t.afterwards(end, "all owners have ended", () -> running.get() == 0);
            if (!wrong.isEmpty()) {
                throw new AssertionError(wrong.size() + " owners failed", wrong.getFirst());
            }
            assertEquals(0, bodies.get(), "bodies that still run");
            t.until("the root has forgotten all", () -> root.scope.size() == 0);
            t.until("no timer is left", () -> t.timers() == 0);
            t.atRest();
            assertEquals(0, outcomes.get(Task.State.RUNNING).get());
        }
    }

    private boolean seenAll() {
        return Stream.of(Task.State.SUCCEEDED, Task.State.FAILED, Task.State.CANCELLED)
                .allMatch(state -> outcomes.get(state).get() > 0);
    }

    private void one(TestScheduler t, SplittableRandom random) throws InterruptedException {
        List<Task<Integer>> tasks = new ArrayList<>();
        AtomicInteger mine = new AtomicInteger();
        boolean failed = false;
        boolean cancelled = false;
        try (CancellableContext context =
                Context.current().withTimeout(Duration.ofNanos(50_000 + random.nextInt(5_000_000)))) {
            TaskGroup open = context.call(() -> TaskGroup.open(t.scheduler));
            try (TaskGroup group = configured(open, random)) {
                for (int i = random.nextInt(12); i > 0; i--) {
                    tasks.add(fork(group, random.split(), mine, i));
                }
                if (random.nextInt(4) == 0) {
                    group.cancel();
                }
                if (random.nextInt(8) != 0) {
                    try {
                        group.join();
                    } catch (TaskFailedException e) {
                        failed = true;
                    } catch (CancelledException e) {
                        cancelled = true;
                    }
                    check(tasks, failed, cancelled, group.context().isLate());
                }
            }
        }
        assertEquals(0, mine.get(), "close has waited for all");
        for (Task<Integer> task : tasks) {
            outcomes.get(task.state()).incrementAndGet();
        }
    }

    private static TaskGroup configured(TaskGroup group, SplittableRandom random) {
        TaskGroup limited = random.nextBoolean() ? group.limit(1 + random.nextInt(4)) : group;
        return random.nextInt(3) == 0 ? limited.withoutInterrupts() : limited;
    }

    private Task<Integer> fork(TaskGroup group, SplittableRandom random, AtomicInteger mine, int n) {
        Task<Integer> task = group.fork(() -> {
            bodies.incrementAndGet();
            mine.incrementAndGet();
            try {
                switch (random.nextInt(10)) {
                    case 0 -> throw new IOException("expected by the test");
                    case 1 -> Goroutine.sleep(Duration.ofNanos(random.nextInt(1_000_000)));
                    case 2 -> Thread.sleep(1);
                    case 3 -> Context.current().awaitDone(Duration.ofNanos(random.nextInt(1_000_000)));
                    case 4 -> Goroutine.gosched();
                    default -> {}
                }
                return n;
            } finally {
                mine.decrementAndGet();
                bodies.decrementAndGet();
            }
        });
        return random.nextInt(4) == 0 ? task.within(Duration.ofNanos(random.nextInt(500_000)), n) : task;
    }

    /** What join said is what the tasks say, and every result is the right one. */
    private static void check(List<Task<Integer>> tasks, boolean failed, boolean cancelled, boolean late) {
        int n = tasks.size();
        boolean someFailed = false;
        boolean someCancelled = false;
        for (Task<Integer> task : tasks) {
            switch (task.state()) {
                case SUCCEEDED -> assertEquals(n, task.get());
                case FAILED -> someFailed = true;
                case CANCELLED -> someCancelled = true;
                default -> throw new AssertionError("a task without outcome after join");
            }
            n--;
        }
        assertEquals(someFailed, failed);
        boolean hadTo = !someFailed && someCancelled;
        boolean could = !someFailed && late;
        assertTrue(cancelled ? hadTo || could : !hadTo, () -> "join threw: " + cancelled + ", " + tasks);
    }
}
