package dev.heddle.examples.tour;

import dev.heddle.sched.TraceEvent;
import dev.heddle.sched.TraceEvent.Place;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Tells recorded events in words that a reader of the article knows. */
final class Story {
    /** Longer stories are cut: enough for all that matters in each. */
    private static final int MAX_LINES = 40;

    private static final int WIDTH = 110;

    private final Map<Long, String> names = new HashMap<>();
    private final PrintStream out;

    Story(PrintStream out) {
        this.out = out;
    }

    void tell(Scenario scenario, List<TraceEvent> events) {
        out.println();
        out.println("== " + scenario.title() + " (" + scenario.name() + ")");
        paragraph("   The article: ", scenario.article());
        paragraph("   In truth:    ", scenario.truth());
        out.println();
        events.stream()
                .filter(e -> !e.name().isEmpty())
                .forEach(e -> names.put(e.goroutine(), e.name()));
        List<TraceEvent> shown =
                events.stream().filter(e -> scenario.shown().contains(e.type())).toList();
        long begin = events.isEmpty() ? 0 : events.getFirst().nanos();
        for (TraceEvent e : shown.subList(0, Math.min(shown.size(), MAX_LINES))) {
            out.printf("   %10.1f us  %-4s %-3s  %s%n", (e.nanos() - begin) / 1_000.0, machine(e), proc(e), sentence(e));
        }
        if (shown.size() > MAX_LINES) {
            out.println("   ... and " + (shown.size() - MAX_LINES) + " events like these");
        }
    }

    private void paragraph(String head, String words) {
        StringBuilder line = new StringBuilder(head);
        for (String word : words.split(" ")) {
            if (line.length() + word.length() > WIDTH) {
                out.println(line.toString().stripTrailing());
                line.setLength(0);
                line.repeat(' ', head.length());
            }
            line.append(word).append(' ');
        }
        out.println(line.toString().stripTrailing());
    }

    private static String machine(TraceEvent e) {
        return e.machine() < 0 ? "" : "M" + e.machine();
    }

    private static String proc(TraceEvent e) {
        return e.proc() < 0 ? "" : "P" + e.proc();
    }

    private String goroutine(long id) {
        String name = names.get(id);
        return "G" + id + (name == null ? "" : " \"" + name + '"');
    }

    private String sentence(TraceEvent e) {
        String g = goroutine(e.goroutine());
        return switch (e.type()) {
            case GO_CREATE -> g + " is started" + by(e) + where(e.place());
            case GO_START -> "runs " + g + "; its run queue holds " + e.detail();
            case GO_STOP -> g + " gives way" + where(e.place());
            case GO_BLOCK -> g + " waits: " + e.reason();
            case GO_UNBLOCK -> g + " is woken" + by(e) + where(e.place());
            case GO_DESTROY -> g + " has ended";
            case GO_SYSCALL_BEGIN -> g + " enters a blocking call and keeps its thread";
            case GO_SYSCALL_END -> g + " comes back from the call and still has its P";
            case GO_SYSCALL_END_BLOCKED -> g + " comes back from the call, and its P is gone";
            case PROC_START -> "takes the P";
            case PROC_STOP -> "gives the P back";
            case PROC_STEAL -> "sysmon takes the P from M" + e.peer() + ", which is in a call, and hands it on";
            case PROC_PREEMPT -> "sysmon takes the P from M" + e.peer() + ": " + g + " has used up its quantum";
            case STEAL -> "steals " + e.detail() + " from P" + e.peer();
            case OVERFLOW -> "its run queue is full: " + e.detail() + " goroutines move to the global queue";
            case GLOBAL_GET -> "takes " + e.detail() + " from the global queue";
            case SPIN_START -> "spins: looks for work elsewhere";
            case SPIN_STOP -> e.detail() == 0 ? "stops spinning: there is no work" : "stops spinning: it has found work";
            case THREAD_START -> "a new thread begins";
            case THREAD_PARK -> e.detail() == 0 ? "the thread parks: a spare" : "the thread waits in the netpoller";
            case THREAD_UNPARK -> "the thread wakes";
        };
    }

    private String by(TraceEvent e) {
        return e.detail() == 0 ? " by a thread that is no goroutine" : " by " + goroutine(e.detail());
    }

    private static String where(Place place) {
        return switch (place) {
            case RUNNEXT -> ": into runnext";
            case RING -> ": to the tail of the local queue";
            case INBOX -> ": into the inbox of the P that it ran on";
            case GLOBAL -> ": to the global queue";
            case NETPOLL -> ": by the netpoller";
            case null -> "";
        };
    }
}
