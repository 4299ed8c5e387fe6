package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.context.CancellableContext;
import dev.heddle.context.Context;
import dev.heddle.context.Task;
import dev.heddle.context.TaskGroup;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Cond;
import dev.heddle.sync.Mutex;
import dev.heddle.sync.RWMutex;
import dev.heddle.sync.Select;
import dev.heddle.sync.Semaphore;
import dev.heddle.sync.WaitGroup;
import dev.heddle.time.Ticker;
import dev.heddle.time.Time;
import dev.heddle.time.Timer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every public method that takes a duration takes any: one of more than 292 years is as good as for ever. */
@Timeout(120)
class DurationsTest {
    private static final Duration LONGEST = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
    private static final Duration SHORTEST = Duration.ofSeconds(Long.MIN_VALUE);

    /** Calls a method; true if what it waits for has come. */
    @FunctionalInterface
    private interface Call {
        boolean with(Duration duration) throws Exception;
    }

    /** A method that waits, and what ends the wait; null if it does not wait. */
    private record Case(String method, Call call, Call end) {}

    private static Call ended(Runnable action) {
        return _ -> {
            action.run();
            return true;
        };
    }

    private static List<Case> waits() {
        Chan<Integer> sent = new Chan<>();
        Chan<Integer> received = new Chan<>();
        Chan<Integer> selected = new Chan<>();
        Mutex mutex = new Mutex();
        mutex.lock();
        RWMutex write = new RWMutex();
        write.lock();
        RWMutex read = new RWMutex();
        read.lock();
        Semaphore semaphore = new Semaphore(1);
        semaphore.tryAcquire(1);
        WaitGroup group = new WaitGroup();
        group.add(1);
        Mutex condMutex = new Mutex();
        Cond cond = new Cond(condMutex);
        CancellableContext context = Context.background().withCancel();
        BinarySemaphore goroutine = new BinarySemaphore();
        Scheduler other = Started.procs(1);
        Goroutine joined = other.go(() -> goroutine.acquire(WaitReason.CHAN_RECEIVE));
        return List.of(
                new Case("Chan.send", d -> sent.send(1, d), ended(sent::receive)),
                new Case("Chan.receive", d -> received.receive(d) != null, ended(() -> received.send(1))),
                new Case("Select.await", d -> Select.of(Select.receive(selected)).await(d) == 0, ended(selected::close)),
                new Case("Mutex.tryLock", mutex::tryLock, ended(mutex::unlock)),
                new Case("RWMutex.tryLock", write::tryLock, ended(write::unlock)),
                new Case("RWMutex.tryReadLock", read::tryReadLock, ended(read::unlock)),
                new Case("Semaphore.tryAcquire", d -> semaphore.tryAcquire(1, d), ended(() -> semaphore.release(1))),
                new Case("WaitGroup.await", group::await, ended(group::done)),
                new Case(
                        "Cond.await",
                        d -> {
                            condMutex.lock();
                            try {
                                return cond.await(d);
                            } finally {
                                condMutex.unlock();
                            }
                        },
                        ended(cond::signal)),
                new Case("Context.awaitDone", context::awaitDone, ended(context::cancel)),
                new Case("Goroutine.join", joined::join, ended(goroutine::release)),
                new Case("Scheduler.shutdown", d -> d == LONGEST && other.shutdown(d), ended(() -> {})));
    }

