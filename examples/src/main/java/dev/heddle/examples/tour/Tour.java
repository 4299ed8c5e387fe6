package dev.heddle.examples.tour;

import java.io.PrintStream;
import java.util.List;
import java.util.stream.Collectors;

/** Plays what articles on Go's scheduler tell, and tells what it did from recorded events. Takes a few seconds. */
public final class Tour {
    private static final String SCENARIO = "--scenario";

    private Tour() {}

    /** Returns the text of {@code tour --help}. */
    public static String help() {
        StringBuilder text = new StringBuilder(
                """
                Usage: java -jar heddle-examples.jar tour [--scenario NAME]

                Plays the scenarios of an article on Go's M:P:G scheduler one after another and prints what goroutines (G),
                threads (M) and processors (P) did, from recorded events; then what the operations cost.

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
     * @param args {@code --scenario NAME}, {@code --help}, or nothing
     * @param out gets the story
     * @throws IllegalArgumentException for arguments that cannot be taken
     */
    public static void run(List<String> args, PrintStream out) {
        if (args.contains("--help") || args.contains("-h")) {
            out.print(help());
            return;
        }
        String only = scenario(args);
        Plays.normal(); // loads what the first scenario would wait for
        Plays.syscall();
        for (Scenario s : Scenario.ALL) {
            if (only == null || only.equals(s.name())) {
                new Story(out).tell(s, s.play().get());
            }
        }
        if (only == null || only.equals(Overheads.NAME)) {
            Overheads.print(out);
        }
    }

    private static String scenario(List<String> args) {
        if (args.isEmpty()) {
            return null;
        }
        String first = args.getFirst();
        int equals = first.indexOf('=');
        String flag = equals < 0 ? first : first.substring(0, equals);
        if (!flag.equals(SCENARIO) || args.size() > (equals < 0 ? 2 : 1)) {
            throw new IllegalArgumentException("unknown argument: " + (flag.equals(SCENARIO) ? args.getLast() : flag));
        }
        if (equals < 0 && args.size() < 2) {
            throw new IllegalArgumentException(SCENARIO + ": got nothing, need a name");
        }
        String name = equals < 0 ? args.get(1) : first.substring(equals + 1);
        List<String> known = Scenario.ALL.stream().map(Scenario::name).collect(Collectors.toList());
        known.add(Overheads.NAME);
        if (!known.contains(name)) {
            throw new IllegalArgumentException(
                    SCENARIO + ": got '" + name + "', need one of " + String.join(", ", known));
        }
        return name;
    }
}
