package dev.heddle.sched;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes the Trace Event Format ("JSON Object Format"), event by event: {@link #event} begins one, {@link #args} and {@link
 * #arg} add to it, {@link #end} ends it. Times are nanoseconds since the beginning of the trace and are written as
 * microseconds, the unit of the format, with three decimals.
 */
final class TraceJson {
    /** Enough to hand the stream pieces that are worth a call. */
    private static final int PIECE = 1 << 16;

    private final OutputStream out;
    private final StringBuilder text = new StringBuilder(PIECE + 1024);
    private boolean first = true;
    private boolean firstArg;

    TraceJson(OutputStream out) {
        this.out = out;
        text.append("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    }

    /** Begins an event with what all have. */
    TraceJson event(String name, char phase, int process, int lane, long nanos) {
        text.append(first ? "\n{\"name\":" : ",\n{\"name\":");
        first = false;
        quoted(name);
        text.append(",\"ph\":\"").append(phase).append("\",\"pid\":").append(process);
        text.append(",\"tid\":").append(lane).append(",\"ts\":");
        micros(nanos);
        firstArg = true;
        return this;
    }

    TraceJson category(String category) {
        text.append(",\"cat\":\"").append(category).append('"');
        return this;
    }

    TraceJson duration(long nanos) {
        text.append(",\"dur\":");
        micros(Math.max(0, nanos));
        return this;
    }

    /** An instant is drawn in its lane only. */
    TraceJson inLane() {
        text.append(",\"s\":\"t\"");
        return this;
    }

    /** Both ends of an arrow have the same number; its head belongs to the slice that is there at that time. */
    TraceJson arrow(long id, boolean head) {
        text.append(head ? ",\"bp\":\"e\",\"id\":" : ",\"id\":").append(id);
        return this;
    }

    TraceJson arg(String name, long value) {
        key(name);
        text.append(value);
        return this;
    }

    TraceJson arg(String name, String value) {
        key(name);
        quoted(value);
        return this;
    }

    TraceJson argMicros(String name, long nanos) {
        key(name);
        micros(nanos);
        return this;
    }

    private void key(String name) {
        text.append(firstArg ? ",\"args\":{\"" : ",\"").append(name).append("\":");
        firstArg = false;
    }

    void end() throws IOException {
        text.append(firstArg ? "}" : "}}");
        if (text.length() >= PIECE) {
            handOver();
        }
    }

    /** Ends the file. {@code about} is names and values in turn, for the reader. */
    void close(String... about) throws IOException {
        text.append("\n],\"otherData\":{");
        for (int i = 0; i < about.length; i += 2) {
            text.append(i == 0 ? "" : ",");
            quoted(about[i]);
            text.append(':');
            quoted(about[i + 1]);
        }
        text.append("}}\n");
        handOver();
    }

    private void handOver() throws IOException {
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        text.setLength(0);
    }

    private void micros(long nanos) {
        text.append(nanos / 1_000).append('.');
        long rest = nanos % 1_000;
        text.append((char) ('0' + rest / 100)).append((char) ('0' + rest / 10 % 10)).append((char) ('0' + rest % 10));
    }

    /**
     * A string of JSON. Half a surrogate pair has no UTF-8, and Perfetto takes the whole file for broken if it finds one
     * escaped, so it becomes the character that stands for broken ones; whole pairs are not escaped for the same reason.
     */
    private void quoted(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ') {
                text.append("\\u%04x".formatted((int) c));
            } else if (Character.isSurrogate(c)) {
                int point = value.codePointAt(i);
                text.appendCodePoint(Character.isSupplementaryCodePoint(point) ? point : '\uFFFD');
                i += Character.charCount(point) - 1;
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
