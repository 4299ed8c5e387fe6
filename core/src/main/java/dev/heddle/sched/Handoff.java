package dev.heddle.sched;

/** What becomes of a P whose M has left it (Go's {@code handoffp}). */
final class Handoff {
    private final Sched sched;

    Handoff(Sched sched) {
        this.sched = sched;
    }

    /**
     * Gives a P in transit (status SCHED) to an M if there is anything for it to do, else puts it on the idle list.
     * Wherever findRunnable would find something on this P, this must start an M.
     *
     * <p>Differs from Go: {@code needspinning} is looked at under the lock as well, because here foreign threads may put
     * work into an inbox between the first look and the lock.
     */
    void handoffp(P p) {
        if (!p.isEmpty() || sched.global.size() != 0) {
            sched.spares.startm(p);
            return;
        }
        // nobody looks for work and no P is idle: keep one hunter
        if (sched.idle.nmspinning() + sched.idle.npidle() == 0 && sched.idle.trySpin(p)) {
            sched.spares.startm(p);
            return;
        }
        sched.lock.lock();
        boolean work = sched.global.size() != 0 || sched.idle.needspinning() || !p.isEmpty();
        // the timers of all Ps: who waited for them in the poll may have come back and given its P to a locked thread
        boolean lastWithoutPoller = sched.idle.npidle() == sched.gomaxprocs - 1
                && sched.netpoller.lastpoll() != 0
                && sched.netpoller.isUnwatched();
        if (work || lastWithoutPoller) {
            sched.lock.unlock();
            sched.spares.startm(p);
            return;
        }
        long when = p.timers.minWhen();
        sched.idle.put(p);
        sched.lock.unlock();
        if (when != Timers.NONE) {
            sched.netpoller.wakeNetPoller(when);
        }
    }
}
