package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The timer heap alone, with times that the tests make up. */
@Timeout(60)
class TimersTest {
    private final Timers timers = new Timers();
    private final List<Object> fired = new ArrayList<>();

    private Timer timer(Object name) {
        return new Timer(fired::add, name);
    }

    @Test
    void firesInOrderOfTimeAndNothingEarly() {
        timers.add(timer("c"), 30);
        timers.add(timer("a"), 10);
        timers.add(timer("b"), 20);
        assertEquals(10, timers.minWhen());
        assertEquals(0, timers.runDue(9));
        assertEquals(2, timers.runDue(20));
        assertEquals(List.of("a", "b"), fired);
        assertEquals(30, timers.minWhen());
        assertEquals(1, timers.runDue(31));
        assertEquals(Timers.NONE, timers.minWhen());
        assertEquals(3, timers.fired());
        assertEquals(0, timers.size());
    }

    @Test
    void addTellsWhetherTheTimerIsTheFirst() {
        assertTrue(timers.add(timer("a"), 20));
        assertFalse(timers.add(timer("b"), 30));
        assertFalse(timers.add(timer("c"), 20));
        assertTrue(timers.add(timer("d"), 10));
    }

    @Test
    void takesAllOfAnother() {
        Timers dead = new Timers();
        List<Long> times = new ArrayList<>();
        for (long when = 1; when <= 100; when++) {
            times.add(when);
        }
        List<Long> shuffled = new ArrayList<>(times);
        Collections.shuffle(shuffled, new java.util.Random(1));
        Timer last = null;
        for (long when : shuffled) {
            Timer timer = timer(when);
            (when % 3 == 0 ? timers : dead).add(timer, when);
            last = when == 100 ? timer : last;
        }
        assertTrue(timers.takeAll(dead), "1 is earlier than 3");
        assertEquals(0, dead.size());
        assertEquals(Timers.NONE, dead.minWhen());
        assertEquals(1, timers.minWhen());
        assertEquals(100, timers.size());
        assertFalse(timers.isHeld() || dead.isHeld());
        assertTrue(last.stop(), "it knows where it is now");
        assertFalse(timers.takeAll(new Timers()));
        assertEquals(99, timers.runDue(100));
        assertEquals(times.subList(0, 99), fired);
    }

    @Test
    void stopTellsWhetherItWillFire() {
        Timer timer = timer("a");
        assertFalse(timer.stop(), "never started");
        timers.add(timer, 10);
        assertTrue(timer.stop());
        assertFalse(timer.stop());
        assertEquals(0, timers.runDue(100));
        timers.add(timer, 10);
        assertEquals(1, timers.runDue(10));
        assertFalse(timer.stop());
        assertEquals(List.of("a"), fired);
    }

    @Test
    void aCallbackMayStartItsTimerAgain() {
        Timer[] again = new Timer[1];
        again[0] = new Timer(
                arg -> {
                    fired.add(arg);
                    timers.add(again[0], again[0].when + 10);
                },
                "tick");
        timers.add(again[0], 10);
        assertEquals(1, timers.runDue(15));
        assertEquals(3, timers.runDue(40));
        assertEquals(50, timers.minWhen());
    }

    /** Random additions, removals and expiries against a sorted map. */
    @Test
    void behavesLikeASortedMap() {
        SplittableRandom random = new SplittableRandom(42);
        TreeMap<Long, Timer> model = new TreeMap<>();
        long now = 0;
        for (int i = 0; i < 200_000; i++) {
            int what = random.nextInt(10);
            if (what < 5 && model.size() < 1_000) {
                long when = ((now + random.nextInt(10_000)) << 20) + i; // different for each
                Timer timer = timer(when);
                boolean first = model.isEmpty() || when < model.firstKey();
                assertEquals(first, timers.add(timer, when));
                model.put(when, timer);
            } else if (what < 8 && !model.isEmpty()) {
                Long key = model.ceilingKey((now + random.nextInt(10_000)) << 20);
                Timer victim = model.remove(key == null ? model.lastKey() : key);
                assertTrue(victim.stop());
            } else {
                now += random.nextInt(200);
                var due = model.headMap(now << 20, true);
                List<Object> expected = new ArrayList<>(due.keySet());
                due.clear();
                fired.clear();
                assertEquals(expected.size(), timers.runDue(now << 20));
                assertEquals(expected, fired);
            }
            assertEquals(model.size(), timers.size());
            assertEquals(model.isEmpty() ? Timers.NONE : model.firstKey(), timers.minWhen());
        }
    }

    /** Go's AdjustTimers: timers that are moved, earlier and later, fire once each at their new time. */
    @Test
    void movedTimersFireOnceAtTheirNewTime() {
        SplittableRandom random = new SplittableRandom(7);
        List<Timer> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Timer timer = timer(i);
            timers.add(timer, 1_000 + random.nextInt(1_000));
            all.add(timer);
        }
        Collections.shuffle(all, new java.util.Random(7));
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < all.size(); i++) {
                assertTrue(all.get(i).stop());
                timers.add(all.get(i), (round % 2 == 0 ? 5_000 : 10) + i);
            }
            assertEquals(100, timers.size());
        }
        for (int i = 0; i < all.size(); i++) {
            assertEquals(1, timers.runDue(10 + i));
            assertEquals(all.get(i).arg, fired.get(i));
        }
        assertEquals(0, timers.size());
    }

    /** One thread fires while another stops: each timer either fires or was stopped, never both, never neither. */
    @Test
    void stopAndFireAgreeOnWhoWon() throws Exception {
        int count = 2_000;
        int rounds = 50;
        AtomicIntegerArray fires = new AtomicIntegerArray(count);
        AtomicInteger stops = new AtomicInteger();
        Timer[] all = new Timer[count];
        CyclicBarrier barrier = new CyclicBarrier(2);
        Thread firer = Thread.ofPlatform().start(() -> {
            for (int round = 0; round < rounds; round++) {
                await(barrier);
                for (int now = 0; now <= count; now += 3) {
                    timers.runDue(now);
                }
                await(barrier);
            }
        });
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < count; i++) {
                all[i] = new Timer(arg -> fires.incrementAndGet((Integer) arg), i);
                timers.add(all[i], i);
            }
            await(barrier);
            boolean[] stopped = new boolean[count];
            for (int i = count - 1; i >= 0; i--) {
                stopped[i] = all[i].stop();
                stops.addAndGet(stopped[i] ? 1 : 0);
            }
            await(barrier);
            for (int i = 0; i < count; i++) {
                assertEquals(stopped[i] ? 0 : 1, fires.getAndSet(i, 0), "fires of timer " + i);
            }
        }
        firer.join();
        assertEquals((long) count * rounds, timers.fired() + stops.get());
        assertEquals(0, timers.size());
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
