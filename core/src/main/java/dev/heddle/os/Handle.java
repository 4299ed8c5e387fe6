package dev.heddle.os;

import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;

/** What the JDK gives for an open descriptor. None of them is an interruptible channel, see the package's comment. */
sealed interface Handle extends Closeable {
    /** Reads at the descriptor's own offset: at least one byte, or -1 at the end. */
    int read(byte[] bytes, int from, int length) throws IOException;

    /** Writes all at the descriptor's own offset. */
    void write(byte[] bytes, int from, int length) throws IOException;

    /** {@code fsync}. */
    void sync() throws IOException;

    /** A regular file: has an offset that can be set. */
    record Random(RandomAccessFile file) implements Handle {
        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return file.read(bytes, from, length);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            file.write(bytes, from, length);
        }

        @Override
        public void sync() throws IOException {
            file.getFD().sync();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /** A FIFO or a device that is read. */
    record Input(FileInputStream in) implements Handle {
        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return in.read(bytes, from, length);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            throw new IllegalStateException("open for reading only");
        }

        @Override
        public void sync() throws IOException {
            in.getFD().sync();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    /** A FIFO or a device that is written, or a regular file that is appended to. */
    record Output(FileOutputStream out) implements Handle {
        @Override
        public int read(byte[] bytes, int from, int length) {
            throw new IllegalStateException("open for writing only");
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void sync() throws IOException {
            out.getFD().sync();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
