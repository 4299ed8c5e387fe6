package dev.heddle.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many file descriptors this process may have. */
final class Descriptors {
    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final String LINE = "Max open files";

    private Descriptors() {}

    /** Returns the limit in force; 0 where the system does not tell (it is not Linux) or has none. */
    static int most() {
        try {
            return most(Files.readString(LIMITS, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return 0;
        }
    }

    /** Reads a table such as that of {@code /proc/self/limits}: name, soft limit, hard limit, unit. */
    static int most(String table) {
        for (String line : table.split("\n")) {
            if (line.startsWith(LINE)) {
                String[] columns = line.substring(LINE.length()).strip().split(" +");
                return columns[0].matches("\\d{1,9}") ? Integer.parseInt(columns[0]) : 0;
            }
        }
        return 0;
    }
}
