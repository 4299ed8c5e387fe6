package dev.heddle.os;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.util.Arrays;

/** Reads the rest of a file into an array. */
final class Contents {
    /** The largest array that JVMs make: {@code jdk.internal.util.ArraysSupport.SOFT_MAX_ARRAY_LENGTH}. */
    static final int MAX_BYTES = Integer.MAX_VALUE - 8;

    private Contents() {}

    /**
     * Reads from the position to the end. The size at the start is a guess only: files grow, shrink, and those in
     * {@code /proc} say 0.
     */
    static byte[] read(File file, int maxBytes) throws IOException {
        long expected = file.isSeekable() ? Math.max(0, file.size() - file.position()) : File.STREAM_CHUNK_BYTES;
        if (file.isSeekable() && expected > maxBytes) {
            throw tooLarge(file, maxBytes);
        }
        byte[] bytes = new byte[(int) Math.min(expected, maxBytes)];
        int length = 0;
        while (true) {
            while (length < bytes.length) {
                int n = file.read(ByteBuffer.wrap(bytes, length, bytes.length - length));
                if (n < 0) {
                    return Arrays.copyOf(bytes, length);
                }
                length += n;
            }
            byte[] more = new byte[File.STREAM_CHUNK_BYTES];
            int n = file.read(ByteBuffer.wrap(more));
            if (n < 0) {
                return bytes;
            }
            if (n > maxBytes - length) {
                throw tooLarge(file, maxBytes);
            }
            bytes = Arrays.copyOf(bytes, (int) Math.min(maxBytes, Math.max(2L * length, length + more.length)));
            System.arraycopy(more, 0, bytes, length, n);
            length += n;
        }
    }

    private static IOException tooLarge(File file, int maxBytes) {
        return new FileSystemException(file.toString(), null, "size: got more than " + maxBytes + " bytes");
    }
}
