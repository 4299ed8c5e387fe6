package dev.heddle.sched.jdk;

import org.slf4j.LoggerFactory;

/** Builds of the JDK with errors in virtual threads that no scheduler can make up for: said once, at the first start. */
final class KnownBugs {
    /** The first update of JDK 25 without JDK-8369227. */
    private static final int KEEPS_UNPARKS = 3;

    /** The first update of JDK 25 without JDK-8373120. */
    private static final int KEEPS_BLOCKED = 4;

    private static boolean reported;

    private KnownBugs() {}

    static synchronized void report() {
        String warning = in(Runtime.version());
        if (!reported && warning != null) {
            reported = true;
            LoggerFactory.getLogger("dev.heddle.sched.Scheduler").warn(warning);
        }
    }

    /** Returns what is wrong with a build, or null. */
    static String in(Runtime.Version version) {
        if (version.feature() != 25 || version.interim() != 0 || version.update() >= KEEPS_BLOCKED) {
            return null;
        }
        String fault = version.update() < KEEPS_UNPARKS
                ? "can lose the wake-up of a virtual thread after a wait with a time (JDK-8369227), and leave one that waits for a"
                        + " monitor blocked (JDK-8373120)"
                : "can leave a virtual thread that waits for a monitor blocked (JDK-8373120)";
        return "Java " + version + " " + fault + ": goroutines that hang for ever. Use 25.0." + KEEPS_BLOCKED + " or newer";
    }
}
