package dev.heddle.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is wrong with a command line is said with the name, the value and what is needed. */
final class ArgumentsTest {
    private static final List<Arguments.Option> OPTIONS = List.of(new Arguments.Option("--rate", 1, 100, 50));

    @Test
    void takesNumbersAndDefaults() {
        assertEquals(50, Arguments.parse(List.of("--port", "8080"), OPTIONS).value("--rate"));
        Arguments arguments = Arguments.parse(List.of("--rate", "7", "--port", "8080"), OPTIONS);
        assertEquals(7, arguments.value("--rate"));
        assertEquals(8080, arguments.value(Arguments.PORT));
    }

    @Test
    void saysWhatIsWrong() {
        assertRefused("--port: got nothing, need the port of the server");
        assertRefused("--port: got nothing, need a whole number from 1 to 65535", "--port");
        assertRefused("--rate: got 101, need a whole number from 1 to 100", "--rate", "101");
        assertRefused("--rate: got much, need a whole number from 1 to 100", "--rate", "much");
        assertRefused("unknown argument: --verbose", "--verbose", "1");
    }

    private static void assertRefused(String message, String... args) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> Arguments.parse(List.of(args), OPTIONS))
                        .getMessage());
    }
}
