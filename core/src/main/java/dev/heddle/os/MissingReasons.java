package dev.heddle.os;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Set;

/**
 * How the system words those of its errors that mean "nothing of that name" and for which the JDK has no class of their own.
 * The words depend on the language of the process, so they are found out by making the errors once.
 */
final class MissingReasons {
    /** What the JDK adds to the text of ELOOP, in English whatever the language (UnixException). */
    private static final String LINK_TO_ITSELF = "unable to access attributes of symbolic link";

    /** Longer than a name or path can be anywhere; Linux: 255 and 4096. */
    private static final int TOO_LONG = 70_000;

    private static final Set<String> TEXTS = new HashSet<>();

    static {
        add("/dev/null/below"); // ENOTDIR
        add("/" + "x".repeat(TOO_LONG)); // ENAMETOOLONG
    }

    private MissingReasons() {}

    private static void add(String name) {
        try {
            Path path = Path.of(name);
            path.getFileSystem().provider().readAttributesIfExists(path, BasicFileAttributes.class);
        } catch (FileSystemException e) {
            if (e.getReason() != null) {
                TEXTS.add(e.getReason());
            }
        } catch (IOException | InvalidPathException | SecurityException e) {
            // a system that has no such error
        }
    }

    static boolean has(String reason) {
        return reason != null && (TEXTS.contains(reason) || reason.contains(LINK_TO_ITSELF));
    }
}
