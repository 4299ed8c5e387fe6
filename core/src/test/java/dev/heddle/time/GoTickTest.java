package dev.heddle.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TestScheduler;
import dev.heddle.sched.WaitReason;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Select;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The tests of Go's {@code time/tick_test.go} by name, those that are not in {@link TickerTest}. Not here: TestTick (there is
 * no ticker that cannot be stopped), TestManualTicker and TestTickerStopWithDirectInitialization (nor one that nobody has made).
 */
@Timeout(120)
class GoTickTest {
    private static final Duration FAR = Duration.ofHours(1);
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SOON = Duration.ofNanos(1);

    /** What {@code TestChan} needs of a timer and of a ticker. */
    private interface Resettable {
        boolean stop();

        boolean reset(Duration delay);

        Chan<Instant> c();

        boolean ticks();
    }

    private static Resettable timer() {
        Timer timer = Timer.start(FAR);
        return new Resettable() {
            @Override
            public boolean stop() {
                return timer.stop();
            }

            @Override
            public boolean reset(Duration delay) {
                return timer.reset(delay);
            }

            @Override
            public Chan<Instant> c() {
                return timer.c();
            }

            @Override
            public boolean ticks() {
                return false;
            }
        };
    }

    private static Resettable ticker() {
        Ticker ticker = Ticker.start(FAR);
        return new Resettable() {
            private boolean armed = true;

            @Override
            public boolean stop() {
                boolean was = armed;
                armed = false;
                ticker.stop();
                return was;
            }

            @Override
            public boolean reset(Duration period) {
                boolean was = armed;
                armed = true;
                ticker.reset(period);
                return was;
            }

            @Override
            public Chan<Instant> c() {
                return ticker.c();
            }

            @Override
            public boolean ticks() {
                return true;
            }
        };
    }

    /** {@code TestChan/Timer}: what stop and reset do to a timer in each of its states, and to those who wait for it. */
    @Test
    void chanOfATimer() throws Exception {
        testChan(GoTickTest::timer);
    }

    /** {@code TestChan/Ticker}. */
    @Test
    void chanOfATicker() throws Exception {
        testChan(GoTickTest::ticker);
    }

