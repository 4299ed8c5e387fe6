package dev.heddle.sched;

import dev.heddle.sched.jdk.Carrier;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The lines of Go's {@code GODEBUG=schedtrace=ms,scheddetail=1}, in the format of Go 1.25 ({@code proc.go},
 * {@code schedtrace}), so that tools and readers that know them can use them.
 *
 * <p>The numbers of states are Go's. Of a P: 0 idle; 1 running, also while its M is in scheduler code or looks for work;
 * 2 in a blocking call; 4 dead. Of a goroutine: 0 idle, 1 runnable, 2 running, 3 in a blocking call, 4 waiting, 6 dead.
 * Fields of what does not exist here are zero, {@code false} or {@code nil}: {@code gcwaiting}, {@code stopwait},
 * {@code gfreecnt}, {@code mallocing}, {@code throwing}, {@code preemptoff}, {@code locks},
 * {@code dying}. {@code threads} counts Ms; sysmon, which Go counts, is none here.
 *
 * <p>Nothing is stopped and no lock is taken, where Go holds the scheduler lock: so a line may mix two moments.
 */
final class SchedTrace {
    private final Sched sched;
    private final boolean detailed;
    private final long since;

    /**
     * Begins a series.
     *
     * @param detailed {@code scheddetail=1}
     * @param since time of the first line, by {@link Clock#nanotime}
     */
    SchedTrace(Sched sched, boolean detailed, long since) {
        this.sched = sched;
        this.detailed = detailed;
        this.since = since;
    }

    /** One line, or one block of lines when detailed; ends with a newline. */
    String text(long now) {
        StringBuilder out = new StringBuilder(256);
        out.append("SCHED ").append((now - since) / 1_000_000).append("ms: gomaxprocs=").append(sched.gomaxprocs);
        out.append(" idleprocs=").append(sched.idle.npidle());
        out.append(" threads=").append(sched.threads.count());
        out.append(" spinningthreads=").append(sched.idle.nmspinning());
        out.append(" needspinning=").append(sched.idle.needspinning() ? 1 : 0);
        out.append(" idlethreads=").append(sched.spares.count());
        out.append(" runqueue=").append(sched.global.size());
        if (!detailed) {
            out.append(" [");
            for (P p : procs()) {
                out.append(' ').append(p.runq.size());
            }
            out.append(" ] schedticks=[ ");
            for (P p : procs()) {
                out.append(p.schedtick).append(' ');
            }
            return out.append("]\n").toString();
        }
        List<M> machines = List.copyOf(sched.threads.all());
        out.append(" gcwaiting=false nmidlelocked=");
        out.append(machines.stream().filter(m -> m.where == M.Where.LOCKED).count());
        out.append(" stopwait=0 sysmonwait=").append(sched.sysmon.isDeep()).append('\n');
        for (P p : procs()) {
            proc(out, p);
        }
        for (M m : machines.reversed()) { // the newest first, as Go's list has them
            machine(out, m);
        }
        for (G g : sched.goroutines()) {
            goroutine(out, g, machines);
        }
        return out.toString();
    }

    /** Those that may run; the dead ones beyond gomaxprocs are not in Go's list either. */
    private List<P> procs() {
        P[] all = sched.procs;
        return Arrays.asList(all).subList(0, Math.min(sched.gomaxprocs, all.length));
    }

    private static void proc(StringBuilder out, P p) {
        M m = p.m;
        out.append("  P").append(p.id).append(": status=").append(status(p.status()));
        out.append(" schedtick=").append(p.schedtick).append(" syscalltick=").append(p.syscalltick);
        out.append(" m=").append(m == null ? "nil" : m.id);
        out.append(" runqsize=").append(p.runq.size()).append(" gfreecnt=0 timerslen=").append(p.timers.size());
        out.append('\n');
    }

    private static int status(int status) {
        return switch (status) {
            case PState.IDLE -> 0;
            case PState.SCHED, PState.SPINNING, PState.RUNNING -> 1;
            case PState.SYSCALL -> 2;
            default -> 4;
        };
    }

