package dev.heddle.time;

import dev.heddle.sched.RuntimeTimer;
import dev.heddle.sync.Chan;
import java.time.Instant;

/**
 * Sends the time to a channel with room for one value, and drops it if there is no room (Go's {@code sendTime}). Runs on g0:
 * a send that does not wait is short, and wakes at most one receiver.
 */
final class Tick implements RuntimeTimer.Event {
    final Chan<Instant> c = new Chan<>(1);

    @Override
    public void fire() {
        if (!c.isClosed()) {
            c.trySend(Instant.now());
        }
    }

    @Override
    public boolean withdraw() {
        return !c.isClosed() && c.tryReceive() != null;
    }
}
