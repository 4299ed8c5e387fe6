package dev.heddle.sched;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * What one operation of the scheduler costs on a machine of any size: how often it reads or writes memory that others can
 * see, counted exactly on the simulated machine, with nobody else running. Real time would say more about this machine
 * than about a big one.
 */
final class SimCost implements BiFunction<String, Integer, Long> {
    private final List<String> sites;

    SimCost(List<String> sites) {
        this.sites = sites;
    }

    /** Counts the accesses of the operation of this name with so many Ps. */
    @Override
    public Long apply(String operation, Integer procs) {
        Sim sim = Sim.alone(new SimSetting(procs), sites);
        try {
            return new Machine(sim).cost(operation);
        } finally {
            sim.close();
        }
    }

    /** A scheduler without threads, whose Ps are owned as the operation wants it. */
    private static final class Machine {
        private final Sim sim;
        private final Sched sched;
        private final List<M> owners = new ArrayList<>();

        Machine(Sim sim) {
            this.sim = sim;
            this.sched = sim.sched;
        }

        /** An M that runs a goroutine on the next idle P. */
        private M running() {
            M m = new M(sched, owners.size(), null);
            m.acquirep(sched.idle.pidleget());
            m.p.schedtick = 1;
            m.status(PState.RUNNING);
            owners.add(m);
            return m;
        }

        private void allRunning() {
            while (sched.idle.npidle() > 0) {
                running();
            }
        }

        private G goroutine() {
            G g = new G(sched, "", false, () -> {});
            g.lastP = sched.procs[0];
            return g;
        }

        long cost(String operation) {
            return switch (operation) {
                case "ready while all Ps are busy" -> {
                    allRunning();
                    sched.idle.wakep(); // leaves word
                    yield count(() -> sched.enqueue(owners.getFirst(), goroutine()));
                }
                case "ready while others are idle" -> {
                    M m = running();
                    yield count(() -> sched.enqueue(m, goroutine()));
                }
                case "wake-up by a foreign thread" -> {
                    running();
                    yield count(() -> sched.enqueue(null, goroutine()));
                }
                case "switch to the next of the own ring" -> {
                    allRunning();
                    M m = owners.getFirst();
                    m.p.runqput(goroutine(), false);
                    m.enterSched();
                    yield count(() -> sched.findRunnable.find(m));
                }
                case "enter a call and return" -> {
                    M m = running();
                    Sim.field(Spares.class, "count", int.class).set(sched.spares, 1); // as always after the first call
                    sched.reserve.changed();
                    yield count(() -> {
                        m.beginBlocking();
                        m.endBlocking();
                    });
                }
                case "hand a P off" -> {
                    allRunning();
                    M m = owners.getFirst();
                    m.enterSched();
                    yield count(() -> sched.handoff.handoffp(m.releasep()));
                }
                case "find nothing and park" -> {
                    M m = running();
                    m.enterSched();
                    yield count(() -> sched.findRunnable.find(m));
                }
                case "steal from the only P that has work" -> {
                    allRunning();
                    M m = owners.getFirst();
                    M victim = owners.getLast();
                    for (int i = 0; i < 64; i++) {
                        victim.p.runqput(goroutine(), false);
                    }
                    m.enterSched();
                    yield count(() -> sched.findRunnable.find(m));
                }
                case "a round of sysmon, every P held by a hog" -> {
                    allRunning();
                    owners.forEach(m -> m.curg = goroutine());
                    yield sim.costOfHogs(owners);
                }
                default -> throw new IllegalArgumentException(operation);
            };
        }

        private long count(Runnable operation) {
            long before = sim.steps();
            operation.run();
            return sim.steps() - before;
        }
    }
}
