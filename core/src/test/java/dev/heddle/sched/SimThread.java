package dev.heddle.sched;

import jdk.internal.vm.Continuation;

/**
 * A platform thread of the simulation: a coroutine that runs until {@link Sim} lets another one go on. What the kernel
 * knows of a thread is here: whether it sleeps, until when, and what processor time it has used.
 */
final class SimThread {
    static final long NEVER = Long.MAX_VALUE;

    final int id;
    final String name;
    /** What the code under test takes for the thread. */
    final Thread thread;
    private final Continuation stack;
    /** The goroutine whose stack runs on this thread just now, or null. */
    SimGoroutine mounted;
    long cpuNanos;
    /** See {@link OsPriority}. */
    int level;
    /** Part of the scenario that ends by itself, as opposed to Ms and sysmon. */
    final boolean foreign;

    private boolean parked;
    private boolean permit;
    private long deadline;
    boolean ended;
    /** Sleeps because a lock was held, and will look again: is half-way through something. */
    boolean waitsForLock;
    /** For {@link SimOrder}. */
    int priority;
    int frozen;
    boolean spins;

    SimThread(int id, String name, Thread thread, boolean foreign, Runnable body) {
        this.id = id;
        this.name = name;
        this.thread = thread;
        this.foreign = foreign;
        this.stack = new Continuation(Sim.SCOPE, body);
    }

    /** Goes on with this thread until it gives way. */
    void resume() {
        if (parked) {
            parked = false;
            permit = false;
        }
        SimGoroutine goroutine = mounted;
        if (goroutine == null) {
            stack.run();
            ended = stack.isDone();
        } else if (goroutine.resume()) {
            mounted = null; // it has left the stack; this thread goes on below it
        }
    }

    /** Sleeps until {@link #unpark}, or for a time. Called on this thread. */
    void park(Sim sim, long until) {
        if (permit) {
            permit = false;
            return;
        }
        parked = true;
        deadline = until;
        Continuation.yield(Sim.SCOPE);
    }

    void unpark() {
        permit = true;
    }

    boolean isParked() {
        return parked && !permit;
    }

    boolean canRun(long now) {
        return !ended && (!parked || permit || deadline <= now);
    }

    /** Until when it sleeps, or {@link #NEVER}. Only of a thread that cannot run. */
    long deadline() {
        return ended ? NEVER : deadline;
    }

    @Override
    public String toString() {
        return name + (mounted == null ? "" : "/" + mounted) + (ended ? " ended" : isParked() ? " parked" : "");
    }
}
