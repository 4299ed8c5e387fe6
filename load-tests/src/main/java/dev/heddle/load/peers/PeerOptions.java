package dev.heddle.load.peers;

import java.util.Locale;

/**
 * Arguments of {@link NettyPeer}.
 *
 * @param help whether only the help was asked for
 * @param mode where requests are answered
 * @param port TCP port; 0 takes a free one
 * @param threads event loop threads, 1 to 1024
 */
record PeerOptions(boolean help, Mode mode, int port, int threads) {
    /** Where a request is answered. */
    enum Mode {
        /** On the event loop of its connection. */
        LOOP,
        /** In a JDK virtual thread of its own. */
        VT
    }

    static final String HELP =
            """
            Usage: netty-peer [--mode loop|vt] [--port N] [--threads N]

            A plain Netty HTTP server on the loopback address, to compare Heddle's bench example with.
            Endpoints: /plaintext, /json, /sleep?ms=N, /cpu?ms=N (N from 0 to 60000).

              --mode loop|vt   answer on the event loop, or in a JDK virtual thread per request (default: loop)
              --port N         TCP port, 0 for a free one (default: 8081)
              --threads N      event loop threads (default: the processors that the JVM sees)
              --help           print this and exit
            """;

    private static final int MAX_PORT = 65_535;
    private static final int MAX_LOOPS = 1024;
    private static final int STANDARD_PORT = 8081;

    static PeerOptions parse(String[] args) {
        Mode mode = Mode.LOOP;
        int port = STANDARD_PORT;
        int threads = Runtime.getRuntime().availableProcessors();
        for (int i = 0; i < args.length; i++) {
            String name = args[i];
            switch (name) {
                case "--help", "-h" -> {
                    return new PeerOptions(true, mode, port, threads);
                }
                case "--mode" -> mode = mode(value(args, ++i));
                case "--port" -> port = number(name, value(args, ++i), 0, MAX_PORT);
                case "--threads" -> threads = number(name, value(args, ++i), 1, MAX_LOOPS);
                default -> throw new IllegalArgumentException("unknown argument: " + name);
            }
        }
        return new PeerOptions(false, mode, port, threads);
    }

    private static String value(String[] args, int i) {
        if (i >= args.length) {
            throw new IllegalArgumentException(args[i - 1] + ": got nothing, need a value");
        }
        return args[i];
    }

    private static Mode mode(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "loop" -> Mode.LOOP;
            case "vt" -> Mode.VT;
            default -> throw new IllegalArgumentException("--mode: got " + text + ", need loop or vt");
        };
    }

    private static int number(String name, String text, int min, int max) {
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
}
