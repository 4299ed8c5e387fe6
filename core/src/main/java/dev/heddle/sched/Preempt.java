package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Whether any goroutine is asked to give way: one word for the whole program, so that operations that need not wait can look
 * at it at next to no cost. Only if it is not zero it pays to look whether it is the caller who is asked
 * ({@link G#checkpoint}). Go has that in the prologue of every function ({@code stackguard0}).
 */
final class Preempt {
    private static final VarHandle ASKING;

    static {
        try {
            ASKING = MethodHandles.lookup().findStaticVarHandle(Preempt.class, "asking", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** How many schedulers ask somebody. */
    private static int asking;

    private Preempt() {}

    static boolean isAsked() {
        return (int) ASKING.getOpaque() != 0;
    }

    /** By sysmon, which says once that its scheduler asks, and once that it does so no more. */
    static void change(boolean asks) {
        ASKING.getAndAdd(asks ? 1 : -1);
    }
}
