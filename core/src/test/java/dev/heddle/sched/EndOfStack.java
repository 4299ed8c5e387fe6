package dev.heddle.sched;

/** Acts where the stack is nearly used up, on each level of the way back from a recursion that was too deep. */
public final class EndOfStack {
    /** Enough for any operation even where each takes no more than a compiled frame of 32 bytes. */
    private static final int LEVELS = 2_000;

    private final Runnable action;
    private int deepest;

    private EndOfStack(Runnable action) {
        this.action = action;
    }

    /** Runs the action again and again; where it throws StackOverflowError it must have done nothing. */
    public static void run(Runnable action) {
        new EndOfStack(action).down(0);
    }

    private void down(int level) {
        try {
            down(level + 1);
        } catch (StackOverflowError e) {
            deepest = level;
        }
        if (deepest - level < LEVELS) {
            try {
                action.run();
            } catch (StackOverflowError e) {
                // it has done nothing
            }
        }
    }
}
