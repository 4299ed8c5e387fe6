package dev.heddle.examples.tour;

import dev.heddle.sched.TraceEvent;
import dev.heddle.sched.TraceEvent.Type;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * One thing that an article on Go's M:P:G model tells, played on a real scheduler.
 *
 * @param name what {@code --scenario} takes
 * @param title a heading
 * @param article what such articles say
 * @param truth what happens here and in Go, where that is more than they say
 * @param shown the events to tell; the others only make the story longer
 * @param play plays it and returns all that was recorded
 */
record Scenario(
        String name, String title, String article, String truth, Set<Type> shown, Supplier<List<TraceEvent>> play) {

    private static final Set<Type> LIFE =
            EnumSet.of(Type.GO_CREATE, Type.GO_START, Type.GO_STOP, Type.GO_BLOCK, Type.GO_UNBLOCK, Type.GO_DESTROY);

    private static final Set<Type> CALLS = with(
            LIFE,
            Type.GO_SYSCALL_BEGIN,
            Type.GO_SYSCALL_END,
            Type.GO_SYSCALL_END_BLOCKED,
            Type.PROC_START,
            Type.PROC_STOP,
            Type.PROC_STEAL,
            Type.THREAD_START,
            Type.THREAD_PARK,
            Type.GLOBAL_GET);

    private static final Set<Type> SEARCH = with(
            LIFE,
            Type.PROC_START,
            Type.PROC_STOP,
            Type.SPIN_START,
            Type.SPIN_STOP,
            Type.THREAD_START,
            Type.THREAD_PARK,
            Type.THREAD_UNPARK);

    /** All of them, in the order of the article. */
    static final List<Scenario> ALL = List.of(
            new Scenario(
                    "normal",
                    "Normal execution",
                    "An M that has a P runs the goroutines of that P's local run queue, one after the other.",
                    "The goroutine started last sits in runnext and runs first; the others follow in their order.",
                    LIFE,
                    Plays::normal),
            new Scenario(
                    "syscall",
                    "A blocking system call: the P is handed off",
                    "The M lets go of its P and blocks with its goroutine; another M takes the P and runs the queue.",
                    "Nobody lets go at once: sysmon takes the P when it has seen the same call twice, 20 us apart or more.",
                    CALLS,
                    Plays::syscall),
            new Scenario(
                    "return-free",
                    "Return from the call: a P is free",
                    "The M tries its old P, then any idle one, and goes on with its goroutine.",
                    "True.",
                    CALLS,
                    Plays::returnWithFreeP),
            new Scenario(
                    "return-busy",
                    "Return from the call: no P is free",
                    "The goroutine goes to the global queue, its M becomes a spare, and sysmon or a spinning M finds it.",
                    "Nobody is told: the next P that looks at the global queue takes it.",
                    CALLS,
                    Plays::returnWithoutP),
            new Scenario(
                    "channel",
                    "A channel: block, and wake into runnext",
                    "The goroutine waits at the channel, its M runs the next one at once; the sender queues it on its own P.",
                    "It goes to runnext, so it runs before those that were queued earlier. Not where it ran before, but where"
                            + " the sender runs.",
                    LIFE,
                    Plays::channel),
            new Scenario(
                    "stealing",
                    "Work stealing: half of a victim's queue",
                    "A P without work takes about half of another P's queue, starting from the middle.",
                    "It takes the older half, from the head, rounded up; the newest of those runs first.",
                    with(LIFE, Type.STEAL, Type.SPIN_START, Type.SPIN_STOP),
                    Plays::stealing),
            new Scenario(
                    "spinning",
                    "Spinning threads",
                    "Work beside an idle P, and nobody looks for any: one M is woken and spins; it parks after some 10 us.",
                    "There is no clock: it makes four rounds over all Ps and parks when they were in vain. One that finds"
                            + " work wakes the next if there is more.",
                    SEARCH,
                    Plays::spinning),
            new Scenario(
                    "preemption",
                    "Preemption after 10 ms",
                    "A goroutine that computes for about 10 ms is stopped, and the next one of the local queue runs.",
                    "A virtual thread cannot be stopped anywhere, so here its P is taken instead: it computes on without,"
                            + " beside the others, and queues like anybody when it next yields.",
                    with(LIFE, Type.PROC_START, Type.PROC_PREEMPT, Type.THREAD_START),
                    Plays::preemption),
            new Scenario(
                    "overflow",
                    "A full local queue",
                    "When the queue of 256 is full, part of it moves to the global queue together with the new goroutine.",
                    "The older half moves: 128, and the one that did not fit.",
                    EnumSet.of(Type.OVERFLOW, Type.GLOBAL_GET),
                    Plays::overflow),
            new Scenario(
                    "parking",
                    "Parking: of a goroutine, and of a thread",
                    "A goroutine that waits frees its thread; a thread that finds no work at all is put to sleep.",
                    "Before it sleeps it gives its P back and looks at every queue once more, so that no wake-up is lost.",
                    SEARCH,
                    Plays::parking));

    private static Set<Type> with(Set<Type> some, Type... more) {
        Set<Type> all = EnumSet.copyOf(some);
        all.addAll(List.of(more));
        return all;
    }
}
