package dev.heddle.os;

import dev.heddle.sched.Syscall;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An open file, after Go's {@code os.File}: what {@link java.nio.channels.FileChannel} is, without its trouble with
 * interrupts (see the package), and with every call that may block declared to the scheduler.
 *
 * <p>Regular files can be read and written at a position of the file's own, which moves, or at one that is given.
 * FIFOs, devices and files opened with APPEND have no position: they are read from one end to the other, or written. On
 * FIFOs and devices each call hands the P on at once, since it may wait for somebody else; on regular files the P is
 * taken away only from a call that turns out to be slow.
 *
 * <p>Any thread may use a file, and several at once: calls that use the position or are made of several pieces run one
 * after the other, and a write is not mixed with another. To read one regular file in parallel open it more than once.
 *
 * <p>A file may be closed while others use it: calls under way end as they would have ended, later ones throw
 * {@link java.nio.channels.ClosedChannelException}, and the descriptor is given back when the last call has ended. A
 * goroutine that waits for a FIFO's peer goes on waiting for it: the operating system offers nothing else for a
 * blocking descriptor, and Go's {@code Close} does the same. A file that is forgotten is closed when it is collected.
 *
 * <p>Errors: {@link java.nio.file.NoSuchFileException}, {@link java.nio.file.FileAlreadyExistsException},
 * {@link java.nio.file.AccessDeniedException} and other {@link FileSystemException}s name the path;
 * {@link NonReadableChannelException} and {@link NonWritableChannelException} tell of a file opened the other way.
 */
public final class File implements SeekableByteChannel {
    /**
     * The most that one declared call reads or writes, in bytes: 64 KiB. Also the most that the JDK reads at once, and
     * small enough that a goroutine that reads a large file passes a scheduling point every few dozen microseconds.
     */
    static final int CHUNK_BYTES = 64 * 1024;

    /**
     * The same for calls that may wait for somebody else: up to 8 KiB the JDK copies through the stack, above it holds
     * a block of native memory for as long as the call blocks.
     */
    static final int STREAM_CHUNK_BYTES = 8 * 1024;

    private static final long UNKNOWN = -1;

    private final Path path;
    private final OpenMode mode;
    private final Descriptor descriptor;
    private final boolean mayBlock;
    private final RandomAccessFile random; // null if there is no position; owned by descriptor

    /** Guards what follows, and keeps the pieces of one call together. Never held when a FIFO is read. */
    private final ReentrantLock lock = new ReentrantLock();

    private long position;
    private long offset; // where the descriptor stands, or UNKNOWN after an error
    private byte[] bounce; // for buffers without an array

    private File(Path path, OpenMode mode, OpenMode.Opened opened) {
        this.path = path;
        this.mode = mode;
        this.descriptor = new Descriptor(opened.handle());
        this.mayBlock = opened.mayBlock();
        this.random = opened.handle() instanceof Handle.Random(RandomAccessFile file) ? file : null;
    }

    /**
     * Opens a file.
     *
     * @param path the file; opening a FIFO waits until somebody opens the other end
     * @param options of {@link StandardOpenOption}: READ, WRITE, APPEND, CREATE, CREATE_NEW, TRUNCATE_EXISTING, SYNC,
     *     DSYNC, SPARSE, with the meaning that {@link java.nio.channels.FileChannel#open} gives them; none means READ.
     *     Differences: opening an existing file with WRITE alone needs the permission to read, too; without CREATE, a
     *     file that somebody deletes at the same moment may come back empty; FIFOs and devices can be opened for
     *     reading or for writing, not for both
     * @return the file, at position 0
     * @throws IOException if it cannot be opened; see the class for the kinds
     * @throws IllegalArgumentException if the options contradict each other
     * @throws UnsupportedOperationException for other options, and for paths that are not of the default file system
     */
    public static File open(Path path, OpenOption... options) throws IOException {
        OpenMode mode = OpenMode.of(options);
        return new File(path, mode, mode.open(path));
    }

    /**
     * Makes a file, or empties it if it exists, and opens it for reading and writing: Go's {@code os.Create}.
     *
     * @param path the file
     * @return the file, at position 0
     * @throws IOException if it cannot be opened; see the class for the kinds
     */
    public static File create(Path path) throws IOException {
        return open(
                path,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING);
    }

    /** Returns the path with which this file was opened. */
    public Path path() {
        return path;
    }

    /** Returns whether this file has a position and a size: it is a regular file and was not opened with APPEND. */
    public boolean isSeekable() {
        return random != null;
    }

