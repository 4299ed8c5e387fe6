package dev.heddle.netpoll;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The counters of one loop. Only the loop's poller goroutine writes; anybody reads. Opaque access is enough: each
 * figure is right by itself, and nothing is ordered by them.
 */
final class LoopCounters {
    private static final VarHandle VALUES = MethodHandles.arrayElementVarHandle(long[].class);

    private static final int PASSES = 0;
    private static final int TASK_PASSES = 1;
    private static final int EVENTS = 2;
    private static final int IO_WAKEUPS = 3;
    private static final int TASK_WAKEUPS = 4;
    private static final int TIMER_WAKEUPS = 5;
    private static final int DISPATCH_NANOS = 6;
    private static final int TASK_NANOS = 7;
    private static final int FAILURES = 8;
    private static final int BLOCKED_NANOS = 9;
    private static final int COUNT = 10;

    private final long[] values = new long[COUNT];

    void pass(int events) {
        add(PASSES, 1);
        add(EVENTS, events);
    }

    void taskPass() {
        add(TASK_PASSES, 1);
    }

    void woken(Park.Cause cause) {
        switch (cause) {
            case IO -> add(IO_WAKEUPS, 1);
            case TASK -> add(TASK_WAKEUPS, 1);
            case TIMER -> add(TIMER_WAKEUPS, 1);
        }
    }

    void dispatched(long nanos) {
        add(DISPATCH_NANOS, nanos);
    }

    void ranTasks(long nanos) {
        add(TASK_NANOS, nanos);
    }

    void failed() {
        add(FAILURES, 1);
    }

    void blocked(long nanos) {
        add(BLOCKED_NANOS, nanos);
    }

    long blockedNanos() {
        return read(BLOCKED_NANOS);
    }

    NetpollStats.Loop snapshot(int id) {
        return new NetpollStats.Loop(
                id,
                read(PASSES),
                read(TASK_PASSES),
                read(EVENTS),
                read(IO_WAKEUPS),
                read(TASK_WAKEUPS),
                read(TIMER_WAKEUPS),
                read(DISPATCH_NANOS),
                read(TASK_NANOS),
                read(FAILURES));
    }

    private void add(int index, long amount) {
        VALUES.setOpaque(values, index, values[index] + amount);
    }

    private long read(int index) {
        return (long) VALUES.getOpaque(values, index);
    }
}
