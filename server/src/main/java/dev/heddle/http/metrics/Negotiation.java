package dev.heddle.http.metrics;

import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Chooses the format of an answer: among those that can be written here, the one that the client weighs most (RFC 9110,
 * section 12.5.1). Protobuf is one of them only where its writer is on the class path, whoever asks for it.
 */
final class Negotiation {
    private static final String WEIGHT = "q";

    /** A format, and what a member of {@code Accept} may say about it. */
    private record Format(ExpositionFormatWriter writer, String type, Map<String, String> parameters) {
        String mainType() {
            return type.substring(0, type.indexOf('/'));
        }
    }

    /** A member of {@code Accept}. */
    private record Member(String type, Map<String, String> parameters, double weight) {
        /** Returns how precisely this member speaks of a format; -1 if it speaks of another one. */
        int precision(Format format) {
            if (type.equals("*/*")) {
                return 0;
            }
            if (type.equals(format.mainType() + "/*")) {
                return 1;
            }
            if (!type.equals(format.type)) {
                return -1;
            }
            int same = 0;
            for (Map.Entry<String, String> parameter : format.parameters.entrySet()) {
                String wanted = parameters.get(parameter.getKey());
                if (wanted != null && !wanted.equalsIgnoreCase(parameter.getValue())) {
                    return -1;
                }
                same += wanted == null ? 0 : 1;
            }
            return 2 + same;
        }
    }

    /** In the order of preference for clients that do not care. */
    private final List<Format> formats = new ArrayList<>();

    Negotiation(ExpositionFormats all) {
        add(all.getPrometheusTextFormatWriter());
        add(all.getOpenMetricsTextFormatWriter());
        if (all.getPrometheusProtobufWriter().isAvailable()) {
            add(all.getPrometheusProtobufWriter());
        }
    }

    private void add(ExpositionFormatWriter writer) {
        Member itself = member(writer.getContentType());
        Map<String, String> parameters = new TreeMap<>(itself.parameters);
        parameters.remove("charset");
        formats.add(new Format(writer, itself.type, parameters));
    }

    /**
     * Returns the writer for a client.
     *
     * @param accept the header's values, joined by commas; empty if there is none
     * @return the best one; Prometheus' text format if none is acceptable, as Go's client does
     */
    ExpositionFormatWriter writer(String accept) {
        List<Member> members = new ArrayList<>();
        for (String member : accept.split(",")) {
            if (!member.isBlank()) {
                members.add(member(member));
            }
        }
        ExpositionFormatWriter best = formats.getFirst().writer;
        double most = 0;
        int precisest = -1;
        for (Format format : formats) {
            Member member = mostPrecise(members, format);
            if (member == null) {
                continue;
            }
            int precision = member.precision(format);
            if (member.weight > most || member.weight == most && most > 0 && precision > precisest) {
                best = format.writer;
                most = member.weight;
                precisest = precision;
            }
        }
        return best;
    }

    private static Member mostPrecise(List<Member> members, Format format) {
        Member found = null;
        for (Member member : members) {
            int precision = member.precision(format);
            if (precision >= 0 && (found == null || precision > found.precision(format))) {
                found = member;
            }
        }
        return found;
    }

    private static Member member(String text) {
        String[] parts = text.split(";");
        Map<String, String> parameters = new TreeMap<>();
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            if (equals > 0) {
                String name = parts[i].substring(0, equals).strip().toLowerCase(Locale.ROOT);
                parameters.put(name, parts[i].substring(equals + 1).strip());
            }
        }
        String type = parts.length == 0 ? "" : parts[0].strip().toLowerCase(Locale.ROOT);
        return new Member(type, parameters, weight(parameters.get(WEIGHT)));
    }

    /** Returns 1 if there is none, 0 for what cannot be read. */
    private static double weight(String text) {
        if (text == null) {
            return 1;
        }
        boolean plain = text.matches("(0(\\.[0-9]{0,3})?|1(\\.0{0,3})?)");
        return plain ? Double.parseDouble(text) : 0;
    }
}