    /**
     * Reads at the position and moves it on.
     *
     * @param target takes at most 64 KiB of what it has room for, fewer if fewer are at hand
     * @return the bytes read, at least 1; -1 at the end of the file; 0 only if the target has no room
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        checkReadable(target);
        try (var _ = descriptor.use()) {
            if (random == null) {
                return readStream(target);
            }
            lock.lock();
            try {
                int n = readChunk(target, position);
                position += Math.max(n, 0);
                return n;
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Reads at a given position; the file's own does not move. Go's {@code ReadAt}, except that one call does not fill
     * the target.
     *
     * @param target takes at most 64 KiB of what it has room for, fewer if fewer are at hand
     * @param at the position, from 0; may be beyond the end
     * @return the bytes read, at least 1; -1 at or beyond the end of the file; 0 only if the target has no room
     * @throws IOException if it fails, or this file is not seekable
     */
    public int readAt(ByteBuffer target, long at) throws IOException {
        checkReadable(target);
        checkPosition(at);
        try (var _ = descriptor.use()) {
            checkSeekable("readAt");
            lock.lock();
            try {
                return readChunk(target, at);
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Writes at the position and moves it on; with APPEND, at the end.
     *
     * @param source is written entirely, in pieces of at most 64 KiB; after an error its position tells how far
     * @return the bytes written
     */
    @Override
    public int write(ByteBuffer source) throws IOException {
        checkWritable();
        try (var _ = descriptor.use()) {
            lock.lock();
            try {
                int start = source.position();
                while (source.hasRemaining()) {
                    int n = writeChunk(source, position);
                    position += n;
                }
                return source.position() - start;
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Writes at a given position; the file's own does not move. Go's {@code WriteAt}.
     *
     * @param source is written entirely, in pieces of at most 64 KiB; after an error its position tells how far
     * @param at the position, from 0; beyond the end the file grows, with zeros between
     * @return the bytes written
     * @throws IOException if it fails, or this file is not seekable
     */
    public int writeAt(ByteBuffer source, long at) throws IOException {
        checkWritable();
        checkPosition(at);
        try (var _ = descriptor.use()) {
            checkSeekable("writeAt");
            lock.lock();
            try {
                int start = source.position();
                while (source.hasRemaining()) {
                    writeChunk(source, at + source.position() - start);
                }
                return source.position() - start;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Returns the position: where the next read or write begins, in bytes from 0. */
    @Override
    public long position() throws IOException {
        try (var _ = descriptor.use()) {
            checkSeekable("position");
            lock.lock();
            try {
                return position;
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Sets the position: Go's {@code Seek}.
     *
     * @param value bytes from 0; may be beyond the end
     */
    @Override
    public File position(long value) throws IOException {
        checkPosition(value);
        try (var _ = descriptor.use()) {
            checkSeekable("position");
            lock.lock();
            try {
                position = value;
                return this;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Returns the size in bytes, at this moment. */
    @Override
    public long size() throws IOException {
        try (var _ = descriptor.use()) {
            checkSeekable("size");
            return Syscall.call(random::length);
        }
    }

    /**
     * Cuts the file off.
     *
     * @param size the new size in bytes; a file that is not larger stays as it is. A position beyond it is set to it
     */
    @Override
    public File truncate(long size) throws IOException {
        checkWritable();
        checkPosition(size);
        try (var _ = descriptor.use()) {
            checkSeekable("truncate");
            lock.lock();
            try {
                Syscall.call(() -> {
                    if (size < random.length()) {
                        offset = UNKNOWN; // setLength moves it
                        random.setLength(size);
                    }
                    return null;
                });
                position = Math.min(position, size);
                return this;
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Waits until everything written, data and attributes, is on the device: {@code fsync}. Hands the P on at once.
     *
     * @throws java.io.SyncFailedException if the device or the kind of file has no such thing
     */
    public void sync() throws IOException {
        try (var _ = descriptor.use()) {
            Syscall.callBlocking(() -> {
                descriptor.handle.sync();
                return null;
            });
        }
    }

    /**
     * Sends a part of the file to a channel. The channel is written outside of declared calls, so it may be one that
     * parks its goroutine.
     *
     * @param at where to begin, in bytes from 0
     * @param count the most bytes to send
     * @param target is written; one that takes nothing ends the call
     * @return the bytes sent: fewer than asked for at the end of the file
     * @throws IOException if reading or writing fails, or this file is not seekable
     */
    public long transferTo(long at, long count, WritableByteChannel target) throws IOException {
        checkCount(count);
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(count, CHUNK_BYTES));
        long sent = 0;
        while (sent < count) {
            buffer.clear().limit((int) Math.min(count - sent, buffer.capacity()));
            if (readAt(buffer, at + sent) < 0) {
                break;
            }
            buffer.flip();
            while (buffer.hasRemaining()) {
                int n = target.write(buffer);
                if (n <= 0) {
                    return sent;
                }
                sent += n;
            }
        }
        return sent;
    }

    /**
     * Fills a part of the file from a channel. The channel is read outside of declared calls, so it may be one that
     * parks its goroutine.
     *
     * @param source is read until it has given {@code count} bytes, ends, or has nothing at hand
     * @param at where to begin, in bytes from 0
     * @param count the most bytes to take
     * @return the bytes taken
     * @throws IOException if reading or writing fails, or this file is not seekable
     */
    public long transferFrom(ReadableByteChannel source, long at, long count) throws IOException {
        checkWritable();
        checkCount(count);
        checkSeekable("transferFrom");
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(count, CHUNK_BYTES));
        long taken = 0;
        while (taken < count) {
            buffer.clear().limit((int) Math.min(count - taken, buffer.capacity()));
            if (source.read(buffer) <= 0) {
                break;
            }
            taken += writeAt(buffer.flip(), at + taken);
        }
        return taken;
    }

    /**
     * Returns a stream that reads this file at its position. It is not buffered; closing it closes this file.
     */
    public InputStream inputStream() {
        checkReadable();
        return new FileInput(this);
    }

    /**
     * Returns a stream that writes this file at its position. It is not buffered; closing it closes this file.
     */
    public OutputStream outputStream() {
        checkWritable();
        return new FileOutput(this);
    }

    @Override
    public boolean isOpen() {
        return descriptor.isOpen();
    }

    /**
     * Closes the file; see the class for calls under way. Does nothing the second time.
     *
     * @throws IOException if the system reports that something written before could not be kept
     */
    @Override
    public void close() throws IOException {
        descriptor.close();
    }

    /** Returns the path. */
    @Override
    public String toString() {
        return path.toString();
    }

    private int readStream(ByteBuffer target) throws IOException {
        int length = Math.min(target.remaining(), mayBlock ? STREAM_CHUNK_BYTES : CHUNK_BYTES);
        if (length == 0) {
            return 0;
        }
        boolean direct = !target.hasArray();
        byte[] bytes = direct ? new byte[length] : target.array();
        int from = direct ? 0 : target.arrayOffset() + target.position();
        Handle handle = descriptor.handle;
        int n = mayBlock
                ? Syscall.callBlocking(() -> handle.read(bytes, from, length))
                : Syscall.call(() -> handle.read(bytes, from, length));
        took(target, direct, bytes, n);
        return n;
    }

    /** Under the lock. */
    private int readChunk(ByteBuffer target, long at) throws IOException {
        int length = Math.min(target.remaining(), CHUNK_BYTES);
        if (length == 0) {
            return 0;
        }
        boolean direct = !target.hasArray();
        byte[] bytes = direct ? bounce(length) : target.array();
        int from = direct ? 0 : target.arrayOffset() + target.position();
        int n = Syscall.call(() -> {
            seek(at);
            int read = random.read(bytes, from, length);
            offset = at + Math.max(read, 0);
            return read;
        });
        took(target, direct, bytes, n);
        return n;
    }

    private static void took(ByteBuffer target, boolean direct, byte[] bytes, int n) {
        if (n <= 0) {
            return;
        }
        if (direct) {
            target.put(bytes, 0, n);
        } else {
            target.position(target.position() + n);
        }
    }

    /** Under the lock. Writes and consumes a piece of the source. */
    private int writeChunk(ByteBuffer source, long at) throws IOException {
        int length = Math.min(source.remaining(), mayBlock ? STREAM_CHUNK_BYTES : CHUNK_BYTES);
        boolean direct = !source.hasArray();
        byte[] bytes = direct ? bounce(length) : source.array();
        int from = direct ? 0 : source.arrayOffset() + source.position();
        if (direct) {
            source.get(source.position(), bytes, 0, length);
        }
        if (random != null) {
            Syscall.call(() -> {
                seek(at);
                random.write(bytes, from, length);
                offset = at + length;
                return null;
            });
        } else {
            writeStream(bytes, from, length);
        }
        source.position(source.position() + length);
        return length;
    }

    private void writeStream(byte[] bytes, int from, int length) throws IOException {
        Syscall.Call<Void, IOException> write = () -> {
            descriptor.handle.write(bytes, from, length);
            return null;
        };
        if (mayBlock) {
            Syscall.callBlocking(write);
        } else {
            Syscall.call(write);
        }
    }

    /** Under the lock, in a declared call. The caller sets the offset when it knows it again. */
    private void seek(long at) throws IOException {
        if (offset != at) {
            random.seek(at);
        }
        offset = UNKNOWN;
    }

    /** Under the lock. */
    private byte[] bounce(int length) {
        if (bounce == null || bounce.length < length) {
            bounce = new byte[length];
        }
        return bounce;
    }

    private void checkReadable(ByteBuffer target) {
        checkReadable();
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("target: got a read-only buffer, need one that can be filled");
        }
    }

    private void checkReadable() {
        if (!mode.read()) {
            throw new NonReadableChannelException();
        }
    }

    private void checkWritable() {
        if (!mode.write()) {
            throw new NonWritableChannelException();
        }
    }

    private void checkSeekable(String operation) throws IOException {
        if (random == null) {
            throw new FileSystemException(path.toString(), null, operation + ": the file has no position");
        }
    }

    private static void checkPosition(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("position or size: got " + value + ", need 0 or more");
        }
    }

    private static void checkCount(long count) {
        if (count < 0) {
            throw new IllegalArgumentException("count: got " + count + ", need 0 or more");
        }
    }
}