    private static List<Case> others(Scheduler s) {
        return List.of(
                new Case("FlightRecorder.start", d -> {
                    s.flightRecorder().start(d, 1 << 20);
                    s.flightRecorder().stop();
                    return true;
                }, null),
                new Case("Scheduler.schedtrace", d -> {
                    s.schedtrace(d, false, _ -> {});
                    s.schedtrace(Duration.ZERO, false, _ -> {});
                    return true;
                }, null),
                new Case("Goroutine.sleep", d -> {
                    if (d == LONGEST) {
                        Thread.currentThread().interrupt();
                        try {
                            Goroutine.sleep(d);
                        } catch (InterruptedException e) {
                            return true;
                        }
                    }
                    Goroutine.sleep(d);
                    return true;
                }, null),
                new Case("TaskGroup.open", d -> {
                    try (TaskGroup group = TaskGroup.open(d)) {
                        return group.context().isDone() == d.isNegative();
                    }
                }, null),
                new Case("Task.within", d -> {
                    try (TaskGroup group = TaskGroup.open()) {
                        Chan<Integer> c = new Chan<>(1);
                        Task<Integer> task = group.fork(() -> c.receive()).within(d, 2);
                        if (d == LONGEST) {
                            c.send(1);
                        }
                        group.join();
                        return task.get() == (d == LONGEST ? 1 : 2);
                    }
                }, null),
                new Case("Context.withTimeout", d -> {
                    try (CancellableContext context = Context.background().withTimeout(d)) {
                        return context.isDone() == d.isNegative();
                    }
                }, null),
                new Case("Time.after", d -> Time.after(d).tryReceive() == null || d.isNegative(), null),
                new Case("Timer.start", d -> Timer.start(d).stop() || d.isNegative(), null),
                new Case("Timer.afterFunc", d -> Timer.afterFunc(d, () -> {}).stop() || d.isNegative(), null),
                new Case("Timer.reset", d -> {
                    Timer timer = Timer.start(LONGEST);
                    return timer.reset(d) && (timer.stop() || d.isNegative());
                }, null),
                new Case("Ticker.start", d -> {
                    Ticker.start(d).close();
                    return true;
                }, null),
                new Case("Ticker.reset", d -> {
                    try (Ticker ticker = Ticker.start(LONGEST)) {
                        ticker.reset(d);
                        return true;
                    }
                }, null),
                new Case("Scheduler.goroutineProfile", d -> !s.goroutineProfile(d).isEmpty(), null),
                new Case("Scheduler.writeGoroutineProfile", d -> {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    s.writeGoroutineProfile(d, out);
                    return out.size() > 0;
                }, null),
                new Case("SchedulerConfig.withQuantum", d -> works(s.config().withQuantum(d)), null),
                new Case("SchedulerConfig.withSpareKeepAlive", d -> works(s.config().withSpareKeepAlive(d)), null));
    }

    private static boolean works(SchedulerConfig config) {
        try (Scheduler s = Scheduler.start(config)) {
            s.go(() -> {});
            return s.shutdown(LONGEST);
        }
    }

    @Test
    void theLongestWaitIsEndedByWhatItWaitsFor() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            for (Case each : waits()) {
                CompletableFuture<Boolean> result = new CompletableFuture<>();
                Goroutine g = s.go(() -> {
                    try {
                        result.complete(each.call.with(LONGEST));
                    } catch (Throwable e) {
                        result.completeExceptionally(e);
                    }
                });
                Waiting.until(s, each.method + " waits", () -> g.state() == Goroutine.State.WAITING
                        || result.isDone() && each.method.equals("Scheduler.shutdown")
                        || result.isCompletedExceptionally());
                each.end.with(LONGEST);
                assertTrue(result.get(20, TimeUnit.SECONDS), each.method);
            }
        }
    }

    @Test
    void aNegativeTimeDoesNotWait() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            for (Case each : waits()) {
                assertFalse(Started.call(s, () -> each.call.with(SHORTEST)), each.method);
                assertFalse(each.call.with(SHORTEST), each.method + " outside goroutines");
            }
        }
    }

    @Test
    void everythingElseTakesAnyDuration() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            for (Case each : others(s)) {
                assertTrue(Started.call(s, () -> each.call.with(LONGEST)), each.method);
                try {
                    assertTrue(Started.call(s, () -> each.call.with(SHORTEST)), each.method);
                } catch (IllegalArgumentException e) {
                    assertTrue(e.getMessage().contains(": got " + SHORTEST + ", need "), each.method + ": " + e);
                }
            }
        }
    }

    /** The tables are complete. */
    @Test
    void noMethodIsForgotten() throws Exception {
        TreeSet<String> known = new TreeSet<>();
        try (Scheduler s = Started.procs(1)) {
            Stream.concat(waits().stream(), others(s).stream()).forEach(each -> known.add(each.method));
        }
        TreeSet<String> found = new TreeSet<>();
        Path classes = Path.of(Scheduler.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".class")).toList()) {
                find(found, classes.relativize(file).toString());
            }
        }
        assertEquals(known, found);
    }

    private static void find(TreeSet<String> found, String file) throws IOException, ClassNotFoundException {
        String name = file.substring(0, file.length() - ".class".length()).replace('/', '.');
        if (name.endsWith("-info")) {
            return;
        }
        Class<?> type = Class.forName(name, false, DurationsTest.class.getClassLoader());
        for (Method method : type.getDeclaredMethods()) {
            if (Modifier.isPublic(type.getModifiers())
                    && Modifier.isPublic(method.getModifiers())
                    && Arrays.asList(method.getParameterTypes()).contains(Duration.class)) {
                found.add(type.getSimpleName() + "." + method.getName());
            }
        }
    }
}
