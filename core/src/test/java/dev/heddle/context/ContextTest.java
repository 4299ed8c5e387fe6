package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sched.WaitReason;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Select;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** The rules of contexts, most of them Go's ({@code context_test.go}). */
@Timeout(60)
class ContextTest {
    private static final Duration FAR = Duration.ofHours(1);
    private static final Context.Key<String> NAME = Context.Key.of("name");
    private static final Context.Key<String> OTHER = Context.Key.of("name");

    private final TestScheduler t = TestScheduler.procs(2);

    @AfterEach
    void close() {
        assertSame(Context.background(), Context.current(), "the test has left a context behind");
        t.close();
    }

    // -- ends --

    @Test
    void theBackgroundNeverEnds() {
        Context background = Context.background();
        assertFalse(background.isDone());
        assertNull(background.err());
        assertNull(background.cause());
        assertEquals(Optional.empty(), background.deadline());
        assertEquals(Optional.empty(), background.remaining());
        assertFalse(background.awaitDone(Duration.ofMillis(1)));
        background.check();
        assertEquals("context", background.toString());
    }

    @Test
    void cancelEndsItOnce() {
        CancellableContext context = Context.background().withCancel();
        context.check();
        assertTrue(context.cancel());
        assertFalse(context.cancel());
        assertFalse(context.cancel(new IOException("late")));
        assertTrue(context.isDone());
        assertEquals(CancelledException.class, context.err().getClass());
        assertNull(context.err().getCause());
        assertInstanceOf(CancelledException.class, context.cause());
        assertThrows(CancelledException.class, context::check);
        assertTrue(context.awaitDone(Duration.ZERO));
        context.awaitDone();
    }

    @Test
    void theCauseIsKeptAndHandedDown() {
        IOException cause = new IOException("the client is gone");
        CancellableContext parent = Context.background().withCancel();
        Context child = parent.withTimeout(FAR).withValue(NAME, "a");
        parent.cancel(cause);
        assertSame(cause, parent.cause());
        assertSame(cause, child.cause());
        assertSame(cause, child.err().getCause());
        assertSame(cause, parent.withCancel().cause(), "derived later");
    }

    @Test
    void theEndGoesDownNotUpNorSideways() {
        CancellableContext top = Context.background().withCancel();
        CancellableContext left = top.withCancel();
        CancellableContext right = top.withCancel();
        Context below = left.withValue(NAME, "below").withTimeout(FAR);
        left.cancel();
        assertTrue(below.isDone());
        assertFalse(top.isDone());
        assertFalse(right.isDone());
        top.cancel();
        assertTrue(right.isDone());
    }

    @Test
    void parentsEndBeforeTheirChildren() {
        CancellableContext top = Context.background().withCancel();
        List<Context> chain = new ArrayList<>(List.of(top));
        List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger told = new AtomicInteger();
        for (int depth = 1; depth <= 20; depth++) {
            CancellableContext next = chain.getLast().withCancel();
            List<Context> above = List.copyOf(chain);
            next.scope.add(() -> {
                told.incrementAndGet();
                above.stream().filter(context -> !context.isDone()).forEach(context -> wrong.add("a parent lives"));
            });
            chain.add(next);
        }
        top.cancel();
        assertEquals(20, told.get());
        assertEquals(List.of(), wrong);
    }

    @Test
    void aLongChainEndsWithoutRecursion() {
        CancellableContext top = Context.background().withCancel();
        Context last = top;
        for (int i = 0; i < 100_000; i++) {
            last = last.withCancel();
        }
        top.cancel();
        assertTrue(last.isDone());
    }

    @Test
    void aChildThatFailsDoesNotKeepTheOthersFromBeingTold() {
        CancellableContext context = Context.background().withCancel();
        AtomicInteger told = new AtomicInteger();
        for (int i = 0; i < 10; i++) {
            context.scope.add(() -> {
                told.incrementAndGet();
                throw new IllegalStateException("expected by the test");
            });
        }
        Logger logger = (Logger) LoggerFactory.getLogger(Context.class);
        logger.setLevel(Level.OFF);
        try {
            assertTrue(context.cancel());
        } finally {
            logger.setLevel(null);
        }
        assertEquals(10, told.get());
    }

    @Test
    void withoutCancelOutlivesItsParentAndKeepsItsValues() {
        CancellableContext parent = Context.background().withValue(NAME, "a").withTimeout(FAR);
        Context free = parent.withoutCancel();
        CancellableContext below = free.withCancel();
        parent.cancel();
        assertFalse(free.isDone());
        assertFalse(below.isDone());
        assertEquals(Optional.empty(), free.deadline());
        assertEquals(Optional.of("a"), free.value(NAME));
    }

