package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;

/**
 * Whether a scheduler takes goroutines, and who waits for those that it has: {@link Scheduler#shutdown}.
 *
 * <table>
 * <caption>States</caption>
 * <tr><th>state</th><th>accepted are</th><th>who leaves it, and to where</th></tr>
 * <tr><td>OPEN</td><td>all</td><td>the first shutdown, to CLOSED</td></tr>
 * <tr><td>CLOSED</td><td>children of goroutines that are waited for, and functions of timers</td><td>the shutdown, to ENDED:
 * when it has counted none, or its time is over</td></tr>
 * <tr><td>ENDED</td><td>none</td><td>the shutdown, to CLOSED, if it counts some after all before its time is over; then to
 * OVER</td></tr>
 * <tr><td>OVER</td><td>none: the threads have ended, but for those inside goroutines that compute or block</td><td>nobody
 * </td></tr>
 * </table>
 *
 * <p>Why none is accepted that nobody runs: a start counts the goroutine ({@link AllGs#add}) and then looks at the state; the
 * shutdown sets the state and then counts, so one of them sees the other. Either the goroutine is among those that are waited
 * for, or its start is refused and takes it out of the count again. A refused one may hold the shutdown up for a moment.
 *
 * <p>Why none is overlooked: goroutines come and go while they are counted, but {@link AllGs#liveUsers} says zero only if there
 * was a moment without any. From that moment on only functions of timers can have come, since nobody is there to have
 * children; ENDED keeps those out, and the second count finds those that came before it. They are waited for as the others
 * were.
 *
 * <p>Who joins a goroutine that stays behind must not wait for ever. A joiner queues ({@link AllGs#addJoiner}) and then looks at
 * the state; OVER is set before all who have queued are woken. What an M has on its stack at that time may still end, so its
 * joiners wait on, and look again when an M has ended ({@link #threadEnded}).
 */
final class Life {
    static final int OPEN = 0;
    static final int CLOSED = 1;
    static final int ENDED = 2;
    static final int OVER = 3;

    private static final VarHandle UNTIL;

    static {
        try {
            UNTIL = MethodHandles.lookup().findVarHandle(Life.class, "until", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** 10 ms between two looks, for what nobody tells: a start that was refused, a goroutine that has moved to another M. */
    private static final long LOOK_AGAIN_NANOS = 10_000_000;

    private final AllGs allGs;
    private final String name;
    private volatile int state = OPEN;
    /** When the shortest grace is over. */
    private volatile long until = Long.MAX_VALUE;
    /** The thread that shuts the scheduler down, while it waits. */
    private volatile Thread waiter;

    Life(AllGs allGs, String name) {
        this.allGs = allGs;
        this.name = name;
    }

    /**
     * Counts a goroutine in that is about to start.
     *
     * @param starter the goroutine that starts it, or null
     * @throws RejectedExecutionException if it is not accepted any more
     */
    void admit(G g, G starter) {
        allGs.add(g);
        int now = state; // pairs with the stores of the shutdown, which counts after each
        if (now != OPEN && (now != CLOSED || !isWaitedFor(g, starter))) {
            allGs.refuse(g);
            throw new RejectedExecutionException("scheduler " + name + " is closed");
        }
    }

    /** Those that serve the others, such as pollers, are not waited for, and bring work from outside. */
    private static boolean isWaitedFor(G g, G starter) {
        return g.accepted || starter != null && starter.sched == g.sched && !starter.system;
    }

    boolean isOpen() {
        return state == OPEN;
    }

    boolean isOver() {
        return state == OVER;
    }

    // -- by shutdowns --

    void close() {
        state = CLOSED;
    }

    /** Shortens the grace to end at that time, if it would not end before. */
    void endBy(long time) {
        long before;
        do {
            before = until;
        } while (time < before && !UNTIL.compareAndSet(this, before, time));
        LockSupport.unpark(waiter);
    }

    /** Waits until there are no goroutines, or until the grace is over or the caller interrupted. True in ENDED. */
    boolean awaitGrace() {
        return await(true, 0);
    }

    /** Waits on when the grace is over, until the time given or until the caller is interrupted. True in ENDED. */
    boolean awaitUntil(long time) {
        return await(false, time);
    }

    private boolean await(boolean grace, long time) {
        waiter = Thread.currentThread();
        try {
            while (!isEmpty()) {
                long left = (grace ? until : time) - Clock.nanotime();
                if (left <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, Math.min(left, LOOK_AGAIN_NANOS));
                if (Thread.interrupted()) { // else the next park would not wait
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
            return true;
        } finally {
            waiter = null;
        }
    }

    /** To ENDED, if there are none. */
    private boolean isEmpty() {
        if (allGs.liveUsers() > 0) {
            return false;
        }
        state = ENDED;
        if (allGs.liveUsers() == 0) { // pairs with the count of a start
            return true;
        }
        state = CLOSED;
        return false;
    }

    /** Accepts nothing more, whatever lives. */
    void end() {
        state = ENDED;
    }

    /** The threads have ended, or will not. */
    void over() {
        state = OVER;
        allGs.wakeJoiners();
    }

    // -- by others --

    /** A goroutine has ended. */
    void goroutineEnded() {
        Thread waiting = waiter;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    /** An M has ended. */
    void threadEnded() {
        if (state == OVER) {
            allGs.wakeJoiners();
        }
    }
}
