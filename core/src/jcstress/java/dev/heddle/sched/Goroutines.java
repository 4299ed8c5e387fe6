package dev.heddle.sched;

import java.time.Duration;

/** A few goroutines that are never started, for tests of queues, and schedulers without threads. */
final class Goroutines {
    /** Every P of it is taken: a wake-up finds none and leaves word. */
    static final Sched BUSY = busy();

    static final G A = make();
    static final G B = make();
    static final G C = make();

    private Goroutines() {}

    private static Sched busy() {
        Sched sched = unstarted(2);
        sched.idle.pidleget();
        sched.idle.pidleget();
        sched.idle.wakep();
        return sched;
    }

    /** Threads of it that find nothing to do look again after a millisecond. */
    static Sched unstarted(int procs) {
        return new Sched(null, SchedulerConfig.defaults().withProcs(procs).withSpareKeepAlive(Duration.ofMillis(1)));
    }

    private static G make() {
        return new G(BUSY, "", false, () -> {});
    }

    /** 1, 2 or 3 for the goroutines above, 0 for null. */
    static int number(G g) {
        return g == null ? 0 : g == A ? 1 : g == B ? 2 : 3;
    }
}
