package dev.heddle.context;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** The end of a scope against children that come and go. */
public class ScopeStress {
    /** A child that comes. The first result says whether it was taken in, the second how often it was told. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "taken in and told")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "never told, or told although refused, or twice")
    @State
    public static class Add {
        private final Scope scope = Scope.in(null);
        private final AtomicInteger told = new AtomicInteger();

        /** Comes. */
        @Actor
        public void adder(II_Result r) {
            r.r1 = scope.add(_ -> told.incrementAndGet()) ? 1 : 0;
        }

        /** Ends the scope. */
        @Actor
        public void ender() {
            scope.end(Ended.CANCELLED);
        }

        /** How often it was told. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = told.get();
        }
    }

    /** A child that goes: it is let go or told. The third result is what the scope still holds. */
    @JCStressTest
    @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "let go")
    @Outcome(id = "0, 1, 0", expect = Expect.ACCEPTABLE, desc = "told")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, neither, or kept")
    @State
    public static class Forget {
        private final Scope scope = Scope.in(null);
        private final AtomicInteger told = new AtomicInteger();
        private final Child child = _ -> told.incrementAndGet();

        /** With one child. */
        public Forget() {
            scope.add(child);
        }

        /** Goes. */
        @Actor
        public void child(III_Result r) {
            r.r1 = scope.forget(child) ? 1 : 0;
        }

        /** Ends the scope. */
        @Actor
        public void ender() {
            scope.end(Ended.CANCELLED);
        }

        /** The rest. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r2 = told.get();
            r.r3 = scope.size();
        }
    }

    /** Three children of which one leaves, while the second and third come: nobody is lost when a set is made of one. */
    @JCStressTest
    @Outcome(id = "1, 2, 0", expect = Expect.ACCEPTABLE, desc = "the first is let go, the others are told")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or told twice")
    @State
    public static class Grow {
        private final Scope scope = Scope.in(null);
        private final AtomicInteger told = new AtomicInteger();
        private final Child first = _ -> told.incrementAndGet();

        /** With one child. */
        public Grow() {
            scope.add(first);
        }

        /** Leaves. */
        @Actor
        public void leaver(III_Result r) {
            r.r1 = scope.forget(first) ? 1 : 0;
        }

        /** Comes. */
        @Actor
        public void second() {
            scope.add(_ -> told.incrementAndGet());
        }

        /** Comes. */
        @Actor
        public void third() {
            scope.add(_ -> told.incrementAndGet());
        }

        /** Ends the scope. */
        @Arbiter
        public void arbiter(III_Result r) {
            scope.end(Ended.CANCELLED);
            r.r2 = told.get();
            r.r3 = scope.size();
        }
    }

    /** A scope inside is made, and ended by itself, while the outer one ends: it has one reason, and nothing is kept. */
    @JCStressTest
    @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "ended by itself")
    @Outcome(id = "0, 1, 0", expect = Expect.ACCEPTABLE, desc = "ended with the outer one")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, neither, or kept")
    @State
    public static class Inner {
        private final Scope scope = Scope.in(null);
        private volatile Scope inner;

        /** Makes and ends one. */
        @Actor
        public void maker(III_Result r) {
            Scope made = Scope.in(scope);
            inner = made;
            r.r1 = made.end(Ended.DEADLINE) ? 1 : 0;
        }

        /** Ends the outer one. */
        @Actor
        public void ender() {
            scope.end(Ended.CANCELLED);
        }

        /** Why it has ended. */
        @Arbiter
        public void arbiter(III_Result r) {
            r.r2 = inner.ended() == Ended.CANCELLED ? 1 : 0;
            r.r3 = scope.size();
        }
    }

    /** The twin of {@link Add}: who comes looks first and then joins. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "taken in and told")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "never told: the mistake shows")
    @Outcome(expect = Expect.FORBIDDEN, desc = "told although refused, or twice")
    @State
    public static class BrokenWithoutSecondLook {
        private final Set<Child> children = ConcurrentHashMap.newKeySet();
        private final AtomicInteger told = new AtomicInteger();
        private volatile Ended ended;

        /** Looks, then joins. */
        @Actor
        public void adder(II_Result r) {
            if (ended == null) {
                children.add(_ -> told.incrementAndGet());
                r.r1 = 1;
            }
        }

        /** Ends the scope. */
        @Actor
        public void ender() {
            ended = Ended.CANCELLED;
            for (Child child : children) {
                if (children.remove(child)) {
                    child.told(ended);
                }
            }
        }

        /** How often it was told. */
        @Arbiter
        public void arbiter(II_Result r) {
            r.r2 = told.get();
        }
    }
}
