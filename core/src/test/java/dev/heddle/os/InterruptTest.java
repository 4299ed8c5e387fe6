package dev.heddle.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One file shared by many goroutines that are interrupted all the time: a {@code FileChannel} is closed by the first.
 */
@Timeout(60)
class InterruptTest {
    private static final int GOROUTINES = 8;
    private static final int ROUNDS = 2_000;

    @TempDir
    Path dir;

    @Test
    void aSharedFileSurvivesInterrupts() throws Exception {
        try (Running running = Running.withProcs(2);
                File file = File.create(dir.resolve("f"))) {
            for (int slot = 0; slot < GOROUTINES; slot++) {
                file.writeAt(ByteBuffer.allocate(Long.BYTES), slot * (long) Long.BYTES);
            }
            List<Running.Task<Long>> tasks = new ArrayList<>();
            for (int i = 0; i < GOROUTINES; i++) {
                int slot = i;
                tasks.add(running.go(() -> count(file, slot)));
            }
            AtomicBoolean stop = new AtomicBoolean();
            Thread interrupter = Thread.ofPlatform().start(() -> {
                while (!stop.get()) {
                    tasks.forEach(task -> task.goroutine().thread().interrupt());
                    Thread.yield();
                }
            });
            try {
                long interrupts = 0;
                for (var task : tasks) {
                    interrupts += running.await(task);
                }
                assertTrue(interrupts > 0, "interrupts were seen, none was swallowed");
            } finally {
                stop.set(true);
                interrupter.join();
            }
            assertTrue(file.isOpen());
            for (int slot = 0; slot < GOROUTINES; slot++) {
                assertEquals(ROUNDS, read(file, slot));
            }
        }
    }

    /** Adds to a number in the file, by calls of which each must do all or fail; returns the interrupts seen. */
    private static long count(File file, int slot) throws Exception {
        long interrupts = 0;
        for (int round = 0; round < ROUNDS; round++) {
            ByteBuffer next = ByteBuffer.allocateDirect(Long.BYTES)
                    .putLong(read(file, slot) + 1)
                    .flip();
            file.writeAt(next, slot * (long) Long.BYTES);
            if (Thread.currentThread().isInterrupted() && round % 2 == 0) {
                Thread.interrupted(); // every other round begins with the status set
                interrupts++;
            }
        }
        return interrupts;
    }

    private static long read(File file, int slot) throws Exception {
        ByteBuffer buffer = ByteBuffer.allocate(Long.BYTES);
        assertEquals(Long.BYTES, file.readAt(buffer, slot * (long) Long.BYTES));
        return buffer.getLong(0);
    }
}
