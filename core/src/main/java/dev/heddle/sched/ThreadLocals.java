package dev.heddle.sched;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Thread locals that goroutines hand down. A goroutine is a thread of its own and begins with none of its creator's; what
 * belongs to a piece of work, whoever does it, can be had in the goroutines that it starts as well: the MDC of a logger, the
 * span of a tracer, the user of a security framework. Each kind is registered once:
 *
 * <pre>{@code
 * ThreadLocals.handDown(SPAN::get, SPAN::set);
 * }</pre>
 *
 * <p>From then on {@link Scheduler#go(Runnable)} and what stands on it ({@code TaskGroup.fork}) ask the creator for its value
 * and set it in the new goroutine before its body begins. Later changes on one side are not seen on the other, but both have
 * the same object: hand down what does not change, or a copy. Virtual threads that a library starts are not asked for, nor are
 * {@link ScopedValue}s handed down: the JDK does that in its own {@code StructuredTaskScope} alone.
 *
 * <p>Costs a read for each goroutine that is started, and for each kind what the functions cost. All methods may be called by
 * any thread.
 */
public final class ThreadLocals {
    private static volatile List<Kind<?>> kinds = List.of();

    private ThreadLocals() {}

    /** Ends what it stands for. A second time it does nothing. */
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }

    private record Kind<T>(Supplier<T> getter, Consumer<? super T> setter) {
        Runnable handDown(Runnable body) {
            T value = getter.get();
            if (value == null) {
                return body;
            }
            return () -> {
                setter.accept(value);
                body.run();
            };
        }
    }

    /**
     * Hands a kind of value down to the goroutines that are started from now on.
     *
     * @param getter returns the value of the calling thread; null if it has none, and then nothing is set. What it throws is
     *     thrown by whoever starts the goroutine
     * @param setter sets it in the new goroutine, and is called there. What it throws ends that goroutine, as if its body had
     *     thrown it
     * @return ends that
     */
    public static <T> Registration handDown(Supplier<T> getter, Consumer<? super T> setter) {
        Kind<T> kind = new Kind<>(Objects.requireNonNull(getter, "getter"), Objects.requireNonNull(setter, "setter"));
        change(kind, true);
        return () -> change(kind, false);
    }

    private static synchronized void change(Kind<?> kind, boolean added) {
        List<Kind<?>> changed = new ArrayList<>(kinds);
        changed.removeIf(k -> k == kind); // its equal may be somebody else's
        if (added) {
            changed.add(kind);
        }
        kinds = List.copyOf(changed);
    }

    /** The body with what the caller hands down to it. */
    static Runnable handDown(Runnable body) {
        Runnable all = body;
        for (Kind<?> kind : kinds) {
            all = kind.handDown(all);
        }
        return all;
    }
}
