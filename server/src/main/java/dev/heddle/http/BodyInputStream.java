package dev.heddle.http;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** The body of a request as a stream. Waits for the client as needed; keeps nothing but what has come already. */
final class BodyInputStream extends InputStream {
    private final RequestBody body;
    private final byte[] one = new byte[1];

    BodyInputStream(RequestBody body) {
        this.body = body;
    }

    @Override
    public int read() throws IOException {
        return body.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        return length == 0 ? 0 : body.read(into, offset, length);
    }

    @Override
    public int available() {
        return body.available();
    }

    @Override
    public void close() {
        body.close();
    }
}
