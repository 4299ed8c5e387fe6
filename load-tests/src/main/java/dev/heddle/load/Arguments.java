package dev.heddle.load;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Arguments of a client: {@code --name NUMBER} pairs, whole numbers each in a range of its own. */
final class Arguments {
    private static final int EXIT_USAGE = 2;

    /** An argument that has a default. */
    record Option(String name, int min, int max, int standard) {
        Option {
            if (standard < min || standard > max) {
                throw new IllegalArgumentException("standard: got " + standard + ", need " + min + " to " + max);
            }
        }
    }

    /** TCP port of the server; has no default. */
    static final String PORT = "--port";

    private static final int MAX_PORT = 65_535;

    private final Map<String, Integer> values;

    private Arguments(Map<String, Integer> values) {
        this.values = values;
    }

    /**
     * Reads the command line of a program. Ends the process when it asks for help, and when it cannot be taken.
     *
     * @param program name for error messages
     * @param options what it may hold beside {@code --port} and {@code --help}
     */
    static Arguments orExit(String program, String help, String[] args, List<Option> options) {
        List<String> given = List.of(args);
        if (given.contains("--help") || given.contains("-h")) {
            System.out.print(help);
            System.exit(0);
        }
        try {
            return parse(given, options);
        } catch (IllegalArgumentException e) {
            System.err.println(program + ": " + e.getMessage());
            System.err.println("Try --help.");
            System.exit(EXIT_USAGE);
            throw e;
        }
    }

    static Arguments parse(List<String> args, List<Option> options) {
        Map<String, Option> known = options.stream().collect(Collectors.toMap(Option::name, option -> option));
        known.put(PORT, new Option(PORT, 1, MAX_PORT, 1));
        Map<String, Integer> values = new HashMap<>();
        options.forEach(option -> values.put(option.name, option.standard));
        for (int i = 0; i < args.size(); i += 2) {
            Option option = known.get(args.get(i));
            if (option == null) {
                throw new IllegalArgumentException("unknown argument: " + args.get(i));
            }
            values.put(option.name, number(option, i + 1 < args.size() ? args.get(i + 1) : "nothing"));
        }
        if (!values.containsKey(PORT)) {
            throw new IllegalArgumentException(PORT + ": got nothing, need the port of the server");
        }
        return new Arguments(values);
    }

    private static int number(Option option, String text) {
        try {
            int n = Integer.parseInt(text);
            if (n >= option.min && n <= option.max) {
                return n;
            }
        } catch (NumberFormatException e) {
            // said below, together with numbers that are out of range
        }
        throw new IllegalArgumentException(
                option.name + ": got " + text + ", need a whole number from " + option.min + " to " + option.max);
    }

    int value(String name) {
        return values.get(name);
    }
}
