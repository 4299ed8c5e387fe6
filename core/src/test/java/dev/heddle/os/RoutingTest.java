package dev.heddle.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every call that may block is declared to the scheduler, once for each piece: the scheduler's own count says so. */
@Timeout(60)
class RoutingTest {
    @TempDir
    Path dir;

    private final Running running = Running.withProcs(1);
    private Path large;

    @BeforeEach
    void makeFile() throws Exception {
        large = dir.resolve("large");
        java.nio.file.Files.write(large, new byte[3 * File.CHUNK_BYTES]);
    }

    @AfterEach
    void end() {
        running.close();
    }

    /** Runs a body in a goroutine and compares the blocking calls that it declared. */
    private void declares(int expected, String what, Running.Body body) throws Exception {
        long declared = running.call(() -> {
            long before = running.scheduler.stats().syscalls();
            body.run();
            return running.scheduler.stats().syscalls() - before;
        });
        assertEquals(expected, declared, what);
    }

    @Test
    void everyCallOfAFile() throws Exception {
        File file = File.open(large, StandardOpenOption.READ, StandardOpenOption.WRITE);
        ByteBuffer buffer = ByteBuffer.allocate(4 * File.CHUNK_BYTES);
        declares(2, "open, close", () -> File.open(large).close());
        declares(1, "read", () -> assertEquals(File.CHUNK_BYTES, file.read(buffer)));
        declares(1, "readAt", () -> assertEquals(File.CHUNK_BYTES, file.readAt(buffer, 0)));
        declares(0, "position", () -> file.position(file.position()));
        declares(1, "size", file::size);
        declares(1, "sync", file::sync);
        declares(1, "truncate", () -> file.truncate(Long.MAX_VALUE));
        declares(4, "write, a piece each", () -> assertEquals(buffer.capacity(), file.write(buffer.clear())));
        declares(4, "writeAt, a piece each", () -> assertEquals(buffer.capacity(), file.writeAt(buffer.clear(), 0)));
        declares(
                3,
                "transferTo, a piece each",
                () -> file.transferTo(
                        0, 3 * File.CHUNK_BYTES, Channels.newChannel(java.io.OutputStream.nullOutputStream())));
        declares(1, "close", file::close);
    }

    @Test
    void everyEverydayCall() throws Exception {
        byte[] bytes = new byte[3 * File.CHUNK_BYTES];
        declares(7, "readAll: open, size, 3 pieces, end, close", () -> Files.readAll(large));
        declares(5, "write: open, 3 pieces, close", () -> Files.write(dir.resolve("f"), bytes));
        declares(3, "list: open, entries, close", () -> Files.list(dir));
        declares(1, "attributes", () -> Files.attributes(large));
        declares(1, "attributesIfExists", () -> Files.attributesIfExists(large));
        declares(1, "exists", () -> Files.exists(large));
        declares(1, "realPath", () -> Files.realPath(large));
        declares(1, "createDirectories", () -> Files.createDirectories(dir.resolve("d")));
        declares(1, "createTempFile", () -> Files.createTempFile(dir, "a", "b"));
        declares(1, "move", () -> Files.move(dir.resolve("f"), dir.resolve("g"), StandardCopyOption.ATOMIC_MOVE));
        declares(1, "delete", () -> Files.delete(dir.resolve("g")));
        declares(1, "deleteIfExists", () -> Files.deleteIfExists(dir.resolve("g")));
        declares(2, "inputStream: open, close", () -> Files.inputStream(large).close());
    }

    @Test
    void aCopyIsMadeOfPieces() throws Exception {
        declares(
                14,
                "open; same file; create; open; 3 reads, 3 writes, end; permissions; 2 closes",
                () -> Files.copy(large, dir.resolve("copy")));
        assertTrue(Files.exists(dir.resolve("copy")));
    }

    /** Outside of goroutines the calls are simply made. */
    @Test
    void worksOnOrdinaryThreads() throws Exception {
        long before = running.scheduler.stats().syscalls();
        assertEquals(3 * File.CHUNK_BYTES, Files.readAll(large).length);
        assertEquals(before, running.scheduler.stats().syscalls());
    }
}
