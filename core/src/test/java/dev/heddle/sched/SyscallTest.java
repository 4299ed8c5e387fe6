package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.jdk.Carrier;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Blocking calls, declared or not, keep their thread and leave the P to others. */
@Timeout(60)
class SyscallTest {
    /** What a goroutine sees of its thread and P. */
    private record Place(M m, P p) {
        static Place here() {
            return new Place(M.current(), M.current().p);
        }
    }

    @Test
    void aShortCallKeepsThreadAndP() throws Exception {
        int calls = 5_000;
        try (Scheduler s = Started.unhurried(2)) {
            AtomicInteger moved = new AtomicInteger();
            AtomicInteger notInCall = new AtomicInteger();
            Started.secondThread(s);
            long callsBefore = s.stats().syscalls();
            Started.call(s, () -> {
                for (int i = 0; i < calls; i++) {
                    int value = i;
                    Place before = Place.here();
                    assertEquals(i, Syscall.call(() -> {
                        notInCall.addAndGet(before.p.status() == PState.SYSCALL ? 0 : 1);
                        return value;
                    }));
                    moved.addAndGet(before.equals(Place.here()) ? 0 : 1);
                }
                return null;
            });
            assertEquals(calls, s.stats().syscalls() - callsBefore);
            long taken = s.stats().handoffs(); // by sysmon, from a thread that the system did not run
            assertTrue(moved.get() <= taken, moved + " moves, " + taken + " handoffs");
            assertTrue(notInCall.get() <= taken, notInCall + " of " + calls + ", " + taken + " handoffs");
            assertTrue(taken < calls / 10, taken + " handoffs");
            Quiet.afterEnd(s);
        }
    }

