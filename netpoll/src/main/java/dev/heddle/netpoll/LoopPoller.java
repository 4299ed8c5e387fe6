package dev.heddle.netpoll;

import dev.heddle.sched.Goroutine;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * How a loop is driven
 *
 * States of a poller, which are those of its binary semaphore (SemaphorePark):
 *
 *   state     semaphore            meaning
 *   IDLE      the goroutine waits  parked: nothing to do that it knew of
 *   QUEUED    empty                made ready, or yielded; on a run queue
 *   RUNNING   empty                makes a pass
 *   NOTIFIED  holds the permit     QUEUED or RUNNING, and something came in meanwhile
 *
 *   from             to        who             when
 *   IDLE             QUEUED    anybody         a task was queued: release() puts the poller into the caller's runnext
 *   IDLE             QUEUED    Master          the loop has I/O: unblock(), the scheduler queues the poller
 *   IDLE             QUEUED    Alarm           the time of the next scheduled task has come: release()
 *   QUEUED           RUNNING   scheduler
 *   QUEUED, RUNNING  NOTIFIED  anybody         a task or I/O, as above: the permit stays
 *   RUNNING          QUEUED    poller          the pass may have left something: goyield()
 *   NOTIFIED         RUNNING   poller          a pass begins: clear(); or acquire() finds the permit: another pass
 *   RUNNING          IDLE      poller          acquire() finds no permit
 *
 * Entry: the goroutine begins in RUNNING. Exit: the loop has terminated.
 *
 * Why no wake-up is lost
 *
 *   Tasks. Whoever queues a task does so before it releases the semaphore. The poller takes the permit, or clears it,
 *   before it looks at the queue. So a task that a pass did not see has left a permit that the next acquire() finds.
 *   Tasks that the poller goroutine queues itself bring no wake-up: it parks only after a look at the queue that came
 *   after all of its own code and found it empty (runTasks returned false, and no event was dispatched afterwards).
 *
 *   I/O. The loop's epoll is registered edge-triggered in the master: an edge comes with each event that enters the
 *   loop's ready list, whether that list was empty or not, but what is left on the list brings no further one. So the
 *   poller parks only after an epoll_wait(0) that returned nothing (`drained`): then the list is empty, and whatever
 *   enters it from then on is an edge, which the master turns into a permit even while the poller still runs. Changes
 *   of interest (a channel that begins to read while bytes are waiting) enter the list like any other event.
 *
 *   Tasks or I/O. A pass that was not caused by I/O does not ask its epoll: `drained` still holds and the master has
 *   reported nothing. The report is a flag that the master sets before it gives the permit; the poller clears it before
 *   it asks its epoll, so an edge whose flag is cleared too much is one whose bytes the epoll_wait returns.
 *
 *   Scheduled tasks. Only the poller goroutine adds to their heap (others queue a task that does), so the time that it
 *   sets its alarm to just before it parks is right.
 *
 *   Shutdown. Netty sets the state, queues a task and calls wakeup(), which also works from the poller goroutine: the
 *   permit makes the next acquire() return.
 *
 * Length of a pass: at most 128 events and twice about 1 ms of tasks. Netty looks at the clock after every 64 tasks, so a
 * task must be short: one that may have much to do does a part of it and queues itself again. If tasks are left, passes without
 * events follow until tasks have had as long as the events before them: what events bring about, answers that are to be
 * written mostly, must not pile up behind more of them. (Half of the time each, as Netty's `ioRatio`.) After events the poller
 * yields to its P's ring, so that the handlers that it has just started run first, and their answers are flushed together
 * by the next pass.
 *
 * Differs from Go, where netpoll readies the goroutines of connections directly: here it readies the loop's poller,
 * which runs channel code and readies those.
 */

/** The body of a poller goroutine: owns one loop for life and runs all its code. */
final class LoopPoller implements Runnable {
    /** The most events of one pass: the size of Go's buffer in {@code netpoll_epoll.go}. */
    static final int MAX_EVENTS = 128;

    /** How long tasks run before others get a turn. A guess: a tenth of the scheduler's quantum. */
    private static final long TASK_BUDGET_NANOS = 1_000_000;

    /** How long a loop rests after an error that got out of a pass, doubled with each in a row up to the longest. Guesses. */
    private static final long FIRST_REST_NANOS = 1_000_000;

    private static final long LONGEST_REST_NANOS = 100_000_000;

    /** Between two errors that are logged; the others are counted. A guess: readable. */
    private static final long LOG_PERIOD_NANOS = 10_000_000_000L;

    private static final Logger LOG = LoggerFactory.getLogger(Netpoll.class);

    private final Loop loop;
    private final Park park;
    private final LoopCounters counters;
    private final Runnable onEnd;

    /** Whether the last look at the loop's epoll or selector found nothing. Owner only. */
    private boolean drained;

    /** How long tasks may still run, if there are any, before events are asked for again. Owner only. */
    private long owedNanos;

    /** How long to rest after the next error; 0 after a pass that was well. Owner only. */
    private long restNanos;

    /** From when an error may be logged again. Owner only. */
    private long logFrom = System.nanoTime();

    /**
     * Makes the body.
     *
     * @param onEnd run once, after the loop has terminated
     */
    LoopPoller(Loop loop, Park park, LoopCounters counters, Runnable onEnd) {
        this.loop = loop;
        this.park = park;
        this.counters = counters;
        this.onEnd = onEnd;
    }

    @Override
    public void run() {
        loop.setOwningThread(Thread.currentThread());
        try {
            // Gives Netty's allocator and recycler their caches, which they deny to virtual threads otherwise
            FastThreadLocalThread.runWithFastThreadLocal(this::untilTerminated);
        } catch (Throwable t) {
            failed(t);
            untilTerminated(); // it had no memory to begin or to end: once only, for its own state may be wrong since
        }
        try {
            loop.end();
        } catch (Throwable t) {
            failed(t);
        }
        onEnd.run();
    }

    /** Throws nothing: what ends a pass, a lack of memory mostly, does not end the loop. */
    private void untilTerminated() {
        while (!loop.isTerminated()) {
            try {
                passes();
            } catch (Throwable t) {
                failed(t);
            }
        }
    }

    /** Ends with the loop, or by an error. */
    private void passes() {
        while (!loop.isTerminated()) {
            boolean more = loop.isShuttingDown() ? shutdownPass() : pass();
            restNanos = 0;
            SpareMemory spare = loop.handler().spare();
            if (spare.isOut()) {
                spare.refill();
                if (!spare.isOut()) {
                    loop.handler().recovered();
                }
                more = true; // those that listen, and connections that could not be closed, are not looked at meanwhile
            }
            if (more) {
                Goroutine.goyield();
            } else {
                await();
            }
        }
    }

    private void await() {
        long deadline = loop.nextTaskDeadline();
        if (deadline == Alarm.NONE || deadline > loop.ticker().nanoTime()) {
            counters.woken(park.await(deadline));
        }
    }

    /** Runs what there is. Returns whether there may be more to do at once. */
    private boolean pass() {
        park.clear();
        boolean moreTasks = runTasks();
        if (moreTasks && owedNanos > 0) {
            counters.taskPass();
            return true;
        }
        if (!park.takeIoReady() && drained && !loop.handler().mustRun()) {
            counters.taskPass();
            return moreTasks;
        }
        drained = false;
        int events = loop.runNow(-1);
        counters.pass(events);
        owedNanos = loop.handler().activeNanos();
        if (events > 0 || !loop.handler().isComplete()) {
            runTasks(); // of other Ps, which came in meanwhile
            return true;
        }
        drained = true;
        return moreTasks;
    }

    /** Runs tasks until there are none or the budget is used up. Returns whether there may be more. */
    private boolean runTasks() {
        long start = System.nanoTime();
        if (loop.runNonBlockingTasks(TASK_BUDGET_NANOS) == 0) {
            return false;
        }
        // Netty measured from a later point: if it stopped for the time, the time is over by this clock too
        long nanos = System.nanoTime() - start;
        counters.ranTasks(nanos);
        owedNanos -= nanos;
        return nanos >= TASK_BUDGET_NANOS;
    }

    private boolean shutdownPass() {
        loop.runNow();
        return true;
    }

    /** Counts and says it, and rests. Never throws: what there is no memory for is left out. */
    private void failed(Throwable t) {
        counters.failed();
        loop.handler().spare().release();
        drained = false;
        restNanos = Math.clamp(2 * restNanos, FIRST_REST_NANOS, LONGEST_REST_NANOS);
        try {
            long now = System.nanoTime();
            if (now - logFrom >= 0) {
                LOG.error("netpoll loop {}: a pass failed, the next follows. One in 10 s is logged", loop.id(), t);
                logFrom = now + LOG_PERIOD_NANOS; // not before: there may have been no memory to say so
            }
            Thread.interrupted(); // by a stranger: a poller ends only with its netpoll
            Goroutine.sleep(Duration.ofNanos(restNanos));
        } catch (Throwable again) {
            Goroutine.goyield();
        }
    }
}
