package dev.heddle.os;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** A file as a stream to read. */
final class FileInput extends InputStream {
    private final File file;

    FileInput(File file) {
        this.file = file;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        return file.read(ByteBuffer.wrap(bytes, from, length));
    }

    @Override
    public long skip(long count) throws IOException {
        if (!file.isSeekable()) {
            return super.skip(count);
        }
        if (count <= 0) {
            return 0;
        }
        long from = file.position();
        long to = Math.max(from, Math.min(file.size(), count > Long.MAX_VALUE - from ? Long.MAX_VALUE : from + count));
        file.position(to);
        return to - from;
    }

    @Override
    public int available() throws IOException {
        return file.isSeekable() ? (int) Math.clamp(file.size() - file.position(), 0L, Integer.MAX_VALUE) : 0;
    }

    @Override
    public byte[] readAllBytes() throws IOException {
        return Contents.read(file, Contents.MAX_BYTES);
    }

    @Override
    public long transferTo(OutputStream out) throws IOException {
        byte[] bytes = new byte[file.isSeekable() ? File.CHUNK_BYTES : File.STREAM_CHUNK_BYTES];
        long sent = 0;
        int n;
        while ((n = read(bytes, 0, bytes.length)) >= 0) {
            out.write(bytes, 0, n);
            sent += n;
        }
        return sent;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
