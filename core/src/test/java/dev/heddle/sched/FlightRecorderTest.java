package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.TraceEvent.Place;
import dev.heddle.sched.TraceEvent.Type;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the flight recorder keeps: the life of goroutines, Ps and Ms, in order, and the newest of it. */
@Timeout(180)
class FlightRecorderTest {
    private static final long PLENTY = 256L << 20;

    /** A scheduler that has recorded from before its first thread. */
    private static Scheduler recording(int procs) {
        Scheduler s = Started.procs(procs);
        s.flightRecorder().start(Duration.ofHours(1), PLENTY);
        return s;
    }

    private static List<TraceEvent> of(Scheduler s, Goroutine g) {
        return s.flightRecorder().events().stream()
                .filter(e -> e.goroutine() == g.id())
                .toList();
    }

    private static List<Type> types(List<TraceEvent> events) {
        return events.stream().map(TraceEvent::type).toList();
    }

    @Test
    void theLifeOfAGoroutine() throws Exception {
        try (Scheduler s = Started.withoutSysmon(1)) { // which would take the P from the call
            Started.secondThread(s);
            s.flightRecorder().start(Duration.ofHours(1), PLENTY);
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine waiter = s.go("waiter", () -> {
                semaphore.acquire(WaitReason.CHAN_RECEIVE);
                Goroutine.gosched();
                Goroutine.goyield();
                Syscall.call(() -> 0);
            });
            Waiting.until(s, "it waits", () -> waiter.state() == Goroutine.State.WAITING);
            Goroutine waker = s.go(semaphore::release);
            Quiet.afterEnd(s);

            List<TraceEvent> events = of(s, waiter);
            assertEquals(
                    List.of(
                            Type.GO_CREATE,
                            Type.GO_START,
                            Type.GO_BLOCK,
                            Type.GO_UNBLOCK,
                            Type.GO_START,
                            Type.GO_STOP,
                            Type.GO_START,
                            Type.GO_STOP,
                            Type.GO_START,
                            Type.GO_SYSCALL_BEGIN,
                            Type.GO_SYSCALL_END,
                            Type.GO_DESTROY),
                    types(events));
            TraceEvent create = events.get(0);
            assertEquals("waiter", create.name());
            assertEquals(Place.GLOBAL, create.place());
            assertEquals(0, create.detail());
            assertEquals(-1, create.machine());
            assertEquals(WaitReason.CHAN_RECEIVE, events.get(2).reason());
            TraceEvent unblock = events.get(3);
            assertEquals(waker.id(), unblock.detail());
            assertEquals(Place.RUNNEXT, unblock.place());
            assertEquals(0, unblock.proc());
            assertEquals(Place.GLOBAL, events.get(5).place());
            assertEquals(Place.RING, events.get(7).place());
            assertEquals(
                    "GoUnblock M" + unblock.machine() + " P0 G" + waiter.id() + " by G" + waker.id() + " RUNNEXT",
                    unblock.toString());
        }
    }

    /** The wake-up of a goroutine that JDK code parked, by a thread that is no M: to the inbox of its P. */
    @Test
    void aForeignWakeUp() {
        try (Scheduler s = recording(1)) {
            Goroutine parked = s.go(LockSupport::park);
            Waiting.until(s, "it is parked", () -> parked.state() == Goroutine.State.WAITING);
            Quiet.atRest(s); // until then its M may still have it, and queues it
            LockSupport.unpark(parked.thread());
            Quiet.afterEnd(s);
            List<TraceEvent> events = of(s, parked);
            assertEquals(
                    List.of(Type.GO_CREATE, Type.GO_START, Type.GO_BLOCK, Type.GO_UNBLOCK, Type.GO_START, Type.GO_DESTROY),
                    types(events));
            assertEquals(WaitReason.JDK, events.get(2).reason());
            assertEquals(Place.INBOX, events.get(3).place());
            assertEquals(-1, events.get(3).machine());
        }
    }

    /** Everything at once, from many threads: every goroutine, P and M goes its legal way, in the order of time. */
    @Test
    void theRulesHoldUnderLoad() {
        try (Scheduler s = recording(3)) {
            AtomicInteger left = new AtomicInteger(40);
            for (int i = 0; i < 40; i++) {
                int seed = i;
                s.go("load" + i, () -> {
                    load(s, seed);
                    left.decrementAndGet();
                });
            }
            Waiting.until(s, "all have ended", () -> left.get() == 0);
            Quiet.afterEnd(s);
            List<TraceEvent> events = s.flightRecorder().events();
            assertEquals(0, s.flightRecorder().dropped());
            assertEquals(List.of(), TraceRules.brokenBy(events));
            for (Type type : List.of(
                    Type.GO_SYSCALL_END_BLOCKED,
                    Type.PROC_STEAL,
                    Type.PROC_PREEMPT,
                    Type.SPIN_START,
                    Type.SPIN_STOP,
                    Type.THREAD_PARK,
                    Type.THREAD_UNPARK,
                    Type.STEAL)) {
                assertTrue(types(events).contains(type), "no " + type);
            }
        }
    }

