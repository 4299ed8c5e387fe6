package dev.heddle.examples.tour;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sched.SchedulerConfig;
import dev.heddle.sched.Syscall;
import dev.heddle.sched.TraceEvent;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A scheduler of its own for one scenario, which records everything that it does. */
final class Stage implements AutoCloseable {
    /** Nothing here takes longer than that. */
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Where to write the trace of what happens on a stage, when it is closed by whoever bound this. */
    static final ScopedValue<Path> TRACE = ScopedValue.newInstance();

    private static final long MAX_BYTES = 32 << 20;

    /** So long that no goroutine loses its P for computing. */
    private static final Duration NO_PREEMPTION = Duration.ofHours(1);

    final Scheduler scheduler;

    private Stage(SchedulerConfig config, boolean spare) {
        scheduler = Scheduler.start(config.withName("tour"));
        if (spare) {
            awaitEnd(go("first call", () -> Syscall.call(() -> 0)));
            awaitRest();
        }
        scheduler.flightRecorder().start(LIMIT, MAX_BYTES);
    }

    /** With Go's quantum of 10 ms. */
    static Stage preemptive(int procs) {
        return new Stage(SchedulerConfig.defaults().withProcs(procs), false);
    }

    static Stage calm(int procs) {
        return new Stage(SchedulerConfig.defaults().withProcs(procs).withQuantum(NO_PREEMPTION), false);
    }

    /** After a blocking call, the first of which waits until a second thread has been made. */
    static Stage afterACall(int procs) {
        return new Stage(SchedulerConfig.defaults().withProcs(procs).withQuantum(NO_PREEMPTION), true);
    }

    Goroutine go(String name, Runnable body) {
        return scheduler.go(name, body);
    }

    /** What has been recorded so far. */
    List<TraceEvent> events() {
        return scheduler.flightRecorder().events();
    }

    /** Waits, on a thread that is no goroutine, until the condition holds. */
    void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - begin > LIMIT.toNanos()) {
                throw new IllegalStateException(what + ": not within " + LIMIT + "\n" + scheduler.dump());
            }
            LockSupport.parkNanos(100_000);
        }
    }

    /** Waits until there is such an event. */
    void await(TraceEvent.Type type, Goroutine g) {
        await(type + " of " + g, () -> events().stream().anyMatch(e -> e.type() == type && e.goroutine() == g.id()));
    }

    void awaitEnd(Goroutine... all) {
        for (Goroutine g : all) {
            await(g + " has ended", () -> g.state() == Goroutine.State.DEAD);
        }
    }

    /** Waits until every P is idle and every thread parked. */
    void awaitRest() {
        await("all Ps are idle", () -> scheduler.stats().perProc().stream()
                .allMatch(p -> p.status().equals("idle")));
        await("all threads are parked", () -> scheduler.stats().threads().spare()
                == scheduler.stats().threads().total());
    }

    /** Computes, on a goroutine, until the condition holds: no scheduling point on the way. */
    static void compute(BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
            if (System.nanoTime() - begin > 2 * LIMIT.toNanos()) {
                throw new IllegalStateException("nothing came for twice " + LIMIT);
            }
        }
    }

    @Override
    public void close() {
        if (TRACE.isBound()) {
            try (OutputStream out = Files.newOutputStream(TRACE.get())) {
                scheduler.flightRecorder().writeTo(out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        scheduler.close();
    }
}
