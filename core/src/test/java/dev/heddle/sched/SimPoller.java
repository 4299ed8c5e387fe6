package dev.heddle.sched;

import java.util.ArrayDeque;
import java.util.Queue;

/** A netpoller with one device, which the scenario makes ready. Each goroutine waits for its own event. */
final class SimPoller implements Poller {
    private final Sim sim;
    private final Queue<BinarySemaphore> fired = new ArrayDeque<>();
    private int waiting;
    private boolean broken;
    private SimThread blocked;

    SimPoller(Sim sim) {
        this.sim = sim;
    }

    /** An event will come. Before the run. */
    void register() {
        waiting++;
    }

    void fire(BinarySemaphore event) {
        fired.add(event);
        Sim.point(Sim.SCENARIO);
        wake();
    }

    void await(BinarySemaphore event) {
        event.acquire(WaitReason.IO_WAIT);
        waiting--;
    }

    boolean hasFired() {
        return !fired.isEmpty();
    }

    @Override
    public int poll(long delayNanos, Ready ready) {
        long until = delayNanos < 0 ? SimThread.NEVER : sim.now() + delayNanos;
        while (true) {
            Sim.point(Sim.SCENARIO);
            int found = 0;
            for (BinarySemaphore event = fired.poll(); event != null; event = fired.poll()) {
                Goroutine g = event.unblock();
                if (g != null) {
                    ready.ready(g);
                    found++;
                }
                Sim.point(Sim.SCENARIO);
            }
            if (found > 0 || delayNanos == 0 || broken || sim.now() >= until) {
                broken &= delayNanos == 0;
                return found;
            }
            if (blocked != null) {
                Sim.fail("two threads block in the netpoller", null);
            }
            blocked = sim.current();
            blocked.park(sim, until);
            blocked = null;
        }
    }

    private void wake() {
        if (blocked != null) {
            Sim.unpark(blocked.thread);
        }
    }

    @Override
    public void wakeup() {
        broken = true;
        Sim.point(Sim.SCENARIO);
        wake();
    }

    @Override
    public boolean hasWaiters() {
        Sim.point(Sim.SCENARIO);
        return waiting > 0;
    }
}