    private static void load(Scheduler s, int seed) {
        BinarySemaphore ping = new BinarySemaphore();
        BinarySemaphore pong = new BinarySemaphore();
        Goroutine other = s.go(() -> {
            for (int i = 0; i < 50; i++) {
                ping.acquire(WaitReason.SEMACQUIRE);
                pong.release();
            }
        });
        for (int i = 0; i < 50; i++) {
            ping.release();
            pong.acquire(WaitReason.SEMACQUIRE, i % 2 == 0 ? Long.MAX_VALUE : Waiting.LIMIT.toNanos());
            switch ((seed + i) % 7) {
                case 0 -> Goroutine.gosched();
                case 1 -> Goroutine.goyield();
                case 2 -> Syscall.call(() -> blocked(100_000));
                case 3 -> Syscall.callBlocking(() -> blocked(20_000));
                case 4 -> s.go(() -> {});
                case 5 -> sleep();
                default -> LockSupport.parkNanos(50_000);
            }
        }
        if (seed == 0) {
            Busy.untilAPreemption(s);
        }
        if (seed == 1) {
            Busy.inCallUntilHandedOff();
        }
        join(other);
    }

    private static int blocked(long nanos) {
        Busy.blockedNanos(nanos);
        return 0;
    }

    private static void sleep() {
        try {
            Goroutine.sleep(Duration.ofNanos(100_000));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void join(Goroutine g) {
        try {
            g.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Little memory keeps the newest events of a thread, without a gap and in order, while they are overwritten. */
    @Test
    void theNewestEventsAreKept() {
        try (Scheduler s = Started.unhurried(1)) {
            s.flightRecorder().start(Duration.ofHours(1), 1);
            AtomicInteger phase = new AtomicInteger();
            Goroutine yielder = s.go("yielder", () -> {
                while (phase.get() == 0) {
                    Goroutine.goyield();
                }
            });
            Waiting.until(s, "it runs", () -> !ofItsM(s, yielder).isEmpty());
            long begin = ofItsM(s, yielder).getFirst().nanos();
            for (int i = 0; i < 200; i++) {
                List<TraceEvent> events = ofItsM(s, yielder);
                for (int k = 1; k < events.size(); k++) {
                    TraceEvent e = events.get(k);
                    assertTrue(e.nanos() >= events.get(k - 1).nanos());
                    assertTrue(e.type() != events.get(k - 1).type(), () -> "starts and stops alternate, but: " + e);
                }
                LockSupport.parkNanos(200_000);
            }
            Waiting.until(s, "the oldest are gone", () -> ofItsM(s, yielder).getFirst().nanos() > begin);
            phase.set(1);
            Quiet.afterEnd(s);
            List<TraceEvent> events = ofItsM(s, yielder);
            assertEquals(Type.GO_DESTROY, events.getLast().type());
            assertTrue(events.size() > TraceChunk.EVENTS, () -> "only " + events.size());
        }
    }

    /** What the one M has written. */
    private static List<TraceEvent> ofItsM(Scheduler s, Goroutine g) {
        return of(s, g).stream().filter(e -> e.machine() == 0).toList();
    }

    @Test
    void whatIsOlderThanTheWindowIsNotShown() {
        try (Scheduler s = recording(1)) {
            s.flightRecorder().stop();
            s.flightRecorder().start(Duration.ofMillis(1), PLENTY);
            Goroutine g = s.go(() -> {});
            Quiet.afterEnd(s);
            Waiting.until(s, "its events grow too old", () -> of(s, g).isEmpty());
        }
    }

    @Test
    void startAndStop() throws IOException {
        try (Scheduler s = Started.procs(1)) {
            FlightRecorder recorder = s.flightRecorder();
            assertFalse(recorder.isEnabled());
            assertThrows(IllegalStateException.class, recorder::events);
            assertThrows(IllegalStateException.class, () -> recorder.writeTo(new ByteArrayOutputStream()));
            assertThrows(IllegalArgumentException.class, () -> recorder.start(Duration.ZERO, 1));
            assertThrows(IllegalArgumentException.class, () -> recorder.start(Duration.ofSeconds(1), 0));
            recorder.start();
            assertTrue(recorder.isEnabled());
            assertThrows(IllegalStateException.class, recorder::start);
            Goroutine first = s.go(() -> {});
            Quiet.afterEnd(s);
            assertEquals(3, of(s, first).size());
            recorder.stop();
            recorder.stop();
            assertFalse(recorder.isEnabled());
            recorder.start();
            assertEquals(List.of(), of(s, first), "what was before is forgotten");
            Goroutine second = s.go(() -> {});
            Quiet.afterEnd(s);
            assertEquals(List.of(Type.GO_CREATE, Type.GO_START, Type.GO_DESTROY), types(of(s, second)));
        }
    }

    /** A slow reader costs the scheduler nothing, and gets all that was recorded. */
    @Test
    void itCanStopBeforeItWrites() throws IOException {
        try (Scheduler s = Started.procs(1)) {
            FlightRecorder recorder = s.flightRecorder();
            assertThrows(IllegalStateException.class, () -> recorder.stopAndWriteTo(new ByteArrayOutputStream()));
            recorder.start();
            Goroutine g = s.go(() -> {});
            Quiet.afterEnd(s);
            List<Boolean> enabled = new ArrayList<>();
            ByteArrayOutputStream out = new ByteArrayOutputStream() {
                @Override
                public void write(byte[] bytes, int from, int length) {
                    enabled.add(recorder.isEnabled());
                    super.write(bytes, from, length);
                }
            };
            recorder.stopAndWriteTo(out);
            assertFalse(enabled.isEmpty());
            assertFalse(enabled.contains(true));
            assertTrue(out.toString(StandardCharsets.UTF_8).contains("G" + g.id() + " "));
        }
    }

    /** More threads than memory: events are dropped and counted, nothing breaks. */
    @Test
    void threadsThatFindNoMemoryDropEvents() {
        try (Scheduler s = Started.procs(1)) {
            s.flightRecorder().start(Duration.ofHours(1), 1);
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger go = new AtomicInteger();
            List<Goroutine> all = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                all.add(s.go(() -> Syscall.callBlocking(() -> {
                    inside.incrementAndGet();
                    Busy.blockedUntil(() -> go.get() == 1);
                    return 0;
                })));
            }
            Waiting.until(s, "all are inside", () -> inside.get() == 30);
            assertTrue(s.flightRecorder().dropped() > 0);
            go.set(1);
            Quiet.afterEnd(s);
        }
    }

    /** What one thread did while the events of another have been overwritten would look as if the other did nothing. */
    @Test
    void nothingIsShownOfTheTimeOfWhichSomethingIsLost() {
        TraceChunks chunks = new TraceChunks(1, Duration.ofHours(1).toNanos(), 1);
        TraceWriter rare = new TraceWriter(1);
        TraceWriter busy = new TraceWriter(2);
        long head = TraceChunk.head(Type.GO_STOP, -1, 0, 0);
        rare.write(chunks, head, 1, 0, null);
        for (int i = 0; i < 3 * TraceChunk.EVENTS; i++) {
            busy.write(chunks, head, 100 + i, 0, null);
        }
        rare.write(chunks, head, 2, 0, null);
        assertEquals(3 * TraceChunk.EVENTS + 2, chunks.events().size());
        for (int i = 0; i < 20 * TraceChunk.EVENTS; i++) {
            busy.write(chunks, head, 100_000 + i, 0, null);
        }
        rare.write(chunks, head, 3, 0, null);
        List<TraceEvent> events = chunks.events();
        assertTrue(events.getFirst().goroutine() >= 100_000, events.getFirst()::toString);
        assertEquals(3, events.getLast().goroutine());
        long first = events.getFirst().goroutine();
        for (int i = 0; i < events.size() - 1; i++) {
            assertEquals(first + i, events.get(i).goroutine());
        }
    }

    /** So that an event can be compared with times that the application took. */
    @Test
    void timesAreThoseOfNanoTime() {
        try (Scheduler s = recording(1)) {
            long before = System.nanoTime();
            Goroutine g = s.go(() -> {});
            Quiet.afterEnd(s);
            long after = System.nanoTime();
            for (TraceEvent e : of(s, g)) {
                assertTrue(e.nanos() >= before && e.nanos() <= after, () -> before + " " + e.nanos() + " " + after);
            }
        }
    }

    @Test
    void aGoroutineWithoutANameHasTheNameOfItsBody() {
        try (Scheduler s = recording(1)) {
            Goroutine g = s.go(() -> {});
            Quiet.afterEnd(s);
            assertEquals("FlightRecorderTest", of(s, g).getFirst().name());
        }
    }
}
