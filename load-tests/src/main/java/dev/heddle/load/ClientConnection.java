package dev.heddle.load;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A keep-alive connection to a server on the loopback address, for one request after another. One thread uses it. */
final class ClientConnection implements AutoCloseable {
    /** Head and body of an answer; there may be tens of thousands of connections, each with a buffer of that size. */
    private static final int MAX_ANSWER_BYTES = 1024;

    private static final String HEAD_END = "\r\n\r\n";
    private static final String LENGTH = "\r\ncontent-length:";

    private final Socket socket;
    private final byte[] buffer = new byte[MAX_ANSWER_BYTES];

    private ClientConnection(Socket socket) {
        this.socket = socket;
    }

    /**
     * Connects.
     *
     * @throws SocketTimeoutException if that takes longer than {@code timeoutMillis}
     */
    static ClientConnection open(int port, int timeoutMillis) throws IOException {
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), timeoutMillis);
            socket.setTcpNoDelay(true);
            return new ClientConnection(socket);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Asks for a path and returns the body of the answer. A connection on which this has failed is of no use any more.
     *
     * @throws SocketTimeoutException if nothing comes for {@code timeoutMillis}
     * @throws IOException if the answer has another status than 200, or no {@code Content-Length}
     */
    String get(String path, int timeoutMillis) throws IOException {
        socket.setSoTimeout(timeoutMillis);
        String request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        int length = 0;
        while (true) {
            int n = socket.getInputStream().read(buffer, length, buffer.length - length);
            if (n <= 0) {
                throw new EOFException("closed or too long after " + length + " bytes");
            }
            length += n;
            String answer = new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
            int headEnd = answer.indexOf(HEAD_END);
            if (headEnd >= 0) {
                int bodyStart = headEnd + HEAD_END.length();
                if (length >= bodyStart + bodyLength(answer.substring(0, bodyStart))) {
                    return answer.substring(bodyStart);
                }
            }
        }
    }

    private static int bodyLength(String head) throws IOException {
        int length = head.toLowerCase(Locale.ROOT).indexOf(LENGTH);
        if (!head.startsWith("HTTP/1.1 200 ") || length < 0) {
            throw new IOException("got an unexpected answer: " + head);
        }
        int start = length + LENGTH.length();
        return Integer.parseInt(head.substring(start, head.indexOf('\r', start)).strip());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