    // -- values --

    @Test
    void valuesAreFoundByKeyNearestFirst() {
        Context a = Context.background().withValue(NAME, "a");
        Context b = a.withCancel().withValue(OTHER, "x").withValue(NAME, "b");
        assertEquals(Optional.of("a"), a.value(NAME));
        assertEquals(Optional.of("b"), b.value(NAME));
        assertEquals(Optional.of("x"), b.value(OTHER));
        assertEquals(Optional.empty(), a.value(OTHER), "another key of the same name");
        assertThrows(NullPointerException.class, () -> a.withValue(NAME, null));
        assertThrows(NullPointerException.class, () -> a.value(null));
    }

    // -- deadlines --

    @Test
    void aTimeoutEndsIt() throws Exception {
        long begin = System.nanoTime();
        t.run(() -> {
            try (CancellableContext context = Context.current().withTimeout(Duration.ofMillis(20))) {
                Context below = context.withCancel();
                below.awaitDone();
                assertInstanceOf(DeadlineExceededException.class, below.err());
                assertInstanceOf(DeadlineExceededException.class, context.cause());
                assertEquals(Optional.of(Duration.ZERO), context.remaining());
            }
        });
        assertTrue(System.nanoTime() - begin >= 20_000_000);
        assertEquals(0, t.timers());
    }

    @Test
    void aTimeoutEndsItOutsideOfGoroutinesToo() {
        long begin = System.nanoTime();
        CancellableContext context = Context.background().withTimeout(Duration.ofMillis(20));
        context.awaitDone();
        assertTrue(System.nanoTime() - begin >= 20_000_000);
        assertInstanceOf(DeadlineExceededException.class, context.err());
    }

    @Test
    void aDeadlineEndsIt() throws Exception {
        t.run(() -> {
            Instant at = Instant.now().plusMillis(20);
            CancellableContext context = Context.current().withDeadline(at);
            assertEquals(Optional.of(at), context.deadline());
            assertTrue(context.awaitDone(FAR));
            assertInstanceOf(DeadlineExceededException.class, context.err());
        });
    }

    @Test
    void anEndedOneOrNoneAtAllEndsAtOnce() throws Exception {
        t.run(() -> {
            assertTrue(Context.current().withTimeout(Duration.ZERO).isDone());
            assertTrue(Context.current().withTimeout(Duration.ofSeconds(Long.MIN_VALUE)).isDone());
            assertTrue(Context.current().withDeadline(Instant.EPOCH).isDone());
            assertTrue(Context.current().withDeadline(Instant.MIN).isDone());
            assertFalse(Context.current().withDeadline(Instant.MAX).isDone());
            assertFalse(Context.current().withTimeout(Duration.ofSeconds(Long.MAX_VALUE)).isDone());
            Context over = Context.current().withDeadline(Instant.MIN);
            assertEquals(Optional.of(Instant.MIN), over.withDeadline(Instant.MAX).deadline(), "the earlier one wins");
            CancellableContext ended = Context.current().withCancel();
            ended.cancel();
            CancellableContext late = ended.withTimeout(FAR);
            assertEquals(CancelledException.class, late.err().getClass());
        });
    }

    /** On one P, whose only goroutine does not give way, nobody has noticed yet that the parent's time is over. */
    @Test
    void noTimeAtAllEndsAtOnceAlsoBeforeTheParentHasNoticedItsOwn() throws Exception {
        try (TestScheduler one = TestScheduler.unhurried(1)) {
            one.run(() -> {
                CancellableContext parent = Context.current().withTimeout(Duration.ofNanos(1));
                TestScheduler.busyUntil(() -> parent.remaining().get().isZero());
                assertFalse(parent.isDone());
                CancellableContext child = parent.withTimeout(Duration.ZERO);
                assertInstanceOf(DeadlineExceededException.class, child.err());
                assertTrue(parent.withDeadline(Instant.now()).isDone());
                assertEquals(parent.deadline(), child.deadline(), "the earlier one");
                assertFalse(parent.withTimeout(FAR).isDone());
                parent.awaitDone();
            });
        }
    }

