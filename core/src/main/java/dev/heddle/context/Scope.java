package dev.heddle.context;

import dev.heddle.sched.Lifetime;
import dev.heddle.sched.Lifetime.Waiter;
import dev.heddle.sched.Primitives;
import dev.heddle.sync.Chan;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What can end: the part of a context that is cancelled (Go's {@code cancelCtx} and {@code timerCtx}). Several contexts
 * share one when they differ only in values.
 *
 * <p><b>Protocol.</b> A scope lives while {@link #ended} is null. It is ended once, by the CAS that sets {@code ended}:
 * by its owner, by its alarm, or by the end of its parent. Whoever wins that CAS stops the alarm, has the parent forget the
 * scope, and tells the children: it takes each out of {@link #children} and tells those that it has taken out itself. A
 * scope that is told of its parent's end ends with the same reason, and its children are told in turn, from a list rather
 * than by recursion, since chains of contexts may be long. A parent has ended before any of its children is told.
 *
 * <p>A child joins by {@link #add}: it puts itself in, then looks at {@code ended}. Why none is missed: the put comes before
 * the look, the CAS before the walk. If the look finds null, the CAS comes after it and so after the put, and the walk finds
 * the child. If it finds an end, the child takes itself out again; whether that or the walk's removal succeeds says who
 * tells it, so it is told once.
 *
 * <p>A child leaves by {@link #forget}, in constant time, when it is no longer interested: nothing of it stays behind. If
 * that removes nothing, the child has been told or is just being told.
 *
 * <p>{@code children} is null, one child (most scopes never have more), an array of a few, or a concurrent set, moved by CAS
 * from one value to the next; arrays are never changed. It becomes a set when there are more than a few, with all of them in
 * it, and stays one. So whoever looks for a child looks again when the CAS fails, and finds it where it is by then. Each
 * wait that a context can end is a child of its scope while it lasts, so coming and going has to be cheap.
 *
 * <p>Whoever ends a scope tells some of what is inside himself, and leaves the rest to a goroutine: see {@link Telling}.
 *
 * <p>Differs from Go, where one mutex per context guards all this, also while children are told: here nothing is locked but
 * a bin of the map, and that not while anybody is told, so children may do what they want. A scope with a hundred thousand
 * children, as that of a server, is not a bottleneck.
 */
final class Scope implements Lifetime.Ending, Waiter {
    /** A quarter of what a long can count in nanoseconds, 73 years: no difference of two ends must overflow. */
    private static final long MAX_NANOS = Long.MAX_VALUE / 4;

    /** How many children are kept in an array. A guess: what waits in one request, and not a server's connections. */
    private static final int FEW = 8;

    private static final VarHandle ENDED;
    private static final VarHandle CHILDREN;
    private static final VarHandle DONE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            ENDED = lookup.findVarHandle(Scope.class, "ended", Ended.class);
            DONE = lookup.findVarHandle(Scope.class, "done", Chan.class);
            CHILDREN = lookup.findVarHandle(Scope.class, "children", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Scope parent;
    /** When it ends by itself, in terms of {@link System#nanoTime}; only if {@link #deadline} is there. */
    private final long deadlineNanos;
    /** The same on the calendar, or null. */
    private final Instant deadline;

    private volatile Ended ended;
    /** Null, a {@link Waiter}, an array of several that is never changed, or a set of them. */
    private volatile Object children;
    /** Pairs with {@link #end}: it is written before a look at ended, and read after ended was set. */
    private volatile Alarm alarm;
    /** Made when somebody asks for it. */
    private volatile Chan<Void> done;

    private Scope(Scope parent, Instant deadline, long deadlineNanos) {
        this.parent = parent;
        this.deadline = deadline;
        this.deadlineNanos = deadlineNanos;
    }

    /** A new scope inside another one, or inside none if {@code parent} is null. */
    static Scope in(Scope parent) {
        Scope scope = parent == null ? new Scope(null, null, 0) : new Scope(parent, parent.deadline, parent.deadlineNanos);
        scope.join();
        return scope;
    }

    /** A new scope that ends by itself after some time; if the parent ends sooner, with the parent. */
    static Scope in(Scope parent, Instant at, long nanos) {
        long left = Math.clamp(nanos, -MAX_NANOS, MAX_NANOS);
        long end = System.nanoTime() + left;
        if (parent != null && parent.deadline != null && parent.deadlineNanos - end <= 0) {
            Scope scope = in(parent);
            if (left <= 0) { // the parent's time is over as well, and its alarm late
                scope.end(Ended.DEADLINE);
            }
            return scope;
        }
        Scope scope = new Scope(parent, at, end);
        scope.join();
        if (left <= 0) {
            scope.end(Ended.DEADLINE);
        } else if (scope.ended == null) {
            scope.alarm = Alarm.after(left, () -> scope.end(Ended.DEADLINE));
            if (scope.ended != null) {
                scope.stopAlarm();
            }
        }
        return scope;
    }

    private void join() {
        if (parent != null && !parent.add(this)) {
            end(parent.ended);
        }
    }

    Ended ended() {
        return ended;
    }

    Instant deadline() {
        return deadline;
    }

    /** Until {@link #deadline}, if there is one; may be negative. */
    long remainingNanos() {
        return deadlineNanos - System.nanoTime();
    }

    /**
     * Takes a child in, which is told when this scope ends.
     *
     * @return false if this scope has ended: the child is then not told
     */
    @Override
    public boolean add(Waiter child) {
        if (ended != null) {
            return false;
        }
        put(child);
        return ended == null || !forget(child);
    }

    private void put(Waiter child) {
        while (true) {
            Object at = children;
            if (at instanceof Set<?>) {
                set(at).add(child);
                return;
            }
            if (CHILDREN.compareAndSet(this, at, with(at, child))) {
                return;
            }
        }
    }

    private static Object with(Object at, Waiter child) {
        if (at == null) {
            return child;
        }
        if (at instanceof Waiter first) {
            return new Waiter[] {first, child};
        }
        Waiter[] few = (Waiter[]) at;
        if (few.length < FEW) {
            Waiter[] more = Arrays.copyOf(few, few.length + 1);
            more[few.length] = child;
            return more;
        }
        Set<Waiter> many = ConcurrentHashMap.newKeySet();
        Collections.addAll(many, few);
        many.add(child);
        return many;
    }

    /** A channel that is closed when this scope ends. Whoever has made it has it closed, so that happens once. */
    Chan<Void> done() {
        Chan<Void> known = done;
        if (known != null) {
            return known;
        }
        Chan<Void> made = new Chan<>();
        if (!DONE.compareAndSet(this, null, made)) {
            return done;
        }
        if (!add(made::close)) {
            made.close();
        }
        return made;
    }

    /** Lets a child go. False if it is not there: it has been told, or is just being told. */
    @Override
    public boolean forget(Waiter child) {
        Object at = children;
        while (!(at instanceof Set<?>)) {
            Object next = without(at, child);
            if (next == at) {
                return false;
            }
            if (CHILDREN.compareAndSet(this, at, next)) {
                return true;
            }
            at = children; // another one has come or gone
        }
        return set(at).remove(child);
    }

    /** The same if it is not there. */
    private static Object without(Object at, Waiter child) {
        if (at == child) {
            return null;
        }
        if (!(at instanceof Waiter[] few)) {
            return at;
        }
        int i = few.length - 1;
        while (i >= 0 && few[i] != child) {
            i--;
        }
        if (i < 0) {
            return at;
        }
        if (few.length == 2) {
            return few[1 - i];
        }
        Waiter[] rest = Arrays.copyOf(few, few.length - 1);
        System.arraycopy(few, i + 1, rest, i, rest.length - i);
        return rest;
    }

    @SuppressWarnings("unchecked") // there is no other set
    private static Set<Waiter> set(Object children) {
        return (Set<Waiter>) children;
    }

    /** How many children would be told. For tests. */
    int size() {
        return switch (children) {
            case null -> 0;
            case Waiter[] few -> few.length;
            case Set<?> set -> set.size();
            default -> 1;
        };
    }

    @Override
    public CancellationException exception() {
        return ended.exception();
    }

    /** Whether this is the other one or inside it, and so ends with it at the latest. */
    boolean isInside(Scope other) {
        for (Scope at = this; at != null; at = at.parent) {
            if (at == other) {
                return true;
            }
        }
        return false;
    }

    /** Told by the parent that has ended. */
    @Override
    public void told() {
        end(parent.ended);
    }

    /** Ends this scope and all inside it. False if it had ended before. */
    boolean end(Ended why) {
        Primitives.checkRoom(); // who is to be told must be told
        if (!finish(why)) {
            return false;
        }
        if (parent != null) {
            parent.forget(this);
        }
        if (children != null) {
            Telling.of(this, why);
        }
        return true;
    }

    /** Those who are inside at this moment; each is to be told by whoever makes this scope forget it. */
    Iterator<Waiter> children() {
        return switch (children) {
            case null -> Collections.emptyIterator();
            case Waiter[] few -> Arrays.asList(few).iterator();
            case Set<?> set -> set(set).iterator();
            case Object only -> Collections.singleton((Waiter) only).iterator();
        };
    }

    /** This scope alone; the winner sees to the rest. */
    boolean finish(Ended why) {
        if (!ENDED.compareAndSet(this, null, why)) {
            return false;
        }
        stopAlarm();
        return true;
    }

    private void stopAlarm() {
        Alarm set = alarm;
        if (set != null) {
            alarm = null;
            set.stop();
        }
    }
}
