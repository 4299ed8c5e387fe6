package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.ServerConfig.Setting;
import dev.heddle.netpoll.NetpollConfig.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings: their limits, their messages, and how they are read from text. */
class ServerConfigTest {
    private static final ServerConfig DEFAULTS = ServerConfig.defaults();

    private static void refused(String message, Executable change) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, change).getMessage());
    }

    @Test
    void limitsAndMessages() {
        refused("port: got 65536, need 0 to 65535", () -> DEFAULTS.withPort(65_536));
        refused("host: got nothing, need a name or an address", () -> DEFAULTS.withHost(" "));
        refused("maxHeaderBytes: got 255, need 256 to 1048576", () -> DEFAULTS.withMaxHeaderBytes(255));
        refused("maxHeaderCount: got 0, need 1 to 10000", () -> DEFAULTS.withMaxHeaderCount(0));
        refused("maxUriBytes: got 63, need 64 to 1048576", () -> DEFAULTS.withMaxUriBytes(63));
        refused("maxBodyBytes: got -1, need 0 or more", () -> DEFAULTS.withMaxBodyBytes(-1));
        refused("maxPipelined: got 1025, need 1 to 1024", () -> DEFAULTS.withMaxPipelined(1025));
        refused("maxConnections: got -1, need 0 to 2147483647", () -> DEFAULTS.withMaxConnections(-1));
        refused(
                "maxConnectionsPerAddress: got -1, need 0 to 2147483647",
                () -> DEFAULTS.withMaxConnectionsPerAddress(-1));
        refused("headerTimeout: got PT-1S, need 0 to 365 days", () -> DEFAULTS.withHeaderTimeout(Duration.ofSeconds(-1)));
        refused("idleTimeout: got PT8784H, need 0 to 365 days", () -> DEFAULTS.withIdleTimeout(Duration.ofDays(366)));
        refused("bodyMinRate: got -1, need 0 or more", () -> DEFAULTS.withBodyMinRate(-1));
        refused("serverName: got 'a\nb', need a header value", () -> DEFAULTS.withServerName("a\nb"));
    }

    /** A value other than the default for each setting, so that a setting that goes nowhere is seen. */
    private static final Map<String, String> OTHERS = Map.ofEntries(
            Map.entry("host", "127.0.0.1"),
            Map.entry("port", "81"),
            Map.entry("max-header-bytes", "8KiB"),
            Map.entry("max-header-count", "50"),
            Map.entry("max-uri-bytes", "1KiB"),
            Map.entry("max-body-bytes", "1MiB"),
            Map.entry("max-pipelined", "7"),
            Map.entry("max-connections", "100"),
            Map.entry("max-connections-per-address", "12"),
            Map.entry("max-held-bytes", "3MiB"),
            Map.entry("header-timeout", "3s"),
            Map.entry("idle-timeout", "120s"),
            Map.entry("body-grace", "1500ms"),
            Map.entry("body-min-rate", "2KiB"),
            Map.entry("write-timeout", "4s"),
            Map.entry("write-min-rate", "1KiB"),
            Map.entry("drain-grace", "9s"),
            Map.entry("server-name", "other"),
            Map.entry("shutdown-hook", "false"),
            Map.entry("half-close", "true"),
            Map.entry("procs", "3"),
            Map.entry("max-threads", "77"),
            Map.entry("max-hogs", "11"),
            Map.entry("hog-share", "0.25"),
            Map.entry("quantum", "20ms"),
            Map.entry("spare-keep-alive", "30s"),
            Map.entry("loops", "5"),
            Map.entry("poller", "nio"));

    @Test
    void everySettingByNameVariableAndProperty() {
        Map<String, String> environment = new HashMap<>();
        Properties properties = new Properties();
        ServerConfig named = DEFAULTS;
        for (Setting setting : ServerConfig.settings()) {
            String other = OTHERS.get(setting.name());
            assertTrue(other != null && !other.equals(setting.value()), setting.name());
            ServerConfig one = DEFAULTS.with(setting.name(), other);
            assertFalse(one.equals(DEFAULTS), setting.name());
            named = named.with(setting.name(), other);
            environment.put(setting.variable(), other);
            properties.setProperty(setting.property(), other);
            assertEquals("HEDDLE_" + setting.name().toUpperCase().replace('-', '_'), setting.variable());
        }
        assertEquals(OTHERS.size(), ServerConfig.settings().size());
        assertEquals(named, Settings.apply(DEFAULTS, environment, new Properties()));
        assertEquals(named, Settings.apply(DEFAULTS, Map.of(), properties));
        assertEquals(Kind.NIO, named.netpoll().kind());
        assertEquals(1 << 20, named.limits().maxBodyBytes());
        assertEquals(Duration.ofMillis(1500), named.timeouts().bodyGrace());
    }

    @Test
    void propertiesWin() {
        Properties properties = new Properties();
        properties.setProperty("heddle.port", "1");
        assertEquals(1, Settings.apply(DEFAULTS, Map.of("HEDDLE_PORT", "2"), properties).port());
    }

    @Test
    void theDefaultsThatAreShownAreTheDefaults() {
        for (Setting setting : ServerConfig.settings()) {
            assertEquals(DEFAULTS, DEFAULTS.with(setting.name(), setting.value()), setting.name());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "port|x|got 'x', need a whole number",
                "port|+80|got '+80', need a whole number",
                "port|\u0663|got '\u0663', need a whole number",
                "port|99999999999|integer overflow",
                "port|70000|port: got 70000, need 0 to 65535",
                "max-body-bytes|8 MB|got '8 MB', need a size such as 65536, 64KiB or 8MiB",
                "max-body-bytes|99999999999GiB|long overflow",
                "max-header-bytes|8GiB|integer overflow",
                "idle-timeout|10|got '10', need a time such as 500ms, 10s, 2m or 0",
                "half-close|yes|got 'yes', need true or false",
                "poller|kqueue|got 'kqueue', need one of [auto, epoll, nio]",
                "procs|-1|procs: got -1, need 0 to 1024",
            })
    void whatIsNotUnderstoodIsNamed(String name, String value, String reason) {
        refused(name + "=" + value + ": " + reason, () -> DEFAULTS.with(name, value));
        String variable = "HEDDLE_" + name.toUpperCase().replace('-', '_');
        refused(
                variable + "=" + value + ": " + reason,
                () -> Settings.apply(DEFAULTS, Map.of(variable, value), new Properties()));
    }

    @Test
    void unknownNames() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> DEFAULTS.with("prot", "1"));
        assertTrue(e.getMessage().startsWith("setting: got 'prot', need one of host, port, "), e.getMessage());
    }

    @Test
    void unitsOfSizesAndTimes() {
        assertEquals(3L << 30, Settings.size("3gib"));
        assertEquals(5, Settings.size("5B"));
        assertEquals(Duration.ofHours(2), Settings.time("2h"));
        assertEquals(Duration.ofMinutes(3), Settings.time("3m"));
        assertEquals(Duration.ZERO, Settings.time("0"));
    }
}
