package dev.heddle.sched;

/** A few goroutines that are never started, for tests of queues. */
final class Goroutines {
    private static final Sched SCHED = new Sched(null, SchedulerConfig.defaults().withProcs(2));
    static final G A = make();
    static final G B = make();
    static final G C = make();

    private Goroutines() {}

    private static G make() {
        return new G(SCHED, "", false, () -> {});
    }

    /** 1, 2 or 3 for the goroutines above, 0 for null. */
    static int number(G g) {
        return g == null ? 0 : g == A ? 1 : g == B ? 2 : 3;
    }
}
