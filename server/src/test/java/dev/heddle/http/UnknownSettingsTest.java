package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names that look like settings. */
class UnknownSettingsTest {
    private static List<String> ofVariable(String name, String value) {
        return UnknownSettings.warnings(Map.of(name, value), new Properties());
    }

    private static List<String> ofProperty(String name) {
        Properties properties = new Properties();
        properties.setProperty(name, "x");
        return UnknownSettings.warnings(Map.of(), properties);
    }

    @ParameterizedTest
    @CsvSource({
        "HEDDLE_PROT, HEDDLE_PORT",
        "HEDDLE_MAX_BODY_BYTE, HEDDLE_MAX_BODY_BYTES",
        "HEDDLE_MAXBODYBYTES, HEDDLE_MAX_BODY_BYTES",
        "HEDDLE_OPENJDK, HEDDLE_OPEN_JDK"
    })
    void aMistypedVariableIsNamedWithWhatWasMeant(String variable, String meant) {
        assertEquals(
                List.of(variable + " is no setting, and ignored: did you mean " + meant + "?"), ofVariable(variable, "1"));
    }

    @ParameterizedTest
    @CsvSource({"heddle.prot, heddle.port", "heddle.maxBodyBytes, heddle.max-body-bytes", "heddle.schedtrac, heddle.schedtrace"})
    void aMistypedPropertyIsNamedWithWhatWasMeant(String property, String meant) {
        assertEquals(
                List.of(property + " is no setting, and ignored: did you mean " + meant + "?"), ofProperty(property));
    }

    @Test
    void whatIsNearNoneGetsTheList() {
        String warning = ofVariable("HEDDLE_DATABASE_URL", "x").getFirst();
        assertTrue(warning.startsWith("HEDDLE_DATABASE_URL is no setting, and ignored: need one of HEDDLE_BODY_GRACE, "), warning);
    }

    @Test
    void nothingIsSaidOfSettingsAndOfOthers() {
        for (ServerConfig.Setting setting : ServerConfig.settings()) {
            assertEquals(List.of(), ofVariable(setting.variable(), "1"));
            assertEquals(List.of(), ofProperty(setting.property()));
        }
        assertEquals(List.of(), ofVariable("HEDDLE_OPEN_JDK", "false"));
        assertEquals(List.of(), ofVariable("PORT", "1"));
        assertEquals(List.of(), ofVariable("HEDDLEPORT", "1"));
        for (String property : List.of("heddle.open-jdk", "heddle.createdby", "heddle.soak.seconds", "heddler", "user.dir")) {
            assertEquals(List.of(), ofProperty(property));
        }
    }

    /** What a pod gets for services that are called heddle and heddle-max. */
    @Test
    void servicesOfKubernetesAreNoSettings() {
        Map<String, String> environment = new TreeMap<>(Map.of(
                "HEDDLE_SERVICE_HOST", "10.0.0.1",
                "HEDDLE_SERVICE_PORT", "8080",
                "HEDDLE_SERVICE_PORT_HTTP", "8080",
                "HEDDLE_PORT_8080_TCP", "tcp://10.0.0.1:8080",
                "HEDDLE_PORT_8080_TCP_PROTO", "tcp",
                "HEDDLE_PORT_8080_TCP_PORT", "8080",
                "HEDDLE_PORT_8080_TCP_ADDR", "10.0.0.1",
                "HEDDLE_MAX_SERVICE_HOST", "10.0.0.2",
                "HEDDLE_MAX_PORT", "udp://10.0.0.2:53"));
        assertEquals(List.of(), UnknownSettings.warnings(environment, new Properties()));
        environment.put("HEDDLE_PORT", "tcp://10.0.0.1:8080");
        List<String> warnings = UnknownSettings.warnings(environment, new Properties());
        assertEquals(1, warnings.size(), warnings::toString);
        assertTrue(warnings.getFirst().startsWith("HEDDLE_PORT=tcp://10.0.0.1:8080 is from Kubernetes"), warnings::toString);
        ServerConfig defaults = ServerConfig.defaults();
        assertEquals(defaults, Settings.apply(defaults, environment, new Properties()));
        Properties properties = new Properties();
        properties.setProperty("heddle.port", "81");
        assertEquals(81, Settings.apply(defaults, environment, properties).port());
    }
}
