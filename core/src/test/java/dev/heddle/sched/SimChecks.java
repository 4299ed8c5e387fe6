package dev.heddle.sched;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What must hold in a simulated run: always, whenever every thread sleeps, and at the end. */
final class SimChecks {
    private static final VarHandle M_WORD = Sim.field(M.class, "word", long.class);
    private static final VarHandle G_STATE = Sim.field(G.class, "state", int.class);
    private static final VarHandle POLL_UNTIL = Sim.field(Netpoller.class, "pollUntil", long.class);
    private static final VarHandle RUNNEXT = Sim.field(RunQueue.class, "runnext", G.class);
    private static final VarHandle RING = Sim.field(RunQueue.class, "ring", G[].class);
    private static final VarHandle HEAD = Sim.field(RunQueue.class, "head", int.class);
    private static final VarHandle TAIL = Sim.field(RunQueue.class, "tail", int.class);
    private static final VarHandle INBOX = Sim.field(P.class, "inbox", G.class);
    private static final VarHandle IDLE = Sim.field(Idle.class, "idle", P.class);
    private static final VarHandle FIRST = Sim.field(GlobalQueue.class, "first", GlobalQueue.Line.class);
    private static final VarHandle BEHIND = Sim.field(GlobalQueue.class, "behind", GlobalQueue.Line.class);
    private static final VarHandle HEAD_OF_LINE = Sim.field(GlobalQueue.Line.class, "head", G.class);

    private static final int FREE = 0;
    private static final int QUEUED = 1;

    private final Sim sim;
    private final Sched sched;

    SimChecks(Sim sim) {
        this.sim = sim;
        this.sched = sim.sched;
    }

    /** Between any two steps. */
    void always() {
        if (Quiet.isTorn(sched.idle.nmspinning(), sched)) {
            Sim.fail("nmspinning " + sched.idle.nmspinning(), null);
        }
        if (!sched.lock.isHeld()) {
            int idle = 0;
            for (P p : sched.procs) {
                idle += p.status() == PState.IDLE ? 1 : 0;
            }
            int listed = listed();
            if (idle != sched.idle.npidle() || idle != listed) {
                Sim.fail("npidle " + sched.idle.npidle() + ", listed " + listed + ", idle " + idle, null);
            }
        }
        for (P p : sched.procs) {
            if (owners(p) > 1) {
                Sim.fail(p + " has two owners", null);
            }
        }
        for (SimThread thread : sim.threads) {
            if (thread.level != OsPriority.NORMAL && thread.thread instanceof M m && ownsAP(m)) {
                Sim.fail(m + " has " + m.p + " at level " + thread.level, null);
            }
        }
    }

    private static boolean ownsAP(M m) {
        return m.p != null && (long) M_WORD.get(m) == m.p.word();
    }

    private int listed() {
        int listed = 0;
        for (P p = (P) IDLE.get(sched.idle); p != null && listed <= sched.procs.length; p = p.link) {
            listed++;
        }
        return listed;
    }

    private int owners(P p) {
        int owners = 0;
        List<M> all = List.copyOf(sched.threads.all());
        for (int i = 0; i < all.size(); i++) {
            M m = all.get(i);
            owners += m.p == p && ownsAP(m) ? 1 : 0;
        }
        return owners;
    }

    /** Every thread sleeps: nobody is half-way through anything. */
    void atRest() {
        owned();
        queued();
        if (sched.reserve.makesWaitInVain()) {
            Sim.fail("somebody waits to go into a call, and there is room: " + sched.reserve, null);
        }
        if (allAreInCalls() && !sched.threads.isSpareWanted()) { // one that was locked may have ended, and the next been refused
            Sim.fail("all threads are in calls that have been declared", null);
        }
        boolean refused = sched.threads.failures() > 0; // then sysmon sees to what was left behind
        if (sched.idle.npidle() > 0 && !refused) {
            conserved();
        }
    }

    private boolean allAreInCalls() {
        int inCalls = 0;
        for (M m : sched.threads.all()) {
            G g = m.curg;
            inCalls += m.inSyscall() && (g == null || !((SimGoroutine) g.thread).pinned) ? 1 : 0;
        }
        return inCalls != 0 && inCalls == sched.threads.count();
    }

