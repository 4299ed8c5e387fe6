package dev.heddle.context;

import dev.heddle.sched.Lifetime.Waiter;
import dev.heddle.sched.LogText;
import dev.heddle.sched.Scheduler;
import dev.heddle.time.Timer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells all that is inside a scope that it has ended. A goroutine that ends a scope, which may be one that drives the
 * connections of many, tells {@link #AT_ONCE} itself; if there are more, the others are told by a goroutine of their own, which
 * can be preempted. Any other thread tells all.
 *
 * <p>One thread at a time goes through it: it is handed over by starting the goroutine.
 */
final class Telling implements Runnable {
    /** How many are told before the caller goes on: some 10 us if each is a goroutine that is woken. A guess. */
    static final int AT_ONCE = 64;

    private static final Logger LOG = LoggerFactory.getLogger(Context.class);

    private final Ended why;
    /** Ended, and their children are still to be told. */
    private final Deque<Scope> scopes = new ArrayDeque<>();
    private Scope at;
    private Iterator<Waiter> children;

    private Telling(Scope scope, Ended why) {
        this.at = scope;
        this.children = scope.children();
        this.why = why;
    }

    /** By whoever has ended the scope. */
    static void of(Scope scope, Ended why) {
        Telling telling = new Telling(scope, why);
        Scheduler scheduler = Scheduler.current();
        if (!telling.goOn(scheduler == null ? Integer.MAX_VALUE : AT_ONCE)) {
            telling.handOver(scheduler);
        }
    }

    private void handOver(Scheduler scheduler) {
        try {
            try {
                scheduler.goDetached("", this);
            } catch (RejectedExecutionException e) { // it shuts down: but those who wait must be told
                Timer.afterFunc(scheduler, Duration.ZERO, this);
            }
        } catch (Throwable e) { // no memory
            run();
        }
    }

    @Override
    public void run() {
        goOn(Integer.MAX_VALUE);
    }

    /** Tells so many. True if that were all. */
    private boolean goOn(int most) {
        for (int told = 0; advance(); told++) {
            if (told == most) {
                return false;
            }
            tell(children.next());
        }
        return true;
    }

    /** Whether there is another one. */
    private boolean advance() {
        while (!children.hasNext()) {
            at = scopes.poll();
            if (at == null) {
                return false;
            }
            children = at.children();
        }
        return true;
    }

    private void tell(Waiter child) {
        if (!at.forget(child)) {
            return; // it has left
        }
        if (!(child instanceof Scope inner)) {
            tellOne(child);
        } else if (inner.finish(why)) { // else whoever has ended it sees to its children
            scopes.add(inner);
        }
    }

    /** One that fails must not keep the others from being told. */
    private static void tellOne(Waiter child) {
        try {
            child.told();
        } catch (Throwable e) {
            LOG.error("could not tell {} of the end of its context", child, LogText.clean(e));
        }
    }
}
