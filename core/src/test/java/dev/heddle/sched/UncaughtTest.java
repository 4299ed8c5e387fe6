package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a goroutine throws ends that goroutine, and somebody learns of it. */
@Timeout(60)
class UncaughtTest {
    @Test
    void itIsLoggedOnceWithNumberAndCreator() throws Exception {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.procs(2)) {
            long[] ids = Started.call(s, () -> {
                Goroutine failing = s.go("failing", () -> {
                    throw new IllegalStateException("on purpose");
                });
                failing.join();
                return new long[] {failing.id(), Goroutine.current().id()};
            });
            assertEquals(1, log.messages(Level.ERROR).size());
            String message = log.messages(Level.ERROR).getFirst();
            assertTrue(message.contains("goroutine " + ids[0] + " \"failing\""), message);
            assertTrue(message.endsWith("created by goroutine " + ids[1]), message);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aHandlerLearnsOfItInstead() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(2)) {
            Map<Goroutine, Throwable> seen = new ConcurrentHashMap<>();
            s.uncaughtExceptionHandler((g, e) -> {
                assertSame(Goroutine.current(), g);
                seen.put(g, e);
            });
            Error error = new Error("on purpose");
            Goroutine failing = s.go(() -> {
                throw error;
            });
            Quiet.afterEnd(s);
            assertEquals(Map.of(failing, error), seen);
            log.assertNoErrors();
        }
    }

    /** Go's TestPanicDeadlockGosched and TestPanicDeadlockSyscall: on its way out it yields, waits, and makes a call. */
    @Test
    void panicDeadlock() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = Started.procs(1)) {
            AtomicReference<Throwable> seen = new AtomicReference<>();
            s.uncaughtExceptionHandler((_, e) -> seen.set(e));
            IllegalStateException failure = new IllegalStateException("on purpose");
            BinarySemaphore semaphore = new BinarySemaphore();
            s.go(() -> {
                try {
                    throw failure;
                } finally {
                    Goroutine.gosched();
                    Syscall.call(() -> null);
                    Syscall.callBlocking(() -> null);
                    s.go(semaphore::release);
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                }
            });
            Quiet.afterEnd(s);
            assertSame(failure, seen.get());
            log.assertNoErrors();
        }
    }

    @Test
    void aHandlerThatThrowsIsLoggedWithWhatItWasToldOf() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.procs(1)) {
            s.uncaughtExceptionHandler((_, e) -> {
                if (e instanceof IllegalStateException) {
                    throw new IllegalArgumentException("of the handler");
                }
                throw (Error) e;
            });
            s.go(() -> {
                throw new IllegalStateException("on purpose");
            });
            Quiet.afterEnd(s);
            s.go(() -> {
                throw new Error("thrown on");
            });
            Quiet.afterEnd(s);
            assertEquals(2, log.events().size());
            assertEquals(
                    "of the handler",
                    log.events().get(0).getThrowableProxy().getSuppressed()[0].getMessage());
            assertEquals("thrown on", log.events().get(1).getThrowableProxy().getMessage());
        }
    }

    /** As for any thread; libraries that are given a factory of threads set one. */
    @Test
    void theHandlerOfTheThreadComesFirst() throws Exception {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.procs(1)) {
            s.uncaughtExceptionHandler((g, e) -> {
                throw new AssertionError("not asked");
            });
            Map<Thread, String> seen = new ConcurrentHashMap<>();
            Thread.UncaughtExceptionHandler handler = (thread, e) -> seen.put(thread, e.getMessage());
            Thread made = s.threadFactory("made").newThread(() -> {
                throw new IllegalStateException("in the library");
            });
            made.setUncaughtExceptionHandler(handler);
            made.start();
            Goroutine own = s.go(() -> {
                Thread.currentThread().setUncaughtExceptionHandler(handler);
                throw new IllegalStateException("in the body");
            });
            Quiet.afterEnd(s);
            assertEquals(Map.of(made, "in the library", own.thread(), "in the body"), seen);
            log.assertNoErrors();
            s.go(() -> {
                Thread.currentThread().setUncaughtExceptionHandler((_, _) -> {
                    throw new IllegalArgumentException("of the handler");
                });
                throw new IllegalStateException("on purpose");
            });
            Quiet.afterEnd(s);
            assertEquals(
                    "of the handler",
                    log.events().getFirst().getThrowableProxy().getSuppressed()[0].getMessage());
        }
    }

    /** No M is lost, whatever is thrown. */
    @Test
    void manyFailuresLeaveTheSchedulerWhole() {
        try (Scheduler s = Started.procs(2)) {
            s.uncaughtExceptionHandler((_, _) -> {});
            for (int i = 0; i < 10_000; i++) {
                s.go(() -> {
                    throw new OutOfMemoryError("not really");
                });
            }
            Quiet.afterEnd(s);
            assertEquals(10_000, s.stats().created());
        }
    }
}
