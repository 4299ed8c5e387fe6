package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the probe finds room there is as much as it says, whichever of the JVM's compilers has made its code. */
class StackProbeTest {
    /** Two pages. */
    private static final long PROMISED = 8_192;

    @ParameterizedTest
    @ValueSource(strings = {"-Xint", "-XX:TieredStopAtLevel=1", "-XX:-TieredCompilation"})
    void findsNoRoomInTheLastPages(String mode) throws Exception {
        String output = OtherJvm.output(List.of(mode, "-Xbatch"), Measure.class).strip();
        long room = Long.parseLong(output);
        assertTrue(room >= PROMISED, () -> "no room was found " + room + " bytes before the end");
        assertTrue(room <= 8 * PROMISED, () -> "no room was found " + room + " bytes before the end: far too early");
    }

    /** Prints how many bytes before the end of the stack the probe begins to say that there is no room. */
    static final class Measure {
        private static final long STACK = 1 << 20;

        private int levels;
        private int refused;
        private boolean found;

        public static void main(String[] args) throws InterruptedException {
            for (int i = 0; i < 30_000; i++) {
                StackProbe.check();
            }
            for (int i = 0; i < 30; i++) { // compiled meanwhile
                run(STACK);
            }
            Measure small = run(STACK);
            Measure large = run(2 * STACK);
            System.out.println(small.refused * STACK / (large.levels - small.levels));
        }

        private static Measure run(long stack) throws InterruptedException {
            Measure measure = new Measure();
            Thread thread = new Thread(null, () -> measure.down(1), "measure", stack);
            thread.start();
            thread.join();
            return measure;
        }

        /** Recurses to the end of the stack and probes on the way back, until there is room. */
        private int down(int level) {
            int below = level;
            try {
                below = down(level + 1);
            } catch (StackOverflowError e) {
                levels = level;
            }
            if (!found) {
                found = StackProbe.room();
                refused = found ? levels - level : refused;
            }
            return below;
        }
    }
}
