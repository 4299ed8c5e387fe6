package dev.heddle.sched;

import java.util.Set;

/**
 * The body of a goroutine together with the place where it was started, for dumps.
 *
 * <p>Go has the place for nothing, in the caller's return address; here it takes a walk over the stack, some 1 us, ten
 * times what starting a goroutine costs. So it is recorded only with {@code -Dheddle.createdby=true}. Otherwise a dump
 * names the class of the body, which for a lambda is the class that it stands in, and costs nothing.
 *
 * @param body what the goroutine runs
 * @param place the caller of {@code go}
 */
record CreatedBy(Runnable body, StackTraceElement place) implements Runnable {
    private static final boolean RECORDED = Boolean.getBoolean("heddle.createdby");

    private static final Set<Class<?>> OURS = Set.of(CreatedBy.class, G.class, Scheduler.class);
    private static final StackWalker WALKER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    /** The body, wrapped if places are recorded. */
    static Runnable here(Runnable body) {
        return RECORDED ? new CreatedBy(body, caller()) : body;
    }

    /** The first frame that is neither ours nor of the executors that make threads for others. */
    static StackTraceElement caller() {
        return WALKER.walk(frames -> frames.filter(
                        f -> !OURS.contains(f.getDeclaringClass()) && !f.getClassName().startsWith("java.util.concurrent."))
                .findFirst()
                .map(StackWalker.StackFrame::toStackTraceElement)
                .orElse(null));
    }

    @Override
    public void run() {
        body.run();
    }

    /** What is known of where a body was started: a place with its line, or a class. */
    static String describe(Runnable body) {
        if (body instanceof CreatedBy created && created.place != null) {
            StackTraceElement at = created.place;
            return at.getClassName() + '.' + at.getMethodName();
        }
        Runnable inner = body instanceof CreatedBy created ? created.body : body;
        String name = inner.getClass().getName();
        int lambda = name.indexOf("$$Lambda");
        return lambda < 0 ? name : name.substring(0, lambda);
    }
}
