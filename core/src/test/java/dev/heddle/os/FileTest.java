package dev.heddle.os;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Regular files: what {@link File} does with positions, sizes, pieces and buffers of every kind. */
@Timeout(60)
class FileTest {
    @TempDir
    Path dir;

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(length).nextBytes(noise);
        return noise;
    }

    private static String read(File file, int length) throws Exception {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        int n = file.read(buffer);
        return n < 0 ? "end" : new String(buffer.array(), 0, n, UTF_8);
    }

    private static String readAt(File file, int length, long at) throws Exception {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        int n = file.readAt(buffer, at);
        return n < 0 ? "end" : new String(buffer.array(), 0, n, UTF_8);
    }

    @Test
    void readsAndWritesAtItsPosition() throws Exception {
        try (File file = File.create(dir.resolve("f"))) {
            assertEquals(0, file.position());
            assertEquals(11, file.write(bytes("hello world")));
            assertEquals(11, file.position());
            assertEquals("end", read(file, 5));
            assertEquals(6, file.position(6).position());
            assertEquals("wor", read(file, 3));
            assertEquals("ld", read(file, 30));
            assertEquals("end", read(file, 30));
            assertEquals(11, file.size());
        }
    }

    @Test
    void positionalCallsLeaveThePositionAlone() throws Exception {
        try (File file = File.create(dir.resolve("f"))) {
            file.write(bytes("0123456789"));
            file.position(2);
            assertEquals("789", readAt(file, 9, 7));
            assertEquals("23", read(file, 2));
            assertEquals(3, file.writeAt(bytes("abc"), 5));
            assertEquals("4abc89", read(file, 20));
            assertEquals("end", readAt(file, 1, 10));
            assertEquals("end", readAt(file, 1, 1000));
            file.writeAt(bytes("z"), 12);
            assertEquals("\0\0z", readAt(file, 10, 10));
            assertEquals(10, file.position());
        }
    }

    @Test
    void aReadTakesOnePieceAndAWriteAll() throws Exception {
        byte[] noise = noise(3 * File.CHUNK_BYTES + 17);
        try (File file = File.create(dir.resolve("f"))) {
            assertEquals(noise.length, file.write(ByteBuffer.wrap(noise)));
            file.position(0);
            ByteBuffer all = ByteBuffer.allocate(noise.length + 1);
            assertEquals(File.CHUNK_BYTES, file.read(all));
            assertEquals(File.CHUNK_BYTES, file.position());
            while (file.read(all) > 0) {
                // until the end
            }
            assertArrayEquals(noise, Arrays.copyOf(all.array(), all.position()));
            ByteBuffer part = ByteBuffer.allocate(noise.length);
            assertEquals(File.CHUNK_BYTES, file.readAt(part, 5));
        }
    }

    @Test
    void takesEveryKindOfBuffer() throws Exception {
        byte[] noise = noise(File.CHUNK_BYTES + 1000);
        ByteBuffer direct =
                ByteBuffer.allocateDirect(noise.length + 10).put(noise).flip();
        try (File file = File.create(dir.resolve("f"))) {
            file.write(direct);
            assertFalse(direct.hasRemaining());
            file.write(ByteBuffer.wrap(noise).asReadOnlyBuffer());
            byte[] padded = new byte[noise.length + 6];
            System.arraycopy(noise, 0, padded, 3, noise.length);
            file.writeAt(
                    ByteBuffer.wrap(padded).position(1).slice().position(2).limit(2 + noise.length), 2L * noise.length);
            assertEquals(3L * noise.length, file.size());

            file.position(noise.length - 4);
            ByteBuffer target = ByteBuffer.allocateDirect(20).position(5).limit(13);
            assertEquals(8, file.read(target));
            assertEquals(13, target.position());
            byte[] got = new byte[8];
            target.get(5, got);
            assertArrayEquals(Arrays.copyOfRange(noise, noise.length - 4, noise.length), Arrays.copyOf(got, 4));
            assertArrayEquals(Arrays.copyOf(noise, 4), Arrays.copyOfRange(got, 4, 8));

            ByteBuffer slice =
                    ByteBuffer.allocate(100).position(10).slice().position(1).limit(5);
            assertEquals(4, file.readAt(slice, 2L * noise.length));
            assertEquals(noise[0], slice.get(1));
            assertEquals(noise[3], slice.get(4));
            assertEquals(0, file.read(ByteBuffer.allocate(0)));
            ByteBuffer readOnly = ByteBuffer.allocate(5).asReadOnlyBuffer();
            assertThrows(IllegalArgumentException.class, () -> file.read(readOnly));
            assertThrows(IllegalArgumentException.class, () -> file.readAt(readOnly, 0));
        }
    }

    @Test
    void truncateCutsTheFileAndThePosition() throws Exception {
        try (File file = File.create(dir.resolve("f"))) {
            file.write(bytes("0123456789"));
            file.truncate(20);
            assertEquals(10, file.size());
            assertEquals(10, file.position());
            file.truncate(4);
            assertEquals(4, file.size());
            assertEquals(4, file.position());
            file.write(bytes("x"));
            assertEquals("0123x", readAt(file, 10, 0));
            file.writeAt(bytes("9"), 9);
            file.truncate(5);
            file.writeAt(bytes("y"), 10); // where the descriptor stood before it was cut off
            assertEquals(11, file.size());
            file.position(1);
            file.truncate(3);
            assertEquals("12", read(file, 10));
        }
    }

    @Test
    void badArgumentsAreTold() throws Exception {
        try (File file = File.create(dir.resolve("f"))) {
            ByteBuffer buffer = ByteBuffer.allocate(1);
            assertThrows(IllegalArgumentException.class, () -> file.readAt(buffer, -1));
            assertThrows(IllegalArgumentException.class, () -> file.writeAt(buffer, -1));
            assertThrows(IllegalArgumentException.class, () -> file.position(-1));
            assertThrows(IllegalArgumentException.class, () -> file.truncate(-1));
            assertThrows(IllegalArgumentException.class, () -> file.transferTo(0, -1, file));
            assertThrows(IllegalArgumentException.class, () -> file.transferFrom(file, 0, -1));
        }
    }

    @Test
    void refusesTheOtherDirection() throws Exception {
        Path path = dir.resolve("f");
        Files.writeString(path, "x");
        try (File in = File.open(path);
                File out = File.open(path, StandardOpenOption.WRITE)) {
            assertThrows(NonWritableChannelException.class, () -> in.write(bytes("y")));
            assertThrows(NonWritableChannelException.class, () -> in.writeAt(bytes("y"), 0));
            assertThrows(NonWritableChannelException.class, () -> in.truncate(0));
            assertThrows(NonWritableChannelException.class, in::outputStream);
            assertThrows(NonReadableChannelException.class, () -> out.read(ByteBuffer.allocate(1)));
            assertThrows(NonReadableChannelException.class, () -> out.readAt(ByteBuffer.allocate(1), 0));
            assertThrows(NonReadableChannelException.class, out::inputStream);
            in.sync();
            out.sync();
        }
        assertEquals("x", Files.readString(path));
    }

    @Test
    void afterCloseEverythingIsRefused() throws Exception {
        File file = File.create(dir.resolve("f"));
        assertTrue(file.isOpen());
        file.close();
        file.close();
        assertFalse(file.isOpen());
        assertThrows(ClosedChannelException.class, () -> file.read(ByteBuffer.allocate(1)));
        assertThrows(ClosedChannelException.class, () -> file.readAt(ByteBuffer.allocate(1), 0));
        assertThrows(ClosedChannelException.class, () -> file.write(bytes("x")));
        assertThrows(ClosedChannelException.class, () -> file.writeAt(bytes("x"), 0));
        assertThrows(ClosedChannelException.class, file::size);
        assertThrows(ClosedChannelException.class, file::position);
        assertThrows(ClosedChannelException.class, () -> file.position(0));
        assertThrows(ClosedChannelException.class, () -> file.truncate(0));
        assertThrows(ClosedChannelException.class, file::sync);
        assertEquals(dir.resolve("f"), file.path());
    }

    @Test
    void appendWritesAtTheEndAndHasNoPosition() throws Exception {
        Path path = dir.resolve("log");
        Files.writeString(path, "one ");
        try (File a = File.open(path, StandardOpenOption.APPEND);
                File b = File.open(path, StandardOpenOption.APPEND)) {
            assertFalse(a.isSeekable());
            a.write(bytes("two "));
            b.write(ByteBuffer.allocateDirect(6).put(bytes("three ")).flip());
            a.write(bytes("four"));
            assertThrows(FileSystemException.class, a::size);
            assertThrows(FileSystemException.class, a::position);
            assertThrows(FileSystemException.class, () -> a.position(0));
            assertThrows(FileSystemException.class, () -> a.writeAt(bytes("x"), 0));
            assertThrows(FileSystemException.class, () -> a.truncate(0));
            a.sync();
        }
        assertEquals("one two three four", Files.readString(path));
    }

    @Test
    void transfersParts() throws Exception {
        byte[] noise = noise(2 * File.CHUNK_BYTES + 100);
        Path path = dir.resolve("f");
        Files.write(path, noise);
        try (File file = File.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            WritableByteChannel target = Channels.newChannel(out);
            assertEquals(noise.length - 7, file.transferTo(7, Long.MAX_VALUE, target));
            assertArrayEquals(Arrays.copyOfRange(noise, 7, noise.length), out.toByteArray());
            out.reset();
            assertEquals(70_000, file.transferTo(1, 70_000, target));
            assertEquals(70_000, out.size());
            assertEquals(0, file.transferTo(noise.length, 5, target));
            assertEquals(0, file.position());

            assertEquals(
                    70_000,
                    file.transferFrom(Channels.newChannel(new ByteArrayInputStream(noise)), noise.length, 70_000));
            ByteBuffer last = ByteBuffer.allocate(10);
            file.readAt(last, noise.length + 70_000 - 10L);
            assertArrayEquals(Arrays.copyOfRange(noise, 69_990, 70_000), last.array());
            assertEquals(
                    noise.length,
                    file.transferFrom(Channels.newChannel(new ByteArrayInputStream(noise)), 0, Long.MAX_VALUE));
        }
    }

    /** A full non-blocking socket: must not be asked in a loop, and what it took is counted. */
    @Test
    void transferEndsWhenTheTargetTakesNothing() throws Exception {
        Path path = dir.resolve("f");
        Files.write(path, noise(10_000));
        WritableByteChannel narrow = new WritableByteChannel() {
            int room = 1234;

            @Override
            public int write(ByteBuffer source) {
                int n = Math.min(room, Math.min(source.remaining(), 1000));
                source.position(source.position() + n);
                room -= n;
                return n;
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };
        try (File file = File.open(path)) {
            assertEquals(1234, file.transferTo(0, 10_000, narrow));
        }
    }

    @Test
    void streamsUseThePosition() throws Exception {
        byte[] noise = noise(File.CHUNK_BYTES + 5);
        Path path = dir.resolve("f");
        try (OutputStream out = File.create(path).outputStream()) {
            out.write(noise, 0, 10);
            out.write(noise[10]);
            out.write(noise, 11, noise.length - 11);
        }
        File file = File.open(path);
        try (InputStream in = file.inputStream()) {
            assertEquals(noise[0] & 0xff, in.read());
            assertEquals(5, in.skip(5));
            assertEquals(0, in.skip(-5));
            assertEquals(noise[6] & 0xff, in.read());
            assertEquals(noise.length - 7, in.available());
            byte[] some = new byte[8];
            assertEquals(3, in.read(some, 4, 3));
            assertArrayEquals(Arrays.copyOfRange(noise, 7, 10), Arrays.copyOfRange(some, 4, 7));
            assertArrayEquals(Arrays.copyOfRange(noise, 10, noise.length), in.readAllBytes());
            assertEquals(-1, in.read());
            assertEquals(-1, in.read(some));
            assertEquals(0, in.skip(Long.MAX_VALUE));
            file.position(3);
            ByteArrayOutputStream rest = new ByteArrayOutputStream();
            assertEquals(noise.length - 3, in.transferTo(rest));
            assertArrayEquals(Arrays.copyOfRange(noise, 3, noise.length), rest.toByteArray());
        }
        assertFalse(file.isOpen());
    }
}
