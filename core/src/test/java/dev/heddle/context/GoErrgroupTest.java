package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The tests of {@code x/sync/errgroup} by name, with {@link TaskGroup}. There a group without a context goes on after a
 * failure, and the context ends with the wait; here a failure cancels the rest, and the context ends with the group. Not here:
 * TestTryGo (a fork waits for room).
 */
@Timeout(60)
class GoErrgroupTest {
    private static final IOException FIRST = new IOException("1");
    private static final IOException SECOND = new IOException("2");

    private final TestScheduler t = TestScheduler.procs(2);

    @AfterEach
    void close() {
        t.close();
    }

    private static List<IOException> tasks(IOException... failures) {
        return Arrays.asList(failures); // null is one that succeeds
    }

    private static void fork(TaskGroup group, IOException failure) {
        group.fork(() -> {
            if (failure != null) {
                throw failure;
            }
        });
    }

    private static void joins(TaskGroup group, IOException failure) throws InterruptedException {
        if (failure == null) {
            group.join();
        } else {
            assertSame(failure, assertThrows(TaskFailedException.class, group::join).getCause());
        }
    }

    /** Each wait says what failed first, whatever comes later. */
    @Test
    void zeroGroup() throws Exception {
        for (List<IOException> tasks :
                List.of(tasks(), tasks((IOException) null), tasks(FIRST), tasks(FIRST, null), tasks(FIRST, null, SECOND))) {
            t.run(() -> {
                try (TaskGroup group = TaskGroup.open()) {
                    joins(group, null);
                    IOException first = null;
                    for (IOException failure : tasks) {
                        fork(group, failure);
                        first = first == null ? failure : first;
                        joins(group, first);
                    }
                }
            });
        }
    }

    /** {@code TestWithContext} and {@code TestCancelCause}: the context ends, by the failure or with the group. */
    @Test
    void withContextAndCancelCause() throws Exception {
        for (List<IOException> tasks : List.of(tasks(), tasks((IOException) null), tasks(FIRST), tasks(FIRST, null))) {
            IOException failure = tasks.contains(FIRST) ? FIRST : null;
            t.run(() -> {
                Context context;
                try (TaskGroup group = TaskGroup.open()) {
                    context = group.context();
                    assertFalse(context.isDone());
                    tasks.forEach(each -> fork(group, each));
                    joins(group, failure);
                    assertEquals(failure != null, context.isDone());
                }
                assertTrue(context.done().isClosed());
                if (failure != null) {
                    assertSame(failure, context.cause());
                } else {
                    assertSame(CancelledException.class, context.cause().getClass());
                }
            });
        }
    }

    @Test
    void goLimit() throws Exception {
        int limit = 10;
        AtomicInteger active = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger ran = new AtomicInteger();
        t.run(() -> {
            try (TaskGroup group = TaskGroup.open().limit(limit)) {
                for (int i = 0; i < 1_000; i++) {
                    group.fork(() -> {
                        most.accumulateAndGet(active.incrementAndGet(), Math::max);
                        Goroutine.sleep(Duration.ofNanos(100_000)); // long enough for more to come, if they could
                        active.decrementAndGet();
                        ran.incrementAndGet();
                    });
                }
                group.join();
            }
        });
        assertTrue(most.get() <= limit, most + " at once");
        assertEquals(1_000, ran.get());
    }
}
