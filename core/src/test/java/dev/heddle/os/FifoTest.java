package dev.heddle.os;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.sched.Goroutine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls that wait for somebody else must not hold up any other goroutine, not even with a single P. */
@Timeout(60)
class FifoTest {
    @TempDir
    Path dir;

    private Path fifo;

    @BeforeEach
    void makeFifo() throws Exception {
        fifo = mkfifo("fifo");
    }

    private Path mkfifo(String name) throws Exception {
        Path path = dir.resolve(name);
        Process mkfifo;
        try {
            mkfifo = new ProcessBuilder("mkfifo", path.toString()).start();
        } catch (IOException e) {
            assumeTrue(false, "no mkfifo here: " + e.getMessage());
            throw e;
        }
        assertTrue(mkfifo.waitFor(10, TimeUnit.SECONDS), "mkfifo ends");
        assertEquals(0, mkfifo.exitValue(), "mkfifo");
        return path;
    }

    private static byte[] read(File file, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        int n = file.read(buffer);
        byte[] bytes = new byte[Math.max(n, 0)];
        buffer.get(0, bytes);
        return bytes;
    }

    @Test
    void openWaitsForThePeerWithoutThePAndSoDoesRead() throws Exception {
        try (Running running = Running.withProcs(1)) {
            var reader = running.go(() -> {
                ByteArrayOutputStream all = new ByteArrayOutputStream();
                try (File file = File.open(fifo)) {
                    assertFalse(file.isSeekable());
                    for (byte[] part = read(file, 100); part.length > 0; part = read(file, 100)) {
                        all.write(part);
                    }
                }
                return all.toByteArray();
            });
            // the only P is free while the reader waits in open; the writer needs it to end that
            try (File file = running.call(() -> File.open(fifo, StandardOpenOption.WRITE))) {
                running.run(() -> assertEquals(3, file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}))));
                running.await("the reader waits for more", () -> inSyscall(reader));
                running.run(() -> assertEquals(1, file.write(ByteBuffer.allocateDirect(1))));
                assertFalse(reader.isDone());
            }
            assertArrayEquals(new byte[] {1, 2, 3, 0}, running.await(reader));
        }
    }

    @Test
    void fiftyBlockedReadersLeaveTheRestAlone() throws Exception {
        int readers = 50;
        try (Running running = Running.withProcs(1)) {
            List<Running.Task<byte[]>> tasks = new ArrayList<>();
            for (int i = 0; i < readers; i++) {
                tasks.add(running.go(() -> Files.readAll(fifo)));
            }
            try (File writer = running.call(() -> File.open(fifo, StandardOpenOption.WRITE))) {
                for (int i = 0; i < 1000; i++) {
                    running.run(() -> {});
                }
                assertTrue(tasks.stream().noneMatch(Running.Task::isDone), "they wait");
                assertTrue(writer.isOpen());
            }
            for (var task : tasks) {
                assertEquals(0, running.await(task).length);
            }
        }
    }

    @Test
    void aWriterThatWaitsForRoomLeavesTheRestAlone() throws Exception {
        byte[] large = new byte[1 << 20]; // a pipe holds 64 KiB
        for (int i = 0; i < large.length; i++) {
            large[i] = (byte) (i * 31 >> 3);
        }
        try (Running running = Running.withProcs(1)) {
            var writer = running.go(() -> {
                Files.write(fifo, large);
                return null;
            });
            File file = running.call(() -> File.open(fifo));
            for (int i = 0; i < 100; i++) {
                running.run(() -> {});
            }
            assertFalse(writer.isDone());
            assertArrayEquals(large, running.call(() -> {
                try (var in = file.inputStream()) {
                    return in.readAllBytes();
                }
            }));
            running.await(writer);
        }
    }

    @Test
    void closeDoesNotWaitForAReaderThatWaits() throws Exception {
        try (Running running = Running.withProcs(2)) {
            var opening = running.go(() -> File.open(fifo));
            try (File writer = running.call(() -> File.open(fifo, StandardOpenOption.WRITE))) {
                File file = running.await(opening);
                var reader = running.go(() -> read(file, 10));
                running.await("the reader is in the call", () -> inSyscall(reader));
                running.run(file::close);
                assertFalse(file.isOpen());
                running.run(() -> assertThrows(ClosedChannelException.class, () -> read(file, 10)));
                assertFalse(reader.isDone());
                // the descriptor is still open: the writer has no broken pipe, and the call ends as if nothing had been
                running.run(() -> writer.write(ByteBuffer.wrap(new byte[] {7})));
                assertArrayEquals(new byte[] {7}, running.await(reader));
                // and now it is closed
                running.await("no reader is left", () -> {
                    try {
                        running.run(() -> writer.write(ByteBuffer.wrap(new byte[] {8})));
                        return false;
                    } catch (IOException e) {
                        return true;
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
            }
        }
    }

    @Test
    void anInterruptNeitherEndsAReadNorIsLost() throws Exception {
        try (Running running = Running.withProcs(2)) {
            var opening = running.go(() -> File.open(fifo));
            try (File writer = running.call(() -> File.open(fifo, StandardOpenOption.WRITE));
                    File file = running.await(opening)) {
                var reader = running.go(() -> {
                    byte[] got = read(file, 10);
                    return Thread.currentThread().isInterrupted() ? got : null;
                });
                running.await("the reader is in the call", () -> inSyscall(reader));
                reader.goroutine().thread().interrupt();
                assertFalse(reader.isDone());
                running.run(() -> writer.write(ByteBuffer.wrap(new byte[] {9})));
                assertArrayEquals(new byte[] {9}, running.await(reader));
                assertTrue(file.isOpen());
            }
        }
    }

    private static boolean inSyscall(Running.Task<?> task) {
        return task.goroutine().state() == Goroutine.State.SYSCALL;
    }

    @Test
    void onlyOneDirectionAndNoPosition() throws Exception {
        assertThrows(FileSystemException.class, () -> File.create(fifo));
        Path device = Path.of("/dev/null");
        assumeTrue(Files.exists(device));
        assertEquals(0, Files.readAll(device).length);
        Files.writeString(device, "x");
        try (File file = File.open(device)) {
            assertThrows(FileSystemException.class, file::size);
            assertThrows(FileSystemException.class, file::position);
            assertThrows(FileSystemException.class, () -> file.readAt(ByteBuffer.allocate(1), 0));
            assertThrows(FileSystemException.class, () -> Files.copy(device, dir.resolve("copy")));
            assertFalse(Files.exists(dir.resolve("copy")));
        }
    }

    @Test
    void aBoundedReadOfAFifoEndsAtTheBound() throws Exception {
        try (Running running = Running.withProcs(1)) {
            var reader = running.go(() -> Files.readAll(fifo, 1000));
            running.run(() -> {
                try (File writer = File.open(fifo, StandardOpenOption.WRITE)) {
                    writer.write(ByteBuffer.allocate(1001));
                }
            });
            assertThrows(FileSystemException.class, () -> running.await(reader));
        }
    }
}
