package dev.heddle.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.ServerConfig;
import dev.heddle.http.ServerConfig.Setting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ArgumentsTest {
    private static final List<Setting> ALL = ServerConfig.settings();

    @TempDir
    Path directory;

    @Test
    void everySettingIsAFlag() throws Exception {
        Arguments arguments = parse("--procs", "3", "--port=0", "--idle-timeout", "10m");
        assertFalse(arguments.help());
        assertEquals(3, arguments.config().scheduler().procs());
        assertEquals(0, arguments.config().port());
        assertEquals(Duration.ofMinutes(10), arguments.config().timeouts().idle());
        for (Setting setting : ALL) {
            assertEquals(
                    ServerConfig.fromEnvironment(),
                    parse("--" + setting.name(), setting.value()).config(),
                    setting.name());
        }
    }

    @Test
    void theDirectoryComesFromTheFlagOrTheVariable() throws Exception {
        Map<String, String> environment = Map.of("BENCH_DIR", directory.toString());
        assertEquals(Optional.empty(), parse().directory());
        assertEquals(Optional.of(directory), parse("--dir", directory.toString()).directory());
        assertEquals(Optional.of(directory), Arguments.parse(List.of(), ALL, true, environment).directory());
        assertEquals(
                Optional.of(Path.of(".")),
                Arguments.parse(List.of("--dir", "."), ALL, true, environment).directory());
        assertEquals(Optional.empty(), Arguments.parse(List.of(), ALL, false, environment).directory());
    }

    @Test
    void helpIsFoundAnywhere() throws Exception {
        assertTrue(parse("--port", "1", "--help").help());
        assertTrue(parse("-h").help());
    }

    @Test
    void anErrorSaysWhatIsWrong() {
        assertRefused("unknown argument: --color", "--color", "red");
        assertRefused("unknown argument: port", "port", "80");
        assertRefused("--port: got nothing, need a value", "--port");
        assertRefused("--port=http: got 'http', need a whole number", "--port", "http");
        assertRefused("--port=70000: port: got 70000, need 0 to 65535", "--port=70000");
        assertRefused("--dir: got '/no/such', need a directory that exists", "--dir", "/no/such");
        assertRefused("--dir: got '', need a directory that exists", "--dir=");
    }

    @Test
    void aFlagThatTheExampleHasNoUseForIsRefused() {
        Arguments.BadArgument e = assertThrows(
                Arguments.BadArgument.class,
                () -> Arguments.parse(List.of("--dir", "."), List.of(), false, Map.of()));
        assertEquals("unknown argument: --dir", e.getMessage());
    }

    private static Arguments parse(String... args) throws Arguments.BadArgument {
        return Arguments.parse(List.of(args), ALL, true, Map.of());
    }

    private static void assertRefused(String message, String... args) {
        assertEquals(message, assertThrows(Arguments.BadArgument.class, () -> parse(args)).getMessage());
    }
}
