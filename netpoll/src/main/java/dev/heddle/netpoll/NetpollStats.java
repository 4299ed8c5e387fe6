package dev.heddle.netpoll;

import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What a {@link Netpoll} has done, read without stopping it: each figure is right by itself, sums may be off by what
 * happened while they were read. Counters start at zero when the netpoll is opened and never fall; times are
 * nanoseconds.
 *
 * @param kind what is in use: {@code EPOLL} or {@code NIO}, never {@code AUTO}
 * @param nonBlockingPolls polls of the master that did not wait; 0 with NIO
 * @param blockingPolls polls of the master that could wait; 0 with NIO
 * @param blockedNanos time that threads spent waiting for readiness: in the master, or with NIO in the selectors
 * @param breaks times that the thread blocked in the master was woken by the scheduler (Go's {@code netpollBreak})
 * @param perLoop one entry for each loop, by number
 */
public record NetpollStats(
        NetpollConfig.Kind kind,
        long nonBlockingPolls,
        long blockingPolls,
        long blockedNanos,
        long breaks,
        List<Loop> perLoop) {

    /**
     * One loop.
     *
     * @param id its number, from 0
     * @param passes passes that asked the loop's own epoll or selector, without waiting
     * @param taskPasses passes that only ran tasks
     * @param events I/O events dispatched
     * @param ioWakeups times that the parked poller was woken because its loop had I/O
     * @param taskWakeups times that the parked poller was woken because a task was queued
     * @param timerWakeups times that the parked poller woke for a scheduled task
     * @param dispatchNanos time spent in dispatching I/O events
     * @param taskNanos time spent in running tasks
     * @param failures passes that ended with an error, and channels given up for one; one in 10 s is logged
     */
    public record Loop(
            int id,
            long passes,
            long taskPasses,
            long events,
            long ioWakeups,
            long taskWakeups,
            long timerWakeups,
            long dispatchNanos,
            long taskNanos,
            long failures) {

        /** Returns the wake-ups of all causes. */
        public long wakeups() {
            return ioWakeups + taskWakeups + timerWakeups;
        }
    }

    /** Returns the passes of all loops that asked the operating system. */
    public long passes() {
        return sum(Loop::passes);
    }

    /** Returns the passes of all loops that only ran tasks. */
    public long taskPasses() {
        return sum(Loop::taskPasses);
    }

    /** Returns the I/O events dispatched by all loops. */
    public long events() {
        return sum(Loop::events);
    }

    /** Returns the wake-ups of all pollers, of all causes; {@link #breaks} not included. */
    public long wakeups() {
        return sum(Loop::wakeups);
    }

    /** Returns the errors of channel code that got into loops, see {@link Loop#failures}. */
    public long failures() {
        return sum(Loop::failures);
    }

    /** Returns the time that all loops spent in dispatching I/O events and running tasks. */
    public long busyNanos() {
        return sum(Loop::dispatchNanos) + sum(Loop::taskNanos);
    }

    private long sum(ToLongFunction<Loop> figure) {
        return perLoop.stream().mapToLong(figure).sum();
    }
}
