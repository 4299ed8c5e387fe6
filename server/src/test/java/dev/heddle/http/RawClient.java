package dev.heddle.http;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A client that sends exactly what it is told, and reads answers without leniency. Gives up after 20 s of silence. */
final class RawClient implements AutoCloseable {
    private static final int SILENCE_MILLIS = 20_000;

    /** Null over a socket of the file system. */
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    private RawClient(Socket socket, InputStream in, OutputStream out) {
        this.socket = socket;
        this.in = new BufferedInputStream(in);
        this.out = out;
    }

    static RawClient to(Server server) throws IOException {
        return to(server, 0);
    }

    /** Connects with another receive buffer than the standard one, unless 0. */
    static RawClient to(Server server, int receiveBuffer) throws IOException {
        Socket socket = new Socket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.setSoTimeout(SILENCE_MILLIS);
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        return new RawClient(socket, socket.getInputStream(), socket.getOutputStream());
    }

    /** Connects to a socket of the file system; waits as long as its test may. */
    static RawClient to(Path path) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return new RawClient(null, Channels.newInputStream(channel), Channels.newOutputStream(channel));
    }

    /** Makes a client of a socket that is connected. */
    static RawClient of(Socket socket) throws IOException {
        socket.setSoTimeout(SILENCE_MILLIS);
        return new RawClient(socket, socket.getInputStream(), socket.getOutputStream());
    }

    /** Sends characters as bytes. */
    RawClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    RawClient send(byte[] bytes) throws IOException {
        out.write(bytes);
        return this;
    }

    /** Sends a GET. */
    RawClient get(String target) throws IOException {
        return send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n");
    }

    /** Sends a POST with a body and its length. */
    RawClient post(String target, String body) throws IOException {
        return send("POST " + target + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
    }

    /** Reads one answer with its body. */
    Answer read() throws IOException {
        return read(true);
    }

    /** Reads one answer to HEAD. */
    Answer readHead() throws IOException {
        return read(false);
    }

    private Answer read(boolean withBody) throws IOException {
        String statusLine = line();
        Map<String, List<String>> headers = headers();
        Answer head = new Answer(statusLine, headers, new byte[0]);
        int status = head.status();
        boolean none = !withBody || status < 200 || status == 204 || status == 304;
        return none ? head : new Answer(statusLine, headers, body(head));
    }

    private Map<String, List<String>> headers() throws IOException {
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.computeIfAbsent(line.substring(0, colon), _ -> new ArrayList<>())
                    .add(line.substring(colon + 1).strip());
        }
        return headers;
    }

    private byte[] body(Answer head) throws IOException {
        if ("chunked".equals(head.header("transfer-encoding"))) {
            return chunks();
        }
        String length = head.header("content-length");
        if (length == null) {
            return in.readAllBytes();
        }
        return exactly(Integer.parseInt(length));
    }

    private byte[] chunks() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            int size = Integer.parseInt(line(), 16);
            body.write(exactly(size));
            String end = line();
            if (!end.isEmpty()) {
                throw new IOException("chunk: got '" + end + "' after it, need CRLF");
            }
            if (size == 0) {
                return body.toByteArray();
            }
        }
    }

    /** Reads so many bytes. */
    byte[] exactly(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("got " + bytes.length + " bytes, need " + length);
        }
        return bytes;
    }

    /** Reads one line, without its CRLF. */
    String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("got the end of the connection inside a line: '" + line + "'");
            }
            if (b == '\n') {
                throw new IOException("got a bare LF");
            }
            if (b == '\r') {
                if (in.read() != '\n') {
                    throw new IOException("got a bare CR");
                }
                return line.toString(StandardCharsets.ISO_8859_1);
            }
            line.write(b);
        }
    }

    /** Returns whether the server has closed the connection and nothing is left to be read; waits for one or the other. */
    boolean isAtEnd() throws IOException {
        try {
            return in.read() < 0;
        } catch (SocketException e) {
            return true; // reset
        }
    }

    /**
     * Returns whether nothing is left to be read, and the server has ended the connection properly; throws if by a
     * reset.
     */
    boolean endsCleanly() throws IOException {
        return in.read() < 0;
    }

    /** Reads until the server closes the connection. */
    byte[] rest() throws IOException {
        return in.readAllBytes();
    }

    /** Ends the sending side. */
    void endOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** Closes the connection by a reset. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        in.close(); // and the socket with it
    }
}
