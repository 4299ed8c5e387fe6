package dev.heddle.http.files;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Ways of compression, the best first. */
enum Coding {
    BR("br", ".br"),
    ZSTD("zstd", ".zst"),
    GZIP("gzip", ".gz");

    private static final String IDENTITY = "identity";
    private static final int FULL_WEIGHT = 1000;
    private static final Pattern WEIGHT = Pattern.compile("0(\\.[0-9]{0,3})?|1(\\.0{0,3})?");

    /** Its name in {@code Content-Encoding}. */
    final String token;

    /** What follows the name of a file that is a compressed form of another. */
    final String suffix;

    Coding(String token, String suffix) {
        this.token = token;
        this.suffix = suffix;
    }

    /**
     * Returns the codings that a client prefers to none.
     *
     * @param acceptEncoding the header's value (RFC 9110, section 12.5.3); empty if there is none
     * @return the preferred one first; equally preferred ones in the order of this enum
     */
    static List<Coding> accepted(String acceptEncoding) {
        if (acceptEncoding.isEmpty()) {
            return List.of();
        }
        Map<Coding, Integer> weights = new EnumMap<>(Coding.class);
        int rest = 0;
        int identity = 0;
        for (String member : acceptEncoding.split(",")) {
            int semicolon = member.indexOf(';');
            String token = (semicolon < 0 ? member : member.substring(0, semicolon))
                    .strip()
                    .toLowerCase(Locale.ROOT);
            int weight = semicolon < 0
                    ? FULL_WEIGHT
                    : weight(member.substring(semicolon + 1).strip());
            switch (token) {
                case "br" -> weights.put(BR, weight);
                case "zstd" -> weights.put(ZSTD, weight);
                case "gzip", "x-gzip" -> weights.put(GZIP, weight);
                case "*" -> rest = weight;
                case IDENTITY -> identity = weight;
                default -> {} // a coding that nothing is stored in
            }
        }
        for (Coding coding : values()) {
            weights.putIfAbsent(coding, rest);
        }
        int least = Math.max(identity, 1);
        List<Coding> accepted = new ArrayList<>(values().length);
        weights.forEach((coding, weight) -> {
            if (weight >= least) {
                accepted.add(coding);
            }
        });
        accepted.sort(Comparator.comparing(weights::get, Comparator.reverseOrder()));
        return accepted;
    }

    /** Returns thousandths; 0 for what is not a weight by RFC 9110, section 12.4.2: Java would read more numbers. */
    private static int weight(String parameter) {
        if (!parameter.regionMatches(true, 0, "q=", 0, 2)) {
            return 0;
        }
        String q = parameter.substring(2);
        if (!WEIGHT.matcher(q).matches()) {
            return 0;
        }
        return (int) Math.round(Double.parseDouble(q) * FULL_WEIGHT);
    }
}
