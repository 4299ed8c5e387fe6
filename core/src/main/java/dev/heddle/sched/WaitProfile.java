package dev.heddle.sched;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/**
 * Time that goroutines lose, summed by stack, since it was switched on: Go's block and mutex profiles. As text, and in the format
 * of {@code go tool pprof}.
 *
 * <p>{@link Scheduler#blockProfile} has waits for channels, selects, locks, semaphores and wait groups, at the stack of who
 * waited, when the wait is over; as in Go neither sleeping nor waiting for the network. Not in it is what parks by the JDK's
 * means: code of the JDK, {@code join}, a {@code TaskGroup}.
 * {@link Scheduler#mutexProfile} has the waits that holders of a {@code dev.heddle.sync.Mutex} cause, at the stack of the
 * unlock that ended one.
 *
 * <p>Off until it is given a rate, and then a wait, or the end of one at a mutex, costs one plain read.
 */
public final class WaitProfile {
    /** Different stacks that are kept; waits at others are only counted. A guess: a server has hundreds. */
    private static final int MAX_STACKS = 10_000;

    private static final Object SWITCHING = new Object();

    /** How many schedulers have it on. Plain: a thread that sees that late misses some waits, which are samples anyway. */
    private static int blockOn;

    private static int mutexOn;

    /** What is summed. */
    enum Kind {
        BLOCK,
        MUTEX
    }

    /** Of one stack. */
    private static final class Sum {
        final DoubleAdder count = new DoubleAdder();
        final LongAdder nanos = new LongAdder();
    }

    private final Kind kind;
    private final Map<List<StackTraceElement>, Sum> sums = new ConcurrentHashMap<>();
    private final LongAdder lost = new LongAdder();
    private volatile long rate;

    WaitProfile(Kind kind) {
        this.kind = kind;
    }

    static boolean isBlockOn() {
        return blockOn != 0;
    }

    static boolean isMutexOn() {
        return mutexOn != 0;
    }

    /**
     * Switches it on, off, or to another rate. What was summed stays.
     *
     * @param rate of waits: one sample for so many nanoseconds of waiting (Go's {@code SetBlockProfileRate}); of mutexes: one of
     *     so many contentions ({@code SetMutexProfileFraction}); 1 takes all, zero or less none
     */
    public void rate(long rate) {
        synchronized (SWITCHING) {
            int change = (rate > 0 ? 1 : 0) - (this.rate > 0 ? 1 : 0);
            this.rate = Math.max(0, rate);
            if (kind == Kind.BLOCK) {
                blockOn += change;
            } else {
                mutexOn += change;
            }
        }
    }

    /** Returns the rate; 0: it is off. */
    public long rate() {
        return rate;
    }

    /** Forgets what has been summed. */
    public void reset() {
        sums.clear();
        lost.reset();
    }

    /** A wait of the caller's is over. Go's {@code blockevent}. */
    void waited(long nanos) {
        long each = rate;
        if (each <= 0 || each > nanos && ThreadLocalRandom.current().nextLong(each) > nanos) {
            return;
        }
        if (nanos < each) { // short waits are seen seldom, and stand for those that are not
            add(each / (double) Math.max(1, nanos), each);
        } else {
            add(1, nanos);
        }
    }

    /** The caller has unlocked what another one had waited for. Go's {@code mutexevent}. */
    void contended(long nanos) {
        long each = rate;
        if (each > 0 && ThreadLocalRandom.current().nextLong(each) == 0) {
            add(each, Math.max(0, nanos) * each);
        }
    }

    private void add(double count, long nanos) {
        if (!StackProbe.room()) {
            return;
        }
        try {
            List<StackTraceElement> stack = List.copyOf(GoroutineDump.trim(List.of(new Throwable().getStackTrace())));
            Sum sum = sums.get(stack);
            if (sum == null && sums.size() >= MAX_STACKS) {
                lost.increment();
                return;
            }
            sum = sum == null ? sums.computeIfAbsent(stack, _ -> new Sum()) : sum;
            sum.count.add(count);
            sum.nanos.add(nanos);
        } catch (VirtualMachineError e) { // a sample is not worth more
            lost.increment();
        }
    }

    /** Returns what has been summed in the shape of Go's {@code debug=1}, the longest first. */
    public String text() {
        StringBuilder out = new StringBuilder(1024);
        out.append(kind == Kind.BLOCK ? "--- contention:\n" : "--- mutex:\n");
        out.append("cycles/second=1000000000\nsampling period=").append(rate).append('\n');
        for (Pprof.Sample sample : samples()) {
            out.append(sample.values()[1]).append(' ').append(sample.values()[0]).append(" @");
            GoroutineDump.stack(out, sample.stack());
        }
        if (lost.sum() != 0) {
            out.append("# ").append(lost.sum()).append(" waits at more than ").append(MAX_STACKS).append(" stacks are not here\n");
        }
        return out.toString();
    }

    /**
     * Writes what has been summed for {@code go tool pprof} ({@code profile.proto}, compressed).
     *
     * @param out is not closed
     */
    public void writeTo(OutputStream out) throws IOException {
        new Pprof(new Pprof.Type("contentions", "count"), new Pprof.Type("delay", "nanoseconds"))
                .samples(samples())
                .writeTo(out);
    }

    private List<Pprof.Sample> samples() {
        return sums.entrySet().stream()
                .map(e -> new Pprof.Sample(
                        e.getKey(), Math.round(e.getValue().count.sum()), e.getValue().nanos.sum()))
                .sorted(Comparator.comparingLong((Pprof.Sample sample) -> sample.values()[1]).reversed())
                .toList();
    }
}
