package dev.heddle.examples;

import dev.heddle.http.ServerConfig;
import dev.heddle.http.ServerConfig.Setting;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What follows the example's name on the command line. Every setting of {@link ServerConfig} is a flag; what is not
 * given comes from {@code HEDDLE_*} variables, and then from the defaults. The directory is the example's own, and so is its variable.
 *
 * @param help whether only the help is wanted
 * @param config the settings
 * @param directory {@code --dir} or {@code BENCH_DIR}, a directory that exists
 */
record Arguments(boolean help, ServerConfig config, Optional<Path> directory) {
    private static final String PREFIX = "--";
    private static final String DIRECTORY = "dir";
    private static final String DIRECTORY_VARIABLE = "BENCH_DIR";

    /** An argument or a variable that cannot be taken. The message says which, what was given and what is expected. */
    static final class BadArgument extends Exception {
        private BadArgument(String message) {
            super(message);
        }
    }

    /**
     * Reads the arguments.
     *
     * @param args {@code --name value} or {@code --name=value}
     * @param accepted the settings that the example has use for
     * @param takesDirectory whether {@code --dir} is one of them
     * @param environment where {@code BENCH_DIR} is looked up; the other variables always come from the process
     */
    static Arguments parse(
            List<String> args, List<Setting> accepted, boolean takesDirectory, Map<String, String> environment)
            throws BadArgument {
        if (args.contains("--help") || args.contains("-h")) {
            return new Arguments(true, ServerConfig.defaults(), Optional.empty());
        }
        ServerConfig config = fromEnvironment();
        Optional<Path> directory = Optional.empty();
        if (takesDirectory && environment.containsKey(DIRECTORY_VARIABLE)) {
            directory = Optional.of(directory(DIRECTORY_VARIABLE, environment.get(DIRECTORY_VARIABLE)));
        }
        for (int i = 0; i < args.size(); i++) {
            String arg = args.get(i);
            int equals = arg.indexOf('=');
            String flag = equals < 0 ? arg : arg.substring(0, equals);
            String name = flag.startsWith(PREFIX) ? flag.substring(PREFIX.length()) : "";
            boolean isDirectory = takesDirectory && name.equals(DIRECTORY);
            if (!isDirectory && accepted.stream().noneMatch(s -> s.name().equals(name))) {
                throw new BadArgument("unknown argument: " + flag);
            }
            if (equals < 0 && ++i == args.size()) {
                throw new BadArgument(flag + ": got nothing, need a value");
            }
            String value = equals < 0 ? args.get(i) : arg.substring(equals + 1);
            if (isDirectory) {
                directory = Optional.of(directory(flag, value));
            } else {
                config = with(config, name, value);
            }
        }
        return new Arguments(false, config, directory);
    }

    private static ServerConfig fromEnvironment() throws BadArgument {
        try {
            return ServerConfig.fromEnvironment();
        } catch (IllegalArgumentException e) {
            throw new BadArgument(e.getMessage());
        }
    }

    private static ServerConfig with(ServerConfig config, String name, String value) throws BadArgument {
        try {
            return config.with(name, value);
        } catch (IllegalArgumentException e) {
            throw new BadArgument(PREFIX + e.getMessage());
        }
    }

    private static Path directory(String source, String text) throws BadArgument {
        try {
            Path path = Path.of(text);
            if (!text.isEmpty() && Files.isDirectory(path)) {
                return path;
            }
        } catch (InvalidPathException e) {
            // said below, together with paths that lead nowhere
        }
        throw new BadArgument(source + ": got '" + text + "', need a directory that exists");
    }

    /** Returns the part of the help that lists the flags. */
    static String flags(List<Setting> accepted, boolean takesDirectory) {
        StringBuilder text = new StringBuilder();
        if (takesDirectory) {
            text.append(flag(DIRECTORY + " DIR", "directory whose files are served", "none", DIRECTORY_VARIABLE));
        }
        for (Setting s : accepted) {
            text.append(flag(s.name() + " VALUE", s.description(), s.value(), s.variable()));
        }
        return text.append("  --help\n      print this and exit\n").toString();
    }

    private static String flag(String nameAndValue, String description, String standard, String variable) {
        return "  --" + nameAndValue + "\n      " + description + " (default: " + standard + "; " + variable + ")\n";
    }
}
