package dev.heddle.sched;

import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Says so when all goroutines wait for each other (Go's {@code checkdead}).
 *
 * <p>Asked by sysmon when all Ps have been idle for a while and it is about to sleep. There is a deadlock as far as the
 * scheduler can see if goroutines live, all of them are parked on something in memory (a channel, a lock, another
 * goroutine), no timer is set, and the netpoller waits for nothing. One that sleeps by a timer of the JDK, that is in a
 * blocking call, or that the JDK has parked without saying on what, such as for a socket, may be woken.
 *
 * <p>Differs from Go: a goroutine may wait for something that an ordinary thread will do, so this is a report, not the end
 * of the process, and has to be asked for. As in Go it is global only: one goroutine that could go on hides it.
 */
final class Deadlock {
    private final Sched sched;
    /** The numbers of those reported last, so that it is not said again of goroutines that have not moved. Sysmon's. */
    private List<Long> reported = List.of();

    private volatile long reports;

    Deadlock(Sched sched) {
        this.sched = sched;
    }

    long reports() {
        return reports;
    }

    /** Sysmon only. */
    void check() {
        if (!sched.config.reportDeadlock() || !nothingCanHappen()) {
            return;
        }
        List<G> all = sched.goroutines();
        all.removeIf(g -> g.system);
        if (all.isEmpty() || !all.stream().allMatch(Deadlock::waitsForOthers)) {
            return;
        }
        List<Long> ids = all.stream().map(G::id).toList();
        if (ids.equals(reported)) {
            return;
        }
        reported = ids;
        reports++; // this thread only
        String dump = Dump.of(sched);
        // not here: a logger may wait for one of those goroutines
        sched.logElsewhere(() -> Sched.LOG.error(
                "{}: all goroutines are asleep - deadlock! (unless another thread wakes one)\n{}",
                sched.config.name(),
                dump));
    }

    private boolean nothingCanHappen() {
        if (sched.global.size() != 0 || sched.netpoller.hasWaiters()) {
            return false;
        }
        for (P p : sched.procs) {
            if (!p.isEmpty() || p.timers.minWhen() != Timers.NONE) {
                return false;
            }
        }
        for (M m : sched.threads.all()) {
            if (m.curg != null) {
                return false;
            }
        }
        return true;
    }

    private static boolean waitsForOthers(G g) {
        if (g.isParked()) {
            return g.waitReason() != WaitReason.IO_WAIT;
        }
        return switch (g.thread.getState()) {
            case BLOCKED -> true;
            case WAITING -> LockSupport.getBlocker(g.thread) != null;
            default -> false;
        };
    }
}
