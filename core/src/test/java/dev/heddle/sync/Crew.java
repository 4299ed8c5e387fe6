package dev.heddle.sync;

import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Those who do the work of a test: goroutines, threads, or both. The first failure of one of them is that of the test. */
final class Crew implements AutoCloseable {
    /** Of what kind they are. */
    enum Kind {
        /** Goroutines on one P: they run in turn. */
        GOROUTINES_ON_ONE,
        /** Goroutines on four Ps: more than the machine may have processors. */
        GOROUTINES_ON_FOUR,
        /** Platform threads. */
        THREADS,
        /** Virtual threads of the JDK's own scheduler. */
        VIRTUAL_THREADS,
        /** One after the other. */
        MIXED
    }

    /** What one of them does. */
    interface Body {
        void run() throws Exception;
    }

    private static final Duration LIMIT = Duration.ofSeconds(Long.getLong("heddle.test.limit.seconds", 20));
    private static final long ASKED_SECONDS = Long.getLong("heddle.stress.seconds", 0);
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Kind kind;
    private final Scheduler scheduler;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger started = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private volatile Throwable failure;

    Crew(Kind kind) {
        this(kind, SchedulerConfig.defaults().quantum());
    }

    private Crew(Kind kind, Duration quantum) {
        this.kind = kind;
        this.scheduler = Scheduler.start(SchedulerConfig.defaults()
                .withName("sync" + COUNT.incrementAndGet())
                .withQuantum(quantum)
                .withProcs(kind == Kind.GOROUTINES_ON_ONE ? 1 : 4));
    }

    /** Goroutines on one P that is never taken from them: one after the other, in an order that a test can tell. */
    static Crew inTurn() {
        return new Crew(Kind.GOROUTINES_ON_ONE, Duration.ofSeconds(1_000));
    }

    /** How long a stress test runs: what was asked for by {@code -Dheddle.stress.seconds}, else what the build can afford. */
    static long stressNanos(long millisInTheBuild) {
        return ASKED_SECONDS > 0 ? ASKED_SECONDS * 1_000_000_000L : millisInTheBuild * 1_000_000L;
    }

    Scheduler scheduler() {
        return scheduler;
    }

    /** Starts another one. */
    Thread go(Body body) {
        int number = started.getAndIncrement();
        Runnable guarded = () -> {
            try {
                body.run();
            } catch (Throwable e) {
                if (failure == null) {
                    failure = e;
                }
            } finally {
                ended.incrementAndGet();
            }
        };
        Kind each = kind == Kind.MIXED ? Kind.values()[1 + number % 3] : kind;
        Thread thread = switch (each) {
            case THREADS -> Thread.ofPlatform().daemon(true).start(guarded);
            case VIRTUAL_THREADS -> Thread.ofVirtual().start(guarded);
            default -> scheduler.go(guarded).thread();
        };
        synchronized (threads) {
            threads.add(thread);
        }
        return thread;
    }

    /** Waits until all have ended. */
    void join() {
        await("all have ended", () -> ended.get() == started.get());
    }

    /** Starts one and waits until all have ended. */
    void run(Body body) {
        go(body);
        join();
    }

    /** Waits until the condition holds. */
    void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            check();
            if (System.nanoTime() - begin > LIMIT.toNanos()) {
                throw new AssertionError(what + ": not within " + LIMIT + '\n' + dump());
            }
            LockSupport.parkNanos(50_000);
        }
        check();
    }

    private void check() {
        if (failure != null) {
            throw new AssertionError(dump(), failure);
        }
    }

    private String dump() {
        StringBuilder out = new StringBuilder(scheduler.dump());
        synchronized (threads) {
            for (Thread thread : threads) {
                if (thread.isAlive()) {
                    out.append('\n').append(thread).append('\n');
                    for (StackTraceElement frame : thread.getStackTrace()) {
                        out.append("\tat ").append(frame).append('\n');
                    }
                }
            }
        }
        for (Map.Entry<Thread, StackTraceElement[]> each : Thread.getAllStackTraces().entrySet()) {
            if (each.getKey().getName().startsWith(scheduler.config().name())) {
                out.append('\n').append(each.getKey()).append(": ").append(each.getValue().length).append(" frames\n");
            }
        }
        return out.toString();
    }

    @Override
    public void close() {
        scheduler.close();
    }
}
