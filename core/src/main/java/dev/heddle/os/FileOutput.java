package dev.heddle.os;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** A file as a stream to write. */
final class FileOutput extends OutputStream {
    private final File file;

    FileOutput(File file) {
        this.file = file;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        file.write(ByteBuffer.wrap(bytes, from, length));
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
