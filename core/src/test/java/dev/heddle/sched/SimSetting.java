package dev.heddle.sched;

import java.time.Duration;
import java.util.SplittableRandom;

/**
 * The settings of one simulated run, drawn from its seed. Each run has some kinds of operations only, in proportions of
 * its own: what all kinds together would drown shows when there are few (Groce et al., <i>Swarm testing</i>, 2012).
 */
final class SimSetting {
    final int procs;
    /** Without sysmon nobody comes to the rescue of a lost wake-up; but whoever blocks keeps his P then. */
    final boolean sysmon;
    /** A netpoller, else idle Ms sleep until the first timer. */
    final boolean poller;
    /** Rings of four slots, which overflow soon. */
    final boolean smallRings;
    /** Stack traces are taken. */
    final boolean traces;
    /** The number of Ps changes. */
    final boolean resizes;
    /** So few threads that some are refused. */
    final boolean fewThreads;
    /** The system refuses every other thread. */
    final boolean refuses;
    /** The system raises threads again that were lowered. */
    final boolean raises;
    final int goroutines;
    final int foreigners;
    final int operations;
    /** One of so many operations is a foreign thread's. */
    final int foreignShare;
    /** Of 16 operations, how many concern nobody else. */
    final int aloneShare;
    /** The kinds that occur, as bits. */
    final int waits;

    final int alone;
    /** So many goroutines compute until all others have ended. */
    final int endless;

    private final int hogs;
    private final Duration keepAlive;

    /** For the twin given, or null. */
    SimSetting(SplittableRandom random, SimTwin twin) {
        boolean focused = twin != null && twin.alone != 0;
        procs = 1 + random.nextInt(4);
        sysmon = random.nextInt(3) != 0 && !focused;
        poller = random.nextInt(3) == 0;
        smallRings = random.nextBoolean();
        traces = random.nextInt(4) == 0;
        resizes = !focused && random.nextInt(3) == 0;
        fewThreads = sysmon && random.nextInt(8) == 0;
        goroutines = 1 + random.nextInt(random.nextInt(5) == 0 ? 20 : 8);
        foreigners = 1 + random.nextInt(2);
        operations = 3 + random.nextInt(random.nextInt(3) == 0 ? 100 : 30);
        foreignShare = 1 << 1 + random.nextInt(4);
        aloneShare = random.nextInt(12);
        waits = focused ? twin.waits : random.nextBoolean() ? -1 : random.nextInt() & random.nextInt();
        alone = focused ? twin.alone : random.nextBoolean() ? -1 : random.nextInt() & random.nextInt();
        hogs = random.nextInt(4) * (random.nextBoolean() ? 1 : 1_000);
        keepAlive = Duration.ofMillis(random.nextBoolean() ? 1 : 1_000);
        refuses = sysmon && random.nextInt(8) == 0;
        raises = random.nextBoolean();
        endless = sysmon && !fewThreads && !refuses && hogs >= 1_000 && random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0;
    }

    /** For counting on a machine of this size: no scenario. */
    SimSetting(int procs) {
        this.procs = procs;
        sysmon = false;
        poller = false;
        smallRings = false;
        traces = false;
        resizes = false;
        fewThreads = false;
        goroutines = 0;
        foreigners = 0;
        operations = 0;
        foreignShare = 0;
        aloneShare = 0;
        waits = 0;
        alone = 0;
        hogs = 0;
        keepAlive = Duration.ofSeconds(1);
        refuses = false;
        raises = true;
        endless = 0;
    }

    SchedulerConfig config() {
        return new SchedulerConfig(
                "s", procs, fewThreads ? procs + 1 : 5_000, hogs, 0.05, Duration.ofMillis(1), keepAlive, false);
    }

    @Override
    public String toString() {
        return "procs " + procs + ", goroutines " + goroutines + ", operations " + operations
                + (sysmon ? ", sysmon" : "") + (poller ? ", poller" : "") + (smallRings ? ", small rings" : "")
                + (traces ? ", stack traces" : "") + (resizes ? ", changes of procs" : "") + (fewThreads ? ", few threads" : "")
                + (refuses ? ", refusals" : "") + (endless > 0 ? ", " + endless + " that compute to the end" : "");
    }
}
