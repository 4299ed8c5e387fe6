package dev.heddle.netpoll;

import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.ManualIoEventLoop;
import io.netty.util.internal.PlatformDependent;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** One of Netty's event loops, driven by its {@link LoopPoller}. A class of its own only to reach what is protected. */
final class Loop extends ManualIoEventLoop {
    /** More than a part of Netty's task queue has (1024): so many tasks make it grow. */
    private static final int GROWS = 4_000;

    static {
        // The JVM links what a queue does when it grows at the first time, in the middle of it: without memory for that the queue
        // would be stuck for ever
        Queue<Runnable> queue = PlatformDependent.newMpscQueue();
        Runnable task = queue::clear;
        for (int i = 0; i < GROWS; i++) {
            queue.offer(task);
        }
        while (queue.poll() != null) {
            continue;
        }
    }

    private final int id;
    private final LoopHandler handler;

    /** Netty's task queue. Written by the poller goroutine, published by {@link LoopHandler#afterEnd}. */
    private Queue<Runnable> tasks;

    /** A scheduled task whose time has come, on its way into the task queue. Owner only. */
    private Runnable due;

    Loop(IoEventLoopGroup group, int id, LoopHandler.Factory factory) {
        super(group, null, factory);
        this.id = id;
        this.handler = factory.made();
    }

    int id() {
        return id;
    }

    LoopHandler handler() {
        return handler;
    }

    /** Returns when the next scheduled task is due, by the ticker; {@link Alarm#NONE} if there is none. */
    long nextTaskDeadline() {
        long deadline = nextScheduledTaskDeadlineNanos();
        return deadline == -1 ? Alarm.NONE : deadline;
    }

    /** Netty's, but that a task is kept for the next pass if the queue has no memory for it. */
    @Override
    protected boolean fetchFromScheduledTaskQueue(Queue<Runnable> taskQueue) {
        tasks = taskQueue;
        long now = getCurrentTimeNanos();
        while (true) {
            if (due == null) {
                due = pollScheduledTask(now);
            }
            if (due == null) {
                return true;
            }
            taskQueue.offer(due);
            due = null;
        }
    }

    /**
     * The poller goroutine's last act. Netty's loop queues a task first and asks afterwards whether it has ended, so a
     * task may arrive after the last look at the queue. What came before this call is run; what comes later is
     * rejected.
     */
    void end() {
        handler.afterEnd(this::rejectLate);
        runNonBlockingTasks(0);
    }

    private void rejectLate() {
        if (!tasks.isEmpty()) {
            throw new RejectedExecutionException("netpoll loop " + id + " is closed");
        }
    }

    /** Ends a loop that never got a poller goroutine; the caller becomes its thread. */
    void abandon() {
        setOwningThread(Thread.currentThread());
        shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
        while (!isTerminated()) {
            runNow();
        }
        end();
    }
}
