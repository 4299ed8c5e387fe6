package dev.heddle.sched;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What every trace must obey, as Go's own tests check theirs: each goroutine goes from event to event as its life allows,
 * each P has one owner, each M runs one goroutine. Only for traces from which nothing is missing at the beginning.
 */
final class TraceRules {
    private enum Life {
        RUNNABLE,
        RUNNING,
        CALLING,
        WAITING,
        DEAD
    }

    private final Map<Long, Life> goroutines = new HashMap<>();
    private final Map<Integer, Long> onM = new HashMap<>();
    private final Map<Integer, Integer> owners = new HashMap<>();
    private final List<String> wrong = new ArrayList<>();

    private TraceRules() {}

    /** What is wrong, at most ten lines; empty if nothing is. */
    static List<String> brokenBy(List<TraceEvent> events) {
        TraceRules rules = new TraceRules();
        for (TraceEvent e : events) {
            rules.event(e);
            if (rules.wrong.size() >= 10) {
                break;
            }
        }
        return rules.wrong;
    }

    private void event(TraceEvent e) {
        switch (e.type()) {
            case GO_CREATE -> move(e, null, Life.RUNNABLE);
            case GO_UNBLOCK -> move(e, Life.WAITING, Life.RUNNABLE);
            case GO_START -> start(e);
            case GO_STOP -> leave(e, Life.RUNNABLE);
            case GO_BLOCK -> leave(e, Life.WAITING);
            case GO_DESTROY -> leave(e, Life.DEAD);
            case GO_SYSCALL_BEGIN -> move(e, Life.RUNNING, Life.CALLING);
            case GO_SYSCALL_END, GO_SYSCALL_END_BLOCKED -> move(e, Life.CALLING, Life.RUNNING);
            case PROC_START -> {
                Integer before = owners.put(e.proc(), e.machine());
                check(before == null, e, "owned by M" + before);
            }
            case PROC_STOP -> {
                Integer before = owners.remove(e.proc());
                check(before != null && before == e.machine(), e, "owned by M" + before);
            }
            case PROC_STEAL, PROC_PREEMPT -> {
                Integer before = owners.remove(e.proc());
                check(before != null && before == e.peer(), e, "owned by M" + before);
            }
            default -> { }
        }
    }

    private void start(TraceEvent e) {
        if (goroutines.get(e.goroutine()) == Life.RUNNING) { // back from a call with another P
            check(onM.get(e.machine()) != null && onM.get(e.machine()) == e.goroutine(), e, "runs elsewhere");
            return;
        }
        move(e, Life.RUNNABLE, Life.RUNNING);
        Long before = onM.put(e.machine(), e.goroutine());
        check(before == null, e, "the M runs G" + before);
        Integer owner = owners.get(e.proc());
        check(owner != null && owner == e.machine(), e, "the P is owned by M" + owner);
    }

    private void leave(TraceEvent e, Life to) {
        move(e, Life.RUNNING, to);
        Long before = onM.remove(e.machine());
        check(before != null && before == e.goroutine(), e, "the M ran G" + before);
    }

    private void move(TraceEvent e, Life from, Life to) {
        Life before = goroutines.put(e.goroutine(), to);
        check(before == from, e, "is " + before);
    }

    private void check(boolean ok, TraceEvent e, String but) {
        if (!ok) {
            wrong.add(e.nanos() + " " + e + ": but " + but);
        }
    }
}
