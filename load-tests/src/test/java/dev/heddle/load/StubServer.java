package dev.heddle.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A server for tests of clients, with a thread per connection. */
final class StubServer implements AutoCloseable {
    /** Makes the answers. */
    interface Answer {
        /**
         * Returns an answer with its head.
         *
         * @param connection number of the connection, from 0
         * @param request number of the request on this connection, from 0
         */
        String to(int connection, int request, String path) throws InterruptedException;
    }

    private final ServerSocket listener;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private final Answer answer;

    private StubServer(ServerSocket listener, Answer answer) {
        this.listener = listener;
        this.answer = answer;
    }

    static StubServer start(Answer answer) throws IOException {
        StubServer server = new StubServer(new ServerSocket(0, 1000, InetAddress.getLoopbackAddress()), answer);
        Thread.ofPlatform().daemon().start(server::accept);
        return server;
    }

    static String ok(String body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        for (int i = 0; ; i++) {
            int number = i;
            try {
                Socket socket = listener.accept();
                sockets.add(socket);
                Thread.ofPlatform().daemon().start(() -> serve(number, socket));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(int connection, Socket socket) {
        try (socket) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            int request = 0;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.startsWith("GET ")) {
                    String text = answer.to(connection, request++, line.split(" ", 3)[1]);
                    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException e) {
            // the client or the test has closed it
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
