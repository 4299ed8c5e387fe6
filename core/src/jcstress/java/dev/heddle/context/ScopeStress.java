package dev.heddle.context;

import dev.heddle.sched.Lifetime.Waiter;
import dev.heddle.sched.PrivateField;
import java.lang.invoke.VarHandle;
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
            r.r1 = scope.add(told::incrementAndGet) ? 1 : 0;
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

    /** A scope with one child, which counts how often it is told of the end. */
    private abstract static class OneChild {
        final Scope scope = Scope.in(null);
        final AtomicInteger told = new AtomicInteger();
        final Waiter child = told::incrementAndGet;

        OneChild() {
            scope.add(child);
        }

        void result(III_Result r) {
            r.r2 = told.get();
            r.r3 = scope.size();
        }
    }

    /** A child that goes: it is let go or told. The third result is what the scope still holds. */
    @JCStressTest
    @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "let go")
    @Outcome(id = "0, 1, 0", expect = Expect.ACCEPTABLE, desc = "told")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, neither, or kept")
    @State
    public static class Forget extends OneChild {
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
            result(r);
        }
    }

    /** The twin of {@link Forget}: looks whether it is still there, and then goes. */
    @JCStressTest
    @Outcome(id = {"1, 0, 0", "0, 1, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "let go and told: the mistake shows")
    @Outcome(expect = Expect.FORBIDDEN, desc = "neither, or kept")
    @State
    public static class BrokenForget extends OneChild {
        /** Check, then act. */
        @Actor
        public void child(III_Result r) {
            r.r1 = scope.size();
            scope.forget(child);
        }

        /** Ends the scope. */
        @Actor
        public void ender() {
            scope.end(Ended.CANCELLED);
        }

        /** The rest. */
        @Arbiter
        public void arbiter(III_Result r) {
            result(r);
        }
    }

    /** The first child leaves and a second one comes, while a third one comes: nobody is lost when a set is made of one. */
    @JCStressTest
    @Outcome(id = "1, 2, 0", expect = Expect.ACCEPTABLE, desc = "the first is let go, the others are told")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, or told twice")
    @State
    public static class Grow extends OneChild {
        /** One goes, another comes. */
        @Actor
        public void first(III_Result r) {
            r.r1 = scope.forget(child) ? 1 : 0;
            scope.add(told::incrementAndGet);
        }

        /** Comes. */
        @Actor
        public void third() {
            scope.add(told::incrementAndGet);
        }

        /** Ends the scope. */
        @Arbiter
        public void arbiter(III_Result r) {
            scope.end(Ended.CANCELLED);
            result(r);
        }
    }

    /** The twin of {@link Grow}: the set that is made of one and another takes the place of whatever is there by then. */
    @JCStressTest
    @Outcome(id = "1, 2, 0", expect = Expect.ACCEPTABLE, desc = "the first is let go, the others are told")
    @Outcome(expect = Expect.ACCEPTABLE_INTERESTING, desc = "lost, or told although let go: the mistake shows")
    @State
    public static class BrokenGrow extends OneChild {
        private static final VarHandle CHILDREN = PrivateField.of(Scope.class, "children", Object.class);

        /** One goes, another comes. */
        @Actor
        public void first(III_Result r) {
            r.r1 = scope.forget(child) ? 1 : 0;
            scope.add(told::incrementAndGet);
        }

        /** Comes, by a store. */
        @Actor
        public void third() {
            Set<Waiter> all = ConcurrentHashMap.newKeySet();
            if (CHILDREN.getVolatile(scope) instanceof Waiter only) {
                all.add(only);
            }
            all.add(told::incrementAndGet);
            CHILDREN.setVolatile(scope, all);
        }

        /** Ends the scope. */
        @Arbiter
        public void arbiter(III_Result r) {
            scope.end(Ended.CANCELLED);
            result(r);
        }
    }

    /** A scope, and one inside it that is made while the outer one ends. */
    private abstract static class Outer {
        final Scope scope = Scope.in(null);
        private volatile Scope inner;

        Scope makeInner() {
            Scope made = Scope.in(scope);
            inner = made;
            return made;
        }

        void result(III_Result r) {
            r.r2 = inner.ended() == Ended.CANCELLED ? 1 : 0;
            r.r3 = scope.size();
        }
    }

    /** A scope inside is made, and ended by itself, while the outer one ends: it has one reason, and nothing is kept. */
    @JCStressTest
    @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "ended by itself")
    @Outcome(id = "0, 1, 0", expect = Expect.ACCEPTABLE, desc = "ended with the outer one")
    @Outcome(expect = Expect.FORBIDDEN, desc = "both, neither, or kept")
    @State
    public static class Inner extends Outer {
        /** Makes and ends one. */
        @Actor
        public void maker(III_Result r) {
            r.r1 = makeInner().end(Ended.DEADLINE) ? 1 : 0;
        }

        /** Ends the outer one. */
        @Actor
        public void ender() {
            scope.end(Ended.CANCELLED);
        }

        /** Why it has ended. */
        @Arbiter
        public void arbiter(III_Result r) {
            result(r);
        }
    }

    /** The twin of {@link Inner}: looks whether it has ended, and then ends it. */
    @JCStressTest
    @Outcome(id = {"1, 0, 0", "0, 1, 0"}, expect = Expect.ACCEPTABLE, desc = "as it should be")
    @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE_INTERESTING, desc = "ended by both: the mistake shows")
    @Outcome(expect = Expect.FORBIDDEN, desc = "neither, or kept")
    @State
    public static class BrokenInner extends Outer {
        /** Check, then act. */
        @Actor
        public void maker(III_Result r) {
            Scope inner = makeInner();
            r.r1 = inner.ended() == null ? 1 : 0;
            inner.end(Ended.DEADLINE);
        }

        /** Ends the outer one. */
        @Actor
        public void ender() {
            scope.end(Ended.CANCELLED);
        }

        /** Why it has ended. */
        @Arbiter
        public void arbiter(III_Result r) {
            result(r);
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
        private final Set<Waiter> children = ConcurrentHashMap.newKeySet();
        private final AtomicInteger told = new AtomicInteger();
        private volatile Ended ended;

        /** Looks, then joins. */
        @Actor
        public void adder(II_Result r) {
            if (ended == null) {
                children.add(told::incrementAndGet);
                r.r1 = 1;
            }
        }

        /** Ends the scope. */
        @Actor
        public void ender() {
            ended = Ended.CANCELLED;
            for (Waiter child : children) {
                if (children.remove(child)) {
                    child.told();
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
