package dev.heddle.context;

import dev.heddle.sync.Chan;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * <p>{@code children} is null, one child (most scopes never have more), or a concurrent set, moved by CAS. It becomes a set
 * when a second child comes, with the first one in it, and stays one. So whoever looks for a child that was alone and finds
 * a set looks there. A child that comes while that happens tries again.
 *
 * <p>Differs from Go, where one mutex per context guards all this, also while children are told: here nothing is locked but
 * a bin of the map, and that not while anybody is told, so children may do what they want. A scope with a hundred thousand
 * children, as that of a server, is not a bottleneck.
 */
final class Scope implements Child {
    private static final Logger LOG = LoggerFactory.getLogger(Context.class);

    /** A quarter of what a long can count in nanoseconds, 73 years: no difference of two ends must overflow. */
    private static final long MAX_NANOS = Long.MAX_VALUE / 4;

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
    /** Null, a {@link Child}, or a set of them. */
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
    boolean add(Child child) {
        if (ended != null) {
            return false;
        }
        put(child);
        return ended == null || !forget(child);
    }

    private void put(Child child) {
        while (true) {
            Object at = children;
            if (at instanceof Set<?>) {
                set(at).add(child);
                return;
            }
            Object next = child;
            if (at instanceof Child first) {
                Set<Child> both = ConcurrentHashMap.newKeySet();
                both.add(first);
                both.add(child);
                next = both;
            }
            if (CHILDREN.compareAndSet(this, at, next)) {
                return;
            }
        }
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
        if (!add(_ -> made.close())) {
            made.close();
        }
        return made;
    }

    /** Lets a child go. False if it is not there: it has been told, or is just being told. */
    boolean forget(Child child) {
        if (children == child && CHILDREN.compareAndSet(this, child, null)) {
            return true;
        }
        Object at = children; // if it was alone a moment ago, it may be in a set now
        return at instanceof Set<?> && set(at).remove(child);
    }

    @SuppressWarnings("unchecked") // there is no other set
    private static Set<Child> set(Object children) {
        return (Set<Child>) children;
    }

    /** How many children would be told. For tests. */
    int size() {
        Object at = children;
        return at == null ? 0 : at instanceof Set<?> set ? set.size() : 1;
    }

    @Override
    public void told(Ended why) {
        end(why);
    }

    /** Ends this scope and all inside it. False if it had ended before. */
    boolean end(Ended why) {
        if (!finish(why)) {
            return false;
        }
        if (parent != null) {
            parent.forget(this);
        }
        Deque<Scope> untold = tellChildren(why, null);
        while (untold != null && !untold.isEmpty()) {
            untold = untold.poll().tellChildren(why, untold);
        }
        return true;
    }

    /** Tells the children, and adds the scopes among them, ended, to those whose children have not been told. */
    private Deque<Scope> tellChildren(Ended why, Deque<Scope> untold) {
        Object at = children;
        if (at instanceof Child only) {
            return tell(only, why, untold);
        }
        Deque<Scope> list = untold;
        if (at instanceof Set<?>) {
            for (Child child : set(at)) {
                list = tell(child, why, list);
            }
        }
        return list;
    }

    private Deque<Scope> tell(Child child, Ended why, Deque<Scope> untold) {
        if (!forget(child)) {
            return untold; // it has left
        }
        if (!(child instanceof Scope inner)) {
            tell(child, why);
            return untold;
        }
        if (!inner.finish(why)) {
            return untold; // whoever has ended it sees to its children
        }
        Deque<Scope> list = untold == null ? new ArrayDeque<>() : untold;
        list.add(inner);
        return list;
    }

    /** This scope alone; the winner sees to the rest. */
    private boolean finish(Ended why) {
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

    /** One that fails must not keep the others from being told. */
    private static void tell(Child child, Ended why) {
        try {
            child.told(why);
        } catch (Throwable e) {
            LOG.error("could not tell {} of the end of its context", child, e);
        }
    }
}
