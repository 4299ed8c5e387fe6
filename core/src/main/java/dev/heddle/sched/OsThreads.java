package dev.heddle.sched;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the operating system knows of a thread, on Linux; elsewhere nothing is known, and callers do without. */
final class OsThreads {
    private static final Path SELF = Path.of("/proc/thread-self");

    private OsThreads() {}

    /** The number of the calling platform thread, or 0 if that cannot be found out. */
    static long currentId() {
        try {
            return Long.parseLong(Files.readSymbolicLink(SELF).getFileName().toString());
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }

    /**
     * Whether a thread of this process sleeps in the kernel, as opposed to running or waiting for a processor.
     *
     * @param id the thread's number, or 0
     * @return true only if the kernel says so (state S or D)
     */
    static boolean isAsleep(long id) {
        if (id == 0) {
            return false;
        }
        try {
            byte[] stat = Files.readAllBytes(Path.of("/proc/self/task/" + id + "/stat"));
            String text = new String(stat, StandardCharsets.ISO_8859_1);
            char state = text.charAt(text.lastIndexOf(')') + 2); // the name in parentheses may contain anything
            return state == 'S' || state == 'D';
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }
}
