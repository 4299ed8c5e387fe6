package dev.heddle.net;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** The read side of a {@link Conn}. */
final class ConnInputStream extends InputStream {
    private final Conn conn;

    ConnInputStream(Conn conn) {
        this.conn = conn;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        return conn.read(target, offset, length);
    }

    @Override
    public int available() throws IOException {
        return conn.available();
    }

    @Override
    public void close() {
        conn.close();
    }
}