    private void machine(StringBuilder out, M m) {
        M.Where where = m.where;
        G g = m.curg;
        int p = -1;
        for (P each : sched.procs) {
            p = each.m == m ? each.id : p;
        }
        out.append("  M").append(m.id).append(": p=").append(p < 0 ? "nil" : p);
        out.append(" curg=").append(g == null ? "nil" : g.id);
        out.append(" mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=").append(where == M.Where.SPINNING);
        out.append(" blocked=");
        out.append(where == M.Where.SPARE || where == M.Where.NETPOLL || where == M.Where.LOCKED);
        G locked = m.lockedg;
        out.append(" lockedg=").append(locked == null ? "nil" : locked.id).append('\n');
    }

    private static void goroutine(StringBuilder out, G g, List<M> machines) {
        Goroutine.State state = g.state();
        WaitReason reason = state == Goroutine.State.WAITING ? g.waitReason() : null;
        Object on = "nil";
        if (state == Goroutine.State.RUNNING || state == Goroutine.State.SYSCALL) {
            for (M m : machines) {
                on = m.curg == g ? m.id : on;
            }
        }
        out.append("  G").append(g.id).append(": status=").append(status(state));
        out.append('(').append(reason == null ? "" : reason).append(") m=").append(on);
        M locked = g.lockedm;
        out.append(" lockedm=").append(locked == null ? "nil" : locked.id).append('\n');
    }

    private static int status(Goroutine.State state) {
        return switch (state) {
            case IDLE -> 0;
            case RUNNABLE -> 1;
            case RUNNING -> 2;
            case SYSCALL -> 3;
            case WAITING -> 4;
            case DEAD -> 6;
        };
    }

    /**
     * Prints at a fixed rate, on a thread of its own: a consumer may block, which sysmon must not, and sysmon may sleep as
     * deep as it likes.
     */
    static final class Printer implements Runnable {
        private static final String PERIOD = "heddle.schedtrace";
        private static final String DETAIL = "heddle.scheddetail";

        private final Sched sched;
        private final long periodNanos;
        private final boolean detailed;
        private final Consumer<String> out;
        private final Thread thread;
        private volatile boolean stopped;

        Printer(Sched sched, long periodNanos, boolean detailed, Consumer<String> out) {
            this.sched = sched;
            this.periodNanos = periodNanos;
            this.detailed = detailed;
            this.out = out;
            this.thread = Thread.ofPlatform()
                    .name(sched.config.name() + "-schedtrace")
                    .daemon(true)
                    .unstarted(this);
        }

        /** What the system properties ask for, or null. */
        static Printer fromSystemProperties(Sched sched) {
            String text = System.getProperty(PERIOD);
            if (text == null) {
                return null;
            }
            long millis;
            try {
                millis = Long.parseLong(text.trim());
            } catch (NumberFormatException e) {
                millis = -1;
            }
            if (millis < 0 || millis > Integer.MAX_VALUE) {
                Sched.LOG.warn("{}: got '{}', need milliseconds from 0 to {}", PERIOD, text, Integer.MAX_VALUE);
                return null;
            }
            boolean detailed = System.getProperty(DETAIL, "0").trim().equals("1");
            return millis == 0 ? null : new Printer(sched, millis * 1_000_000, detailed, System.err::print);
        }

        void start() {
            thread.start();
        }

        void stop() {
            stopped = true;
            Carrier.unparkCarrier(thread);
        }

        @Override
        public void run() {
            long begin = Clock.nanotime();
            SchedTrace trace = new SchedTrace(sched, detailed, begin);
            long due = begin;
            while (!stopped && !sched.stopping) {
                long now = Clock.nanotime();
                if (now - due >= 0) {
                    try {
                        out.accept(trace.text(now));
                    } catch (Throwable e) {
                        Sched.LOG.error("{}: schedtrace ends: its consumer has thrown", sched.config.name(), e);
                        return;
                    }
                    due = Math.max(due + periodNanos, Clock.nanotime() - periodNanos); // not all that were missed
                } else {
                    Carrier.parkCarrier(due - now);
                    Thread.interrupted(); // by a stranger: else no park would wait any more
                }
            }
        }
    }
}
