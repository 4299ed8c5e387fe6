package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.ref.WeakReference;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who hands down to whom. */
@Timeout(60)
class InheritedTest {
    private final Scheduler s = Started.procs(2);

    @AfterEach
    void close() {
        Inherited.set(null);
        s.close();
    }

    @Test
    void aGoroutineInheritsFromTheGoroutineThatStartsIt() throws Exception {
        assertEquals("a", Started.call(s, () -> {
            assertNull(Inherited.get());
            Inherited.set("a");
            CompletableFuture<Object> child = new CompletableFuture<>();
            s.go(() -> child.complete(Inherited.get()));
            Inherited.set("b");
            return child.get();
        }));
    }

    @Test
    void aGoroutineInheritsFromTheThreadThatStartsIt() throws Exception {
        Inherited.set("a");
        assertEquals("a", Started.call(s, Inherited::get));
        Inherited.set(null);
        assertNull(Started.call(s, Inherited::get));
    }

    @Test
    void aThreadOfTheFactoryInheritsFromWhoMakesIt() throws Exception {
        CompletableFuture<Object> seen = new CompletableFuture<>();
        Inherited.set("maker");
        Thread thread = s.threadFactory("").newThread(() -> seen.complete(Inherited.get()));
        Inherited.set("starter");
        thread.start();
        assertEquals("maker", seen.get());
        try (var executor = s.executor()) {
            assertEquals("starter", executor.submit(Inherited::get).get());
        }
    }

    @Test
    void aStrangerInheritsFromTheGoroutineThatStartsIt() throws Exception {
        assertEquals("ab", Started.call(s, () -> {
            Inherited.set("a");
            CompletableFuture<Object> first = new CompletableFuture<>();
            Thread.startVirtualThread(() -> first.complete(Inherited.get()));
            Inherited.set("b");
            try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
                return first.get() + "" + executor.submit(Inherited::get).get();
            }
        }));
    }

    /** It was made inside a goroutine, which makes it one of ours, and is started by another. */
    @Test
    void aStrangerInheritsFromTheStarterNotFromTheMaker() throws Exception {
        CompletableFuture<Object> seen = new CompletableFuture<>();
        Thread stranger = Started.call(s, () -> {
            Inherited.set("maker");
            return Thread.ofVirtual().unstarted(() -> seen.complete(Inherited.get()));
        });
        Started.call(s, () -> {
            Inherited.set("starter");
            stranger.start();
            return null;
        });
        assertEquals("starter", seen.get());
    }

    @Test
    void theFunctionOfATimerInheritsFromWhoMadeTheTimer() throws Exception {
        Inherited.set("maker");
        CompletableFuture<Object> seen = new CompletableFuture<>();
        RuntimeTimer timer = RuntimeTimer.func(s, () -> seen.complete(Inherited.get()));
        Inherited.set("armer");
        timer.reset(1_000, 0);
        assertEquals("maker", seen.get());
    }

    @Test
    void otherThreadsInheritNothing() throws Exception {
        Inherited.set("a");
        CompletableFuture<Object> platform = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> platform.complete("" + Inherited.get()));
        assertEquals("null", platform.get());
        CompletableFuture<Object> virtual = new CompletableFuture<>();
        Thread.startVirtualThread(() -> virtual.complete("" + Inherited.get()));
        assertEquals("null", virtual.get());
        assertSame("a", Inherited.get());
    }

    @Test
    void aGoroutineThatHasEndedKeepsNothing() throws Exception {
        Goroutine[] kept = new Goroutine[1];
        WeakReference<Object> ref = Started.call(s, () -> {
            Object value = new Object();
            Inherited.set(value);
            kept[0] = Goroutine.current();
            return new WeakReference<>(value);
        });
        Waiting.until(s, "it can be collected", () -> {
            System.gc();
            return ref.get() == null;
        });
        assertEquals(Goroutine.State.DEAD, kept[0].state());
    }

    /** As for threads of the JDK: in a container the system's class loader does not know the program. */
    @Test
    void aGoroutineInheritsTheContextClassLoader() throws Exception {
        ClassLoader mine = new ClassLoader(getClass().getClassLoader()) {};
        Thread me = Thread.currentThread();
        ClassLoader before = me.getContextClassLoader();
        me.setContextClassLoader(mine);
        try (Scheduler started = Started.procs(1)) {
            assertSame(mine, Started.call(started, InheritedTest::loader));
            assertSame(before, Started.call(started, () -> {
                Thread.currentThread().setContextClassLoader(before);
                return loaderIn(started::go);
            }));
            assertSame(mine, loaderIn(body -> started.threadFactory("").newThread(body).start()));
            me.setContextClassLoader(before);
            assertSame(before, loaderIn(body -> RuntimeTimer.func(started, body).reset(0, 0)), "not that of an M");
            assertSame(before, loaderIn(started::go));
        } finally {
            me.setContextClassLoader(before);
        }
    }

    private static ClassLoader loader() {
        return Thread.currentThread().getContextClassLoader();
    }

    private static ClassLoader loaderIn(Consumer<Runnable> start) throws Exception {
        CompletableFuture<ClassLoader> seen = new CompletableFuture<>();
        start.accept(() -> seen.complete(loader()));
        return seen.get();
    }
}
