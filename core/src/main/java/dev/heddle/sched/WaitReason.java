package dev.heddle.sched;

/**
 * Why a goroutine waits. The texts are those of Go's dumps ({@code runtime2.go}, {@code waitReasonStrings}), so that
 * tools and readers that know them can use them.
 */
public enum WaitReason {
    IO_WAIT("IO wait"),
    CHAN_RECEIVE("chan receive"),
    CHAN_SEND("chan send"),
    SELECT("select"),
    SELECT_NO_CASES("select (no cases)"),
    SEMACQUIRE("semacquire"),
    SLEEP("sleep"),
    COND_WAIT("sync.Cond.Wait"),
    MUTEX_LOCK("sync.Mutex.Lock"),
    RWMUTEX_RLOCK("sync.RWMutex.RLock"),
    RWMUTEX_LOCK("sync.RWMutex.Lock"),
    WAITGROUP_WAIT("sync.WaitGroup.Wait"),
    /** Waits for another goroutine to end. Go has no such wait. */
    JOIN("join"),
    /** Waits to go into a blocking call until others have come back, or a thread has been made. Go has no such wait. */
    BLOCKING_CALL("blocking call"),
    /** Parked by code of the JDK or by a library through {@code LockSupport}, a monitor or a sleep. Go has no such wait. */
    JDK("jdk park");

    private static final WaitReason[] ALL = values();

    private final String text;

    WaitReason(String text) {
        this.text = text;
    }

    static WaitReason of(int ordinal) {
        return ALL[ordinal];
    }

    /** Returns the text that dumps show. */
    @Override
    public String toString() {
        return text;
    }
}
