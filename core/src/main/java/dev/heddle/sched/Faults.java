package dev.heddle.sched;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What has been thrown where nothing may be thrown: inside the scheduler, mostly because there is no memory. A thread of ours
 * survives that; here it is counted, said, and if there is no going on, the process is ended.
 *
 * <p>{@link #survived} may be called anywhere, on g0 and in a catch too: it allocates nothing, takes no lock and does not log, as
 * a logger may do all of that, and throw as well. It leaves the error for sysmon, which has a thread of its own say so, and
 * tries again later if there is no memory for one.
 *
 * <p>Differs from Go, which ends the process when memory ends. Here that is an exception that one request may have caused and
 * taken with it, so only what is broken for good is fatal.
 */
final class Faults {
    /** The exit status of {@link #fatal}: Go's, for its fatal errors. */
    static final int EXIT_STATUS = 2;

    /** For so long after an error the scheduler calls itself degraded: four scrapes, as Prometheus makes them by default. */
    private static final long DEGRADED_NANOS = 60_000_000_000L;

    /** Between two errors that are logged; the others are counted. A guess: readable. */
    private static final long LOG_PERIOD_NANOS = 10_000_000_000L;

    /** Until a log that found no thread or memory is tried again. A guess. */
    private static final long LOG_AGAIN_NANOS = 100_000_000;

    private static final FileOutputStream STDERR = new FileOutputStream(FileDescriptor.err);
    private static final PrintStream STACKS = new PrintStream(STDERR, true);
    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(Faults.class, "count", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Where something was thrown. Not texts: the JVM makes a text when it comes to its line for the first time. */
    enum Where {
        M("a thread that runs goroutines"),
        SYSMON("sysmon"),
        PROCS("the thread that follows the processors"),
        TEMPLATE("the thread that makes threads"),
        NETPOLLER("the netpoller"),
        TIMER("a timer"),
        LOST_TIMER("a timer that is lost"),
        YIELD("a goroutine that was to leave its thread"),
        JDK("the JDK's part of a virtual thread"),
        UNCAUGHT("a handler or log of uncaught exceptions");

        final String text;

        Where(String text) {
            this.text = text;
        }
    }

    /** Why there is no going on. */
    enum Why {
        INVARIANT("an invariant of the scheduler is broken"),
        AGAIN_AND_AGAIN("the scheduler throws again and again"),
        SYSTEM_THREW("a goroutine that serves all others has thrown"),
        SYSTEM_LOST("a goroutine that serves all others is lost"),
        NO_THREAD("not one thread can be had");

        final String text;

        Why(String text) {
            this.text = text;
        }
    }

    private static final String PREFIX = new String("fatal error: heddle: "); // made now, not when it is needed
    private static final String NEW_LINE = new String("\n");

    private final Sched sched;
    private volatile long count;
    /** When the last one was, or 0. */
    private volatile long lastNanos;
    /** The last one that has not been said. Two that come at once may leave a place and an error that are not one's. */
    private volatile Throwable unsaid;

    private volatile Where unsaidWhere;
    /** Sysmon's. */
    private long sayFrom;

    Faults(Sched sched) {
        this.sched = sched;
    }

    /** Any thread, anywhere. */
    void survived(Where where, Throwable e) {
        COUNT.getAndAdd(this, 1L);
        lastNanos = Clock.nanotime();
        unsaidWhere = where;
        unsaid = e;
        sched.sysmon.wake();
    }

    static void survivedYield(G g, Throwable e) {
        if (g != null) {
            g.sched.faults.survived(Where.YIELD, e);
        }
    }

    long count() {
        return count;
    }

    /** Whether something went wrong not long ago. */
    boolean isDegraded() {
        long last = lastNanos;
        return last != 0 && Clock.nanotime() - last < DEGRADED_NANOS;
    }

    /** Whether an error waits for sysmon to say it. */
    boolean isUnsaid() {
        return unsaid != null;
    }

    /** Sysmon only: has the last error logged if it is time to. */
    void say(long now) {
        Throwable e = unsaid;
        if (e == null || now < sayFrom) {
            return;
        }
        Where where = unsaidWhere;
        unsaid = null;
        sayFrom = now + LOG_AGAIN_NANOS;
        boolean begun = false;
        try {
            begun = sched.logElsewhere(() -> log(where, e));
        } finally {
            if (begun) {
                sayFrom = now + LOG_PERIOD_NANOS;
            } else if (unsaid == null) {
                unsaid = e;
            }
        }
    }

    private void log(Where where, Throwable e) {
        Sched.LOG.error("{}: {} has thrown, and goes on. One in 10 s is logged; see internalErrors: {}",
                sched.config.name(), where.text, count, LogText.clean(e));
    }

    /**
     * Go's {@code fatal error}: says what is broken, and ends the process, without shutdown hooks, which could wait for what is
     * broken. Allocates nothing before it has said so. Does not return.
     *
     * @param e the reason, or null
     */
    static void fatal(Why why, Throwable e) {
        try {
            print(PREFIX);
            print(why.text);
            print(NEW_LINE);
            if (e != null) {
                e.printStackTrace(STACKS);
            }
        } catch (Throwable again) { // no memory, or nobody reads it: the end comes all the same
            Runtime.getRuntime().halt(EXIT_STATUS);
        } finally {
            Runtime.getRuntime().halt(EXIT_STATUS);
        }
    }

    private static void print(String text) throws IOException {
        for (int i = 0; i < text.length(); i++) {
            STDERR.write(text.charAt(i));
        }
    }
}
