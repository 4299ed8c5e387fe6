package dev.heddle.sched.jdk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which builds are warned of. */
class KnownBugsTest {
    @ParameterizedTest
    @CsvSource({
        "25, true, true",
        "25.0.1, true, true",
        "25.0.2+7-LTS, true, true",
        "25.0.3+9-LTS, false, true",
        "25.0.4, false, false",
        "25.0.10, false, false",
        "25.1, false, false",
        "26, false, false"
    })
    void ofABuild(String version, boolean losesUnparks, boolean leavesBlocked) {
        String warning = String.valueOf(KnownBugs.in(Runtime.Version.parse(version)));
        assertEquals(losesUnparks, warning.contains("JDK-8369227"), warning);
        assertEquals(leavesBlocked, warning.contains("JDK-8373120"), warning);
    }
}
