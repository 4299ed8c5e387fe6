package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.WaitReason;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Readers together, writers alone, each in turn; after Go's {@code rwmutex_test.go}. */
@Timeout(120)
class RWMutexTest {
    private static final Duration SHORT = Duration.ofMillis(5);
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final String WRITTEN_WITH_WAITERS = "rwmutex(written, waiters)";

    @Test
    void readersShareAndWritersDoNot() {
        RWMutex m = new RWMutex();
        m.readLock();
        assertTrue(m.tryReadLock());
        assertTrue(m.tryReadLock(SHORT));
        assertEquals("rwmutex(3 readers)", m.toString());
        assertFalse(m.tryLock());
        assertFalse(m.tryLock(SHORT));
        m.readUnlock();
        m.readUnlock();
        m.readUnlock();
        m.lock();
        assertEquals("rwmutex(written)", m.toString());
        assertFalse(m.tryLock());
        assertFalse(m.tryReadLock());
        assertFalse(m.tryReadLock(SHORT));
        assertFalse(m.tryReadLock(Duration.ZERO));
        m.unlock();
        assertTrue(m.tryLock(SHORT));
        m.unlock();
        assertEquals("rwmutex(free)", m.toString());
    }

    /** {@code TestMutexMisuse}, its part about this lock: Go ends the process. */
    @Test
    void misuseThrows() {
        RWMutex m = new RWMutex();
        assertThrows(IllegalStateException.class, m::unlock);
        assertThrows(IllegalStateException.class, m::readUnlock);
        m.lock();
        assertThrows(IllegalStateException.class, m::readUnlock);
        m.unlock();
        m.readLock();
        assertThrows(IllegalStateException.class, m::unlock);
        m.readUnlock();
        assertEquals("rwmutex(free)", m.toString(), "it is as it was");
    }

