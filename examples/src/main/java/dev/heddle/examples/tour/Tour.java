package dev.heddle.examples.tour;

import dev.heddle.sched.TraceEvent;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Plays what articles on Go's scheduler tell, and tells what it did from recorded events. Takes a few seconds. */
public final class Tour {
    private static final String SCENARIO = "--scenario";
    private static final String TRACE = "--trace";

    private Tour() {}

    /** Returns the text of {@code tour --help}. */
    public static String help() {
        StringBuilder text = new StringBuilder(
                """
                Usage: java -jar heddle-examples.jar tour [--scenario NAME] [--trace DIR]

                Plays the scenarios of an article on Go's M:P:G scheduler one after another and prints what goroutines (G),
                threads (M) and processors (P) did, from recorded events; then what the operations cost.
                --trace writes DIR/NAME.json for each, to be opened in https://ui.perfetto.dev or chrome://tracing.

                Scenarios; without one, all of them and the table:
                """);
        for (Scenario s : Scenario.ALL) {
            text.append("  %-12s%s%n".formatted(s.name(), s.title()));
        }
        return text.append("  %-12s%s%n".formatted(Overheads.NAME, Overheads.TITLE)).toString();
    }

    /**
     * Plays.
     *
     * @param args {@code --scenario NAME}, {@code --trace DIR}, {@code --help}, or nothing
     * @param out gets the story
     * @throws IllegalArgumentException for arguments that cannot be taken
     * @throws java.io.UncheckedIOException if a trace cannot be written
     */
    public static void run(List<String> args, PrintStream out) {
        if (args.contains("--help") || args.contains("-h")) {
            out.print(help());
            return;
        }
        Map<String, String> values = values(args);
        String only = scenario(values.get(SCENARIO));
        Path traces = directory(values.get(TRACE));
        Plays.normal(); // loads what the first scenario would wait for
        Plays.syscall();
        for (Scenario s : Scenario.ALL) {
            if (only == null || only.equals(s.name())) {
                new Story(out).tell(s, play(s, traces));
            }
        }
        if (only == null || only.equals(Overheads.NAME)) {
            Overheads.print(out);
        }
    }

    private static List<TraceEvent> play(Scenario s, Path traces) {
        if (traces == null) {
            return s.play().get();
        }
        return ScopedValue.where(Stage.TRACE, traces.resolve(s.name() + ".json"))
                .call(() -> s.play().get());
    }

    /** By flag. */
    private static Map<String, String> values(List<String> args) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < args.size(); i++) {
            String[] parts = args.get(i).split("=", 2);
            if (!parts[0].equals(SCENARIO) && !parts[0].equals(TRACE)) {
                throw new IllegalArgumentException("unknown argument: " + parts[0]);
            }
            if (parts.length == 1 && ++i == args.size()) {
                throw new IllegalArgumentException(parts[0] + ": got nothing, need a "
                        + (parts[0].equals(SCENARIO) ? "name" : "directory"));
            }
            values.put(parts[0], parts.length == 1 ? args.get(i) : parts[1]);
        }
        return values;
    }

    private static Path directory(String name) {
        if (name == null) {
            return null;
        }
        Path directory = Path.of(name);
        if (!Files.isDirectory(directory)) {
            throw new IllegalArgumentException(TRACE + ": got '" + name + "', need a directory that exists");
        }
        return directory;
    }

    private static String scenario(String name) {
        if (name == null) {
            return null;
        }
        List<String> known = Scenario.ALL.stream().map(Scenario::name).collect(Collectors.toList());
        known.add(Overheads.NAME);
        if (!known.contains(name)) {
            throw new IllegalArgumentException(
                    SCENARIO + ": got '" + name + "', need one of " + String.join(", ", known));
        }
        return name;
    }
}