    @Test
    void whatTheCallThrowsComesOut() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            IOException e = Started.call(s, () -> assertThrows(IOException.class, () -> Syscall.call(() -> {
                throw new IOException("disk");
            })));
            assertEquals("disk", e.getMessage());
            e = Started.call(s, () -> assertThrows(IOException.class, () -> Syscall.callBlocking(() -> {
                throw new IOException("net");
            })));
            assertEquals("net", e.getMessage());
            Quiet.afterEnd(s);
        }
    }

    @Test
    void outsideOfAGoroutineTheCallIsSimplyMade() throws Exception {
        assertEquals(1, Syscall.call(() -> 1));
        assertEquals(2, Syscall.callBlocking(() -> 2));
        Thread thread = Thread.startVirtualThread(() -> assertEquals(3, Syscall.call(() -> 3)));
        thread.join();
    }

    /** 20 us are over and somebody waits: sysmon hands the P on while the call is still in the kernel. */
    @Test
    void thePIsHandedOnWhileTheCallBlocks() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            Started.secondThread(s);
            AtomicBoolean other = new AtomicBoolean();
            AtomicBoolean sawIt = new AtomicBoolean();
            s.go(() -> {
                s.go(() -> other.set(true));
                Syscall.call(() -> {
                    Busy.blockedUntil(other::get);
                    return null;
                });
                sawIt.set(true);
            });
            Waiting.until(s, "the other ran meanwhile", sawIt::get);
            assertTrue(s.stats().handoffs() >= 1);
            Quiet.afterEnd(s);
        }
    }

    /** A long call hands its P on at once and by itself: nothing for sysmon to do. */
    @Test
    void aLongCallHandsItsPOnAtOnce() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            Started.secondThread(s);
            long handoffs = s.stats().handoffs();
            long syscalls = s.stats().syscalls();
            AtomicBoolean other = new AtomicBoolean();
            Started.call(s, () -> {
                s.go(() -> other.set(true));
                Place before = Place.here();
                return Syscall.callBlocking(() -> {
                    assertSame(before.m, M.current());
                    assertNull(M.current().p);
                    Busy.blockedUntil(other::get);
                    return null;
                });
            });
            assertEquals(handoffs + 1, s.stats().handoffs());
            assertEquals(syscalls + 1, s.stats().syscalls());
            Quiet.afterEnd(s);
        }
    }

    /** Whoever moves the P: the caller itself, sysmon, or a change of their number. */
    @Test
    void everyPThatLeavesABlockedThreadIsCounted() {
        int readers = 50;
        try (Scheduler s = Started.withoutSysmon(1)) { // which would move one more if a thread seemed to sleep on its way
            AtomicInteger inside = new AtomicInteger();
            AtomicBoolean end = new AtomicBoolean();
            for (int i = 0; i < readers; i++) {
                s.go(() -> Syscall.callBlocking(() -> {
                    inside.incrementAndGet();
                    Busy.blockedUntil(end::get);
                    return null;
                }));
            }
            Waiting.until(s, "all are inside", () -> inside.get() == readers);
            assertEquals(readers, s.stats().handoffs());
            end.set(true);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aPThatSysmonTakesFromACallIsCounted() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            Started.secondThread(s);
            AtomicBoolean ran = new AtomicBoolean();
            AtomicBoolean end = new AtomicBoolean();
            long before = s.stats().handoffs();
            s.go(() -> {
                s.go(() -> ran.set(true));
                Syscall.call(() -> {
                    Busy.blockedUntil(end::get);
                    return null;
                });
            });
            Waiting.until(s, "the other runs", ran::get);
            Waiting.until(s, "sysmon has moved one", () -> s.stats().handoffs() == before + 1);
            end.set(true);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void aPTakenFromACallBecauseThereAreFewerIsCounted() {
        try (Scheduler s = Started.withoutSysmon(2)) {
            AtomicInteger inside = new AtomicInteger();
            AtomicBoolean end = new AtomicBoolean();
            s.go(() -> {
                s.go(() -> inACall(inside, end));
                inACall(inside, end);
            });
            Waiting.until(s, "both Ps are in a call", () -> inside.get() == 2);
            s.gomaxprocs(1);
            assertEquals(1, s.stats().handoffs());
            end.set(true);
            Quiet.afterEnd(s);
        }
    }

    private static void inACall(AtomicInteger inside, AtomicBoolean end) {
        Syscall.call(() -> {
            inside.incrementAndGet();
            Busy.blockedUntil(end::get);
            return null;
        });
    }

    /** Its own P is gone, another one is idle: the goroutine takes that and goes on without a detour. */
    @Test
    void theWayBackTakesAnIdleP() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            Started.secondThread(s);
            Place[] places = Started.call(s, () -> {
                Place before = Place.here();
                Syscall.callBlocking(() -> {
                    Busy.blockedUntil(() -> s.sched().idle.npidle() == 1);
                    return null;
                });
                return new Place[] {before, Place.here()};
            });
            assertSame(places[0].m, places[1].m);
            assertNotNull(places[1].p);
            Quiet.afterEnd(s);
        }
    }

    /** No P is idle: the goroutine waits on the global queue, its thread becomes a spare. */
    @Test
    void theWayBackWithoutAPGoesThroughTheGlobalQueue() throws Exception {
        try (Scheduler s = Started.unhurried(1)) {
            Started.secondThread(s);
            AtomicBoolean hogRuns = new AtomicBoolean();
            AtomicBoolean sawQueued = new AtomicBoolean();
            AtomicBoolean back = new AtomicBoolean();
            s.go(() -> {
                s.go(() -> {
                    hogRuns.set(true);
                    Busy.until(() -> s.sched().global.size() == 1 && s.sched().spares.count() >= 1);
                    sawQueued.set(!back.get());
                });
                Syscall.callBlocking(() -> {
                    Busy.blockedUntil(hogRuns::get);
                    return null;
                });
                back.set(true);
            });
            Waiting.until(s, "it is back", back::get);
            assertTrue(sawQueued.get());
            Quiet.afterEnd(s);
        }
    }

    @Test
    void callsNest() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            int depth = Started.call(s, () -> Syscall.call(() -> Syscall.callBlocking(() -> Syscall.call(() -> 3))));
            assertEquals(3, depth);
            assertEquals(1, s.stats().syscalls(), "one call as far as the scheduler is concerned");
            Quiet.afterEnd(s);
        }
    }

    /** A call that parks the goroutine is over for the scheduler; the goroutine may come back elsewhere. */
    @Test
    void aCallMayPark() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            for (int i = 0; i < 200; i++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                s.go(semaphore::release);
                int result = Started.call(s, () -> Syscall.call(() -> {
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                    Thread.yield();
                    return Syscall.call(() -> 5);
                }));
                assertEquals(5, result);
            }
            Quiet.afterEnd(s);
        }
    }

    // -- what the JDK announces by itself --

    @Test
    void theJdkAnnouncesForce(@TempDir Path dir) throws Exception {
        try (Scheduler s = Started.procs(1)) {
            Path file = dir.resolve("forced");
            Started.call(s, () -> {
                try (FileChannel channel =
                        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                    channel.write(ByteBuffer.wrap(new byte[] {1}));
                    long before = s.stats().syscalls();
                    channel.force(true);
                    assertEquals(before + 1, s.stats().syscalls());
                }
                return null;
            });
            assertEquals(1, Files.size(file));
            Quiet.afterEnd(s);
        }
    }

    /** A read from a process that says nothing: others run meanwhile, and the quantum has nothing to do with it. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theJdkAnnouncesPipesOfProcesses() throws Exception {
        Process cat = new ProcessBuilder("cat").start();
        try (Scheduler s = Started.unhurried(1)) {
            AtomicInteger got = new AtomicInteger();
            AtomicBoolean other = new AtomicBoolean();
            s.go(() -> {
                s.go(() -> other.set(true));
                got.set(readOne(cat.getInputStream()));
            });
            Waiting.until(s, "another goroutine runs", other::get);
            Waiting.until(s, "the read is declared", () -> s.stats().syscalls() >= 1);
            assertEquals(0, got.get());
            try (OutputStream out = cat.getOutputStream()) {
                out.write('x');
            }
            Waiting.until(s, "the byte is read", () -> got.get() == 'x');
            Quiet.afterEnd(s);
        } finally {
            cat.destroy();
            cat.waitFor();
        }
    }

    private static int readOne(java.io.InputStream in) {
        try {
            return in.read();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // -- what nobody announces --

    /** The thread sleeps in the kernel while it should run a goroutine: seen after the quantum, and no hog. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void anUndeclaredBlockingCallLosesItsP(@TempDir Path dir) throws Exception {
        Path fifo = dir.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        try (Scheduler s = Started.procs(1)) {
            AtomicBoolean other = new AtomicBoolean();
            AtomicReference<String> got = new AtomicReference<>();
            s.go(() -> {
                s.go(() -> other.set(true));
                got.set(readAll(fifo));
            });
            Waiting.until(s, "the goroutine behind it runs", other::get);
            assertNull(got.get());
            assertEquals(0, s.stats().syscalls(), "the JDK has not announced it");
            assertTrue(s.stats().handoffs() >= 1);
            assertEquals(0, s.stats().preemptions(), "not a hog");
            Started.call(s, () -> {
                Goroutine.sleep(Duration.ofMillis(50)); // time for sysmon to look at it more than once
                return null;
            });
            assertEquals(0, s.stats().hogs().computing());
            assertEquals(0, s.stats().hogs().nanos());
            Files.writeString(fifo, "hello");
            Waiting.until(s, "the text is read", () -> "hello".equals(got.get()));
            Quiet.afterEnd(s);
        }
    }

    /** They stand in line, and the quantum has nothing to do with it: 500 quanta are 6 days here. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void manyUndeclaredCallsInLineAreNoQuantumEach(@TempDir Path dir) throws Exception {
        int readers = 100;
        Path fifo = dir.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        try (Scheduler s = Started.unhurried(2)) {
            AtomicBoolean behind = new AtomicBoolean();
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < readers; i++) {
                s.go(() -> {
                    readAll(fifo);
                    ended.incrementAndGet();
                });
            }
            s.go(() -> behind.set(true));
            Waiting.until(s, "the one behind them runs", behind::get);
            Waiting.until(s, "all have lost their Ps but the last, behind whom nobody waits", //
                    () -> s.stats().handoffs() >= readers - 2);
            assertEquals(0, ended.get());
            assertEquals(0, s.stats().preemptions());
            Waiting.until(s, "all have ended", () -> {
                openToWrite(fifo); // again, since the last may not have come to its call before
                return ended.get() == readers;
            });
            Quiet.afterEnd(s);
        }
    }

    /** Wakes all that wait for a writer, and shows them the end. Does not wait itself. */
    private static void openToWrite(Path fifo) {
        try {
            new RandomAccessFile(fifo.toFile(), "rw").close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What waits is a timer of that very P, and later a connection: nothing stands on a queue. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aTimerBehindAnUndeclaredCallIsWorkThatWaits() {
        try (Scheduler s = Started.unhurried(1)) {
            AtomicBoolean rang = new AtomicBoolean();
            M[] m = new M[1];
            s.go(() -> {
                s.sched().startTimer(new Timer(_ -> Carrier.unparkCarrier(m[0]), null), 1_000_000);
                m[0] = M.current();
                Carrier.parkCarrier(Waiting.LIMIT.toNanos() * 2);
                rang.set(true);
            });
            Waiting.until(s, "the timer has fired", rang::get);
            Quiet.afterEnd(s);
        }
    }

    private static String readAll(Path fifo) {
        try (FileInputStream in = new FileInputStream(fifo.toFile())) {
            return new String(in.readAllBytes());
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Threads that block use no processor time, so the bound on hogs is none on them. */
    @Test
    void undeclaredBlockingIsNotBoundedByMaxHogs() {
        try (Scheduler s = Started.with(1, config -> config.withMaxHogs(1))) {
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger inside = new AtomicInteger();
            AtomicBoolean other = new AtomicBoolean();
            for (int i = 0; i < 4; i++) {
                s.go(() -> {
                    inside.incrementAndGet();
                    parkedUntil(end);
                });
            }
            s.go(() -> other.set(true));
            Waiting.until(s, "all block and the last one runs", () -> inside.get() == 4 && other.get());
            assertEquals(0, s.stats().preemptionsDenied());
            end.set(true);
            Quiet.afterEnd(s);
        }
    }

    /** In the kernel nearly all the time, with a look now and then. */
    private static void parkedUntil(AtomicBoolean end) {
        while (!end.get()) {
            Busy.blockedNanos(5_000_000);
        }
    }
}
