package dev.heddle.sched;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What the goroutines and the foreign threads of one run do. The operations are drawn one after the other and each is
 * given to somebody who lives by then, a signal always before the wait for it: so there is an order in which nobody waits
 * in vain, and a run that gets stuck has lost something.
 */
final class SimScenario {
    /** In how many ways one waits for a signal. */
    private enum Wait {
        SEMAPHORE,
        SEMAPHORE_TIMED,
        SEMAPHORE_PINNED,
        JDK_PARK,
        NET,
        CALL,
        CALL_BLOCKING,
        UNDECLARED
    }

    private static final long MICRO = 1_000;

    private final Sim sim;
    private final SplittableRandom random;
    private final SimPoller poller;
    private final List<List<Runnable>> foreigners = new ArrayList<>();
    private final List<List<Runnable>> goroutines = new ArrayList<>();
    private final List<Signal> unawaited = new ArrayList<>();

    /** Lists of operations that are not done. */
    private int undone;

    /** Given once, awaited once. */
    private static final class Signal {
        final Wait wait;
        final BinarySemaphore semaphore = new BinarySemaphore();
        boolean given;
        Thread parked;
        SimThread blocked;

        Signal(Wait wait) {
            this.wait = wait;
        }
    }

    SimScenario(Sim sim, SplittableRandom random) {
        this.sim = sim;
        this.random = random;
        this.poller = sim.setting.poller ? new SimPoller(sim) : null;
        if (poller != null) {
            sim.sched.netpoller.install(poller);
            sim.poller = poller;
        }
        for (int i = 0; i < sim.setting.foreigners; i++) {
            foreigners.add(new ArrayList<>());
        }
        go(foreigners.getFirst());
        for (int i = 0; i < sim.setting.operations; i++) {
            draw();
        }
        List<Runnable> first = foreigners.getFirst();
        for (int i = 0; i < sim.setting.endless; i++) {
            first.add(random.nextInt(first.size() + 1), () -> sim.sched.scheduler.go(this::computeToTheEnd));
        }
        undone = foreigners.size() + goroutines.size();
        for (int i = 0; i < foreigners.size(); i++) {
            List<Runnable> operations = foreigners.get(i);
            Thread thread = new Thread("foreign" + i);
            sim.thread(thread.getName(), thread, true, () -> perform(operations));
        }
    }

    private void perform(List<Runnable> operations) {
        for (Runnable operation : operations) {
            Sim.point(Sim.SCENARIO);
            sim.progress();
            operation.run();
        }
        undone--;
    }

    /** Whoever waits behind this one, as long as it computes, waits for ever. */
    private void computeToTheEnd() {
        while (undone > 0) {
            Sim.compute(50 * MICRO, 1);
        }
    }

    private void draw() {
        boolean foreign = random.nextInt(sim.setting.foreignShare) == 0;
        List<Runnable> actor = any(foreign ? foreigners : goroutines);
        int dice = random.nextInt(16) < sim.setting.aloneShare ? 3 : random.nextInt(3);
        if (dice == 0 && goroutines.size() < sim.setting.goroutines) {
            go(actor);
        } else if (dice == 1) {
            signal(actor);
        } else if (dice == 2 && !unawaited.isEmpty()) {
            await(actor, foreign);
        } else if (sim.setting.resizes && random.nextInt(3) == 0) {
            int procs = Math.min(random.nextInt(1, 5), sim.sched.config.maxThreads() - 1);
            actor.add(() -> sim.sched.procresize.set(procs));
        } else if (foreign) {
            actor.add(sim.setting.traces ? this::takeStackTrace : () -> Sim.compute(random.nextInt(1, 200) * MICRO, 3));
        } else {
            alone(actor);
        }
    }

