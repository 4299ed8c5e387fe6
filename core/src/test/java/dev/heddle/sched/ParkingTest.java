package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Our own parking waits until it is woken, whatever state the thread is in, and uses no processor time meanwhile. */
@Timeout(120)
class ParkingTest {
    private static final WaitReason REASON = WaitReason.CHAN_RECEIVE;

    /** Processor time of all Ms. */
    private static long cpuNanos(Scheduler s) {
        ThreadMXBean bean = ManagementFactory.getThreadMXBean();
        return s.sched().threads.all().stream()
                .mapToLong(m -> Math.max(0, bean.getThreadCpuTime(m.threadId())))
                .sum();
    }

    /** The goroutine waits, and for 50 ms next to no processor time is used. */
    private static void waitsQuietly(Scheduler s, Goroutine g) {
        Waiting.until(s, "it waits", () -> g.waitReason() == REASON);
        Quiet.atRest(s);
        long before = cpuNanos(s);
        Waiting.holds(s, "it waits", Duration.ofMillis(50), () -> g.state() == Goroutine.State.WAITING);
        long used = cpuNanos(s) - before;
        assertTrue(used < 20_000_000, "used " + used + " ns of processor time in 50 ms of waiting");
    }

    /** Runs one wait of a goroutine with something done before it. */
    private static void waitsUntilReleased(Runnable before, boolean interrupted) {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            AtomicReference<Boolean> status = new AtomicReference<>();
            Goroutine g = s.go(() -> {
                before.run();
                semaphore.acquire(REASON);
                status.set(Thread.currentThread().isInterrupted());
            });
            waitsQuietly(s, g);
            assertNull(status.get());
            semaphore.release();
            Waiting.until(s, "it goes on", () -> status.get() != null);
            assertEquals(interrupted, status.get(), "interrupt status");
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aFreshGoroutine() {
        waitsUntilReleased(() -> {}, false);
    }

    @Test
    void anInterruptedGoroutine() {
        waitsUntilReleased(() -> Thread.currentThread().interrupt(), true);
    }

    @Test
    void aGoroutineWithAPermitLeftOver() {
        waitsUntilReleased(() -> LockSupport.unpark(Thread.currentThread()), false);
    }

    @Test
    void aGoroutineThatHasSlept() {
        waitsUntilReleased(
                () -> {
                    try {
                        Thread.sleep(1);
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                },
                false);
    }

    @Test
    void anInterruptWhileWaitingIsKeptForLater() {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            AtomicReference<Boolean> status = new AtomicReference<>();
            Goroutine g = s.go(() -> {
                semaphore.acquire(REASON);
                status.set(Thread.interrupted());
            });
            waitsQuietly(s, g);
            g.thread().interrupt();
            waitsQuietly(s, g);
            LockSupport.unpark(g.thread());
            waitsQuietly(s, g);
            semaphore.release();
            Waiting.until(s, "it goes on", () -> status.get() != null);
            assertTrue(status.get());
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aPermitThatComesFirstIsTakenWithoutWaiting() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            semaphore.release();
            semaphore.release();
            assertTrue(Started.call(s, () -> {
                semaphore.acquire(REASON);
                return !semaphore.tryAcquire();
            }), "two releases are one permit");
        }
    }

    @Test
    void withAMonitorHeld() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            Object monitor = new Object();
            BinarySemaphore semaphore = new BinarySemaphore();
            AtomicInteger order = new AtomicInteger();
            Goroutine holder = s.go(() -> {
                synchronized (monitor) {
                    semaphore.acquire(REASON);
                    order.compareAndSet(0, 1);
                }
            });
            waitsQuietly(s, holder);
            Goroutine contender = s.go(() -> {
                synchronized (monitor) {
                    order.compareAndSet(1, 2);
                }
            });
            Waiting.until(s, "the other is blocked", () -> contender.thread().getState() == Thread.State.BLOCKED);
            semaphore.release();
            contender.join();
            assertEquals(2, order.get());
            Quiet.afterEnd(s);
        }
    }

    // -- where a goroutine cannot leave its thread --

    /** What a class initialiser does; one class for each test, since a class is initialised once. */
    private static final class Initialised {
        static final BinarySemaphore SEMAPHORE = new BinarySemaphore();
        static volatile boolean interrupt;

        static void waits() {
            if (interrupt) {
                Thread.currentThread().interrupt();
            }
            SEMAPHORE.acquire(REASON);
        }

        static final class First {
            static final int VALUE;

            static {
                waits();
                VALUE = 1;
            }
        }

        static final class Second {
            static final int VALUE;

            static {
                waits();
                VALUE = 2;
            }
        }

        static final class Third {
            static final int VALUE;

            static {
                VALUE = SEMAPHORE.acquire(REASON, 20_000_000) ? 0 : 3;
            }
        }

        static final class Fourth {
            static final int VALUE;

            static {
                Goroutine.gosched();
                Goroutine.goyield();
                VALUE = Syscall.call(() -> 4);
            }
        }
    }

    @Test
    void insideAClassInitialiserTheThreadWaitsButThePDoesNot() {
        try (Scheduler s = Started.procs(1)) {
            AtomicInteger value = new AtomicInteger();
            Goroutine g = s.go(() -> value.set(Initialised.First.VALUE));
            othersRunWhileItWaits(s, g);
            Initialised.SEMAPHORE.release();
            Waiting.until(s, "it goes on", () -> value.get() == 1);
            Quiet.afterEnd(s);
        }
    }

    private static void othersRunWhileItWaits(Scheduler s, Goroutine g) {
        waitsQuietly(s, g);
        AtomicBoolean ran = new AtomicBoolean();
        s.go(() -> ran.set(true));
        Waiting.until(s, "another goroutine runs", ran::get);
        assertEquals(Goroutine.State.WAITING, g.state());
    }

    @Test
    void insideAClassInitialiserAnInterruptDoesNotMakeItSpin() {
        try (Scheduler s = Started.procs(1)) {
            AtomicInteger value = new AtomicInteger();
            AtomicBoolean status = new AtomicBoolean();
            Initialised.interrupt = true;
            Goroutine g = s.go(() -> {
                value.set(Initialised.Second.VALUE);
                status.set(Thread.currentThread().isInterrupted());
            });
            try {
                othersRunWhileItWaits(s, g);
            } finally {
                Initialised.interrupt = false;
                Initialised.SEMAPHORE.release();
            }
            Waiting.until(s, "it goes on", () -> value.get() == 2);
            Quiet.afterEnd(s);
            assertTrue(status.get(), "the interrupt is kept");
        }
    }

    @Test
    void insideAClassInitialiserATimeOutWorks() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            assertEquals(3, Started.call(s, () -> Initialised.Third.VALUE));
            Quiet.afterEnd(s);
        }
    }

    @Test
    void insideAClassInitialiserYieldsAndCallsReturn() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            assertEquals(4, Started.call(s, () -> Initialised.Fourth.VALUE));
            Quiet.afterEnd(s);
        }
    }

    private static final BinarySemaphore UNDER_NATIVE = new BinarySemaphore();

    static int compare(MemorySegment a, MemorySegment b) {
        UNDER_NATIVE.acquire(REASON);
        return 0;
    }

    /** C's qsort calls back into Java, which waits. */
    @Test
    void underANativeFrame() throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle qsort = linker.downcallHandle(
                linker.defaultLookup().find("qsort").orElseThrow(),
                FunctionDescriptor.ofVoid(
                        ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
        MethodHandle compare = MethodHandles.lookup()
                .findStatic(
                        ParkingTest.class,
                        "compare",
                        MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class));
        try (Arena arena = Arena.ofShared();
                Scheduler s = Started.procs(1)) {
            MemorySegment callback = linker.upcallStub(
                    compare,
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS),
                    arena);
            MemorySegment array = arena.allocate(ValueLayout.JAVA_INT, 2);
            AtomicReference<Object> result = new AtomicReference<>();
            Goroutine g = s.go(() -> {
                try {
                    qsort.invokeExact(array, 2L, 4L, callback);
                    result.set("sorted");
                } catch (Throwable e) {
                    result.set(e);
                }
            });
            othersRunWhileItWaits(s, g);
            UNDER_NATIVE.release();
            Waiting.until(s, "it goes on", () -> result.get() != null);
            assertEquals("sorted", result.get());
            Quiet.afterEnd(s);
        }
    }

    // -- one waiter --

    @Test
    void aSecondWaiterIsRefused() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine first = s.go(() -> semaphore.acquire(REASON));
            Waiting.until(s, "the first waits", () -> first.state() == Goroutine.State.WAITING);
            IllegalStateException e = Started.call(
                    s, () -> assertThrows(IllegalStateException.class, () -> semaphore.acquire(REASON)));
            assertTrue(e.getMessage().startsWith("one waiter at a time: "), e.getMessage());
            assertThrows(IllegalStateException.class, () -> semaphore.acquire(REASON, 1_000));
            assertThrows(IllegalStateException.class, semaphore::tryAcquire);
            semaphore.release();
            first.join();
            assertFalse(semaphore.tryAcquire());
        }
    }

    @Test
    void unblockHandsTheWaiterToTheCaller() {
        try (Scheduler s = Started.procs(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            assertNull(semaphore.unblock());
            assertTrue(semaphore.tryAcquire(), "without a waiter a permit stays");
            Goroutine g = s.go(() -> semaphore.acquire(REASON));
            Waiting.until(s, "it waits", () -> g.state() == Goroutine.State.WAITING);
            Goroutine taken = semaphore.unblock();
            assertEquals(g, taken);
            Waiting.holds(s, "the caller has it", Duration.ofMillis(5), () -> g.state() == Goroutine.State.WAITING);
            ((G) taken).ready();
            Quiet.afterEnd(s);
        }
    }

    // -- the states that others see --

    @Test
    void stateAndReasonAreVisible() {
        try (Scheduler s = Started.procs(1)) {
            for (WaitReason reason : WaitReason.values()) {
                BinarySemaphore semaphore = new BinarySemaphore();
                Goroutine g = s.go(() -> semaphore.acquire(reason));
                Waiting.until(s, "it waits", () -> g.waitReason() == reason);
                assertTrue(s.dump().contains("goroutine " + g.id() + " [" + reason + "]"), s.dump());
                semaphore.release();
                Waiting.until(s, "it has ended", () -> g.state() == Goroutine.State.DEAD);
                assertNull(g.waitReason());
            }
        }
    }
}
