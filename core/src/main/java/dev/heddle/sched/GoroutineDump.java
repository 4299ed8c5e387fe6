package dev.heddle.sched;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Stacks of all goroutines in the two shapes of Go's {@code pprof} goroutine profile ({@code traceback.go},
 * {@code pprof.go}): one block each ({@code debug=2}), or equal stacks together ({@code debug=1}).
 *
 * <p>Frames of the JDK and of ours that every goroutine has at the ends of its stack are left out, as Go leaves out those
 * of its runtime.
 */
final class GoroutineDump {
    /** More blocks than that nobody reads: the others are counted. Go stops at 64 MiB. */
    private static final int MAX_BLOCKS = 10_000;

    private static final long MINUTE_NANOS = 60_000_000_000L;

    /** Classes that nobody calls but ours, on top of what waits; Go leaves out {@code runtime.gopark} and the like. */
    private static final Set<String> WAITING = Set.of(
            G.class.getName(),
            BinarySemaphore.class.getName(),
            Wait.class.getName(),
            Sleep.class.getName(),
            Joiner.class.getName(),
            Trace.class.getName(),
            Trace.Waits.class.getName(),
            WaitProfile.class.getName(),
            Primitives.class.getName(),
            "dev.heddle.sync.Sudog");

    private GoroutineDump() {}

    /** {@code debug=2}: blocks with a blank line between them, by number. */
    static String blocks(Sched sched) {
        List<G> all = sched.goroutines();
        all.sort(Comparator.comparingLong(g -> g.id));
        StringBuilder out = new StringBuilder(4096);
        for (G g : all.subList(0, Math.min(all.size(), MAX_BLOCKS))) {
            out.append(out.isEmpty() ? "" : "\n");
            block(out, g);
        }
        if (all.size() > MAX_BLOCKS) {
            out.append("\n...").append(all.size() - MAX_BLOCKS).append(" more goroutines...\n");
        }
        return out.toString();
    }

    /** One goroutine: {@code goroutine 7 [chan receive, 2 minutes]:}, its frames, who created it. */
    static void block(StringBuilder out, G g) {
        long minutes = g.blockedNanos(Clock.nanotime()) / MINUTE_NANOS;
        WaitReason reason = g.waitReason();
        Goroutine.State state = g.state();
        List<StackTraceElement> frames = frames(g);
        out.append("goroutine ").append(g.id).append(" [");
        out.append(reason != null ? reason : state.name().toLowerCase(Locale.ROOT));
        if (minutes > 0 && reason != null) {
            out.append(", ").append(minutes).append(" minutes");
        }
        out.append(g.lockedm == null ? "" : ", locked to thread");
        out.append("]:").append(g.name.isEmpty() ? "" : " " + g.name).append('\n');
        for (StackTraceElement frame : frames) {
            out.append(frame.getClassName()).append('.').append(frame.getMethodName()).append("(...)\n");
            out.append('\t').append(place(frame)).append('\n');
        }
        creator(out, g);
    }

    private static void creator(StringBuilder out, G g) {
        Runnable body = g.body();
        String where = body == null ? "java.lang.Thread.start" : CreatedBy.describe(body); // no body: a stranger
        out.append("created by ").append(where);
        out.append(g.creator == 0 ? "" : " in goroutine " + g.creator).append('\n');
        if (body instanceof CreatedBy created && created.place() != null) {
            out.append('\t').append(place(created.place())).append('\n');
        }
    }

    private static String place(StackTraceElement frame) {
        String file = frame.getFileName() == null ? "unknown" : frame.getFileName();
        return frame.getLineNumber() < 0 ? file : file + ":" + frame.getLineNumber();
    }

    /** The stack, innermost first, without what all have in common. */
    private static List<StackTraceElement> frames(G g) {
        return trim(Arrays.asList(g.thread.getStackTrace()));
    }

    /** The part that is not ours: from the call that waits, mostly one that a user knows, to the body of the goroutine. */
    static List<StackTraceElement> trim(List<StackTraceElement> frames) {
        int from = 0;
        int to = frames.size();
        while (to > 0 && isEntry(frames.get(to - 1))) {
            to--;
        }
        for (int i = 0; i < to; i++) {
            if (isParking(frames.get(i))) {
                from = i + 1;
            } else if (!frames.get(i).getClassName().equals(LockSupport.class.getName())) { // else: it may be ours that parks
                break;
            }
        }
        return frames.subList(from, to);
    }

    private static boolean isEntry(StackTraceElement frame) {
        String type = frame.getClassName();
        return type.startsWith("java.lang.VirtualThread")
                || type.startsWith("jdk.internal.vm.")
                || (type.equals(G.class.getName()) || type.equals(CreatedBy.class.getName()))
                        && frame.getMethodName().equals("run");
    }

    private static boolean isParking(StackTraceElement frame) {
        String type = frame.getClassName();
        return type.startsWith("java.lang.VirtualThread")
                || type.startsWith("jdk.internal.")
                || type.startsWith("java.lang.System$")
                || type.equals("java.lang.Thread") && frame.getMethodName().equals("yield")
                || WAITING.contains(type);
    }

    /** {@code debug=1}: equal stacks together, the most frequent first. Frames have no addresses: a hash stands for one. */
    static String profile(Sched sched, long waitedNanos) {
        List<List<StackTraceElement>> all = stacks(sched, waitedNanos);
        StringBuilder out = new StringBuilder(4096);
        out.append("goroutine profile: total ").append(all.size()).append('\n');
        for (Map.Entry<List<StackTraceElement>, Integer> group : groups(all)) {
            out.append(group.getValue()).append(" @");
            stack(out, group.getKey());
        }
        return out.toString();
    }

    /** The same for {@code go tool pprof}. */
    static Pprof pprof(Sched sched, long waitedNanos) {
        List<Pprof.Sample> samples = groups(stacks(sched, waitedNanos)).stream()
                .map(group -> new Pprof.Sample(group.getKey(), group.getValue()))
                .toList();
        return new Pprof(new Pprof.Type("goroutine", "count")).samples(samples);
    }

    private static List<List<StackTraceElement>> stacks(Sched sched, long waitedNanos) {
        long now = Clock.nanotime();
        return sched.goroutines().stream()
                .filter(g -> waitedNanos <= 0 || g.blockedNanos(now) >= waitedNanos)
                .map(g -> List.copyOf(frames(g)))
                .toList();
    }

    private static List<Map.Entry<List<StackTraceElement>, Integer>> groups(List<List<StackTraceElement>> stacks) {
        Map<List<StackTraceElement>, Integer> counts = new HashMap<>();
        stacks.forEach(stack -> counts.merge(stack, 1, Integer::sum));
        List<Map.Entry<List<StackTraceElement>, Integer>> groups = new ArrayList<>(counts.entrySet());
        groups.sort(Map.Entry.<List<StackTraceElement>, Integer>comparingByValue().reversed());
        return groups;
    }

    /** The rest of a line with addresses, then one for each frame, then an empty one. */
    static void stack(StringBuilder out, List<StackTraceElement> frames) {
        for (StackTraceElement frame : frames) {
            out.append(" 0x").append(address(frame));
        }
        out.append('\n');
        for (StackTraceElement frame : frames) {
            out.append("#\t0x").append(address(frame)).append('\t');
            out.append(frame.getClassName()).append('.').append(frame.getMethodName());
            out.append('\t').append(place(frame)).append('\n');
        }
        out.append('\n');
    }

    private static String address(StackTraceElement frame) {
        return Integer.toHexString(frame.hashCode());
    }
}
