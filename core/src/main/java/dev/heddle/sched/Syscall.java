package dev.heddle.sched;

import dev.heddle.sched.jdk.VirtualThreads;

/**
 * Declares a blocking call to the scheduler, as Go's {@code entersyscall} and {@code exitsyscall} do around every system
 * call. While the call runs its thread keeps the goroutine, but the P may be handed to another thread: after 20 us when
 * there is other work ({@link #call}), or at once ({@link #callBlocking}).
 *
 * <p>The JDK announces some blocking calls by itself (name look-ups, {@code fsync}, pipes, process waits); ordinary file
 * I/O and native code it does not. Code that runs outside a goroutine may use these methods too: the call is then simply
 * made.
 *
 * <p>When threads are short, because of {@link SchedulerConfig#maxThreads} or because the system refuses them, a goroutine
 * waits here until others have come back from their calls, so that one thread at least is left for those that run.
 */
public final class Syscall {
    /** A call that may block its thread. */
    @FunctionalInterface
    public interface Call<T, X extends Throwable> {
        /** Makes the call. */
        T run() throws X;
    }

    static {
        VirtualThreads.open();
    }

    private Syscall() {}

    /**
     * Makes a call that usually is short. Costs two CAS operations when it is.
     *
     * @param call what to run; it keeps its thread while it runs, and must not count on staying on the same one afterwards
     * @return what the call returned
     * @throws X what the call threw
     */
    public static <T, X extends Throwable> T call(Call<T, X> call) throws X {
        M m = M.entersyscall();
        try {
            return call.run();
        } finally {
            M.exitsyscall(m);
        }
    }

    /**
     * Makes a call that is known to block long: the P is handed on at once ({@code entersyscallblock}).
     *
     * @param call what to run
     * @return what the call returned
     * @throws X what the call threw
     */
    public static <T, X extends Throwable> T callBlocking(Call<T, X> call) throws X {
        M m = M.entersyscallblock();
        try {
            return call.run();
        } finally {
            M.exitsyscall(m);
        }
    }
}
