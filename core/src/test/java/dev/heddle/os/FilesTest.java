package dev.heddle.os;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FilesTest {
    @TempDir
    Path dir;

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(length).nextBytes(noise);
        return noise;
    }

    @Test
    void readsWhatWasWritten() throws Exception {
        Path path = dir.resolve("f");
        for (int length :
                new int[] {0, 1, File.STREAM_CHUNK_BYTES, File.CHUNK_BYTES, File.CHUNK_BYTES + 1, 1_000_000}) {
            byte[] noise = noise(length);
            Files.write(path, noise);
            assertArrayEquals(noise, Files.readAll(path));
            assertArrayEquals(noise, Files.readAll(path, length));
            if (length > 0) {
                assertThrows(FileSystemException.class, () -> Files.readAll(path, length - 1));
            }
        }
        assertThrows(IllegalArgumentException.class, () -> Files.readAll(path, -1));
        assertThrows(NoSuchFileException.class, () -> Files.readAll(dir.resolve("missing")));
    }

    /** They say that their size is 0. */
    @Test
    void readsFilesThatDoNotKnowTheirSize() throws Exception {
        Path status = Path.of("/proc/self/status");
        org.junit.jupiter.api.Assumptions.assumeTrue(Files.exists(status));
        assertTrue(Files.readString(status).contains("VmRSS"));
        assertThrows(FileSystemException.class, () -> Files.readAll(status, 10));
    }

    @Test
    void strings() throws Exception {
        Path path = dir.resolve("f");
        Files.writeString(path, "grüezi");
        assertEquals("grüezi", Files.readString(path));
        assertEquals("grÃ¼ezi", Files.readString(path, ISO_8859_1));
        Files.writeString(path, " mitenand", StandardOpenOption.APPEND);
        assertEquals("grüezi mitenand", Files.readString(path));
        Files.write(path, new byte[] {'a', (byte) 0xff});
        assertThrows(CharacterCodingException.class, () -> Files.readString(path));
        assertThrows(
                FileAlreadyExistsException.class, () -> Files.writeString(path, "", StandardOpenOption.CREATE_NEW));
    }

    @Test
    void streams() throws Exception {
        Path path = dir.resolve("f");
        byte[] noise = noise(200_000);
        try (OutputStream out = Files.outputStream(path)) {
            out.write(noise);
        }
        try (InputStream in = Files.inputStream(path)) {
            assertArrayEquals(noise, in.readAllBytes());
        }
        try (OutputStream out = Files.outputStream(path, StandardOpenOption.APPEND)) {
            out.write(1);
        }
        assertEquals(200_001, Files.attributes(path).size());
    }

    @Test
    void listsInOrderInBatches() throws Exception {
        assertEquals(List.of(), Files.list(dir));
        List<Path> expected = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            Path path = dir.resolve("f" + i);
            Files.write(path, new byte[0]);
            expected.add(path);
        }
        Collections.sort(expected);
        assertEquals(expected, Files.list(dir));
        assertThrows(NotDirectoryException.class, () -> Files.list(dir.resolve("f1")));
        assertThrows(NoSuchFileException.class, () -> Files.list(dir.resolve("missing")));
    }

    @Test
    void copies() throws Exception {
        Path source = dir.resolve("source");
        Path target = dir.resolve("target");
        byte[] noise = noise(3 * File.CHUNK_BYTES + 5);
        Files.write(source, noise);
        assertEquals(noise.length, Files.copy(source, target));
        assertArrayEquals(noise, Files.readAll(target));

        Files.writeString(source, "short");
        assertThrows(FileAlreadyExistsException.class, () -> Files.copy(source, target));
        assertArrayEquals(noise, Files.readAll(target));
        try (File reader = File.open(target)) {
            assertEquals(5, Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING));
            assertEquals(noise.length, reader.size());
        }
        assertEquals("short", Files.readString(target));
        assertEquals(0, Files.copy(source, source, StandardCopyOption.REPLACE_EXISTING));
        assertEquals("short", Files.readString(source));
        assertThrows(
                UnsupportedOperationException.class,
                () -> Files.copy(source, target, StandardCopyOption.COPY_ATTRIBUTES));
    }

    @Test
    void aCopyReplacesALinkNotWhatItPointsTo() throws Exception {
        Path source = dir.resolve("source");
        Path target = dir.resolve("target");
        Path link = dir.resolve("link");
        Files.writeString(source, "new");
        Files.writeString(target, "old");
        java.nio.file.Files.createSymbolicLink(link, target);
        Files.copy(source, link, StandardCopyOption.REPLACE_EXISTING);
        assertEquals("old", Files.readString(target));
        assertEquals("new", Files.readString(link));
    }

    @Test
    void aCopyThatCannotBeLeavesNothing() throws Exception {
        Path target = dir.resolve("target");
        assertThrows(NoSuchFileException.class, () -> Files.copy(dir.resolve("missing"), target));
        assertThrows(IOException.class, () -> Files.copy(dir, target));
        assertFalse(Files.exists(target));
        Path source = dir.resolve("source");
        Files.writeString(source, "x");
        Path full = dir.resolve("full");
        Files.createDirectories(full.resolve("sub"));
        assertThrows(
                DirectoryNotEmptyException.class, () -> Files.copy(source, full, StandardCopyOption.REPLACE_EXISTING));
    }

    @Test
    void aCopyKeepsPermissionsEvenThoseThatForbidToWriteIt() throws Exception {
        Path source = dir.resolve("source");
        Files.writeString(source, "secret");
        var permissions = PosixFilePermissions.fromString("r--r-----");
        java.nio.file.Files.setPosixFilePermissions(source, permissions);
        Files.copy(source, dir.resolve("target"));
        assertEquals(permissions, java.nio.file.Files.getPosixFilePermissions(dir.resolve("target")));
    }

    @Test
    void namesAndAttributes() throws Exception {
        Path below = dir.resolve("a/b/c");
        Files.createDirectories(below);
        Files.createDirectories(below);
        Path temp = Files.createTempFile(below, "up", ".part");
        assertTrue(temp.getFileName().toString().startsWith("up"));
        Path moved = below.resolve("moved");
        Files.move(temp, moved, StandardCopyOption.ATOMIC_MOVE);
        assertFalse(Files.exists(temp));
        assertTrue(Files.attributes(moved).isRegularFile());
        assertTrue(Files.attributesIfExists(moved).isRegularFile());
        assertNull(Files.attributesIfExists(temp));
        Path belowAFile = moved.resolve("below a file");
        assertThrows(FileSystemException.class, () -> Files.attributesIfExists(belowAFile));
        Path link = dir.resolve("link");
        java.nio.file.Files.createSymbolicLink(link, moved);
        assertTrue(Files.attributes(link, LinkOption.NOFOLLOW_LINKS).isSymbolicLink());
        assertEquals(moved.toRealPath(), Files.realPath(link));
        assertThrows(DirectoryNotEmptyException.class, () -> Files.delete(below));
        Files.delete(moved);
        assertFalse(Files.exists(link));
        assertTrue(Files.exists(link, LinkOption.NOFOLLOW_LINKS));
        assertTrue(Files.deleteIfExists(link));
        assertFalse(Files.deleteIfExists(link));
        assertThrows(NoSuchFileException.class, () -> Files.delete(link));
        assertThrows(NoSuchFileException.class, () -> Files.attributes(link));
        assertThrows(NoSuchFileException.class, () -> Files.realPath(link));
    }

    @Test
    void tellsWhatIsMissingFromWhatCannotBeHad() throws Exception {
        Path file = dir.resolve("f");
        Files.writeString(file, "x");
        Path loop = java.nio.file.Files.createSymbolicLink(dir.resolve("loop"), dir.resolve("loop"));
        Path dangling = java.nio.file.Files.createSymbolicLink(dir.resolve("dangling"), dir.resolve("nothing"));
        Path longName = dir.resolve("x".repeat(300));
        Path longPath = dir.resolve("x/".repeat(3000));
        for (Path path : List.of(dir.resolve("nothing"), dangling, loop, file.resolve("x"), longName, longPath)) {
            for (Executable call : calls(path)) {
                assertTrue(Files.isMissing(assertThrows(IOException.class, call)), path::toString);
            }
        }
        assertTrue(Files.isMissing(assertThrows(IOException.class, () -> Files.list(file))));
        String name = file.toString();
        IOException[] others = {
            new FileSystemException(name, null, "Too many open files"),
            new FileSystemException(name, null, "Input/output error"),
            new FileSystemException(name),
            new AccessDeniedException(name),
            new IOException("Not a directory")
        };
        for (IOException other : others) {
            assertFalse(Files.isMissing(other), other::toString);
        }
    }

    private static List<Executable> calls(Path path) {
        return List.of(
                () -> Files.attributes(path),
                () -> Files.realPath(path),
                () -> File.open(path).close(),
                () -> FileChannel.open(path).close());
    }
}
