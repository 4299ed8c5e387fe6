package dev.heddle.http;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What looks like a setting of ours in the environment and is none: a name that was mistyped would else do nothing, in silence.
 *
 * <p>Kubernetes puts variables into each container for every service of its namespace. For one that is called {@code heddle} they
 * begin as ours do, and one even has the name of a setting: {@code HEDDLE_PORT=tcp://10.0.0.1:8080}. They mean nothing to us.
 */
final class UnknownSettings {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** The scheduler's own. */
    private static final Set<String> OF_THE_SCHEDULER =
            Set.of("heddle.open-jdk", "heddle.schedtrace", "heddle.scheddetail", "heddle.createdby");

    /** Those of them that are read from the environment too. */
    private static final String OPEN_JDK = "HEDDLE_OPEN_JDK";

    /** How Kubernetes calls its variables: in its documentation, "Service", "Environment variables". */
    private static final Pattern OF_A_SERVICE =
            Pattern.compile(".*_SERVICE_(HOST|PORT(_.*)?)|.*_PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?");

    private static final Pattern ADDRESS_OF_A_SERVICE = Pattern.compile("(tcp|udp|sctp)://.*");

    /** A name that differs in at most so many letters is offered as what was meant. A guess. */
    private static final int NEAR = 3;

    private UnknownSettings() {}

    /** Writes the warnings into the log. */
    static void report(Map<String, String> environment, Properties properties) {
        warnings(environment, properties).forEach(LOG::warn);
    }

    /** Returns whether a variable holds the address of a service of Kubernetes. */
    static boolean isOfKubernetes(String variable, String value) {
        return OF_A_SERVICE.matcher(variable).matches()
                || variable.endsWith("_PORT") && ADDRESS_OF_A_SERVICE.matcher(value).matches();
    }

    /** Returns what is to be said about variables and properties, in their order. */
    static List<String> warnings(Map<String, String> environment, Properties properties) {
        Set<String> variables = new TreeSet<>(Set.of(OPEN_JDK));
        Set<String> names = new TreeSet<>(OF_THE_SCHEDULER);
        for (ServerConfig.Setting setting : Settings.list()) {
            variables.add(setting.variable());
            names.add(setting.property());
        }
        List<String> warnings = new ArrayList<>();
        new TreeMap<>(environment).forEach((variable, value) -> {
            if (!variable.startsWith(Settings.VARIABLE_PREFIX)) {
                return;
            }
            if (isOfKubernetes(variable, value)) {
                if (variables.contains(variable)) {
                    warnings.add(variable + "=" + value + " is from Kubernetes, for a service of that name, and ignored:"
                            + " set -Dheddle.port, or the variable in a pod with enableServiceLinks: false");
                }
            } else if (!variables.contains(variable)) {
                warnings.add(unknown(variable, variables));
            }
        });
        for (String property : new TreeSet<>(properties.stringPropertyNames())) {
            boolean ours = property.startsWith(Settings.PROPERTY_PREFIX)
                    && property.indexOf('.', Settings.PROPERTY_PREFIX.length()) < 0;
            if (ours && !names.contains(property)) {
                warnings.add(unknown(property, names));
            }
        }
        return warnings;
    }

    private static String unknown(String name, Set<String> known) {
        String nearest = null;
        int least = NEAR + 1;
        for (String each : known) {
            int distance = distance(letters(name), letters(each));
            if (distance < least) {
                least = distance;
                nearest = each;
            }
        }
        return name + " is no setting, and ignored"
                + (nearest == null ? ": need one of " + String.join(", ", known)
                        : ": did you mean " + nearest + "?");
    }

    /** Without what names are put together with: {@code maxBody}, {@code max-body} and {@code MAX_BODY} mean the same. */
    private static String letters(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }

    /** How many letters have to be put in, left out or replaced to make one of the other (Levenshtein). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