    private void owned() {
        int spinning = 0;
        for (P p : sched.procs) {
            spinning += p.status() == PState.SPINNING ? 1 : 0;
            if (p.status() == PState.IDLE || p.status() == PState.DEAD) {
                if (p.m != null || p.status() == PState.DEAD != p.id >= sched.gomaxprocs) {
                    Sim.fail(p + " is " + PState.name(p.word()) + " and has " + p.m + ", procs " + sched.gomaxprocs, null);
                }
            } else if (p.m == null || p.m.p != p || owners(p) != 1) {
                Sim.fail(p + " is lost: " + PState.name(p.word()) + " of " + p.m, null);
            }
        }
        if (spinning != sched.idle.nmspinning() || spinning != 0) {
            Sim.fail("nmspinning " + sched.idle.nmspinning() + ", Ps that spin " + spinning, null);
        }
    }

    /**
     * No goroutine that could run is beside a P that could run it. Somebody is there for timers and events when all Ps are
     * idle; while one is held by a thread that blocks, sysmon may be who comes, as in Go.
     */
    private void conserved() {
        if (workIsQueued()) {
            Sim.fail("work beside an idle P: global queue " + sched.global.size() + ", queues "
                    + Arrays.stream(sched.procs).map(p -> p + " " + PState.name(p.word()) + " " + p.depth()).toList()
                    + ", needspinning " + sched.idle.needspinning(), null);
        }
        if (sched.idle.npidle() < sched.gomaxprocs) {
            return;
        }
        for (P p : sched.procs) {
            if (p.status() == PState.DEAD && p.timers.size() > 0 && !sched.procresize.isChanging()) {
                Sim.fail(p + " is dead and has timers", null);
            }
        }
        long first = firstTimer();
        if (first != Timers.NONE) {
            long until = (long) POLL_UNTIL.get(sched.netpoller);
            if (sched.netpoller.lastpoll() != 0 || until == 0 || until > first) {
                Sim.fail("a timer that nobody will fire: " + first + ", poll until " + until, null);
            }
        }
        if (sim.poller != null && sim.poller.hasFired()) {
            Sim.fail("an event that nobody will see", null);
        }
    }

    private boolean workIsQueued() {
        boolean work = sched.global.size() != 0;
        for (P p : sched.procs) {
            work |= !p.isEmpty();
        }
        return work;
    }

    private long firstTimer() {
        long first = Timers.NONE;
        for (P p : sched.procs) {
            first = Math.min(first, p.timers.minWhen());
        }
        return first;
    }

    /** Each goroutine is on one queue if it is QUEUED, and else on none; and one that was parked is not runnable. */
    private void queued() {
        Set<G> seen = new HashSet<>();
        for (P p : sched.procs) {
            G[] ring = (G[]) RING.get(p.runq);
            for (int i = (int) HEAD.get(p.runq); i != (int) TAIL.get(p.runq); i++) {
                seen(seen, ring[i & (ring.length - 1)]);
            }
            if (RUNNEXT.get(p.runq) != null) {
                seen(seen, (G) RUNNEXT.get(p.runq));
            }
            list(seen, (G) INBOX.get(p));
        }
        list(seen, (G) HEAD_OF_LINE.get(FIRST.get(sched.global)));
        list(seen, (G) HEAD_OF_LINE.get(BEHIND.get(sched.global)));
        for (G g : sched.allGs.snapshot()) {
            int state = (int) G_STATE.get(g);
            if (state == QUEUED != seen.contains(g)) {
                Sim.fail(g + " has state " + state + " and is on " + (seen.contains(g) ? "a" : "no") + " queue", null);
            }
            if (state == FREE && ((SimGoroutine) g.thread).isRunnable()) {
                Sim.fail(g + " was woken and nobody knows", null);
            }
        }
    }

    private static void list(Set<G> seen, G head) {
        G g = head;
        while (g != null && seen(seen, g)) {
            g = g.schedlink;
        }
    }

    private static boolean seen(Set<G> seen, G g) {
        boolean first = seen.add(g);
        if (!first) {
            Sim.fail(g + " is queued twice", null);
        }
        return first;
    }

    /** Whether anything but housekeeping will happen by itself. */
    boolean somethingIsToCome() {
        boolean stuckBehindSomebody = sim.setting.sysmon
                && (workIsQueued() || sim.poller != null && sim.poller.hasFired());
        return sim.isSomebodyDue() || firstTimer() != Timers.NONE || stuckBehindSomebody;
    }

    void atEnd() {
        long live = sched.allGs.live();
        if (live != 0 || sched.allGs.created() != sim.goroutines.size()) {
            Sim.fail("created " + sched.allGs.created() + " of " + sim.goroutines.size() + ", live " + live, null);
        }
        List<String> complaints = Quiet.complaints(sched);
        if (!complaints.isEmpty()) {
            Sim.fail("at the end: " + complaints, null);
        }
    }
}
