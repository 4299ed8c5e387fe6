package dev.heddle.http;

import dev.heddle.sched.jdk.JvmEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SIGTERM and SIGINT that come while servers drain since the JVM is to end: the next one ends their grace, the one after it
 * the process. By itself the JVM would do nothing about them.
 */
final class Signals {
    /**
     * Signals that come closer together than this are one order: a terminal and a wrapper that passes it on both send it. A
     * guess: people are slower.
     */
    private static final long ONE_ORDER_NANOS = 300_000_000;

    /** What shells make of a signal that has ended a process. */
    private static final int STATUS = 128;

    /** For so long the end waits for its line in the log. A guess. */
    private static final Duration SAY = Duration.ofMillis(200);

    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    /** Guarded by this class, as all that follows. */
    private static final List<Lifecycle> DRAINING = new ArrayList<>();

    private static long lastNanos;
    private static boolean hurried;

    private Signals() {}

    /** Has further signals end the grace of a server that begins to drain. By its shutdown hook. */
    static synchronized void hurry(Lifecycle life) {
        if (DRAINING.isEmpty()) {
            lastNanos = System.nanoTime();
            JvmEnd.onSignal(Signals::came);
        }
        DRAINING.add(life);
    }

    private static void came(int number) {
        synchronized (Signals.class) {
            long now = System.nanoTime();
            if (now - lastNanos < ONE_ORDER_NANOS) {
                return;
            }
            lastNanos = now;
            if (hurried) {
                Runtime.getRuntime().halt(STATUS + number);
            }
            hurried = true;
            say("told again to end: requests are cut off; once more ends the process at once");
            DRAINING.forEach(Lifecycle::hurry);
        }
    }

    /** Before what it says is done, or the JVM might end first; but what is to be cut off may be what holds up the log. */
    private static void say(String text) {
        Thread log = Thread.ofPlatform().name("heddle-signal-log").daemon().start(() -> LOG.warn(text));
        try {
            log.join(SAY);
        } catch (InterruptedException e) { // nobody interrupts this thread of the JVM's
            Thread.currentThread().interrupt();
        }
    }
}
