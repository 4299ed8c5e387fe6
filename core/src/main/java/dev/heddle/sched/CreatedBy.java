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
        return source(body) instanceof StackTraceElement at
                ? at.getClassName() + '.' + at.getMethodName()
                : named((Class<?>) source(body));
    }

    /**
     * What a goroutine is called where there is room for a word or two: its name, or what stands for one if it has none.
     * Allocates nothing, so it may be called in scheduler code; {@link #text} makes a text of it.
     */
    static Object label(G g) {
        if (!g.name.isEmpty()) {
            return g.name;
        }
        Runnable body = g.body();
        return body == null ? g.thread.getName() : source(body); // no body: a stranger, or it has ended
    }

    /** The name; or the class of the body, without its package; or where it was started: class, method and line. */
    static String text(Object label) {
        return switch (label) {
            case null -> "";
            case StackTraceElement at ->
                withoutPackage(at.getClassName()) + '.' + at.getMethodName() + ':' + at.getLineNumber();
            case Class<?> type -> withoutPackage(named(type));
            default -> label.toString();
        };
    }

    /** What a goroutine runs; null for a stranger, and after its end. */
    static Class<?> bodyClass(G g) {
        Runnable body = g.body();
        return body == null ? null : body instanceof CreatedBy created ? created.body.getClass() : body.getClass();
    }

    /** The place, or the class of the body. */
    private static Object source(Runnable body) {
        if (body instanceof CreatedBy created) {
            return created.place != null ? created.place : created.body.getClass();
        }
        return body.getClass();
    }

    /** The name of a class; for a lambda, that of the class that it stands in. */
    private static String named(Class<?> type) {
        String name = type.getName();
        int lambda = name.indexOf("$$Lambda");
        return lambda < 0 ? name : name.substring(0, lambda);
    }

    private static String withoutPackage(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
