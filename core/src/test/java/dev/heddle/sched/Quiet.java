package dev.heddle.sched;

import java.util.ArrayList;
import java.util.List;

/** Checks that a scheduler which has nothing to do is whole: every P idle, every queue empty, every count right. */
final class Quiet {
    private Quiet() {}

    /** Waits until all goroutines have ended and the scheduler has come to rest, then checks every invariant. */
    static void afterEnd(Scheduler scheduler) {
        Waiting.until(scheduler, "no goroutine lives", () -> scheduler.sched().allGs.live() == 0);
        atRest(scheduler);
    }

    /** The same while goroutines may live that wait for something. */
    static void atRest(Scheduler scheduler) {
        Waiting.until(
                scheduler,
                "the scheduler comes to rest: " + complaints(scheduler.sched()),
                () -> complaints(scheduler.sched()).isEmpty());
    }

    /** Work conservation and the bookkeeping of Ps, as they must stand when nothing runs. Empty if they do. */
    static List<String> complaints(Sched sched) {
        List<String> found = new ArrayList<>();
        sched.lock.lock();
        try {
            if (sched.idle.npidle() != sched.gomaxprocs) {
                found.add("npidle " + sched.idle.npidle() + " of " + sched.gomaxprocs);
            }
            if (sched.idle.nmspinning() != 0) {
                found.add("nmspinning " + sched.idle.nmspinning());
            }
            if (sched.global.size() != 0) {
                found.add("global queue " + sched.global.size());
            }
            for (P p : sched.procs) {
                if (p.status() != (p.id < sched.gomaxprocs ? PState.IDLE : PState.DEAD) || p.m != null) {
                    found.add(p + " " + PState.name(p.word()) + " owned by " + p.m);
                }
                if (!p.isEmpty()) {
                    found.add(p + " has work");
                }
            }
        } finally {
            sched.lock.unlock();
        }
        found.addAll(torn(sched));
        if (sched.allGs.live() == 0 && sched.reserve.counts() != 0) {
            found.add("the reserve counts " + sched.reserve.counts());
        }
        return found;
    }

    /** What must hold at any moment, also under load: the idle list says what the Ps say. */
    static List<String> torn(Sched sched) {
        List<String> found = new ArrayList<>();
        sched.lock.lock();
        try {
            int listed = sched.idle.count();
            int idle = 0;
            for (P p : sched.procs) {
                idle += p.status() == PState.IDLE ? 1 : 0;
            }
            if (listed != idle || listed != sched.idle.npidle()) {
                found.add("idle list " + listed + ", idle Ps " + idle + ", npidle " + sched.idle.npidle());
            }
            int spinning = sched.idle.nmspinning();
            if (isTorn(spinning, sched)) {
                found.add("nmspinning " + spinning);
            }
        } finally {
            sched.lock.unlock();
        }
        return found;
    }

    /**
     * Not one for each P: {@code wakep} counts the M that it is about to wake before it looks for a P, and may find that the
     * last one has just been taken, by an M that spins with it. There is one such call at most, since it counts from 0.
     */
    static boolean isTorn(int nmspinning, Sched sched) {
        return nmspinning < 0 || nmspinning > sched.procs.length + 1;
    }
}
