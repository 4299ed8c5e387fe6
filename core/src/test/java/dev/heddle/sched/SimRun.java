package dev.heddle.sched;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The simulation as {@link SimulationTest} sees it, which lives outside the {@link SimLoader} and so knows only types of
 * the JDK: a command in, what was found out.
 */
final class SimRun implements Function<Map<String, Object>, String> {
    private static final int TRACED_STEPS = Integer.getInteger("heddle.sim.trace", 120);

    private final List<String> sites;
    private final Map<String, Long> figures;

    SimRun(List<String> sites, Map<String, Long> figures) {
        this.sites = sites;
        this.figures = figures;
    }

    /** Runs the seed given, with the twin given or null. Returns null, or what went wrong. */
    @Override
    public String apply(Map<String, Object> command) {
        long seed = (Long) command.get("seed");
        String twin = (String) command.get("twin");
        Sim sim = Sim.of(seed, twin == null ? null : SimTwin.valueOf(twin), sites);
        String failure = sim.run();
        count(sim);
        if (failure == null) {
            return null;
        }
        if (sim.cause() != null && twin == null) {
            sim.cause().printStackTrace();
        }
        return failure + "\n  seed " + seed + ": " + sim.setting + "\n" + (twin == null ? sim.trace(TRACED_STEPS) : "");
    }

    private void count(Sim sim) {
        SchedulerStats stats = sim.sched.stats();
        Map<String, Long> run = new LinkedHashMap<>();
        run.put("runs", 1L);
        run.put("steps", sim.steps());
        run.put("switches", sim.switches());
        run.put("goroutines", stats.created());
        run.put("steals", stats.perProc().stream().mapToLong(SchedulerStats.Proc::steals).sum());
        run.put("overflows", stats.overflows());
        run.put("handoffs", stats.handoffs());
        run.put("preemptions", stats.preemptions());
        run.put("preemptions denied", stats.preemptionsDenied());
        run.put("parks", stats.parks());
        run.put("timers fired", stats.timersFired());
        run.put("blocking polls", stats.netpolls().blocking());
        run.put("threads", stats.threadsCreated());
        run.put("threads refused", stats.threadFailures());
        run.put("waited for a thread", sim.sched.reserve.waited());
        run.put("threads retired", stats.threadsCreated() - sim.sched.threads.all().size());
        run.forEach((name, value) -> figures.merge(name, value, Long::sum));
    }
}
