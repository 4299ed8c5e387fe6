package dev.heddle.sched;

import java.util.List;

/** The text of {@link Scheduler#dump}. */
final class Dump {
    /** Stacks are printed for this many goroutines; the others are only counted. Enough for a human. */
    private static final int MAX_STACKS = 2_000;

    private Dump() {}

    static String of(Sched s) {
        StringBuilder out = new StringBuilder(4096);
        out.append("SCHED ").append(s.config.name());
        out.append(": procs=").append(s.gomaxprocs);
        out.append(" idleprocs=").append(s.idle.npidle());
        out.append(" threads=").append(s.threads.count());
        out.append(" spinningthreads=").append(s.idle.nmspinning());
        out.append(" needspinning=").append(s.idle.needspinning() ? 1 : 0);
        out.append(" idlethreads=").append(s.spares.count());
        out.append(" runqueue=").append(s.global.size());
        out.append(" lastpoll=").append(s.netpoller.lastpoll() == 0 ? "blocked" : "free");
        out.append(" lock=").append(s.lock.isHeld() ? "held" : "free");
        out.append(" stopping=").append(s.stopping).append('\n');
        for (P p : s.procs) {
            proc(out, p);
        }
        for (M m : s.threads.all()) {
            thread(out, m);
        }
        List<G> all = s.goroutines();
        for (G g : all.subList(0, Math.min(all.size(), MAX_STACKS))) {
            out.append('\n');
            GoroutineDump.block(out, g);
        }
        if (all.size() > MAX_STACKS) {
            out.append("\n... and ").append(all.size() - MAX_STACKS).append(" goroutines more\n");
        }
        return out.toString();
    }

    private static void proc(StringBuilder out, P p) {
        out.append("  ").append(p).append(": status=").append(PState.name(p.word()));
        out.append(" schedtick=").append(p.schedtick);
        out.append(" syscalltick=").append(p.syscalltick);
        out.append(" m=").append(p.m);
        out.append(" runqsize=").append(p.runq.size());
        out.append(" runnext=").append(p.runq.hasNext());
        out.append(" inbox=").append(!p.inboxEmpty());
        out.append(" timerslen=").append(p.timers.size()).append('\n');
    }

    private static void thread(StringBuilder out, M m) {
        G g = m.curg;
        out.append("  ").append(m).append(": ").append(m.where);
        out.append(" p=").append(m.p);
        out.append(" nextp=").append(m.nextp);
        out.append(" curg=").append(g == null ? "-" : g.id);
        out.append(" thread=").append(m.getState()).append('\n');
    }
}
