package dev.heddle.os;

import dev.heddle.sched.Syscall;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/** How a file is opened. The options mean what they mean to {@link java.nio.channels.FileChannel#open}. */
record OpenMode(
        boolean read,
        boolean write,
        boolean append,
        boolean create,
        boolean createNew,
        boolean truncate,
        String random) {

    /** Reads the options; none means READ. */
    static OpenMode of(OpenOption... options) {
        boolean read = false;
        boolean write = false;
        boolean append = false;
        boolean create = false;
        boolean createNew = false;
        boolean truncate = false;
        boolean sync = false;
        boolean dsync = false;
        for (OpenOption option : options) {
            switch (option) {
                case StandardOpenOption.READ -> read = true;
                case StandardOpenOption.WRITE -> write = true;
                case StandardOpenOption.APPEND -> append = true;
                case StandardOpenOption.CREATE -> create = true;
                case StandardOpenOption.CREATE_NEW -> createNew = true;
                case StandardOpenOption.TRUNCATE_EXISTING -> truncate = true;
                case StandardOpenOption.SYNC -> sync = true;
                case StandardOpenOption.DSYNC -> dsync = true;
                case StandardOpenOption.SPARSE -> {} // a hint, and the file systems at hand do it anyway
                case null -> throw new NullPointerException("option");
                default ->
                    throw new UnsupportedOperationException("option: got " + option
                            + ", need READ, WRITE, APPEND, CREATE, CREATE_NEW, TRUNCATE_EXISTING,"
                            + " SYNC, DSYNC or SPARSE");
            }
        }
        check(!(append && read), "READ");
        check(!(append && truncate), "TRUNCATE_EXISTING");
        check(!(append && (sync || dsync)), "SYNC and DSYNC");
        write |= append;
        read |= !write;
        String random = !write ? "r" : sync ? "rws" : dsync ? "rwd" : "rw";
        return new OpenMode(read, write, append, create && write, createNew && write, truncate && write, random);
    }

    private static void check(boolean ok, String what) {
        if (!ok) {
            throw new IllegalArgumentException("options: APPEND does not go with " + what);
        }
    }

    /** Opens a file. What is not a regular file may block in open (a FIFO without a peer), so it hands the P on. */
    Opened open(Path path) throws IOException {
        java.io.File file = path.toFile();
        Opened regular = Syscall.call(() -> openRegular(path, file));
        if (regular != null) {
            return regular;
        }
        if (read && write) {
            throw new FileSystemException(
                    path.toString(), null, "not a regular file: open it for reading or for writing, not for both");
        }
        return Syscall.callBlocking(() -> openStream(path, file));
    }

    /** What was opened, and whether calls on it may wait for somebody else. */
    record Opened(Handle handle, boolean mayBlock) {}

    /** Returns null if there is something that is not a regular file. */
    private Opened openRegular(Path path, java.io.File file) throws IOException {
        if (createNew) {
            Files.createFile(path); // O_EXCL, which RandomAccessFile does not have
            try {
                return openRandom(path, file);
            } catch (IOException e) {
                Files.deleteIfExists(path);
                throw e;
            }
        }
        BasicFileAttributes attributes = attributes(path);
        if (attributes == null && !create) {
            throw new NoSuchFileException(path.toString());
        }
        if (attributes != null && attributes.isDirectory()) {
            throw new FileSystemException(path.toString(), null, "is a directory");
        }
        return attributes != null && !attributes.isRegularFile() ? null : openRandom(path, file);
    }

    private Opened openRandom(Path path, java.io.File file) throws IOException {
        try {
            if (append) {
                return new Opened(new Handle.Output(new FileOutputStream(file, true)), false);
            }
            RandomAccessFile opened = new RandomAccessFile(file, random);
            if (truncate) {
                truncate(opened);
            }
            return new Opened(new Handle.Random(opened), false);
        } catch (FileNotFoundException e) {
            throw precise(path, e);
        }
    }

    private static void truncate(RandomAccessFile opened) throws IOException {
        try {
            opened.setLength(0);
        } catch (IOException e) {
            try (opened) {
                throw e;
            }
        }
    }

    private Opened openStream(Path path, java.io.File file) throws IOException {
        try {
            // append: should a regular file have taken the place meanwhile, it is not emptied
            Handle handle = write
                    ? new Handle.Output(new FileOutputStream(file, true))
                    : new Handle.Input(new FileInputStream(file));
            return new Opened(handle, true);
        } catch (FileNotFoundException e) {
            throw precise(path, e);
        }
    }

    private static BasicFileAttributes attributes(Path path) throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** java.io has one exception for all that can go wrong in open; java.nio.file has one for each. */
    private IOException precise(Path path, FileNotFoundException e) {
        String text = e.getMessage();
        String prefix = path + " (";
        String reason = text.startsWith(prefix) && text.endsWith(")")
                ? text.substring(prefix.length(), text.length() - 1)
                : text;
        FileSystemException precise;
        if (Files.notExists(path)) {
            Path directory = path.toAbsolutePath().getParent();
            precise = create && Files.isDirectory(directory)
                    ? new AccessDeniedException(path.toString(), null, reason)
                    : new NoSuchFileException(path.toString(), null, reason);
        } else if (!append && !Files.isReadable(path) || write && !Files.isWritable(path)) {
            precise = new AccessDeniedException(path.toString(), null, reason);
        } else {
            precise = new FileSystemException(path.toString(), null, reason);
        }
        precise.initCause(e);
        return precise;
    }
}
