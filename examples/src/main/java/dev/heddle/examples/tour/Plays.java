package dev.heddle.examples.tour;

import dev.heddle.sched.BinarySemaphore;
import dev.heddle.sched.Goroutine;
import dev.heddle.sched.TraceEvent;
import dev.heddle.sched.TraceEvent.Type;
import dev.heddle.sched.WaitReason;
import dev.heddle.sync.Chan;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** What happens on the stage in each scenario. */
final class Plays {
    /** Put on one ring: with one more in runnext, so that a thief takes 8. */
    static final int TO_STEAL_FROM = 16;

    /** One more than a ring and runnext hold. */
    static final int TOO_MANY = 258;

    private Plays() {}

    static List<TraceEvent> normal() {
        try (Stage stage = Stage.calm(1)) {
            Goroutine starter = stage.go("starter", () -> {
                for (String name : List.of("a", "b", "c")) {
                    stage.go(name, () -> {});
                }
            });
            stage.awaitEnd(starter);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> syscall() {
        try (Stage stage = Stage.afterACall(1);
                KernelCall call = new KernelCall()) {
            Goroutine caller = stage.go("caller", () -> {
                stage.go("next", call::end);
                call.make();
            });
            stage.awaitEnd(caller);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> returnWithFreeP() {
        try (Stage stage = Stage.afterACall(1);
                KernelCall call = new KernelCall()) {
            Goroutine caller = stage.go("caller", () -> {
                stage.go("next", () -> {});
                call.make();
            });
            stage.await("the P was handed off and is idle", () -> stage.scheduler.stats().handoffs() == 1
                    && stage.scheduler.stats().perProc().getFirst().status().equals("idle"));
            call.end();
            stage.awaitEnd(caller);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> returnWithoutP() {
        try (Stage stage = Stage.afterACall(1);
                KernelCall call = new KernelCall()) {
            AtomicBoolean running = new AtomicBoolean();
            AtomicBoolean queued = new AtomicBoolean();
            Goroutine caller = stage.go("caller", () -> {
                stage.go("next", () -> {
                    running.set(true);
                    Stage.compute(queued::get);
                });
                call.make();
            });
            stage.await("the other one runs", running::get);
            call.end();
            stage.await("the caller is on the global queue", () -> stage.scheduler.stats().globalQueueDepth() == 1);
            queued.set(true);
            stage.awaitEnd(caller);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> channel() {
        try (Stage stage = Stage.calm(1)) {
            Chan<String> chan = new Chan<>();
            Goroutine receiver = stage.go("receiver", chan::receive);
            stage.await(Type.GO_BLOCK, receiver);
            Goroutine sender = stage.go("sender", () -> {
                stage.go("queued before", () -> {});
                stage.go("in runnext before", () -> {});
                chan.send("a value");
            });
            stage.awaitEnd(receiver, sender);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> stealing() {
        try (Stage stage = Stage.calm(2)) {
            AtomicBoolean full = new AtomicBoolean();
            AtomicInteger ran = new AtomicInteger();
            AtomicBoolean otherRuns = new AtomicBoolean();
            stage.go("busy", () -> { // keeps the other P until the ring is full
                otherRuns.set(true);
                Stage.compute(full::get);
            });
            Goroutine victim = stage.go("victim", () -> {
                Stage.compute(otherRuns::get);
                for (int i = 0; i <= TO_STEAL_FROM; i++) {
                    stage.go("g" + i, ran::incrementAndGet);
                }
                full.set(true);
                Stage.compute(() -> ran.get() == TO_STEAL_FROM + 1); // keeps its own P: all must be stolen
            });
            stage.awaitEnd(victim);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> spinning() {
        try (Stage stage = Stage.calm(2)) {
            AtomicBoolean ran = new AtomicBoolean();
            stage.awaitEnd(stage.go("work", () -> {
                stage.go("more", () -> ran.set(true)); // beside an idle P
                Stage.compute(ran::get);
            }));
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> preemption() {
        try (Stage stage = Stage.preemptive(1)) {
            AtomicBoolean ran = new AtomicBoolean();
            Goroutine hog = stage.go("hog", () -> {
                stage.go("next", () -> ran.set(true));
                Stage.compute(ran::get);
                Goroutine.gosched();
            });
            stage.awaitEnd(hog);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> overflow() {
        try (Stage stage = Stage.calm(1)) {
            AtomicInteger ran = new AtomicInteger();
            stage.go("starter", () -> {
                for (int i = 0; i < TOO_MANY; i++) {
                    stage.go("g" + i, ran::incrementAndGet);
                }
            });
            stage.await("all have run", () -> ran.get() == TOO_MANY);
            stage.awaitRest();
            return stage.events();
        }
    }

    static List<TraceEvent> parking() {
        try (Stage stage = Stage.calm(1)) {
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine waiter = stage.go("waiter", () -> semaphore.acquire(WaitReason.SEMACQUIRE));
            stage.await(Type.GO_BLOCK, waiter);
            stage.awaitRest();
            semaphore.release();
            stage.awaitEnd(waiter);
            stage.awaitRest();
            return stage.events();
        }
    }
}
