package dev.heddle.context;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Select;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The tests of Go's {@code context_test.go}, {@code x_test.go} and {@code afterfunc_test.go} by name. Not here: TestTODO (there
 * is one root), TestAllocs, TestDeadlineExceededSupportsTimeout (exceptions have types), and the TestCustomContext tests
 * (nobody else makes contexts).
 */
@Timeout(60)
class GoContextTest {
    private static final Duration FAR = Duration.ofHours(1);
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Context.Key<String> K1 = Context.Key.of("k");
    private static final Context.Key<String> K2 = Context.Key.of("k"); // the same name, another key
    private static final Context.Key<String> K3 = Context.Key.of("k3");

    private final TestScheduler t = TestScheduler.procs(2);

    @AfterEach
    void close() {
        t.close();
    }

    private static void lives(Context... contexts) {
        for (Context context : contexts) {
            assertEquals(-1, Select.of(Select.receive(context.done())).poll(), "done");
            assertFalse(context.isDone());
            assertNull(context.err());
            assertNull(context.cause());
        }
    }

    private static void ended(Class<? extends CancelledException> why, Context... contexts) {
        for (Context context : contexts) {
            assertEquals(0, Select.of(Select.receive(context.done())).poll(), "not done");
            assertTrue(context.isDone());
            assertSame(why, context.err().getClass());
        }
    }

    @Test
    void background() {
        lives(Context.background(), Context.background().withValue(K1, "a"));
        assertSame(Context.background(), Context.background());
    }

    @Test
    void withCancel() {
        CancellableContext c1 = Context.background().withCancel();
        Context c2 = c1.withValue(K1, "a").withCancel();
        lives(c1, c2);
        c1.cancel();
        ended(CancelledException.class, c1, c2);
    }

    @Test
    void parentFinishesChild() {
        CancellableContext parent = Context.background().withCancel();
        Context cancelChild = parent.withCancel();
        Context valueChild = parent.withValue(K1, "value");
        Context timerChild = valueChild.withTimeout(Duration.ofHours(10_000));
        assertEquals(2, parent.scope.size(), "those that can end");
        lives(parent, cancelChild, valueChild, timerChild);
        assertSame(parent.done(), valueChild.done());
        parent.cancel();
        assertEquals(0, parent.scope.size());
        ended(CancelledException.class, parent, cancelChild, valueChild, timerChild);
        ended(CancelledException.class, parent.withValue(K1, "value"));
    }

    @Test
    void childFinishesFirst() {
        CancellableContext cancellable = Context.background().withCancel();
        for (Context parent : List.of(Context.background(), cancellable)) {
            CancellableContext child = parent.withCancel();
            assertFalse(parent.isDone());
            lives(child);
            assertEquals(parent == cancellable ? 1 : 0, cancellable.scope.size());
            child.cancel();
            assertEquals(0, cancellable.scope.size(), "it has removed itself");
            ended(CancelledException.class, child);
            lives(parent);
        }
    }

    @Test
    void cancelRemoves() throws Exception {
        t.run(() -> {
            CancellableContext parent = Context.background().withCancel();
            for (UnaryOperator<Context> derive : List.<UnaryOperator<Context>>of(
                    Context::withCancel, c -> c.withTimeout(FAR), c -> c.withDeadline(Instant.now().plus(FAR)))) {
                assertEquals(0, parent.scope.size());
                CancellableContext child = (CancellableContext) derive.apply(parent);
                assertEquals(1, parent.scope.size());
                child.cancel();
                assertEquals(0, parent.scope.size());
            }
            Context.Registration registration = parent.afterFunc(() -> {});
            assertEquals(1, parent.scope.size());
            assertTrue(registration.stop());
            assertEquals(0, parent.scope.size());
        });
        assertEquals(0, t.timers());
    }

    @Test
    void deadline() throws Exception {
        t.run(() -> {
            endsByTime(Context.background().withDeadline(Instant.now().plus(SHORT)));
            endsByTime(Context.background().withDeadline(Instant.now().plus(SHORT)).withValue(K1, "a"));
            endsByTime(Context.background().withDeadline(Instant.now().plus(SHORT)).withDeadline(Instant.now().plus(FAR)));
            endsByTime(Context.background().withDeadline(Instant.now().minusMillis(1)));
            endsByTime(Context.background().withDeadline(Instant.now()));
        });
        assertEquals(0, t.timers());
    }

