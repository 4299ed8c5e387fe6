package dev.heddle.http.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A page in Prometheus' text format, read without leniency. */
final class Exposition {
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"(?:,|$)");

    /** One line with a value. */
    record Sample(String name, Map<String, String> labels) {}

    /** Families by name, with their types. */
    final Map<String, String> types = new TreeMap<>();

    /** What they are, by name. */
    final Map<String, String> helps = new TreeMap<>();

    final Map<Sample, Double> samples = new LinkedHashMap<>();

    private Exposition() {}

    static Exposition parse(String text) {
        Exposition page = new Exposition();
        assertTrue(text.endsWith("\n"), "ends with a line feed");
        String family = "";
        String help = null;
        for (String line : text.split("\n")) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# HELP ")) {
                help = words[2];
                assertTrue(words[3].length() > 5, line);
                page.helps.put(help, words[3]);
            } else if (line.startsWith("# TYPE ")) {
                family = words[2];
                assertEquals(help, family, "the help comes first");
                assertNull(page.types.put(family, words[3]), () -> "twice: " + line);
            } else {
                page.sample(family, line);
            }
        }
        page.checkHistograms();
        return page;
    }

    private void sample(String family, String line) {
        Matcher matcher = SAMPLE.matcher(line);
        assertTrue(matcher.matches(), line);
        String name = matcher.group(1);
        assertTrue(
                name.equals(family)
                        || types.get(family).equals("histogram") && name.matches(family + "_(bucket|sum|count)"),
                () -> line + " does not belong to " + family);
        Map<String, String> labels = new TreeMap<>();
        if (matcher.group(2) != null) {
            Matcher label = LABEL.matcher(matcher.group(2));
            int end = 0;
            while (label.find()) {
                assertEquals(end, label.start(), line);
                end = label.end();
                assertNull(labels.put(label.group(1), label.group(2)), line);
            }
            assertEquals(matcher.group(2).length(), end, line);
        }
        String value = matcher.group(3).replace("+Inf", "Infinity");
        assertNull(samples.put(new Sample(name, labels), Double.valueOf(value)), () -> "twice: " + line);
    }

    private void checkHistograms() {
        Map<Sample, Double> last = new LinkedHashMap<>();
        samples.forEach((sample, value) -> {
            if (sample.name.endsWith("_bucket")) {
                Map<String, String> labels = new TreeMap<>(sample.labels);
                assertNotNull(labels.remove("le"), sample::toString);
                Double before = last.put(new Sample(sample.name.replace("_bucket", "_count"), labels), value);
                assertTrue(before == null || before <= value, () -> "buckets are cumulative: " + sample);
            }
        });
        last.forEach((count, value) -> {
            assertEquals(value, samples.get(count), () -> "the last bucket is infinite: " + count);
            assertNotNull(samples.get(new Sample(count.name.replace("_count", "_sum"), count.labels)), count::toString);
        });
    }

    /** Returns a value; labels in pairs. */
    double value(String name, String... labels) {
        Map<String, String> map = new TreeMap<>();
        for (int i = 0; i < labels.length; i += 2) {
            map.put(labels[i], labels[i + 1]);
        }
        Double value = samples.get(new Sample(name, map));
        assertNotNull(value, () -> name + map + " is not in " + samples.keySet());
        return value;
    }

    /** Returns the sum of all samples with a name. */
    double sum(String name) {
        return samples.entrySet().stream()
                .filter(e -> e.getKey().name.equals(name))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }
}