    private static void testChan(Supplier<Resettable> make) throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                Resettable timer = make.get();
                nobodyWaits(t, timer);
                oneWaits(t, timer);
                twoSelect(t, timer);
                nothingOldIsReceived(t, timer);
                timer.stop();
            });
            t.atRest();
            assertEquals(0, t.timers());
        }
    }

    private static void nobodyWaits(TestScheduler t, Resettable timer) {
        timer.stop();
        assertNull(timer.c().tryReceive(), "stopped");
        timer.reset(FAR);
        assertNull(timer.c().tryReceive(), "far away");
        timer.reset(SOON);
        assertNotNull(timer.c().receive(LONG));
        if (timer.ticks()) {
            t.until("it ticks again", () -> timer.c().len() == 1);
        }
        timer.reset(FAR);
        assertNull(timer.c().tryReceive(), "far away again");
    }

    private static Goroutine waiting(TestScheduler t, WaitReason reason, Runnable body) {
        Goroutine g = t.scheduler.go(body);
        t.until("it waits", () -> g.waitReason() == reason);
        return g;
    }

    private static void oneWaits(TestScheduler t, Resettable timer) {
        Goroutine receiver = waiting(t, WaitReason.CHAN_RECEIVE, () -> timer.c().receive());
        timer.reset(FAR.multipliedBy(2));
        assertEquals(WaitReason.CHAN_RECEIVE, receiver.waitReason(), "moved further away");
        timer.reset(SOON);
        t.until("it has received", () -> receiver.state() == Goroutine.State.DEAD);
        if (timer.ticks()) {
            assertNotNull(timer.c().receive(LONG), "it goes on");
        } else {
            assertNull(timer.c().tryReceive(), "it fires once");
        }
        timer.stop();
        assertNull(timer.c().tryReceive(), "stopped");
    }

    private static void twoSelect(TestScheduler t, Resettable timer) {
        timer.reset(FAR);
        Chan<Boolean> stop = new Chan<>();
        Chan<Boolean> end = new Chan<>();
        AtomicInteger received = new AtomicInteger();
        Runnable select = () -> {
            if (Select.of(Select.receive(timer.c()), Select.receive(stop)).await() == 0) {
                received.incrementAndGet();
            }
        };
        List<Goroutine> both =
                List.of(waiting(t, WaitReason.SELECT, select), waiting(t, WaitReason.SELECT, select));
        timer.reset(Duration.ofMillis(1));
        t.until("one has received", () -> received.get() >= 1);
        timer.stop();
        stop.close();
        t.until("both have ended", () -> both.stream().allMatch(g -> g.state() == Goroutine.State.DEAD));
        assertTrue(received.get() == 1 || timer.ticks(), "it fires once");
        assertNull(timer.c().tryReceive(), "stopped");
        int before = received.get();
        Goroutine late = waiting(t, WaitReason.SELECT, () -> {
            if (Select.of(Select.receive(timer.c()), Select.receive(end)).await() == 0) {
                received.incrementAndGet();
            }
        });
        end.close();
        t.until("it has ended", () -> late.state() == Goroutine.State.DEAD);
        assertEquals(before, received.get(), "a stopped one is selected on");
    }

    private static void nothingOldIsReceived(TestScheduler t, Resettable timer) {
        timer.reset(SOON);
        t.until("it has come", () -> timer.c().len() == 1);
        assertTrue(timer.stop(), "nobody has received it");
        assertNull(timer.c().tryReceive(), "after stop");
        assertFalse(timer.reset(FAR), "it was stopped");
        assertNull(timer.c().tryReceive(), "after reset");
        assertTrue(timer.reset(SOON), "it was far away");
        assertNotNull(timer.c().receive(LONG));
        if (timer.ticks()) {
            t.until("it has come again", () -> timer.c().len() == 1);
        } else {
            assertNull(timer.c().tryReceive());
        }
        assertEquals(timer.ticks(), timer.reset(FAR));
        assertNull(timer.c().tryReceive(), "after reset");
    }

    /** A time that is received late is that at which it came. */
    @Test
    void afterTimes() throws Exception {
        times(Time::after);
    }

    /** {@code TestTickTimes}: and of a ticker it is the first one that is kept. */
    @Test
    void tickTimes() throws Exception {
        times(period -> Ticker.start(period).c());
    }

    private interface Start {
        Chan<Instant> start(Duration delay);
    }

    private static void times(Start start) throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            t.run(() -> {
                Instant begin = Instant.now();
                Chan<Instant> c = start.start(Duration.ofMillis(2));
                t.until("it has come", () -> c.len() == 1);
                Instant seen = Instant.now();
                Goroutine.sleep(Duration.ofMillis(20));
                Instant at = c.receive();
                assertTrue(!at.isBefore(begin) && !at.isAfter(seen), at + ", not from " + begin + " to " + seen);
            });
        }
    }

    /** Timers by the thousand that came and went, or are far away, do not slow down those that come now. */
    @Test
    void longAdjustTimers() throws Exception {
        int count = 5_000;
        try (TestScheduler t = TestScheduler.procs(2)) {
            AtomicInteger slept = new AtomicInteger();
            for (int i = 0; i < count; i++) {
                t.scheduler.go(() -> {
                    try {
                        Goroutine.sleep(Duration.ofNanos(10_000));
                        slept.incrementAndGet();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
            }
            Chan<Integer> in = new Chan<>();
            Chan<Integer> out = new Chan<>();
            t.scheduler.go(() -> queue(in, out));
            t.run(() -> {
                for (int i = 0; i < 500; i++) {
                    Goroutine.sleep(Duration.ofNanos(1_000));
                }
                int batch = 20;
                for (int i = 0; i < 1_000; i++) {
                    for (int k = 0; k < batch; k++) {
                        in.send(i * batch + k);
                    }
                    for (int k = 0; k < batch; k++) {
                        Select.Case<Integer> value = Select.receive(out);
                        assertEquals(0, Select.of(value, Select.receive(Time.after(FAR))).await());
                        assertEquals(i * batch + k, value.value());
                    }
                }
                in.close();
            });
            t.until("all have slept", () -> slept.get() == count);
            assertEquals(20_000, t.timers(), "those that nobody has stopped");
        }
    }

    /** Takes as many as come, and gives them back in order. */
    private static void queue(Chan<Integer> in, Chan<Integer> out) {
        Deque<Integer> queue = new ArrayDeque<>();
        Select.Case<Integer> received = Select.receive(in);
        Select.Case<Integer> sent = Select.send(null, null);
        Select select = Select.of(received, sent);
        while (true) {
            if (select.await() == 1) {
                queue.removeFirst();
            } else if (received.value() == null) {
                return;
            } else {
                queue.add(received.value());
            }
            sent.chan(null);
            if (!queue.isEmpty()) {
                sent.value(queue.getFirst()).chan(out);
            }
        }
    }

    /** What is stopped is garbage. What is not stays on its heap until it fires, which Go's does not. */
    @Test
    void timerGC() throws Exception {
        try (TestScheduler t = TestScheduler.procs(2)) {
            List<WeakReference<Object>> stopped = new ArrayList<>();
            t.run(() -> {
                for (int i = 0; i < 1_000; i++) {
                    Timer timer = Timer.start(FAR);
                    timer.stop();
                    stopped.add(new WeakReference<>(timer));
                    stopped.add(new WeakReference<>(timer.c()));
                    Ticker ticker = Ticker.start(FAR);
                    ticker.stop();
                    stopped.add(new WeakReference<>(ticker));
                    stopped.add(new WeakReference<>(ticker.c()));
                    Object referred = new Object();
                    Timer func = Timer.afterFunc(FAR, referred::hashCode);
                    func.stop();
                    stopped.add(new WeakReference<>(func));
                    stopped.add(new WeakReference<>(referred));
                }
            });
            assertEquals(0, t.timers());
            t.atRest();
            t.until("all have been collected", () -> {
                System.gc();
                return stopped.stream().allMatch(each -> each.get() == null);
            });
        }
    }
}