    @Test
    void timeout() throws Exception {
        t.run(() -> {
            endsByTime(Context.background().withTimeout(SHORT));
            endsByTime(Context.background().withTimeout(SHORT).withValue(K1, "a").withTimeout(FAR));
            endsByTime(Context.background().withTimeout(FAR).withTimeout(SHORT));
        });
        endsByTime(Context.background().withTimeout(SHORT)); // outside of goroutines
    }

    private static void endsByTime(Context context) {
        assertTrue(context.awaitDone(Duration.ofSeconds(20)));
        assertEquals(0, Select.of(Select.receive(context.done())).await());
        ended(DeadlineExceededException.class, context);
        assertTrue(!Instant.now().isBefore(context.deadline().get().minusMillis(1)), "early"); // two clocks
    }

    @Test
    void canceledTimeout() throws Exception {
        t.run(() -> {
            CancellableContext c1 = Context.background().withTimeout(FAR);
            CancellableContext c2 = c1.withTimeout(FAR.multipliedBy(2));
            c2.cancel();
            ended(CancelledException.class, c2);
            lives(c1);
            c1.cancel();
        });
        assertEquals(0, t.timers());
    }

    @Test
    void values() {
        Context c0 = Context.background();
        has(c0, null, null, null);
        Context c1 = c0.withValue(K1, "c1k1");
        has(c1, "c1k1", null, null);
        Context c2 = c1.withValue(K2, "c2k2");
        has(c2, "c1k1", "c2k2", null);
        Context c3 = c2.withCancel().withValue(K3, "c3k3");
        has(c3, "c1k1", "c2k2", "c3k3");
        Context c4 = c3.withoutCancel().withValue(K1, "c4k1");
        has(c4, "c4k1", "c2k2", "c3k3");
        has(c3, "c1k1", "c2k2", "c3k3");
    }

    private static void has(Context context, String v1, String v2, String v3) {
        assertEquals(Optional.ofNullable(v1), context.value(K1));
        assertEquals(Optional.ofNullable(v2), context.value(K2));
        assertEquals(Optional.ofNullable(v3), context.value(K3));
    }

    @Test
    void withValueChecksKey() {
        assertThrows(NullPointerException.class, () -> Context.background().withValue(null, "a"));
        assertThrows(NullPointerException.class, () -> Context.Key.of(null));
    }

    /** Nothing is derived from what is missing. */
    @Test
    void invalidDerivedFail() {
        CancellableContext parent = Context.background().withCancel();
        assertThrows(NullPointerException.class, () -> parent.withTimeout(null));
        assertThrows(NullPointerException.class, () -> parent.withDeadline(null));
        assertThrows(NullPointerException.class, () -> parent.withValue(K1, null));
        assertThrows(NullPointerException.class, () -> parent.afterFunc(null));
        assertEquals(0, parent.scope.size(), "and nothing is left behind");
    }

    /** A tree of contexts is cancelled at all of its nodes at once; all end, and everybody comes back. */
    @Test
    void simultaneousCancels() {
        CancellableContext root = Context.background().withCancel();
        List<CancellableContext> all = new ArrayList<>(List.of(root));
        Queue<CancellableContext> leaves = new ArrayDeque<>(all);
        while (all.size() < 100) {
            CancellableContext parent = leaves.remove();
            for (int i = 0; i < 4; i++) {
                CancellableContext child = parent.withCancel();
                all.add(child);
                leaves.add(child);
            }
        }
        List<CancellableContext> shuffled = new ArrayList<>(all);
        Collections.shuffle(shuffled, new Random(3));
        AtomicInteger returned = new AtomicInteger();
        AtomicInteger seen = new AtomicInteger();
        for (CancellableContext context : shuffled) {
            t.scheduler.go(() -> {
                context.done().receiveOrNull();
                seen.incrementAndGet();
            });
            t.scheduler.go(() -> {
                context.cancel();
                returned.incrementAndGet();
            });
        }
        t.until("all have returned", () -> returned.get() == all.size());
        t.until("all have seen the end", () -> seen.get() == all.size());
        for (CancellableContext context : all) {
            ended(CancelledException.class, context);
            assertEquals(0, context.scope.size());
        }
    }

