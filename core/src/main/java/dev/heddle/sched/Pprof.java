package dev.heddle.sched;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * A profile in the format of {@code go tool pprof} (github.com/google/pprof, {@code proto/profile.proto}), as Go writes it: protocol
 * buffers, compressed. By hand, since it is a dozen fields, and the library for them is larger than the scheduler.
 */
final class Pprof {
    /** What a value of each sample is. */
    record Type(String type, String unit) {}

    /** A stack, innermost first, and a value of each type. */
    record Sample(List<StackTraceElement> stack, long... values) {}

    /** A message under construction. Numbers of fields are those of {@code profile.proto}. */
    private static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private void varint(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                bytes.write((int) rest & 0x7F | 0x80);
                rest >>>= 7;
            }
            bytes.write((int) rest);
        }

        Message number(int field, long value) {
            varint((long) field << 3);
            varint(value);
            return this;
        }

        Message part(int field, byte[] part) {
            varint((long) field << 3 | 2);
            varint(part.length);
            bytes.writeBytes(part);
            return this;
        }

        Message part(int field, Message part) {
            return part(field, part.bytes.toByteArray());
        }
    }

    private final Message profile = new Message();
    private final Map<String, Integer> strings = new LinkedHashMap<>();
    private final Map<StackTraceElement, Integer> locations = new LinkedHashMap<>();
    private final Map<String, Integer> functions = new LinkedHashMap<>();

    Pprof(Type... types) {
        string("");
        for (Type type : types) {
            profile.part(1, type(type));
        }
        profile.part(11, type(types[0])).number(12, 1); // period type and period
        profile.number(9, System.currentTimeMillis() * 1_000_000);
        profile.part(3, new Message().number(1, 1).number(9, 1).number(7, 1)); // a mapping, whose functions and lines are known
    }

    private Message type(Type type) {
        return new Message().number(1, string(type.type)).number(2, string(type.unit));
    }

    private int string(String text) {
        return index(strings, text);
    }

    private static <T> int index(Map<T, Integer> known, T key) {
        Integer index = known.putIfAbsent(key, known.size());
        return index == null ? known.size() - 1 : index;
    }

    Pprof samples(List<Sample> samples) {
        for (Sample sample : samples) {
            Message stack = new Message();
            for (StackTraceElement frame : sample.stack) {
                stack.varint(location(frame));
            }
            Message values = new Message();
            for (long value : sample.values) {
                values.varint(value);
            }
            profile.part(2, new Message().part(1, stack).part(2, values));
        }
        return this;
    }

    /** Numbers of locations and functions begin with 1. */
    private int location(StackTraceElement frame) {
        int known = locations.size();
        int id = index(locations, frame) + 1;
        if (locations.size() > known) {
            Message line = new Message().number(1, function(frame)).number(2, Math.max(0, frame.getLineNumber()));
            profile.part(4, new Message().number(1, id).number(2, 1).part(4, line));
        }
        return id;
    }

    private int function(StackTraceElement frame) {
        int known = functions.size();
        String name = frame.getClassName() + '.' + frame.getMethodName();
        int id = index(functions, name) + 1;
        if (functions.size() > known) {
            int file = string(frame.getFileName() == null ? "" : frame.getFileName());
            profile.part(5, new Message().number(1, id).number(2, string(name)).number(3, string(name)).number(4, file));
        }
        return id;
    }

    /** Once. */
    void writeTo(OutputStream out) throws IOException {
        for (String text : strings.keySet()) {
            profile.part(6, text.getBytes(StandardCharsets.UTF_8));
        }
        GZIPOutputStream zip = new GZIPOutputStream(out);
        profile.bytes.writeTo(zip);
        zip.finish();
    }
}
