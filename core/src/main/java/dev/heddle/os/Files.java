package dev.heddle.os;

import dev.heddle.sched.Syscall;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * The everyday calls on files, for goroutines: like {@link java.nio.file.Files}, but each call that may block is
 * declared to the scheduler. Use them instead, in code that runs in goroutines. What is missing here can be called
 * inside a {@link Syscall#call}.
 *
 * <p>All methods may be called from any thread. Errors are those of {@link java.nio.file.Files}.
 */
public final class Files {
    /** Directory entries that one declared call reads. A guess: some 100 us; more holds the P off for longer. */
    private static final int LIST_BATCH = 256;

    private static final OpenOption[] REPLACE = {
        StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING
    };

    private Files() {}

    /**
     * Reads a file: Go's {@code os.ReadFile}.
     *
     * @param path the file; a FIFO is read until its writers have closed it
     * @return what it contains
     * @throws IOException if it cannot be read, or is larger than an array can be
     */
    public static byte[] readAll(Path path) throws IOException {
        return readAll(path, Contents.MAX_BYTES);
    }

    /**
     * Reads a file of bounded size.
     *
     * @param path the file; a FIFO is read until its writers have closed it
     * @param maxBytes the largest size to accept, from 0
     * @return what it contains
     * @throws IOException if it cannot be read, or is larger
     */
    public static byte[] readAll(Path path, int maxBytes) throws IOException {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("maxBytes: got " + maxBytes + ", need 0 or more");
        }
        try (File file = File.open(path)) {
            return Contents.read(file, maxBytes);
        }
    }

    /**
     * Reads a text file in UTF-8.
     *
     * @throws java.nio.charset.CharacterCodingException if it is something else
     * @throws IOException if it cannot be read
     */
    public static String readString(Path path) throws IOException {
        return readString(path, StandardCharsets.UTF_8);
    }

    /**
     * Reads a text file.
     *
     * @throws java.nio.charset.CharacterCodingException if it is not in that character set
     * @throws IOException if it cannot be read
     */
    public static String readString(Path path, Charset charset) throws IOException {
        return charset.newDecoder().decode(ByteBuffer.wrap(readAll(path))).toString();
    }

    /**
     * Writes a file: Go's {@code os.WriteFile}.
     *
     * @param path the file
     * @param bytes what it is to contain
     * @param options as for {@link File#open}, WRITE is added; none means CREATE and TRUNCATE_EXISTING
     * @throws IOException if it cannot be written; what it contains then is undefined
     */
    public static void write(Path path, byte[] bytes, OpenOption... options) throws IOException {
        try (File file = File.open(path, toWrite(options))) {
            file.write(ByteBuffer.wrap(bytes));
        }
    }

    /**
     * Writes a text file in UTF-8.
     *
     * @param path the file
     * @param text what it is to contain
     * @param options as for {@link #write}
     * @throws IOException if it cannot be written; what it contains then is undefined
     */
    public static void writeString(Path path, String text, OpenOption... options) throws IOException {
        write(path, text.getBytes(StandardCharsets.UTF_8), options);
    }

    /** Returns a stream that reads a file. It is not buffered, and must be closed. */
    public static InputStream inputStream(Path path) throws IOException {
        return File.open(path).inputStream();
    }

    /**
     * Returns a stream that writes a file. It is not buffered, and must be closed.
     *
     * @param options as for {@link #write}
     */
    public static OutputStream outputStream(Path path, OpenOption... options) throws IOException {
        return File.open(path, toWrite(options)).outputStream();
    }

    private static OpenOption[] toWrite(OpenOption... options) {
        if (options.length == 0) {
            return REPLACE;
        }
        OpenOption[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = StandardOpenOption.WRITE;
        return all;
    }

    /**
     * Lists a directory: Go's {@code os.ReadDir}.
     *
     * @param directory the directory
     * @return the paths of its entries, in the order of {@link Path#compareTo}; without {@code .} and {@code ..}
     * @throws java.nio.file.NotDirectoryException if it is none
     * @throws IOException if it cannot be read
     */
    public static List<Path> list(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        DirectoryStream<Path> stream = Syscall.call(() -> java.nio.file.Files.newDirectoryStream(directory));
        try (AutoCloseableCall _ = closing(stream)) {
            Iterator<Path> iterator = stream.iterator();
            while (Syscall.call(() -> take(iterator, entries))) {
                // one batch after the other
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        Collections.sort(entries);
        return entries;
    }

    private interface AutoCloseableCall extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    private static AutoCloseableCall closing(DirectoryStream<Path> stream) {
        return () -> Syscall.call(() -> {
            stream.close();
            return null;
        });
    }

    /** Returns whether there may be more. */
    private static boolean take(Iterator<Path> iterator, List<Path> entries) {
        for (int i = 0; i < LIST_BATCH; i++) {
            if (!iterator.hasNext()) {
                return false;
            }
            entries.add(iterator.next());
        }
        return true;
    }

    /**
     * Copies a regular file, with its permissions where the file systems have such, in pieces of 64 KiB. A goroutine
     * that copies passes a scheduling point after each.
     *
     * @param source the file; a symbolic link is followed
     * @param target the copy; removed again if copying fails
     * @param options REPLACE_EXISTING: a file, link or empty directory at the target is deleted first, whoever has it
     *     open keeps it. Nothing happens if source and target are the same file
     * @return the bytes copied
     * @throws FileAlreadyExistsException if there is a target and REPLACE_EXISTING was not given
     * @throws IOException if it fails
     * @throws UnsupportedOperationException for other options
     */
    public static long copy(Path source, Path target, CopyOption... options) throws IOException {
        boolean replace = replaces(options);
        try (File from = File.open(source)) {
            if (!from.isSeekable()) {
                throw new FileSystemException(source.toString(), target.toString(), "not a regular file");
            }
            if (Syscall.call(() -> exists(target) && java.nio.file.Files.isSameFile(source, target))) {
                return 0;
            }
            Set<PosixFilePermission> permissions = Syscall.call(() -> {
                if (replace) {
                    java.nio.file.Files.deleteIfExists(target);
                }
                return createPrivate(source, target);
            });
            boolean copied = false;
            try (File to = File.open(target, StandardOpenOption.WRITE)) {
                long bytes = from.transferTo(0, Long.MAX_VALUE, to);
                if (permissions != null) {
                    Syscall.call(() -> java.nio.file.Files.setPosixFilePermissions(target, permissions));
                }
                copied = true;
                return bytes;
            } finally {
                if (!copied) {
                    deleteIfExists(target);
                }
            }
        }
    }

    private static boolean replaces(CopyOption... options) {
        boolean replace = false;
        for (CopyOption option : options) {
            if (option != StandardCopyOption.REPLACE_EXISTING) {
                throw new UnsupportedOperationException("option: got " + option + ", need REPLACE_EXISTING");
            }
            replace = true;
        }
        return replace;
    }

    /**
     * Makes the target so that nobody else can read it before it has the permissions of the source, which are returned;
     * null where there are none.
     */
    private static Set<PosixFilePermission> createPrivate(Path source, Path target) throws IOException {
        var view = java.nio.file.Files.getFileAttributeView(source, PosixFileAttributeView.class);
        if (view == null) {
            java.nio.file.Files.createFile(target);
            return null;
        }
        Set<PosixFilePermission> permissions = view.readAttributes().permissions();
        java.nio.file.Files.createFile(
                target, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return permissions;
    }

    /**
     * Moves or renames a file.
     *
     * @param options of {@link StandardCopyOption}, as for {@link java.nio.file.Files#move}. Without ATOMIC_MOVE a move
     *     to another file system copies the file, in one declared call
     * @throws IOException if it fails
     */
    public static void move(Path source, Path target, CopyOption... options) throws IOException {
        Syscall.call(() -> java.nio.file.Files.move(source, target, options));
    }

    /**
     * Deletes a file, a symbolic link (not what it points to) or an empty directory: Go's {@code os.Remove}.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws java.nio.file.DirectoryNotEmptyException for a directory with entries
     * @throws IOException if it fails
     */
    public static void delete(Path path) throws IOException {
        Syscall.call(() -> {
            java.nio.file.Files.delete(path);
            return null;
        });
    }

    /**
     * Deletes as {@link #delete} does, if there is something.
     *
     * @return whether something was deleted
     * @throws IOException if it fails
     */
    public static boolean deleteIfExists(Path path) throws IOException {
        return Syscall.call(() -> java.nio.file.Files.deleteIfExists(path));
    }

    /**
     * Returns kind, size and times of a file: Go's {@code os.Stat}, or {@code os.Lstat} with NOFOLLOW_LINKS.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     * @throws IOException if it fails
     */
    public static BasicFileAttributes attributes(Path path, LinkOption... options) throws IOException {
        return Syscall.call(() -> java.nio.file.Files.readAttributes(path, BasicFileAttributes.class, options));
    }

    /**
     * Returns what {@link #attributes} returns, or null if there is no such file: costs less than an exception.
     *
     * @throws IOException if it fails otherwise
     */
    public static BasicFileAttributes attributesIfExists(Path path, LinkOption... options) throws IOException {
        return Syscall.call(
                () -> path.getFileSystem().provider().readAttributesIfExists(path, BasicFileAttributes.class, options));
    }

    /**
     * Returns whether an error says that there is nothing of that name, and not that one cannot get at it: no such entry, a
     * part of the path that is not a directory, a link that leads to itself, a name that is longer than names can be. Go's
     * {@code errors.Is(err, fs.ErrNotExist)}, and a little more.
     *
     * @param error what a call with a path has thrown
     * @return false also for what is not known, such as too few descriptors, a broken disk or a missing permission
     */
    public static boolean isMissing(IOException error) {
        if (error instanceof NoSuchFileException || error instanceof NotDirectoryException) {
            return true;
        }
        // the JDK keeps no error numbers, only texts in the language of the process
        return error instanceof FileSystemException known && MissingReasons.has(known.getReason());
    }

    /** Returns whether something is there. False also when the answer cannot be found out. */
    public static boolean exists(Path path, LinkOption... options) {
        return Syscall.call(() -> java.nio.file.Files.exists(path, options));
    }

    /**
     * Returns the one absolute path without links, {@code .} and {@code ..}.
     *
     * @throws java.nio.file.NoSuchFileException if there is no such file
     * @throws IOException if it fails
     */
    public static Path realPath(Path path) throws IOException {
        return Syscall.call(() -> path.toRealPath());
    }

    /**
     * Makes a directory, and those above it that are missing. Does nothing if there is one: Go's {@code os.MkdirAll}.
     *
     * @throws FileAlreadyExistsException if there is something that is not a directory
     * @throws IOException if it fails
     */
    public static void createDirectories(Path directory) throws IOException {
        Syscall.call(() -> java.nio.file.Files.createDirectories(directory));
    }

    /**
     * Makes an empty file with a new name that only its owner may read and write: Go's {@code os.CreateTemp}.
     *
     * @param directory where
     * @param prefix begins the name
     * @param suffix ends the name
     * @return its path
     * @throws IOException if it fails
     */
    public static Path createTempFile(Path directory, String prefix, String suffix) throws IOException {
        return Syscall.call(() -> java.nio.file.Files.createTempFile(directory, prefix, suffix));
    }
}