    /** The child is cancelled while its parent is, by one who has just asked for the parent's channel. */
    @Test
    void interlockedCancels() {
        for (int i = 0; i < 500; i++) {
            CancellableContext parent = Context.background().withCancel();
            CancellableContext child = parent.withCancel();
            AtomicReference<Chan<Void>> done = new AtomicReference<>();
            Goroutine other = t.scheduler.go(() -> {
                done.set(parent.done());
                child.cancel();
            });
            parent.cancel();
            assertTrue(child.isDone());
            t.until("the other comes back", () -> other.state() == Goroutine.State.DEAD);
            assertTrue(done.get().isClosed(), "also if it was made in between");
        }
    }

    /** {@code TestLayersCancel} and {@code TestLayersTimeout}: layers of every kind, in random order. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void layers(boolean timeout) throws Exception {
        Random random = new Random(timeout ? 5 : 7);
        t.run(() -> {
            for (int round = 0; round < 20; round++) {
                layers(random, timeout);
            }
        });
        assertEquals(0, t.timers());
    }

    private static void layers(Random random, boolean timeout) {
        List<Context.Key<Context.Key<?>>> keys = new ArrayList<>();
        List<CancellableContext> cancels = new ArrayList<>();
        int timers = 0;
        Context context = Context.background();
        for (int i = 0; i < 30 || timers == 0 || cancels.isEmpty() || keys.isEmpty(); i++) {
            switch (random.nextInt(3)) {
                case 0 -> {
                    Context.Key<Context.Key<?>> key = Context.Key.of("key " + i);
                    keys.add(key);
                    context = context.withValue(key, key);
                }
                case 1 -> {
                    cancels.add(context.withCancel());
                    context = cancels.getLast();
                }
                default -> {
                    timers++;
                    cancels.add(context.withTimeout(timeout ? Duration.ofMillis(1 + random.nextInt(3)) : FAR));
                    context = cancels.getLast();
                }
            }
        }
        check(context, keys);
        if (timeout) {
            endsByTime(context);
        } else {
            lives(context);
            cancels.get(random.nextInt(cancels.size())).cancel();
            ended(CancelledException.class, context);
        }
        check(context, keys);
        cancels.getFirst().cancel();
    }

    private static void check(Context context, List<Context.Key<Context.Key<?>>> keys) {
        for (Context.Key<Context.Key<?>> key : keys) {
            assertSame(key, context.value(key).orElseThrow());
        }
    }

    @Test
    void withCancelCanceledParent() {
        IOException cause = new IOException("because");
        CancellableContext parent = Context.background().withCancel();
        parent.cancel(cause);
        CancellableContext child = parent.withCancel();
        ended(CancelledException.class, child);
        assertSame(cause, child.cause());
        ended(CancelledException.class, parent.withTimeout(FAR));
    }

    @Test
    void withCancelSimultaneouslyCanceledParent() {
        for (int i = 0; i < 500; i++) {
            IOException cause = new IOException("because");
            CancellableContext parent = Context.background().withCancel();
            t.scheduler.go(() -> parent.cancel(cause));
            CancellableContext child = parent.withCancel();
            t.until("it ends with its parent", child::isDone);
            ended(CancelledException.class, child);
            assertSame(cause, child.cause());
        }
    }

    // -- causes --

    /** Who ends it first says why, here and below. */
    @Test
    void cause() throws Exception {
        IOException ofParent = new IOException("parent");
        IOException ofChild = new IOException("child");
        lives(Context.background());

        CancellableContext plain = Context.background().withCancel();
        plain.cancel();
        caused(plain, CancelledException.class, null);
        CancellableContext caused = Context.background().withCancel();
        caused.cancel(ofParent);
        caused(caused, CancelledException.class, ofParent);
        CancellableContext without = Context.background().withCancel();
        without.cancel(null);
        caused(without, CancelledException.class, null);

        for (IOException first : new IOException[] {ofParent, null}) {
            for (IOException second : new IOException[] {ofChild, null}) {
                CancellableContext parent = Context.background().withCancel();
                CancellableContext child = parent.withCancel();
                parent.cancel(first);
                child.cancel(second);
                caused(child, CancelledException.class, first);
                CancellableContext parent2 = Context.background().withCancel();
                CancellableContext child2 = parent2.withCancel();
                child2.cancel(second);
                parent2.cancel(first);
                caused(child2, CancelledException.class, second);
                caused(parent2, CancelledException.class, first);
            }
        }

        t.run(() -> {
            CancellableContext over = Context.background().withTimeout(Duration.ZERO);
            over.cancel(ofParent);
            caused(over, DeadlineExceededException.class, null);
            CancellableContext inTime = Context.background().withTimeout(FAR);
            inTime.cancel();
            caused(inTime, CancelledException.class, null);

            CancellableContext parent = Context.background().withCancel();
            Context below = parent.withTimeout(Duration.ZERO);
            parent.cancel(ofParent);
            caused(below, DeadlineExceededException.class, null);
            CancellableContext other = Context.background().withCancel();
            Context belowOther = other.withTimeout(FAR);
            other.cancel(ofParent);
            caused(belowOther, CancelledException.class, ofParent);

            lives(Context.background().withoutCancel(), other.withoutCancel(), over.withoutCancel());
            CancellableContext later = Context.background().withCancel();
            Context free = later.withoutCancel();
            later.cancel(ofParent);
            lives(free);
        });
        assertEquals(0, t.timers());
    }

