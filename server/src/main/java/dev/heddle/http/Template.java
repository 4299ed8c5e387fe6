package dev.heddle.http;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A path as it is registered: literal segments, {@code {name}} for one segment, and {@code {name...}} at the end for the rest.
 *
 * @param text as registered
 * @param segments what must stand between the slashes
 * @param names names of the parameters, in the order of the path
 */
record Template(String text, List<Segment> segments, List<String> names) {
    /** One segment; for parameters {@code text} is the name. */
    record Segment(Kind kind, String text) {}

    enum Kind {
        LITERAL,
        PARAM,
        TAIL
    }

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*");

    /** Parses a path, or throws {@link IllegalArgumentException}. */
    static Template parse(String path) {
        if (!path.startsWith("/")) {
            throw bad(path, "a path that begins with /");
        }
        String[] parts = path.substring(1).split("/", -1);
        List<Segment> segments = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            boolean last = i == parts.length - 1;
            Segment segment = segment(path, parts[i], last);
            if (segment.kind != Kind.LITERAL) {
                if (names.contains(segment.text)) {
                    throw bad(path, "each parameter once, {" + segment.text + "} is there twice");
                }
                names.add(segment.text);
            }
            segments.add(segment);
        }
        return new Template(path, List.copyOf(segments), List.copyOf(names));
    }

    private static Segment segment(String path, String part, boolean last) {
        if (part.startsWith("{") && part.endsWith("}")) {
            String name = part.substring(1, part.length() - 1);
            boolean tail = name.endsWith("...");
            name = tail ? name.substring(0, name.length() - 3) : name;
            if (!NAME.matcher(name).matches()) {
                throw bad(path, "parameter names of letters, digits, _ and -");
            }
            if (tail && !last) {
                throw bad(path, "{" + name + "...} at the end only");
            }
            return new Segment(tail ? Kind.TAIL : Kind.PARAM, name);
        }
        if (part.isEmpty() && !last) {
            throw bad(path, "no empty segments");
        }
        if (part.equals(".") || part.equals("..")) {
            throw bad(path, "no . or .. segments");
        }
        for (int i = 0; i < part.length(); i++) {
            char ch = part.charAt(i);
            if (ch == '{' || ch == '}') {
                throw bad(path, "parameters that are whole segments, such as /users/{id}");
            }
            if (ch == '%' || ch == '?' || ch == '#' || ch < ' ') {
                throw bad(path, "decoded text without %, ? and # between the slashes");
            }
        }
        return new Segment(Kind.LITERAL, part);
    }

    private static IllegalArgumentException bad(String path, String need) {
        return new IllegalArgumentException("path: got '" + path + "', need " + need);
    }

    /** Returns the template of a group's prefix and a path in it. */
    static String join(String prefix, String path) {
        return path.equals("/") && !prefix.isEmpty() ? prefix : prefix + path;
    }

    boolean hasTail() {
        return segments.getLast().kind == Kind.TAIL;
    }

    /** Returns the values of the parameters in a path that begins as this template, which has no tail, says. */
    String[] values(String[] path) {
        String[] values = new String[names.size()];
        int n = 0;
        for (int i = 0; i < segments.size(); i++) {
            if (segments.get(i).kind == Kind.PARAM) {
                values[n++] = path[i];
            }
        }
        return values;
    }

    /** Returns whether the path never varies, so that a request target can be compared with it as a whole. */
    boolean isExact() {
        if (!names.isEmpty()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char ch = text.charAt(i);
            boolean plain = ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9';
            if (!plain && "/-._~".indexOf(ch) < 0) {
                return false;
            }
        }
        return true;
    }
}
