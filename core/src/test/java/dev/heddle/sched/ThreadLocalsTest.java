package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.context.Task;
import dev.heddle.context.TaskGroup;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ThreadLocalsTest {
    private static final ThreadLocal<String> SPAN = new ThreadLocal<>();
    private static final ThreadLocal<String> USER = new ThreadLocal<>();

    private static List<String> mine() {
        return Arrays.asList(SPAN.get(), USER.get());
    }

    /** What a child of a goroutine sees that has set the first of two. */
    private static List<String> ofChild(Scheduler s) throws Exception {
        return Started.call(s, () -> {
            SPAN.set("span");
            AtomicReference<List<String>> seen = new AtomicReference<>();
            s.go(() -> {
                seen.set(mine());
                SPAN.set("changed");
            }).join();
            assertEquals("span", SPAN.get(), "each has its own");
            return seen.get();
        });
    }

    @Test
    void aGoroutineBeginsWithWhatItsCreatorHandsDown() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            assertEquals(Arrays.asList(null, null), ofChild(s));
            ThreadLocals.Registration span = ThreadLocals.handDown(SPAN::get, SPAN::set);
            try (ThreadLocals.Registration user = ThreadLocals.handDown(USER::get, USER::set)) {
                assertEquals(Arrays.asList("span", null), ofChild(s));
            } finally {
                span.close();
            }
            assertEquals(Arrays.asList(null, null), ofChild(s));
        }
    }

    @Test
    void soDoesATaskAndTheGoroutineOfAThread() throws Exception {
        SPAN.set("span");
        try (Scheduler s = Started.procs(2);
                ThreadLocals.Registration span = ThreadLocals.handDown(SPAN::get, SPAN::set)) {
            String ofTask = Started.call(s, () -> {
                try (TaskGroup group = TaskGroup.open()) {
                    Task<String> task = group.fork(SPAN::get);
                    group.join();
                    return task.get();
                }
            });
            assertEquals("span", ofTask);
        } finally {
            SPAN.remove();
        }
    }

    @Test
    void whatTheFunctionsThrowMeetsWhoCalledThem() throws Exception {
        IllegalStateException broken = new IllegalStateException("broken");
        try (Scheduler s = Started.procs(1)) {
            try (ThreadLocals.Registration span = ThreadLocals.handDown(() -> { throw broken; }, SPAN::set)) {
                assertSame(broken, assertThrows(IllegalStateException.class, () -> s.go(() -> {})));
            }
            AtomicReference<String> ran = new AtomicReference<>();
            try (ThreadLocals.Registration span = ThreadLocals.handDown(() -> "span", value -> { throw broken; })) {
                s.go(() -> ran.set("ran")).join();
            }
            assertNull(ran.get());
            Quiet.afterEnd(s);
        }
    }
}
