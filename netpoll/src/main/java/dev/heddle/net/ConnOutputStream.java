package dev.heddle.net;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/** The write side of a {@link Conn}. Everything is on its way when a write returns, so there is nothing to flush. */
final class ConnOutputStream extends OutputStream {
    private final Conn conn;

    ConnOutputStream(Conn conn) {
        this.conn = conn;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, source.length);
        conn.write(source, offset, length);
    }

    @Override
    public void close() {
        conn.close();
    }
}