    @Test
    void theEarlierDeadlineWins() throws Exception {
        t.run(() -> {
            try (CancellableContext near = Context.current().withTimeout(Duration.ofMinutes(1))) {
                int timers = t.timers();
                try (CancellableContext far = near.withTimeout(FAR)) {
                    assertEquals(near.deadline(), far.deadline());
                    assertEquals(timers, t.timers(), "no timer that would never fire");
                }
                try (CancellableContext nearer = near.withTimeout(Duration.ofSeconds(30))) {
                    assertTrue(nearer.deadline().get().isBefore(near.deadline().get()));
                    assertTrue(nearer.remaining().get().compareTo(Duration.ofSeconds(30)) <= 0);
                    assertEquals(near.deadline(), near.withCancel().deadline(), "inherited");
                    assertEquals(nearer.deadline(), nearer.withValue(NAME, "a").deadline(), "inherited");
                }
            }
            assertEquals(0, t.timers());
        });
    }

    // -- nothing is left behind --

    @Test
    void aChildThatEndsIsForgotten() throws Exception {
        t.run(() -> {
            CancellableContext parent = Context.current().withCancel();
            for (int i = 0; i < 1_000; i++) {
                try (CancellableContext child = parent.withTimeout(FAR)) {
                    assertEquals(1, parent.scope.size());
                    child.afterFunc(() -> {}).stop();
                    assertFalse(child.awaitDone(Duration.ZERO));
                    assertFalse(child.awaitDone(Duration.ofNanos(1)));
                    assertEquals(0, child.scope.size());
                }
            }
            assertEquals(0, parent.scope.size());
            parent.withCancel();
            parent.withCancel();
            assertEquals(2, parent.scope.size());
            parent.cancel();
            assertEquals(0, parent.scope.size());
            parent.withCancel();
            assertEquals(0, parent.scope.size(), "came after the end");
        });
        assertEquals(0, t.timers());
    }

    // -- waiting --

