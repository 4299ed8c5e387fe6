package dev.heddle.sched.jdk;

import java.util.function.IntConsumer;
import jdk.internal.misc.Signal;

/**
 * The end of the JVM, as its shutdown hooks see it. {@link System#exit}, and a signal that ends the process, hold a lock for
 * ever and wait for the hooks: whoever called exit never goes on, and further signals wait for that lock and do nothing.
 */
public final class JvmEnd {
    /** Orders to end from a terminal and from supervisors. */
    private static final String[] SIGNALS = {"TERM", "INT"};

    private JvmEnd() {}

    /** Returns whether the JVM is ending: its hooks run, or are about to. */
    public static boolean isEnding() {
        Thread probe = new Thread(() -> {});
        try {
            Runtime.getRuntime().addShutdownHook(probe);
            Runtime.getRuntime().removeShutdownHook(probe);
            return false;
        } catch (IllegalStateException e) { // that is how the JVM says so
            return true;
        }
    }

    /** Returns whether a thread is inside {@link System#exit}, and so will do nothing any more. Costs a walk of its stack. */
    public static boolean isInExit(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals("exit") && frame.getClassName().equals(Runtime.class.getName())) {
                return true;
            }
        }
        return false;
    }

    /**
     * Has SIGTERM and SIGINT tell somebody from now on, in place of what they did before. For shutdown hooks: then they do
     * nothing else any more. Signals that the process ignores, or that the JVM leaves alone ({@code -Xrs}), stay so.
     *
     * @param told is called with the number of the signal, on a thread of its own for each
     */
    public static void onSignal(IntConsumer told) {
        for (String name : SIGNALS) {
            try {
                Signal.handle(new Signal(name), signal -> told.accept(signal.getNumber()));
            } catch (IllegalArgumentException e) {
                // -Xrs, or a system without it
            }
        }
    }
}