    private static void caused(Context context, Class<? extends CancelledException> why, Throwable cause) {
        ended(why, context);
        if (cause == null) {
            assertSame(why, context.cause().getClass());
            assertNull(context.err().getCause());
        } else {
            assertSame(cause, context.cause());
            assertSame(cause, context.err().getCause());
        }
    }

    /** Who looks for the cause all the time sees none, or the right one. */
    @Test
    void causeRace() {
        for (int i = 0; i < 200; i++) {
            IOException cause = new IOException("because");
            CancellableContext context = Context.background().withCancel();
            t.scheduler.go(() -> context.cancel(cause));
            AtomicReference<Throwable> seen = new AtomicReference<>();
            t.until("there is a cause", () -> {
                for (int look = 0; look < 1_000 && seen.get() == null; look++) {
                    seen.set(context.cause());
                }
                return seen.get() != null;
            });
            assertSame(cause, seen.get());
        }
    }

    @Test
    void withoutCancel() {
        Context free = Context.background().withTimeout(FAR).withValue(K1, "value").withoutCancel();
        assertEquals(Optional.empty(), free.deadline());
        lives(free);
        assertEquals(Optional.of("value"), free.value(K1));
    }

    // -- functions --

    @Test
    void afterFuncCalledAfterCancel() {
        CancellableContext context = Context.background().withCancel();
        AtomicInteger ran = new AtomicInteger();
        Context.Registration registration = context.afterFunc(ran::incrementAndGet);
        assertEquals(0, ran.get(), "called before the context is done");
        context.cancel();
        t.until("it is called", () -> ran.get() == 1);
        assertFalse(registration.stop());
    }

    @Test
    void afterFuncCalledAfterTimeout() throws Exception {
        AtomicReference<Goroutine> ran = new AtomicReference<>();
        Goroutine caller = t.call(() -> {
            CancellableContext context = Context.background().withTimeout(SHORT);
            context.afterFunc(() -> ran.set(Goroutine.current()));
            return Goroutine.current();
        });
        t.until("it is called", () -> ran.get() != null);
        assertNotSame(caller, ran.get());
        t.atRest();
    }

    @Test
    void afterFuncCalledImmediately() {
        CancellableContext context = Context.background().withCancel();
        context.cancel();
        AtomicInteger ran = new AtomicInteger();
        Context.Registration registration = context.afterFunc(ran::incrementAndGet);
        assertFalse(registration.stop(), "too late");
        t.until("it is called", () -> ran.get() == 1);
    }

    @Test
    void afterFuncNotCalledAfterStop() throws Exception {
        AtomicBoolean ran = new AtomicBoolean();
        t.run(() -> {
            CancellableContext context = Context.background().withCancel();
            Context.Registration registration = context.afterFunc(() -> ran.set(true));
            assertTrue(registration.stop());
            assertEquals(0, context.scope.size());
            context.cancel();
            assertFalse(registration.stop());
        });
        t.atRest(); // nothing was started that could still run
        assertFalse(ran.get());
    }

    /** To cancel does not wait for functions, though one waits for who cancels. */
    @Test
    void afterFuncCalledAsynchronously() throws Exception {
        t.run(() -> {
            Chan<Boolean> c = new Chan<>();
            CancellableContext context = Context.background().withCancel();
            context.afterFunc(() -> c.send(true));
            context.cancel();
            assertTrue(c.receive(Duration.ofSeconds(20)));
        });
        t.atRest();
    }
}
