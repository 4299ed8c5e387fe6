package dev.heddle.load;

import java.io.IOException;
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

    private static final int TIMEOUT_MILLIS = 10_000;
    private static final String BODY = "Hello, World!";

    private static final List<Arguments.Option> OPTIONS = List.of(
            new Arguments.Option("--connections", 1, 60_000, 10_000), new Arguments.Option("--hold", 0, 3_600, 10));

    private final int port;
    private final List<ClientConnection> open = new ArrayList<>();

    private IdleConnections(int port) {
        this.port = port;
    }

    /** Runs to the end. */
    public static void main(String[] args) throws InterruptedException {
        Arguments a = Arguments.orExit("idle-connections", HELP, args, OPTIONS);
        System.exit(new IdleConnections(a.value(Arguments.PORT))
                        .run(a.value("--connections"), Duration.ofSeconds(a.value("--hold")))
                ? 0
                : 1);
    }

    private boolean run(int connections, Duration hold) throws InterruptedException {
        int step = 0;
        try {
            for (; step < connections; step++) {
                open.add(ClientConnection.open(port, TIMEOUT_MILLIS));
                ask(open.get(step));
            }
            System.out.println("open " + connections);
            Thread.sleep(hold);
            step = 0;
            for (; step < connections; step++) {
                ask(open.get(step));
            }
            System.out.println("answered " + connections + " again after " + hold.toSeconds() + " s");
            return true;
        } catch (IOException e) {
            System.out.println("connection " + step + " of " + connections + " failed: " + e);
            return false;
        } finally {
            open.forEach(IdleConnections::close);
        }
    }

    private static void ask(ClientConnection connection) throws IOException {
        String body = connection.get("/plaintext", TIMEOUT_MILLIS);
        if (!body.equals(BODY)) {
            throw new IOException("got an unexpected body: " + body);
        }
    }

    private static void close(ClientConnection connection) {
        try {
            connection.close();
        } catch (IOException e) {
            System.out.println("close failed: " + e);
        }
    }
}