    /** One of the kinds that this run has; the first if it has none. */
    private int kind(int kinds, int allowed) {
        int kind = 0;
        int seen = 0;
        for (int i = 0; i < kinds; i++) {
            if ((allowed >> i & 1) != 0 && random.nextInt(++seen) == 0) {
                kind = i;
            }
        }
        return kind;
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private void go(List<Runnable> actor) {
        List<Runnable> operations = new ArrayList<>();
        goroutines.add(operations);
        actor.add(() -> sim.sched.scheduler.go(() -> perform(operations)));
    }

    private void takeStackTrace() {
        if (!sim.goroutines.isEmpty()) {
            any(sim.goroutines).traced();
        }
    }

    /** What a goroutine does without anybody else. */
    private void alone(List<Runnable> actor) {
        long nanos = random.nextInt(1, 1 << random.nextInt(1, 12)) * MICRO;
        actor.add(switch (kind(11, sim.setting.alone)) {
            case 0, 1 -> G::gosched;
            case 2 -> G::goyield;
            case 3 -> () -> sleep(nanos);
            case 4 -> () -> Syscall.call(() -> block(nanos));
            case 5 -> () -> Syscall.callBlocking(() -> block(nanos));
            case 6 -> () -> announced(nanos);
            case 7 -> () -> block(nanos);
            case 9 -> sim.setting.fewThreads ? G::gosched : (Runnable) G::lockOSThread; // perhaps for good
            case 10 -> G::unlockOSThread;
            default -> () -> Sim.compute(nanos, 1 + (int) (nanos / MICRO / 64));
        });
    }

    private static void sleep(long nanos) {
        try {
            Sleep.sleep(nanos);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A call of the JDK that announces itself, as {@code jdk.internal.misc.Blocker} does it. */
    private void announced(long nanos) {
        boolean begun = ((M) Sim.currentCarrier()).beginBlocking();
        block(nanos);
        if (begun) {
            ((M) Sim.currentCarrier()).endBlocking();
        }
    }

    /** Keeps the thread asleep. */
    private Void block(long nanos) {
        SimThread thread = sim.current();
        thread.park(sim, sim.now() + nanos);
        return null;
    }

    private void signal(List<Runnable> actor) {
        Wait wait = Wait.values()[kind(Wait.values().length, sim.setting.waits)];
        boolean rescued = sim.setting.sysmon && !sim.setting.fewThreads; // whoever waits behind one that keeps its thread
        if (wait == Wait.NET && poller == null
                || wait.ordinal() > Wait.NET.ordinal() && !rescued
                || wait == Wait.SEMAPHORE_PINNED && sim.setting.fewThreads) {
            wait = Wait.SEMAPHORE;
        }
        Signal signal = new Signal(wait);
        if (wait == Wait.NET) {
            poller.register();
        }
        unawaited.add(signal);
        actor.add(() -> give(signal));
    }

    private void give(Signal signal) {
        signal.given = true;
        Sim.point(Sim.SCENARIO);
        switch (signal.wait) {
            case SEMAPHORE, SEMAPHORE_TIMED, SEMAPHORE_PINNED -> signal.semaphore.release();
            case JDK_PARK -> {
                if (signal.parked != null) {
                    Sim.unpark(signal.parked);
                }
            }
            case NET -> poller.fire(signal.semaphore);
            default -> {
                if (signal.blocked != null) {
                    Sim.unpark(signal.blocked.thread);
                }
            }
        }
    }

    private void await(List<Runnable> actor, boolean foreign) {
        Signal signal = unawaited.remove(random.nextInt(unawaited.size()));
        long limit = random.nextInt(1, 1_000) * MICRO;
        if (foreign && signal.wait.ordinal() > Wait.SEMAPHORE_TIMED.ordinal() && signal.wait != Wait.NET) {
            return; // only a goroutine can wait like this; nobody does
        }
        actor.add(() -> await(signal, limit));
    }

    private void await(Signal signal, long limit) {
        switch (signal.wait) {
            case SEMAPHORE -> signal.semaphore.acquire(WaitReason.SEMACQUIRE);
            case SEMAPHORE_TIMED -> {
                if (signal.semaphore.acquire(WaitReason.SEMACQUIRE, limit) && !signal.given) {
                    Sim.fail("a permit that nobody gave", null);
                }
            }
            case SEMAPHORE_PINNED -> {
                SimGoroutine me = sim.current().mounted;
                me.pinned = true;
                signal.semaphore.acquire(WaitReason.SEMACQUIRE);
                me.pinned = false;
            }
            case JDK_PARK -> {
                signal.parked = sim.current().mounted;
                while (!signal.given) {
                    Sim.park(this);
                }
            }
            case NET -> poller.await(signal.semaphore);
            case CALL -> Syscall.call(() -> blockUntilGiven(signal));
            case CALL_BLOCKING -> Syscall.callBlocking(() -> blockUntilGiven(signal));
            case UNDECLARED -> blockUntilGiven(signal);
        }
        if (!signal.given && signal.wait != Wait.SEMAPHORE_TIMED) {
            Sim.fail("went on before its signal was given", null);
        }
    }

    private Void blockUntilGiven(Signal signal) {
        SimThread thread = sim.current();
        signal.blocked = thread;
        while (!signal.given) {
            thread.park(sim, SimThread.NEVER);
        }
        signal.blocked = null;
        return null;
    }
}