    @Test
    void whoWaitsIsWokenWhereverHeWaits() throws Exception {
        CancellableContext context = Context.background().withCancel();
        AtomicInteger woken = new AtomicInteger();
        List<Goroutine> waiters = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            waiters.add(t.scheduler.go(() -> {
                context.awaitDone();
                woken.incrementAndGet();
            }));
        }
        Thread thread = Thread.ofPlatform().start(() -> {
            assertTrue(context.awaitDone(FAR));
            woken.incrementAndGet();
        });
        t.until("all wait", () -> waiters.stream().allMatch(g -> g.waitReason() == WaitReason.CHAN_RECEIVE));
        t.until("the thread waits as well", () -> context.scope.size() == 101);
        context.cancel();
        t.until("all are woken", () -> woken.get() == 101);
        thread.join();
    }

    @Test
    void theEndCanBeSelectedOn() throws Exception {
        t.run(() -> {
            CancellableContext context = Context.current().withCancel();
            Chan<Void> done = context.done();
            assertSame(done, context.withValue(NAME, "a").done());
            Chan<String> quiet = new Chan<>();
            assertEquals(-1, Select.of(Select.receive(done), Select.receive(quiet)).poll());
            t.scheduler.go(context::cancel);
            assertEquals(0, Select.of(Select.receive(done), Select.receive(quiet)).await());
            assertTrue(done.isClosed());
            CancellableContext ended = context.withCancel();
            assertTrue(ended.done().isClosed(), "asked for after the end");
            assertNull(Context.background().done().tryReceive());
        });
    }

    @Test
    void afterFuncRunsOnceInAGoroutineOfItsOwn() throws Exception {
        t.run(() -> {
            CancellableContext context = Context.current().withCancel();
            CompletableFuture<Goroutine> ran = new CompletableFuture<>();
            AtomicInteger times = new AtomicInteger();
            Context.Registration registration = context.afterFunc(() -> {
                times.incrementAndGet();
                ran.complete(Goroutine.current());
            });
            assertEquals(0, times.get());
            context.cancel();
            assertSame(t.scheduler, ran.get().scheduler());
            assertFalse(ran.get() == Goroutine.current());
            assertFalse(registration.stop(), "too late");
            CompletableFuture<Context> late = new CompletableFuture<>();
            context.afterFunc(() -> late.complete(Context.current()));
            assertSame(Context.current(), late.get(), "the context of who registered it");
            assertEquals(1, times.get());
        });
    }

    @Test
    void afterFuncCanBeStopped() throws Exception {
        AtomicBoolean ran = new AtomicBoolean();
        CancellableContext context = Context.background().withCancel();
        Context.Registration registration = context.afterFunc(() -> ran.set(true));
        assertTrue(registration.stop());
        assertFalse(registration.stop());
        Context.Registration never = Context.background().afterFunc(() -> ran.set(true));
        assertTrue(never.stop());
        assertFalse(never.stop());
        context.cancel();
        CompletableFuture<Boolean> virtual = new CompletableFuture<>();
        context.afterFunc(() -> virtual.complete(Thread.currentThread().isVirtual()));
        assertTrue(virtual.get(), "in a virtual thread of the JDK");
        assertFalse(ran.get());
    }

    /** Whoever ends the context: a goroutine of a scheduler that takes no more of them, too. */
    @Test
    void afterFuncOfAThreadRunsInAThreadOfTheJdk() throws Exception {
        CancellableContext context = Context.background().withCancel();
        CompletableFuture<Goroutine> ran = new CompletableFuture<>();
        context.afterFunc(() -> ran.complete(Goroutine.current()));
        t.run(context::cancel);
        assertNull(ran.get(20, TimeUnit.SECONDS));

        CancellableContext later = Context.background().withCancel();
        CompletableFuture<Goroutine> ranLater = new CompletableFuture<>();
        later.afterFunc(() -> ranLater.complete(Goroutine.current()));
        Goroutine g = t.scheduler.go(() -> {
            try {
                Goroutine.sleep(FAR);
            } catch (InterruptedException e) {
                later.cancel(); // the scheduler is closed
            }
        });
        t.until("it sleeps", () -> g.waitReason() == WaitReason.SLEEP);
        t.scheduler.shutdown(Duration.ZERO);
        assertNull(ranLater.get(20, TimeUnit.SECONDS));
    }

    @Test
    void afterFuncRunsWhileTheSchedulerShutsDown() throws Exception {
        CompletableFuture<Void> ran = new CompletableFuture<>();
        CompletableFuture<Void> ready = new CompletableFuture<>();
        t.scheduler.go(() -> {
            CancellableContext context = Context.current().withTimeout(Duration.ofMillis(20));
            context.afterFunc(() -> ran.complete(null));
            ready.complete(null);
            ran.join();
        });
        ready.get();
        assertTrue(t.scheduler.shutdown(Duration.ofSeconds(20)));
    }

    // -- the current context --

    @Test
    void runSetsTheCurrentContextForAWhile() throws Exception {
        Context a = Context.background().withValue(NAME, "a");
        Context b = a.withValue(NAME, "b");
        Runnable check = () -> {
            Context before = Context.current();
            a.run(() -> {
                assertSame(a, Context.current());
                assertEquals("b", b.call(() -> Context.current().value(NAME).get()));
                assertThrows(IllegalStateException.class, () -> b.run(() -> {
                    throw new IllegalStateException("expected by the test");
                }));
                assertSame(a, Context.current());
            });
            assertSame(before, Context.current());
            assertThrows(IOException.class, () -> a.call(() -> {
                throw new IOException("expected by the test");
            }));
            assertSame(before, Context.current());
        };
        check.run();
        t.run(check::run);
    }

    @Test
    void itIsInheritedHoweverAGoroutineIsStarted() throws Exception {
        Context context = Context.background().withValue(NAME, "a");
        t.run(() -> context.call(() -> {
            List<CompletableFuture<Context>> seen = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                seen.add(new CompletableFuture<>());
            }
            t.scheduler.go(() -> seen.get(0).complete(Context.current()));
            t.scheduler.threadFactory("").newThread(() -> seen.get(1).complete(Context.current())).start();
            Thread.startVirtualThread(() -> seen.get(2).complete(Context.current()));
            try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
                executor.submit(() -> seen.get(3).complete(Context.current()));
            }
            dev.heddle.time.Timer.afterFunc(Duration.ofNanos(1), () -> seen.get(4).complete(Context.current()));
            for (CompletableFuture<Context> each : seen) {
                assertSame(context, each.get());
            }
            return null;
        }));
        CompletableFuture<Context> fromThread = new CompletableFuture<>();
        context.run(() -> t.scheduler.go(() -> fromThread.complete(Context.current())));
        assertSame(context, fromThread.get());
    }

    @Test
    void itStaysWithTheGoroutineThatMoves() throws Exception {
        Context context = Context.background().withValue(NAME, "a");
        t.run(() -> context.run(() -> {
            for (int i = 0; i < 1_000; i++) {
                Goroutine.gosched();
                assertSame(context, Context.current());
            }
        }));
    }

    @Test
    void itSaysWhatItIs() {
        CancellableContext context = Context.background().withValue(NAME, "a").withTimeout(FAR);
        assertTrue(context.toString().startsWith("context name, deadline 2"), context.toString());
        context.cancel(new IOException("gone"));
        assertTrue(context.toString().endsWith("ended: java.io.IOException: gone"), context.toString());
    }
}
