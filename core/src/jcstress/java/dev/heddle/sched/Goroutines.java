package dev.heddle.sched;

import java.time.Duration;

/** Goroutines that are never started, for tests of queues, and schedulers without threads. */
final class Goroutines {
    /** Every P of it is taken: a wake-up finds none and leaves word. */
    static final Sched BUSY = busy();

    /** Whose thread never starts never ends: when its continuation returns it has parked. */
    private static final Thread NEVER_STARTED = Thread.ofVirtual().unstarted(() -> {});

    /** For where one is as good as another; not for lists, since all tests share its link. */
    static final G ANY = make(() -> {});

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

    /** An M with a P that was idle until now, in SCHED. */
    static M withP(Sched sched, int id) {
        M m = new M(sched, id, null);
        m.acquirep(sched.idle.pidleget());
        return m;
    }

    /** How many Ps wait for a thread to be made; takes them off that list. */
    static int waiting(Sched sched) {
        int n = 0;
        while (sched.threads.takeWaiting() != null) {
            n++;
        }
        return n;
    }

    static G make(Runnable continuation) {
        return of(BUSY, continuation);
    }

    /** For one that is readied: it is kept by a queue of its scheduler then. */
    static G of(Sched sched, Runnable continuation) {
        return new G(sched, NEVER_STARTED, continuation, 0);
    }

    /** In the hands of an M that has taken it from the inbox of its P, which is a P of its own. */
    static G dequeued(Runnable continuation) {
        G g = make(continuation);
        g.lastP = new P(0, BUSY);
        g.wake(null);
        g.lastP.inboxTake();
        BUSY.allGs.remove(g);
        return g;
    }

    /** How many are on a list through schedlink, which bites its tail if one was put there twice. */
    static int count(G list) {
        int n = 0;
        for (G g = list; g != null && n < 9; g = g.schedlink) {
            n++;
        }
        return n;
    }
}
