package dev.heddle.sched;

import java.util.IdentityHashMap;
import java.util.Map;

/**
 * What goes to the log and may have been chosen by a client of the program: without characters that begin a new line, or that
 * terminals obey. So no client can forge an entry, whatever the layout of the log.
 *
 * <p>Messages of exceptions too, which often quote what could not be understood. They are printed by the logging library, so an
 * exception whose text, or that of a cause, has such characters is logged as a copy that says of which class it is; any other
 * one as it is. Any thread.
 */
public final class LogText {
    private LogText() {}

    /** Returns the text with such characters as Java writes them in literals; null for null. */
    public static String clean(String text) {
        if (text == null) {
            return null;
        }
        int bad = 0;
        while (bad < text.length() && isHarmless(text.charAt(bad))) {
            bad++;
        }
        if (bad == text.length()) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length() + 16).append(text, 0, bad);
        for (int i = bad; i < text.length(); i++) {
            char ch = text.charAt(i);
            if (isHarmless(ch)) {
                clean.append(ch);
            } else if (ch == '\n') {
                clean.append("\\n");
            } else if (ch == '\r') {
                clean.append("\\r");
            } else {
                clean.append(String.format("\\u%04x", (int) ch));
            }
        }
        return clean.toString();
    }

    private static boolean isHarmless(char ch) {
        if (ch >= ' ' && ch <= '~' || ch == '\t') {
            return true;
        }
        return switch (Character.getType(ch)) {
            // format characters change the direction of what follows, among other things
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.FORMAT -> false;
            default -> true;
        };
    }

    /** Returns the exception, or a copy if there is something to be escaped in it or what it comes from; null for null. */
    public static Throwable clean(Throwable thrown) {
        return thrown == null || isClean(thrown) ? thrown : Escaped.copy(thrown, new IdentityHashMap<>());
    }

    private static boolean isClean(Throwable thrown) {
        try {
            return isClean(thrown, new IdentityHashMap<>());
        } catch (RuntimeException | StackOverflowError e) { // an exception that fails to say what it is
            return false;
        }
    }

    private static boolean isClean(Throwable thrown, Map<Throwable, Throwable> seen) {
        for (Throwable t = thrown; t != null && seen.put(t, t) == null; t = t.getCause()) {
            String text = t.toString();
            if (clean(text) != text) { // the very same if there is nothing to be done
                return false;
            }
            for (Throwable suppressed : t.getSuppressed()) {
                if (!isClean(suppressed, seen)) {
                    return false;
                }
            }
        }
        return true;
    }
}
