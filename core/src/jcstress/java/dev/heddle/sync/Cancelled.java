package dev.heddle.sync;

import dev.heddle.context.CancellableContext;
import dev.heddle.context.Context;
import dev.heddle.sched.WaitReason;
import java.util.concurrent.CancellationException;

/**
 * A context in which one waits, for tests of whole operations by threads that really wait. What was handed over is had, and what
 * was not is still there. The twins leave their queue as the shipped classes do, but do not ask whether they were on it.
 *
 * <p>The one who serves cancels first: whoever waits is then on its way out when it is served. Two actors, since more need
 * more processors.
 */
abstract class Cancelled {
    final CancellableContext context = Context.background().withCancel();

    /** 1: it had what it waited for; 0: the wait was ended. */
    int had(Runnable wait) {
        try {
            context.run(wait);
            return 1;
        } catch (CancellationException e) {
            return 0;
        }
    }

    /** How the twins wait. */
    int hadOrLeft(Sudog me, Runnable leave) {
        try {
            context.run(() -> me.await(WaitReason.SEMACQUIRE, Long.MAX_VALUE));
            return 1;
        } catch (CancellationException e) {
            leave.run();
            return 0;
        }
    }
}
