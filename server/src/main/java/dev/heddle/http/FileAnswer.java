package dev.heddle.http;

import dev.heddle.sched.Syscall;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Sends files. Opening and reading are declared to the scheduler as blocking calls, piece by piece; sending waits for the
 * client as every stream does. A small file goes out in one message.
 *
 * <p>A channel and not {@link dev.heddle.os.File}: it reads into the buffer that goes to the socket without a copy, and that
 * an interrupt closes it does no harm, since it belongs to this answer alone.
 */
final class FileAnswer {
    /** What is read at once: the size of a pipe and of what a socket takes at once. */
    private static final int PIECE_BYTES = 64 << 10;

    private FileAnswer() {}

    /** Sends {@code length} bytes of a file from {@code offset}; -1 for all that follow. */
    static void send(Response response, ByteBufAllocator allocator, Path path, long offset, long length)
            throws IOException {
        long size = size(path);
        long n = length < 0 ? Math.max(0, size - offset) : length;
        if (offset + n > size) {
            throw new IOException("file: got " + offset + " to " + (offset + n) + ", need a part of its " + size + " bytes");
        }
        if (response.header("content-type") == null) {
            response.type(MediaTypes.of(path.toString()));
        }
        if (response.isWithoutBody() || n == 0) {
            response.beginStream(n);
            response.lastChunk(Unpooled.EMPTY_BUFFER);
            return;
        }
        try (FileChannel file = open(path)) {
            response.awaitRoom(); // a reader that is slow holds what it has been sent, and no piece beside it
            if (n <= PIECE_BYTES) {
                response.full(read(file, allocator, offset, (int) n));
                return;
            }
            response.beginStream(n);
            long end = offset + n;
            long at = offset;
            while (end - at > PIECE_BYTES) {
                response.chunk(read(file, allocator, at, PIECE_BYTES));
                at += PIECE_BYTES;
                response.awaitRoom();
            }
            response.lastChunk(read(file, allocator, at, (int) (end - at)));
        }
    }

    private static long size(Path path) throws IOException {
        try {
            BasicFileAttributes attributes = Syscall.call(() -> Files.readAttributes(path, BasicFileAttributes.class));
            if (!attributes.isRegularFile()) {
                throw new HttpException(404);
            }
            return attributes.size();
        } catch (FileSystemException e) {
            throw answer(e);
        }
    }

    private static FileChannel open(Path path) throws IOException {
        try {
            return Syscall.call(() -> FileChannel.open(path, StandardOpenOption.READ));
        } catch (FileSystemException e) {
            throw answer(e);
        }
    }

    /** Says what an error means to the client; throws it if that is nothing: then it is the server's. */
    private static HttpException answer(FileSystemException e) throws FileSystemException {
        if (dev.heddle.os.Files.isMissing(e)) {
            return new HttpException(404, null, e);
        }
        if (e instanceof AccessDeniedException) {
            return new HttpException(403, null, e);
        }
        throw e;
    }

    private static ByteBuf read(FileChannel file, ByteBufAllocator allocator, long at, int length) throws IOException {
        ByteBuf piece = allocator.directBuffer(length, length);
        boolean whole = false;
        try {
            ByteBuffer into = piece.internalNioBuffer(0, length);
            while (into.hasRemaining()) {
                long position = at + length - into.remaining();
                int n = Syscall.call(() -> file.read(into, position));
                if (n < 0) {
                    throw new IOException("file: got its end at " + position + ", need " + (at + length) + " bytes");
                }
            }
            piece.writerIndex(length);
            whole = true;
            return piece;
        } finally {
            if (!whole) {
                piece.release();
            }
        }
    }
}
