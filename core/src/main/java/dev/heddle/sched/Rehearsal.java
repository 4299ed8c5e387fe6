package dev.heddle.sched;

import java.time.Duration;

/**
 * Goes once through the operations of {@code VarHandle}s in scheduler code, on a scheduler without threads. The JVM links such
 * a call when it comes to it for the first time, which takes memory and stack: in the middle of a section, when the heap
 * is full, it would throw there. Being loaded is all that this class is for. {@code RehearsalTest} knows what is missing.
 */
final class Rehearsal {
    private static final Duration MOMENT = Duration.ofMillis(1);

    static {
        Scheduler scheduler = new Scheduler(SchedulerConfig.defaults().withProcs(2).withName("rehearsal"));
        Sched sched = scheduler.sched();
        scheduler.flightRecorder().start(MOMENT, 1); // first without, then with
        goroutines(sched);
        machines(sched);
        scheduler.flightRecorder().events();
        sched.trace.chunks().drop();
        scheduler.flightRecorder().dropped();
        scheduler.flightRecorder().stop();
        Trace.rehearse();
        queues(sched);
        goroutines(sched);
        machines(sched);
        semaphores(sched);
        Preempt.change(true);
        Primitives.giveWay();
        Preempt.change(false);
        sched.sysmon.round(Clock.nanotime());
        sched.countSyscall(null);
        sched.life.endBy(0);
        sched.faults.survived(Faults.Where.M, null);
    }

    private Rehearsal() {}

    private static G goroutine(Sched sched) {
        return new G(sched, "", false, () -> {});
    }

    private static P takeP(Sched sched) {
        P waiting = sched.threads.takeWaiting(); // of whom something before has asked a thread for
        if (waiting != null) {
            sched.idle.abandon(waiting);
        }
        return sched.idle.pidleget();
    }

    private static void queues(Sched sched) {
        P p = takeP(sched);
        P other = sched.idle.pidleget();
        G g = goroutine(sched);
        for (int i = 0; i <= RunQueue.CAPACITY; i++) {
            p.runqput(g, i % 2 == 0);
        }
        other.runq.stealFrom(p.runq, true, () -> {});
        while (p.runq.get() != null || p.runq.getNext() != null || sched.globrunqget(other, 1) != null) {
            continue;
        }
        p.runqput(g, true);
        other.runq.stealFrom(p.runq, true, () -> {});
        while (other.runq.get() != null) {
            continue;
        }
        p.inboxPut(g);
        p.runqputAll(p.inboxTake());
        p.runq.get();
        long word = p.word();
        p.cas(word, word);
        p.wordRelease(word);
        sched.idle.abandon(p);
        sched.idle.trySpin(other);
        sched.idle.abandon(other);
    }

    private static void goroutines(Sched sched) {
        G g = goroutine(sched);
        g.wake(null);
        P p = takeP(sched);
        g = sched.globrunqget(p, 1);
        g.taken(p);
        g.wake(null); // AGAIN
        g.letGo();
        g.taken(p);
        g.letGo();
        g.wake(null);
        g.taken(p);
        g.waiting();
        g.unpark();
        g.taken(p);
        g.waitReason(WaitReason.SLEEP);
        g.waitReason(null);
        while (sched.globrunqget(p, 1) != null) {
            continue;
        }
        p.inboxTake();
        sched.lockedThreads.lock();
        sched.lockedThreads.unlock();
        sched.handoff.handoffp(p);
        sched.allGs.remove(g);
    }

    private static void machines(Sched sched) {
        P p = takeP(sched);
        M m = new M(sched, 0, p);
        m.acquirep(p);
        sched.idle.becomeSpinning(m);
        sched.idle.resetspinning(m);
        sched.findRunnable.find(m); // nothing: it gives its P up, and does not wait in the poll
        if (m.p == null) {
            m.acquirep(takeP(sched));
        }
        m.curg = goroutine(sched);
        m.status(PState.RUNNING);
        m.where(M.Where.RUNNING);
        m.enterSched();
        m.leaveSched(PState.RUNNING);
        m.relapses.goOn(m, null);
        OsPriority.prepare();
        HogGroup.rehearse();
        m.hog.begins();
        m.hog.computes(1, true);
        m.hog.ends();
        m.hog.begins();
        m.hog.level(OsPriority.IDLE); // of a thread that does not exist
        m.hog.ends();
        m.status(PState.SCHED);
        m.handoffp();
        sched.netpoller.block(m, Clock.nanotime());
        sched.netpoller.claim(sched.netpoller.lastpoll(), Clock.nanotime());
        sched.netpoller.wakeup();
    }

    private static void semaphores(Sched sched) {
        G g = goroutine(sched);
        BinarySemaphore s = new BinarySemaphore();
        s.acquire(WaitReason.SLEEP, 1);
        s.release();
        s.release();
        s.acquire(WaitReason.SLEEP, 1);
        s.rehearse(g);
        g.waitsAt(s);
        g.endWait();
        g.waitsAt(null);
    }
}