    /** {@code TestParallelReaders}. */
    @ParameterizedTest
    @EnumSource
    void parallelReaders(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            RWMutex m = new RWMutex();
            WaitGroup inside = new WaitGroup();
            inside.add(4);
            for (int i = 0; i < 4; i++) {
                crew.go(() -> {
                    m.readLock();
                    inside.done();
                    inside.await();
                    m.readUnlock();
                });
            }
            crew.join();
        }
    }

    /**
     * {@code TestRLocker}, without that view of the lock: one locks twice for reading and then for writing, another one gives
     * it back each time.
     */
    @ParameterizedTest
    @EnumSource
    void rLocker(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            RWMutex m = new RWMutex();
            int rounds = 10;
            AtomicInteger written = new AtomicInteger();
            crew.go(() -> {
                for (int i = 0; i < rounds; i++) {
                    m.readLock();
                    m.readLock();
                    m.lock();
                    written.incrementAndGet();
                }
            });
            for (int i = 0; i < rounds; i++) {
                crew.await("it wants to write", () -> m.toString().equals("rwmutex(2 readers, waiters)"));
                m.readUnlock();
                assertEquals("rwmutex(1 readers, waiters)", m.toString());
                assertEquals(i, written.get(), "it was read-locked");
                m.readUnlock();
                int expected = i + 1;
                crew.await("it writes", () -> written.get() == expected);
                if (expected < rounds) {
                    crew.await("it wants to read", () -> m.toString().equals(WRITTEN_WITH_WAITERS));
                }
                m.unlock();
            }
            crew.join();
            assertEquals("rwmutex(free)", m.toString());
        }
    }

    /** A writer that waits keeps new readers out, and gets in before them; then all of them come in. */
    @ParameterizedTest
    @EnumSource
    void aPendingWriterBlocksNewReaders(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            RWMutex m = new RWMutex();
            AtomicInteger writes = new AtomicInteger();
            AtomicInteger reads = new AtomicInteger();
            WaitGroup allReaders = new WaitGroup();
            allReaders.add(3);
            Chan<Boolean> go = new Chan<>();
            m.readLock();
            crew.go(() -> {
                m.lock();
                assertEquals(0, reads.get());
                writes.incrementAndGet();
                go.receiveOrNull();
                m.unlock();
            });
            crew.await("the writer waits", () -> m.toString().equals("rwmutex(1 readers, waiters)"));
            assertFalse(m.tryReadLock());
            for (int i = 0; i < 3; i++) {
                crew.go(() -> {
                    m.readLock();
                    assertEquals(1, writes.get());
                    reads.incrementAndGet();
                    allReaders.done();
                    allReaders.await();
                    m.readUnlock();
                });
            }
            crew.go(() -> { // behind the readers
                assertTrue(m.tryLock(LONG));
                assertEquals(1, writes.getAndIncrement());
                m.unlock();
            });
            // one who came later would wait behind the second writer, and the others for him
            crew.await("all wait", () -> m.readers.size() == 3 && m.writers.size() == 2);
            m.readUnlock();
            crew.await("the writer is in", () -> writes.get() == 1);
            go.close();
            crew.join();
            assertEquals(3, reads.get());
            assertEquals(2, writes.get());
            assertEquals("rwmutex(free)", m.toString());
        }
    }

    /** A writer that gives up lets the readers in that it kept out. */
    @ParameterizedTest
    @EnumSource
    void aWriterThatGivesUpLetsReadersIn(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            RWMutex m = new RWMutex();
            m.readLock();
            crew.go(() -> assertFalse(m.tryLock(Duration.ofMillis(30))));
            crew.await("the writer waits", () -> m.toString().equals("rwmutex(1 readers, waiters)"));
            crew.go(() -> assertTrue(m.tryReadLock(LONG)));
            crew.join();
            assertEquals("rwmutex(2 readers)", m.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void boundedWaitsEndWithTheirTime(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            RWMutex m = new RWMutex();
            m.lock();
            crew.go(() -> assertFalse(m.tryLock(SHORT)));
            crew.go(() -> assertFalse(m.tryReadLock(SHORT)));
            crew.join();
            assertEquals("rwmutex(written)", m.toString());
        }
    }

    /** {@code TestRWMutex}: HammerRWMutex. Activity counts readers, and 10,000 for a writer. */
    @ParameterizedTest
    @EnumSource
    void hammer(Crew.Kind kind) {
        try (Crew crew = new Crew(kind)) {
            RWMutex m = new RWMutex();
            AtomicInteger activity = new AtomicInteger();
            long end = System.nanoTime() + Crew.stressNanos(400);
            for (int i = 0; i < 8; i++) {
                int me = i;
                crew.go(() -> {
                    SplittableRandom random = new SplittableRandom(me);
                    while (System.nanoTime() < end) {
                        if (random.nextInt(5) > 0) {
                            read(m, activity, random);
                        } else {
                            write(m, activity, random);
                        }
                    }
                });
            }
            crew.join();
            assertEquals("rwmutex(free)", m.toString());
        }
    }

    private static void read(RWMutex m, AtomicInteger activity, SplittableRandom random) {
        int how = random.nextInt(4);
        if (how == 0 ? m.tryReadLock() : how == 1 ? m.tryReadLock(Duration.ofNanos(20_000)) : locked(m::readLock)) {
            int n = activity.incrementAndGet();
            assertTrue(n >= 1 && n < 10_000, "read lock with activity " + n);
            if (random.nextInt(20) == 0) {
                Thread.yield();
            }
            activity.decrementAndGet();
            m.readUnlock();
        }
    }

    private static void write(RWMutex m, AtomicInteger activity, SplittableRandom random) {
        int how = random.nextInt(4);
        if (how == 0 ? m.tryLock() : how == 1 ? m.tryLock(Duration.ofNanos(20_000)) : locked(m::lock)) {
            int n = activity.addAndGet(10_000);
            assertEquals(10_000, n, "write lock with activity");
            if (random.nextInt(20) == 0) {
                Thread.yield();
            }
            activity.addAndGet(-10_000);
            m.unlock();
        }
    }

    private static boolean locked(Runnable lock) {
        lock.run();
        return true;
    }

    @Test
    void dumpsSayForWhatAGoroutineWaits() {
        try (Crew crew = Crew.inTurn()) {
            RWMutex m = new RWMutex();
            m.lock();
            Goroutine reader = crew.scheduler().go(m::readLock);
            crew.await("it waits", () -> reader.waitReason() == WaitReason.RWMUTEX_RLOCK);
            Goroutine writer = crew.scheduler().go(m::lock);
            crew.await("it waits", () -> writer.waitReason() == WaitReason.RWMUTEX_LOCK);
            assertEquals(WRITTEN_WITH_WAITERS, m.toString());
            String dump = crew.scheduler().dump();
            assertTrue(dump.contains("[sync.RWMutex.RLock]") && dump.contains("[sync.RWMutex.Lock]"), dump);
            m.unlock();
            crew.await("the reader is in", () -> reader.state() == Goroutine.State.DEAD);
            m.readUnlock();
            crew.await("the writer is in", () -> writer.state() == Goroutine.State.DEAD);
        }
    }
}
