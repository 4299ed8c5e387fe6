package dev.heddle.sched;

/**
 * The state word of a P: who owns it, in one {@code long}.
 *
 * <pre>
 *   63          32 31             4 3      0
 *   +-------------+----------------+--------+
 *   |    epoch    |     slice      | status |
 *   +-------------+----------------+--------+
 * </pre>
 *
 * <p>The epoch changes with every change of owner, the slice with every time slice, so that a CAS of sysmon hits only the
 * slice that it has measured, and never a later owner.
 *
 * <table>
 * <caption>Statuses</caption>
 * <tr><th>status</th><th>meaning</th><th>who may change it</th></tr>
 * <tr><td>IDLE</td><td>on the idle list, no M</td><td>whoever takes it off that list, under the scheduler lock</td></tr>
 * <tr><td>SCHED</td><td>owned by scheduler code: of its M, or of the thread that hands it to an M</td><td>that owner, by
 * a store</td></tr>
 * <tr><td>SPINNING</td><td>as SCHED, and counted in nmspinning: its M looks for work</td><td>the owner, by a store</td></tr>
 * <tr><td>RUNNING</td><td>its M runs a goroutine</td><td>the M by CAS; sysmon by CAS (preemption)</td></tr>
 * <tr><td>SYSCALL</td><td>its M is inside a declared blocking call</td><td>the M by CAS; sysmon by CAS (handoff)</td></tr>
 * <tr><td>DEAD</td><td>beyond gomaxprocs; nobody's, and not on the idle list ({@link Procresize})</td><td>whoever raises
 * gomaxprocs, under the scheduler lock</td></tr>
 * </table>
 *
 * <p>Entry and exit: an M makes SCHED out of RUNNING or SYSCALL with the whole word that it wrote last. If that fails
 * the P is no longer its own, and it goes on as an M without a P. Because SCHED and SPINNING are never taken away, code
 * that runs in them needs no further check; it must be short, must not throw, block or log.
 *
 * <p>Differs from Go: there sysmon may only ask a running goroutine to stop; here the P is what is taken, because the
 * JVM offers no way to make a virtual thread leave its carrier. Go 1.26 dropped its {@code _Psyscall}; we keep it, since
 * one CAS on a word that is written anyway is all that it costs here.
 */
final class PState {
    static final int IDLE = 0;
    static final int SCHED = 1;
    static final int SPINNING = 2;
    static final int RUNNING = 3;
    static final int SYSCALL = 4;
    static final int DEAD = 5;

    private static final String[] NAMES = {"idle", "sched", "spinning", "running", "syscall", "dead"};
    private static final long STATUS_MASK = 0xF;
    private static final long SLICE_ONE = 1L << 4;
    private static final long SLICE_MASK = 0xFFFF_FFF0L;
    private static final long EPOCH_ONE = 1L << 32;

    private PState() {}

    static int status(long word) {
        return (int) (word & STATUS_MASK);
    }

    static String name(long word) {
        return NAMES[status(word)];
    }

    /** The same owner and slice with another status. */
    static long with(long word, int status) {
        return (word & ~STATUS_MASK) | status;
    }

    /** The same owner, the next slice; the slice number wraps. */
    static long nextSlice(long word, int status) {
        long slice = (word + SLICE_ONE) & SLICE_MASK;
        return (word & ~(SLICE_MASK | STATUS_MASK)) | slice | status;
    }

    /** Whether both words are of the same owner and slice, whatever the status. */
    static boolean sameSlice(long a, long b) {
        return ((a ^ b) & ~STATUS_MASK) == 0;
    }

    /** Another owner. */
    static long nextEpoch(long word, int status) {
        return with(word + EPOCH_ONE, status);
    }
}
