package dev.heddle.sched;

import java.lang.invoke.VarHandle;

/**
 * Mistakes that the protocols avoid, each as one call in the shipped code that is not made, or that is made to something
 * else. {@link SimRewriter} puts them in, {@link Sim#broken} says which one is on.
 *
 * <p>Fences cannot be broken here: the simulation runs one thread at a time, so every store is seen by all at once. The
 * jcstress tests do that. Nor is every mistake seen that could be made: that a queue is called empty by one look, that the
 * owner announces nobody whom it moves from its inbox, and that a P is handed off without a word about its timers was not
 * found in 100,000 runs each, since other wake-ups cover it nearly always.
 */
enum SimTwin {
    /** The last spinner does not look again after it has lowered nmspinning. */
    NO_RECHECK("FindRunnable.releaseOrContinue", "FindRunnable.recheck", 0),
    /** Whoever releases a P does not see that a submitter found neither a spinner nor an idle P (golang/go#45867). */
    NO_NEEDSPINNING("", "Idle.needspinning", 0),
    /** The spinner that found work does not wake the next. */
    NO_CHAIN("Idle.resetspinning", "Idle.wakep", 0),
    /** A goroutine that yields goes to the global queue and is announced to nobody (golang/go#55160). */
    SILENT_YIELD("M.requeue", "Idle.wakep", 0),
    /** A spinner whose P is one too many gives it up, and nobody looks again in its place. */
    GIVES_UP_SILENTLY("FindRunnable.giveUp", "Idle.wakep", 0),
    /** The timers of a P that dies stay there. */
    LEAVES_TIMERS("Procresize.shrink", "Procresize.moveTimers", 0),
    /** A P changes hands and its word does not tell. */
    NO_EPOCH("", "PState.nextEpoch", "sameEpoch"),
    /** A P is handed to an M that says that it is a spare, and stays on the list. */
    HANDED_TO_WHO_LOOKS_IDLE("", "Spares.mgetOrRequest", "whoLooksIdle"),
    /** A spare that is just being handed a P ends. */
    RETIRES_BLINDLY("Spares.stopm", "Spares.retire", 1),
    /** The M lets go of a goroutine without looking whether it was woken meanwhile. */
    LETS_GO_BLINDLY("M.settle", "G.letGo", "letGo"),
    /** The goroutine can be found before its status says that it waits. */
    WAITS_TOO_LATE("M.unmounted", "G.waiting", 0),
    /** Park looks for the permit, then waits. */
    CHECKS_THEN_PARKS("BinarySemaphore.park", "java/lang/invoke/VarHandle.compareAndSet", "checkThenSet"),
    /** A thief stores the new head instead of contending for it. */
    STEALS_BY_STORE("RunQueue.grab", "java/lang/invoke/VarHandle.compareAndSet", "store"),
    /** Sysmon takes the P whatever has become of the slice that it measured. */
    RETAKES_BLINDLY("Retake.take", "P.cas", "storeWord"),
    /** The owner takes its P back from RUNNING or SYSCALL without asking whether it still has it. */
    ENTERS_BLINDLY("M.enterSched", "P.cas", "storeWord"),
    /** The same on the way out of a call. */
    RETURNS_BLINDLY("DeclaredCall.leave", "M.casStatus", "storeStatus"),
    /** A P that is handed off goes to the idle list whatever is queued on it. */
    HANDOFF_LEAVES_WORK("Handoff.handoffp", "P.isEmpty", 1),
    /** The sleeping poller is not told of an earlier timer. */
    NO_BREAK("", "Netpoller.breakIfLater", 0),
    /** Two Ms block in the netpoller. */
    TWO_POLLERS("Netpoller.block", "java/lang/invoke/VarHandle.getAndSet", "readOnly"),
    /** Whoever goes into a call does not ask whether somebody is left. */
    NEVER_ASKS("DeclaredCall.enterUnasked", "Reserve.mustAsk", 0),
    /** The end of a call does not look who waits for its place. */
    LEAVES_NO_ROOM("DeclaredCall.leave", "Reserve.lookFromGoroutine", 0),
    /** A P is taken out of a call, and its M is not counted any more. */
    NOT_AWAY("Retake.takeFrom", "Reserve.leaves", 0),
    /** A goroutine that computes keeps its P. */
    KEEPS_ITS_P("Retake.retakeRunning", "Retake.mayLoseIt", 0),
    /** An M that has a P again stays as low as sysmon has put it. */
    NOT_RAISED("", "Hog.ends", 1),
    /** An M that is born is told to nobody. */
    BORN_SILENTLY("Threads.create", "Reserve.look", 0);

    static {
        // what takes several rare things at once is looked for among the few kinds of operations that it takes
        SILENT_YIELD.focus(0b0_0001_0011, 0b1001);
        NO_NEEDSPINNING.focus(0b0_0001_0000, 0b1001);
    }

    private final String where;
    private final String target;
    /** The method of this class that is called instead, or null. */
    final String instead;
    /** What stands in for the result of a call that is not made. */
    final int result;
    /** The kinds of operations that its runs have, as in {@link SimSetting}; 0 is any. */
    int alone;

    int waits;

    private void focus(int alone, int waits) {
        this.alone = alone;
        this.waits = waits;
    }

    SimTwin(String where, String target, int result) {
        this(where, target, null, result);
    }

    SimTwin(String where, String target, String instead) {
        this(where, target, instead, 0);
    }

    SimTwin(String where, String target, String instead, int result) {
        this.where = where;
        this.target = target.contains("/") ? target : "dev/heddle/sched/" + target;
        this.instead = instead;
        this.result = result;
    }

    /** Whether this is the twin of a call of {@code called} in {@code caller}. */
    boolean breaks(String caller, String called) {
        return called.equals(target) && (where.isEmpty() || caller.equals(where));
    }

    // -- what is called instead --

    private static final VarHandle M_WORD = Sim.field(M.class, "word", long.class);
    private static final VarHandle STATE = Sim.field(G.class, "state", int.class);

    static long sameEpoch(long word, int status) {
        return PState.with(word, status);
    }

    static M whoLooksIdle(Spares spares, P p) {
        for (M m : Sim.scheduler().threads.all()) {
            if (m.where == M.Where.SPARE) {
                return m;
            }
        }
        return spares.mgetOrRequest(p);
    }

    static boolean letGo(G g) {
        STATE.setVolatile(g, 0);
        return true;
    }

    static boolean checkThenSet(VarHandle state, BinarySemaphore semaphore, Void none, Object waiter) {
        if (state.getVolatile(semaphore) != null) {
            return false;
        }
        Sim.point(0);
        state.setVolatile(semaphore, waiter);
        return true;
    }

    static boolean store(VarHandle head, RunQueue queue, int from, int to) {
        head.setVolatile(queue, to);
        return true;
    }

    static boolean storeWord(P p, long from, long to) {
        p.word(to);
        return true;
    }

    static boolean storeStatus(M m, P p, int status) {
        long word = (long) M_WORD.get(m);
        M_WORD.set(m, PState.with(word, status));
        p.word(PState.with(word, status));
        return true;
    }

    static long readOnly(VarHandle lastpoll, Netpoller netpoller, long value) {
        long last = (long) lastpoll.getVolatile(netpoller);
        lastpoll.setVolatile(netpoller, value);
        return last == 0 ? 1 : last;
    }
}
