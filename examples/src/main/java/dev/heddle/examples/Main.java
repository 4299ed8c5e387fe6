package dev.heddle.examples;

import dev.heddle.examples.bench.Bench;
import dev.heddle.examples.echo.Echo;
import dev.heddle.examples.hello.Hello;
import dev.heddle.examples.tour.Tour;
import dev.heddle.http.App;
import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import dev.heddle.http.ServerConfig.Setting;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Runs the example that the first argument names. */
public final class Main {
    private static final int EXIT_FAILED = 1;
    private static final int EXIT_USAGE = 2;

    /** Settings that are not about HTTP: those that an example on plain TCP has use for. */
    private static final Set<String> TCP_SETTINGS = Set.of(
            "host",
            "port",
            "procs",
            "max-threads",
            "max-hogs",
            "quantum",
            "spare-keep-alive",
            "loops",
            "poller");

    private static final List<Example> EXAMPLES = List.of(
            new Example(
                    "hello",
                    "The server of the README: try /, /hello/World and /slow.",
                    ServerConfig.settings(),
                    false,
                    a -> serve(Hello.app().with(a.config()), "/", "/hello/you", "/slow")),
            new Example(
                    "bench",
                    "The server that all comparisons use; / lists what it serves.",
                    ServerConfig.settings(),
                    true,
                    a -> serve(Bench.app(a.directory()).with(a.config()), "/", "/plaintext", "/metrics")),
            new Example(
                    "echo",
                    "A TCP server that sends back what it gets: try nc localhost 8080.",
                    ServerConfig.settings().stream()
                            .filter(s -> TCP_SETTINGS.contains(s.name()))
                            .toList(),
                    false,
                    a -> Echo.run(a.config())));

    /** Takes no settings of a server, and ends by itself. */
    private static final String TOUR = "tour";

    private Main() {}

    /** One example. */
    private record Example(String name, String summary, List<Setting> settings, boolean takesDirectory, Body body) {}

    @FunctionalInterface
    private interface Body {
        void run(Arguments arguments) throws IOException, InterruptedException;
    }

    /** Runs it. Ends with status 2 for arguments that cannot be taken, 1 if the example fails. */
    public static void main(String[] args) throws InterruptedException {
        if (args.length > 0 && (args[0].equals("--help") || args[0].equals("-h"))) {
            System.out.print(help());
            return;
        }
        String name = args.length == 0 ? "nothing" : args[0];
        if (name.equals(TOUR)) {
            tour(Arrays.asList(args).subList(1, args.length));
            return;
        }
        Example example = EXAMPLES.stream()
                .filter(e -> e.name.equals(name))
                .findAny()
                .orElse(null);
        if (example == null) {
            String names = EXAMPLES.stream().map(Example::name).collect(Collectors.joining(", "));
            fail(EXIT_USAGE, "example: got " + name + ", need one of " + names + ", " + TOUR + "\nTry --help.");
            return;
        }
        run(example, Arrays.asList(args).subList(1, args.length));
    }

    private static void run(Example example, List<String> args) throws InterruptedException {
        try {
            Arguments arguments =
                    Arguments.parse(args, example.settings, example.takesDirectory, System.getenv());
            if (arguments.help()) {
                System.out.print(help(example));
            } else {
                example.body.run(arguments);
            }
        } catch (Arguments.BadArgument e) {
            fail(EXIT_USAGE, example.name + ": " + e.getMessage() + "\nTry " + example.name + " --help.");
        } catch (IOException e) {
            fail(EXIT_FAILED, example.name + ": " + e.getMessage());
        }
    }

    private static void tour(List<String> args) {
        try {
            Tour.run(args, System.out);
        } catch (IllegalArgumentException e) {
            fail(EXIT_USAGE, TOUR + ": " + e.getMessage() + "\nTry " + TOUR + " --help.");
        }
    }

    /** Serves until the process is told to end, and says what to try. */
    private static void serve(App app, String... paths) throws IOException, InterruptedException {
        try (Server server = app.start()) {
            for (String path : paths) {
                System.out.println("Try: curl http://localhost:" + server.port() + path);
            }
            server.awaitStop();
        }
    }

    private static void fail(int status, String message) {
        System.err.println("heddle-examples: " + message);
        System.exit(status);
    }

    private static String help() {
        StringBuilder text = new StringBuilder(
                """
                Usage: java -jar heddle-examples.jar EXAMPLE [--flag value]...

                Examples:
                """);
        for (Example e : EXAMPLES) {
            text.append("  %-8s%s%n".formatted(e.name, e.summary));
        }
        text.append("  %-8s%s%n".formatted(TOUR, "The scheduler at work, told from what it recorded; takes seconds."));
        return text.append("\nEXAMPLE --help lists the flags of one.\n").toString();
    }

    private static String help(Example e) {
        return """
                Usage: java -jar heddle-examples.jar %s [--flag value]...

                %s

                Flags; each may also be given by the variable in brackets:
                %s\
                """
                .formatted(e.name, e.summary, Arguments.flags(e.settings, e.takesDirectory));
    }
}
