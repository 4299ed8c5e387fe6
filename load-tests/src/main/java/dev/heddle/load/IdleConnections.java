package dev.heddle.load;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens many HTTP connections to a server on the loopback address, asks for {@code /plaintext} once on each, leaves
 * them idle, asks once more on each and closes them. Exits with 1 when one of the requests is not answered. Run it with
 * {@code --help} for the arguments.
 */
public final class IdleConnections {
    private static final String HELP =
            """
            Usage: idle-connections --port N [--connections N] [--hold SECONDS]

            Opens keep-alive connections to 127.0.0.1, asks for /plaintext once on each and prints "open N"; leaves them
            idle, asks once more on each and prints "answered N".

              --port N           TCP port of the server
              --connections N    how many, 1 to 60000 (default: 10000)
              --hold SECONDS     how long they are idle, 0 to 3600 (default: 10)
              --help             print this and exit
            """;

    private static final byte[] REQUEST =
            "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final String HEAD_END = "\r\n\r\n";
    private static final String BODY = "Hello, World!";
    private static final int TIMEOUT_MILLIS = 10_000;
    private static final int EXIT_USAGE = 2;

    private final InetSocketAddress server;
    private final List<Socket> sockets = new ArrayList<>();

    private IdleConnections(InetSocketAddress server) {
        this.server = server;
    }

    /** Runs to the end. */
    public static void main(String[] args) throws InterruptedException {
        int port = 0;
        int connections = 10_000;
        int hold = 10;
        try {
            for (int i = 0; i < args.length; i++) {
                switch (args[i]) {
                    case "--help", "-h" -> {
                        System.out.print(HELP);
                        return;
                    }
                    case "--port" -> port = number(args, ++i, 1, 65_535);
                    case "--connections" -> connections = number(args, ++i, 1, 60_000);
                    case "--hold" -> hold = number(args, ++i, 0, 3_600);
                    default -> throw new IllegalArgumentException("unknown argument: " + args[i]);
                }
            }
            if (port == 0) {
                throw new IllegalArgumentException("--port: got nothing, need the port of the server");
            }
        } catch (IllegalArgumentException e) {
            System.err.println("idle-connections: " + e.getMessage());
            System.err.println("Try --help.");
            System.exit(EXIT_USAGE);
        }
        System.exit(new IdleConnections(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                        .run(connections, Duration.ofSeconds(hold))
                ? 0
                : 1);
    }

    private static int number(String[] args, int i, int min, int max) {
        String name = args[i - 1];
        String text = i < args.length ? args[i] : "nothing";
        try {
            int n = Integer.parseInt(text);
            if (n >= min && n <= max) {
                return n;
            }
        } catch (NumberFormatException e) {
            // said below, together with numbers that are out of range
        }
        throw new IllegalArgumentException(name + ": got " + text + ", need a whole number from " + min + " to " + max);
    }

    private boolean run(int connections, Duration hold) throws InterruptedException {
        int step = 0;
        try {
            for (; step < connections; step++) {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.connect(server, TIMEOUT_MILLIS);
                socket.setSoTimeout(TIMEOUT_MILLIS);
                ask(socket);
            }
            System.out.println("open " + connections);
            Thread.sleep(hold);
            step = 0;
            for (; step < connections; step++) {
                ask(sockets.get(step));
            }
            System.out.println("answered " + connections + " again after " + hold.toSeconds() + " s");
            return true;
        } catch (IOException e) {
            System.out.println("connection " + step + " of " + connections + " failed: " + e);
            return false;
        } finally {
            sockets.forEach(IdleConnections::close);
        }
    }

    private static void ask(Socket socket) throws IOException {
        socket.getOutputStream().write(REQUEST);
        StringBuilder answer = new StringBuilder();
        byte[] buffer = new byte[1024];
        while (true) {
            int n;
            try {
                n = socket.getInputStream().read(buffer);
            } catch (SocketTimeoutException e) {
                throw new IOException("no answer within " + TIMEOUT_MILLIS + " ms", e);
            }
            if (n < 0) {
                throw new EOFException("closed by the server after " + answer.length() + " bytes");
            }
            answer.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
            int head = answer.indexOf(HEAD_END);
            if (head >= 0 && answer.length() >= head + HEAD_END.length() + BODY.length()) {
                check(answer.toString());
                return;
            }
        }
    }

    private static void check(String answer) throws IOException {
        if (!answer.startsWith("HTTP/1.1 200 ") || !answer.endsWith(HEAD_END + BODY)) {
            throw new IOException("got an unexpected answer: " + answer);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            System.out.println("close failed: " + e);
        }
    }
}
