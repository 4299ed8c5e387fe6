package dev.heddle.netpoll;

import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;

/** A scheduler with a netpoll for one test. Closing it ends everything, and fails if a goroutine died of an error. */
public final class World implements AutoCloseable {
    /** How long anything in a test may take before it counts as lost. */
    public static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Code that may throw. */
    @FunctionalInterface
    public interface Body {
        void run() throws Exception;
    }

    private final Scheduler scheduler;
    private final Netpoll netpoll;
    private final List<Goroutine> started = new ArrayList<>();
    private final ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();

    private World(Scheduler scheduler, Netpoll netpoll) {
        this.scheduler = scheduler;
        this.netpoll = netpoll;
    }

    /** Opens a world with the defaults. */
    public static World open(Kind kind) throws IOException {
        return open(SchedulerConfig.defaults(), NetpollConfig.defaults().withKind(kind));
    }

    public static World open(SchedulerConfig scheduler, NetpollConfig netpoll) throws IOException {
        Scheduler started = Scheduler.start(scheduler.withName("test"));
        try {
            return new World(started, Netpoll.open(started, netpoll));
        } catch (Throwable t) {
            started.close();
            throw t;
        }
    }

    public Scheduler scheduler() {
        return scheduler;
    }

    public Netpoll netpoll() {
        return netpoll;
    }

    /** Starts a goroutine whose error fails the test. */
    public synchronized Goroutine go(Body body) {
        Goroutine g = scheduler.go("body", () -> {
            try {
                body.run();
            } catch (Throwable t) {
                errors.add(t);
            }
        });
        started.add(g);
        return g;
    }

    /** Waits until all goroutines of {@link #go} have ended, and throws what any of them threw. */
    public void join() throws Exception {
        List<Goroutine> all;
        synchronized (this) {
            all = List.copyOf(started);
        }
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (Goroutine g : all) {
            if (!g.join(Duration.ofNanos(deadline - System.nanoTime()))) {
                throw new AssertionError("goroutine " + g.id() + " has not ended\n" + dump());
            }
        }
        check();
    }

    /** Waits until a condition holds; fails with a dump if it does not within {@link #PATIENCE}. */
    public void await(String what, BooleanSupplier condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            check();
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + PATIENCE + ": " + what + "\n" + dump());
            }
            Thread.sleep(1); // between two looks
        }
    }

    private void check() throws Exception {
        Throwable first = errors.peek();
        if (first != null) {
            throw new AssertionError("a goroutine failed\n" + dump(), first);
        }
    }

    private String dump() {
        return netpoll.stats() + "\n" + scheduler.dump();
    }

    @Override
    public void close() throws Exception {
        netpoll.close();
        boolean ended = scheduler.shutdown(PATIENCE);
        check();
        if (!ended) {
            throw new AssertionError("goroutines are left\n" + dump());
        }
    }
}
